"""The application: its routes, and who may reach them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from accord.console import conflicts, customers, decisions, hooks, letters, overview, reviews
from accord.console.desk import Act, Desk, Page
from accord.console.entering import door, enter, leave, session_of
from accord.console.guarding import Guarded, within
from accord.console.signing import Said, has_word, is_from_here
from accord.errors import AccordError, Retry
from accord.names import LARGEST_NUMBER
from accord.store.audit import By

_FOLDER = Path(__file__).parent
_PARTS = (overview, reviews, customers, conflicts, decisions, letters)
LONGEST_WHY = 1000

Endpoint = Callable[[Request], Awaitable[Response]]


def console_app(desk: Desk) -> Starlette:
    """Make the application."""
    pages: list[tuple[str, Page]] = [it for part in _PARTS for it in part.PAGES]
    acts: list[tuple[str, Act]] = [it for part in _PARTS for it in part.ACTS]
    hosts = {"127.0.0.1", "localhost", urlsplit(desk.address).hostname or "localhost"}
    return Starlette(
        routes=[
            Route("/sign-in", partial(door, desk), methods=["GET"]),
            Route("/sign-in", partial(enter, desk), methods=["POST"]),
            Route("/sign-out", _acting(desk, leave), methods=["POST"]),
            *(Route(path, _paging(desk, page), methods=["GET"]) for path, page in pages),
            *(Route(path, _acting(desk, act), methods=["POST"]) for path, act in acts),
            Route("/hooks/{system}", partial(hooks.inbox, desk), methods=["POST"]),
            Mount("/static", StaticFiles(directory=_FOLDER / "static")),
        ],
        middleware=[
            Middleware(Guarded, keep_fault=desk.keep_fault),
            Middleware(TrustedHostMiddleware, allowed_hosts=sorted(hosts), www_redirect=False),
        ],
        exception_handlers={
            HTTPException: partial(_failed, desk),
            AccordError: partial(_failed, desk),
        },
    )


def _paging(desk: Desk, page: Page) -> Endpoint:
    async def answer(request: Request) -> Response:
        if await session_of(desk, request) is None:
            return RedirectResponse("/sign-in", status_code=303)
        _check(*request.path_params.values(), *request.query_params.values())
        return await run_in_threadpool(page, desk, request)

    return answer


def _acting(desk: Desk, act: Act) -> Endpoint:
    async def answer(request: Request) -> Response:
        session = await session_of(desk, request)
        if session is None:
            return RedirectResponse("/sign-in", status_code=303)
        async with request.form() as form:
            word = str(form.get("word", ""))
            if not (has_word(session, word) and is_from_here(request, desk.address)):
                raise HTTPException(403, "This form does not come from a page of yours")
            _check(*request.path_params.values(), *form.values())
            by = By(session.who, str(form.get("why", "")).strip()[:LONGEST_WHY])
            back = str(form.get("back", "/"))
            try:
                done = await run_in_threadpool(act, desk, request, form, by)
            except AccordError as error:
                done = Said(str(error), is_bad=True)
                back = request.headers.get("referer", back)
        if isinstance(done, Response):
            return done
        session.said = done
        return RedirectResponse(within(back), status_code=303)

    return answer


def _check(*values: object) -> None:
    """Refuse what could not even be looked for in the store."""
    for value in values:
        if isinstance(value, str) and "\0" in value:
            raise HTTPException(400, "What was sent holds a NUL character, which no text here does")
        if isinstance(value, int) and value > LARGEST_NUMBER:
            raise HTTPException(404, "There is nothing of that number")


async def _failed(desk: Desk, request: Request, error: Exception) -> Response:
    """Say what is wrong on a page of its own."""
    try:
        await session_of(desk, request)
    except AccordError:
        request.scope["session_of"] = None
    code, what, headers = 503 if isinstance(error, Retry) else 400, str(error), None
    if isinstance(error, HTTPException):
        code, what, headers = error.status_code, error.detail, error.headers
    made = desk.shown(request, "failed", status=code, what=what)
    made.headers.update(headers or {})
    return made
