"""The engine without one safeguard of the customers' flow: each makes the laboratory fail."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import psycopg

from accord.authority import Authority
from accord.delivery import decide, looking
from accord.delivery.looking import Looked, Looking
from accord.delivery.settling import Resolver
from accord.golden import conflicts
from accord.store.landing import Lander
from accord.store.outbox import Intended
from accord.store.queries import for_table, queries
from accord.store.survivors import Changed, Echo
from systems.salesforce import saving
from systems.salesforce.objects import Kind, Standing
from tests.chaos.customers import processes, steward
from tests.chaos.customers.oracle import rows
from tests.chaos.customers.processes import ENTITY
from tests.chaos.customers.world import World

Without = Callable[[], AbstractContextManager[Any]]
_CURSORS = ("move_cursor", "follow_cursor")


class _MatchesNothing:
    """No client is one."""


def _sent_blindly(_: Looking, batch: Sequence[Intended]) -> Looked:
    return Looked(batch)


def _nothing_is_ours(record: Changed, *_: Iterable[Any], **__: Any) -> Echo:
    return Echo(record.record_id, (), is_echo=False)


@contextmanager
def _cursor_of_its_own() -> Iterator[None]:
    """Move the cursor in a transaction of its own, while the rows are still on their way."""
    joint = Lander._run

    def run(self: Lander, name: str, **values: object) -> Any:
        if name not in _CURSORS:
            return joint(self, name, **values)
        with psycopg.connect(self.connection.info.dsn, autocommit=True) as apart:
            known = {"stream": str(self.stream.name), "run_id": self.run_id, **values}
            statement = for_table(queries("landing")[name], self.stream.name.table)
            return apart.execute(statement, known)

    with patch.object(Lander, "_run", run):
        yield


@contextmanager
def consent_like_any_other() -> Iterator[None]:
    """Let consent be decided by authority alone."""
    attributes = tuple(replace(it, rule="first") for it in ENTITY.authority.attributes)
    entity = replace(ENTITY, authority=Authority(ENTITY.authority.entity, attributes))
    with ExitStack() as stack:
        for module in (processes, steward):
            stack.enter_context(patch.object(module, "ENTITY", entity))
        yield


def consent_told_with_every_write() -> AbstractContextManager[Any]:
    """Let each write to the CRM say whether somebody opted out, as the engine knows it."""

    def told(kind: Kind, columns: Mapping[str, Any], _: Standing) -> dict[str, bool]:
        return {kind.opt_out: columns.get("consent") == "opted_out"}

    return patch.object(saving, "opting_out", told)


@contextmanager
def nobody_in_doubt(world: World) -> Iterator[None]:
    """Let whoever may be somebody else be made everywhere at once."""
    [told] = rows(world, "select pg_get_viewdef('ops.golden_doubts') as view")
    view = "create or replace view ops.golden_doubts as "
    world.admin.execute(
        f"{view} select ''::text as golden_id, ''::text as other_id, true as is_younger limit 0"
    )
    try:
        yield
    finally:
        world.admin.execute(view + told["view"])


def making_again_what_is_gone() -> AbstractContextManager[Any]:
    """Let what people took away since it was read be taken for what was never there."""
    return patch.object(decide, "gone", lambda *_: frozenset())


WITHOUT: Mapping[str, Without] = {
    "looking before sending": lambda: patch.object(Looking, "look", _sent_blindly),
    "matching before creating": lambda: patch.object(looking, "Matches", _MatchesNothing),
    "posting what a killed run had settled": lambda: patch.dict(
        queries("outbox"), {"post_left": "select"}
    ),
    "recognising what is ours": lambda: patch.object(conflicts, "echo_of", _nothing_is_ours),
    "rows and cursor in one transaction": _cursor_of_its_own,
    "waiting for late effects": lambda: patch.object(
        Resolver, "wait_until_settled", lambda *_: True
    ),
}
