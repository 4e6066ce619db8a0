"""Reviews: pairs that may be the same, the likeliest first, side by side, to link or keep apart."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from accord.console.desk import Act, Desk, Page
from accord.console.evidence import Reason, beforehand, in_words, reasons, rows
from accord.console.signing import Said
from accord.errors import Stop
from accord.golden import desk as golden
from accord.golden.identity import bits
from accord.store.audit import By
from accord.store.database import Role
from accord.store.desk import Review, Side, following_review, sides
from accord.store.golden import standing

SHOWN = 50
VERDICTS: dict[str, tuple[golden.Verdict, str]] = {
    "link": ("link", "Linked: they are one from now on."),
    "apart": ("apart", "Kept apart: they stay two, whatever the machine thinks later."),
}


@dataclass(frozen=True, slots=True)
class Listed:
    """A pair in the list."""

    review: Review
    left: Side
    right: Side
    reasons: list[Reason]


def listed(desk: Desk, request: Request) -> Response:
    """The pairs that wait."""
    with desk.store.session(Role.STEWARD) as connection:
        found = golden.reviews(connection, desk.entity, limit=SHOWN)
        ids = {record for it in found for record in (it.left_id, it.right_id)}
        known = {side.record_id: side for side in sides(connection, sorted(ids))}
        waiting = standing(connection, desk.entity.name).reviews
    pairs = [
        Listed(it, known[it.left_id], known[it.right_id], in_words(reasons(it))) for it in found
    ]
    return desk.shown(request, "reviews", pairs=pairs, more=max(0, waiting - len(pairs)))


def one(desk: Desk, request: Request) -> Response:
    """One pair side by side, with why it has its score."""
    number = request.path_params["review"]
    with desk.store.session(Role.STEWARD) as connection:
        compared = golden.review(connection, desk.entity, number)
        following = following_review(connection, desk.entity.name, number)
        waiting = standing(connection, desk.entity.name).reviews
    found = reasons(compared.review)
    return desk.shown(
        request,
        "review",
        compared=compared,
        review=compared.review,
        rows=rows(compared.fields, found),
        beforehand=beforehand(compared.review),
        is_guarded=bits(compared.review.probability) >= desk.entity.matcher.threshold,
        following=following,
        waiting=waiting,
    )


def decided(desk: Desk, request: Request, form: FormData, by: By) -> Said:
    """Link the two, or keep them apart."""
    verdict, said = VERDICTS.get(str(form.get("verdict", "")), (None, ""))
    if verdict is None:
        raise Stop("Nothing was decided", remedy="choose to link, or to keep apart")
    number = request.path_params["review"]
    with desk.store.transaction(Role.STEWARD) as connection:
        done = golden.decide(connection, desk.entity, number, verdict, by)
    return Said(said, undo=done.action_id)


def next_one(desk: Desk, _: Request) -> Response:
    """Go to the likeliest pair that waits, or to the empty list."""
    with desk.store.session(Role.STEWARD) as connection:
        found = golden.reviews(connection, desk.entity, limit=1)
    to = f"/reviews/{found[0].review_id}" if found else "/reviews"
    return RedirectResponse(to, status_code=303)


PAGES: list[tuple[str, Page]] = [
    ("/reviews", listed),
    ("/reviews/next", next_one),
    ("/reviews/{review:int}", one),
]
ACTS: list[tuple[str, Act]] = [("/reviews/{review:int}", decided)]
