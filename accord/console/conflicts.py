"""Conflicts: edits in systems that do not own the field, to be overwritten or let win once."""

from __future__ import annotations

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from accord.console.desk import Act, Desk, Page
from accord.console.signing import Said
from accord.errors import Stop
from accord.golden import desk as golden
from accord.store.audit import By
from accord.store.database import Role
from accord.store.desk import Answer

SHOWN = 100
ANSWERS: dict[str, tuple[Answer, str]] = {
    "overwrite": ("overwrite", "Answered: the owner's value is sent again at the next run."),
    "accept_once": ("accept_once", "Accepted: it counts until the owner says something else."),
}


def listed(desk: Desk, request: Request) -> Response:
    """The conflicts that wait; with `answered` in the query, those that somebody answered."""
    answered = "answered" in request.query_params
    state = "answered" if answered else "held"
    with desk.store.session(Role.STEWARD) as connection:
        found = golden.conflicts(connection, desk.entity, state=state, limit=SHOWN + 1)
    return desk.shown(
        request,
        "conflicts",
        conflicts=found[:SHOWN],
        is_more=len(found) > SHOWN,
        answered=answered,
        authority=desk.entity.authority,
    )


def answered(desk: Desk, request: Request, form: FormData, by: By) -> Said:
    """Answer one."""
    answer, said = ANSWERS.get(str(form.get("answer", "")), (None, ""))
    if answer is None:
        raise Stop("No answer was given", remedy="choose to overwrite, or to accept once")
    number = request.path_params["conflict"]
    with desk.store.transaction(Role.STEWARD) as connection:
        golden.answer(connection, desk.entity, number, answer, by)
    return Said(said)


def undone(desk: Desk, request: Request, _: FormData, by: By) -> Said:
    """Take an answer back."""
    number = request.path_params["conflict"]
    with desk.store.transaction(Role.STEWARD) as connection:
        golden.undo_answer(connection, desk.entity, number, by)
    return Said("Undone: the conflict waits again, and the system keeps what it has.")


PAGES: list[tuple[str, Page]] = [("/conflicts", listed)]
ACTS: list[tuple[str, Act]] = [
    ("/conflicts/{conflict:int}", answered),
    ("/conflicts/{conflict:int}/undo", undone),
]
