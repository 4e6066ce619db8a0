"""The inbox for what systems tell by themselves: webhooks, each checked by its system's client."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from accord.connector import Notifies
from accord.console.desk import Desk
from accord.errors import AccordError, Park
from accord.records import Notice
from accord.store.database import Role
from accord.store.following import keep_notices


async def inbox(desk: Desk, request: Request) -> Response:
    """Take a message of a system that sends them; what cannot be trusted is refused, and not kept.

    Only what the message is about is kept: the system itself is asked for what it says. Whoever
    sends a message that could not be taken now is to send it again.
    """
    body = await request.body()
    headers = {name.lower(): value for name, value in request.headers.items()}
    system = request.path_params["system"]
    return await run_in_threadpool(_answer, desk, system, headers, body)


def _answer(desk: Desk, system: str, headers: dict[str, str], body: bytes) -> Response:
    try:
        client = desk.client_of(system) if system in desk.systems else None
        if not isinstance(client, Notifies):
            return JSONResponse({"error": "no_such_system"}, status_code=404)
        told = client.notified(headers, body, now=datetime.now(UTC))
        return JSONResponse({"kept": _kept(desk, system, told)})
    except Park as error:
        return JSONResponse({"error": error.cause}, status_code=400)
    except AccordError:
        return JSONResponse({"error": "not_now"}, status_code=503)


def _kept(desk: Desk, system: str, told: Sequence[Notice]) -> int:
    with desk.store.transaction(Role.LANDER) as connection:
        return keep_notices(connection, system, told)
