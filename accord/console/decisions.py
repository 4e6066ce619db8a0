"""Decisions: what people decided about who is who, newest first, and taking it back."""

from __future__ import annotations

import uuid

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from accord.console.desk import Act, Desk, Page
from accord.console.signing import Said
from accord.errors import Stop
from accord.golden import desk as golden
from accord.store.audit import By
from accord.store.database import Role

SHOWN = 100


def listed(desk: Desk, request: Request) -> Response:
    """What was decided, by whom and why, and whether it stands."""
    with desk.store.session(Role.STEWARD) as connection:
        found = golden.actions(connection, desk.entity, limit=SHOWN)
    return desk.shown(request, "decisions", actions=found, most=SHOWN)


def undone(desk: Desk, _: Request, form: FormData, by: By) -> Said:
    """Take a decision back, as if it had never been."""
    action = str(form.get("action", ""))
    try:
        uuid.UUID(action)
    except ValueError as error:
        raise Stop("That is no decision", remedy="choose one of those on this page") from error
    with desk.store.transaction(Role.STEWARD) as connection:
        golden.undo(connection, desk.entity, action, by)
    return Said("Undone, as if it had never been decided.")


PAGES: list[tuple[str, Page]] = [("/decisions", listed)]
ACTS: list[tuple[str, Act]] = [("/decisions/undo", undone)]
