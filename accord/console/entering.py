"""Signing in with a token and out again, and who asks for a page."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from accord.console.desk import Desk
from accord.console.signing import COOKIE, LASTS, WINDOW, Session, is_from_here
from accord.store import sign_ins
from accord.store.audit import By
from accord.store.database import Role, Store
from accord.store.sign_ins import Known


async def session_of(desk: Desk, request: Request) -> Session | None:
    """Who asks, if they are signed in and their token still stands."""
    name = request.cookies.get(COOKIE, "")
    session = desk.sessions.find(name)
    if session and not await run_in_threadpool(_stands, desk.store, session.known.key):
        desk.sessions.end(name)
        session = None
    request.scope["session_of"] = session
    return session


async def door(desk: Desk, request: Request) -> Response:
    """Show the form to sign in."""
    if await session_of(desk, request):
        return RedirectResponse("/", status_code=303)
    return desk.shown(request, "sign_in", is_wrong=False)


async def enter(desk: Desk, request: Request) -> Response:
    """Sign in whoever brings a token that stands."""
    if not is_from_here(request, desk.address):
        raise HTTPException(403, "This form does not come from a page of ours")
    async with request.form() as form:
        token = str(form.get("token", "")).strip()
    if not desk.sessions.may_try():
        seconds = int(WINDOW.total_seconds())
        raise HTTPException(
            429, f"Too many wrong tokens; wait for {seconds // 60} minutes",
            headers={"Retry-After": str(seconds)},
        )  # fmt: skip
    known = await run_in_threadpool(_known, desk.store, token)
    if known is None:
        return desk.shown(request, "sign_in", status=403, is_wrong=True)
    desk.sessions.forgive()
    desk.sessions.end(request.cookies.get(COOKIE, ""))
    signed_in = RedirectResponse("/", status_code=303)
    signed_in.set_cookie(
        COOKIE,
        desk.sessions.begin(known),
        max_age=int(LASTS.total_seconds()),
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https" or desk.address.startswith("https:"),
    )
    return signed_in


def leave(desk: Desk, request: Request, _: FormData, by: By) -> Response:
    """Sign out."""
    desk.sessions.end(request.cookies.get(COOKIE, ""))
    with desk.store.transaction(Role.STEWARD) as connection:
        sign_ins.sign_out(connection, by.who)
    signed_out = RedirectResponse("/sign-in", status_code=303)
    signed_out.delete_cookie(COOKIE)
    return signed_out


def _stands(store: Store, key: str) -> bool:
    with store.session(Role.STEWARD) as connection:
        return sign_ins.stands(connection, key)


def _known(store: Store, token: str) -> Known | None:
    with store.transaction(Role.STEWARD) as connection:
        return sign_ins.sign_in(connection, token)
