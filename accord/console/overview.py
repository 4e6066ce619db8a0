"""The first page: what waits for a person, and what is wrong."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from accord.console.desk import Act, Desk, Page
from accord.store import alerts, stewardship
from accord.store.database import Role
from accord.store.golden import standing

ALERTS = 10


def home(desk: Desk, request: Request) -> Response:
    """Show what waits, by kind, with the way to it."""
    with desk.store.session(Role.STEWARD) as connection:
        causes = stewardship.causes(connection)
        waiting = standing(connection, desk.entity.name)
        raised = alerts.listed(connection, limit=ALERTS)
    return desk.shown(
        request,
        "home",
        waiting=waiting,
        letters=sum(cause.records for cause in causes),
        causes=len(causes),
        alerts=raised,
    )


PAGES: list[tuple[str, Page]] = [("/", home)]
ACTS: list[tuple[str, Act]] = []
