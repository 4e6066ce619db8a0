"""The steward: decides, when all is calm, what waits for a person; always the same of the same."""

from __future__ import annotations

from zlib import crc32

from accord.golden import desk
from accord.store.audit import By
from accord.store.database import Role
from tests.chaos.customers.processes import ENTITY
from tests.chaos.customers.world import World

_BY = By("steward", "laboratory")


def decide(world: World, mood: int) -> int:
    """Answer reviews and conflicts by what they say and the steward's mood; return how many."""
    with world.store.transaction(Role.STEWARD) as connection:
        done = 0
        for review in desk.reviews(connection, ENTITY):
            compared = desk.review(connection, ENTITY, review.review_id)
            if compared.review.state != "open":
                continue
            told = sorted(
                str(sorted(side.normal.items())) for side in (compared.left, compared.right)
            )
            verdict = _draw(mood, *told)
            if verdict < 2 and compared.review.left_golden != compared.review.right_golden:
                desk.decide(
                    connection, ENTITY, review.review_id, "link" if verdict else "apart", _BY
                )
                done += 1
        for conflict in desk.conflicts(connection, ENTITY):
            answer = _draw(mood, conflict.attribute, str(conflict.value))
            if answer < 2 and (conflict.value is not None or not answer):
                chosen = "accept_once" if answer else "overwrite"
                desk.answer(connection, ENTITY, conflict.conflict_id, chosen, _BY)
                done += 1
    return done


def _draw(mood: int, *told: str) -> int:
    return crc32(" ".join((str(mood), *told)).encode()) % 3
