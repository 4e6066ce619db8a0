"""What holds for every request: its size is bounded, its answer guarded, nothing of it logged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST = 1_000_000
"""Bytes of a form or a message that are listened to."""

_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


class Guarded:
    """An application around another one, which does all of that.

    Pages cannot be framed, sniffed, kept or scripted. What goes wrong in ourselves is given to
    `keep_fault`, since its text may hold a field's value, and is told without it.
    """

    def __init__(self, app: ASGIApp, keep_fault: Callable[[BaseException], object]) -> None:
        self._app = app
        self._keep_fault = keep_fault

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def guarded(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self._app(scope, _bounded(scope, receive), guarded)
        except Exception as error:  # noqa: BLE001 - the last resort: a log must not hold its text
            self._keep_fault(error)
            if not begun:
                said = "Something unexpected went wrong. Look at what was done before you go on."
                await PlainTextResponse(said, 500)(scope, receive, guarded)


def _bounded(scope: Scope, receive: Receive) -> Receive:
    announced = Headers(scope=scope).get("content-length", "0")
    got = int(announced) if announced.isdecimal() and int(announced) > LARGEST else 0

    async def bounded() -> Message:
        nonlocal got
        if got <= LARGEST:
            message = await receive()
            got += len(message.get("body", b""))
        if got > LARGEST:
            raise HTTPException(413, "What was sent is too large")
        return message

    return bounded


def within(address: str) -> str:
    """Where an address leads inside of here, and never anywhere else."""
    parts = urlsplit(address)
    path = parts.path if parts.path.startswith("/") else "/"
    if path.startswith("//") or "\\" in address or not address.isprintable():
        return "/"
    return f"{path}?{parts.query}" if parts.query else path
