"""A console served on loopback, and a person who uses it as a browser does."""

from __future__ import annotations

import html
import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import requests
import uvicorn

from accord.catalog import System
from accord.console import Desk, console_app, serving
from accord.console.signing import Sessions
from accord.store import dead_letters, sign_ins
from accord.store.audit import By
from accord.store.database import Role, Store
from accord.store.dead_letters import Origin
from tests.support.golden import Company
from tests.support.letters import a_rejected

ADMIN = By("admin", "started it")
_WORD = re.compile(r'name="word" value="([^"]+)"')


@dataclass(slots=True)
class Served:
    """A console that is served, and what went wrong in it."""

    url: str
    desk: Desk
    faults: list[BaseException] = field(default_factory=list)

    @property
    def store(self) -> Store:
        """Its store."""
        return self.desk.store

    def token(self, who: str = "ann") -> str:
        """Let somebody sign in."""
        with self.store.transaction(Role.STEWARD) as connection:
            return sign_ins.grant(connection, who, ADMIN)

    def visitor(self, who: str = "ann") -> Visitor:
        """Somebody who has signed in."""
        visitor = Visitor(self.url)
        answer = visitor.post("/sign-in", token=self.token(who))
        assert answer.status_code == 303, answer.text
        return visitor


@dataclass(slots=True)
class Visitor:
    """Somebody with a browser of their own; it follows no redirect by itself."""

    url: str
    session: requests.Session = field(default_factory=requests.Session)

    def get(self, path: str, **options: Any) -> requests.Response:
        """Ask for a page."""
        return self.session.get(self.url + path, allow_redirects=False, timeout=30, **options)

    def page(self, path: str) -> str:
        """The text of a page, without its markup."""
        answer = self.get(path)
        assert answer.status_code == 200, (answer.status_code, answer.headers, answer.text)
        return read(answer.text)

    def post(
        self, path: str, headers: Mapping[str, str] | None = None, **form: str
    ) -> requests.Response:
        """Send a form as it is."""
        return self.session.post(
            self.url + path, data=form, headers=headers, allow_redirects=False, timeout=30
        )

    def word(self) -> str:
        """The word that the forms of this person carry."""
        found = _WORD.search(self.get("/").text)
        assert found
        return found[1]

    def act(self, path: str, **form: str) -> str:
        """Send a form of a page, and read the page that it leads to."""
        answer = self.post(path, word=self.word(), **form)
        assert answer.status_code == 303, (answer.status_code, answer.text)
        return self.page(answer.headers["location"])


@contextmanager
def a_console(
    company: Company,
    *,
    systems: Mapping[str, System] | None = None,
    clients: Mapping[str, object] | None = None,
    address: str = "",
    sessions: Sessions | None = None,
) -> Iterator[Served]:
    """Serve a console over a company; fails the test when the console itself had a fault."""
    faults: list[BaseException] = []
    desk = Desk(
        company.store,
        systems or {},
        (clients or {}).__getitem__,
        company.entity,
        faults.append,
        address=address,
        sessions=sessions or Sessions(),
    )
    with serving.bound(0) as listening:
        server = serving.server(console_app(desk))
        with _running(server, listening):
            yield Served(f"http://127.0.0.1:{listening.getsockname()[1]}", desk, faults)
    assert faults == []


@contextmanager
def _running(server: uvicorn.Server, listening: Any) -> Iterator[None]:
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    deadline = time.monotonic() + 30
    while not server.started:
        assert thread.is_alive() and time.monotonic() < deadline
        time.sleep(0.01)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(timeout=30)


def read(page: str) -> str:
    """A page as it reads."""
    text = re.sub(r"<(?!/?(?:span|strong|code|em|b)\b)[^>]*>", "\n", page)
    text = html.unescape(re.sub(r"<[^>]*>", "", text))
    return re.sub(r"\s*\n\s*", "\n", text).strip()


def put_letter(company: Company, payload: bytes = b"torn", *, key: str = "a", **said: str) -> str:
    """Put a dead letter of a stream and return its id."""
    origin = Origin("landing", "salesforce.contacts", "whole", "run-1")
    with company.store.transaction(Role.LANDER) as connection:
        dead_letters.put(connection, [a_rejected(payload, key=key, **said)], origin)
    (row,) = company.rows(
        "select dead_letter_id::text as id from ops.dead_letters where record_key = %(key)s",
        {"key": key},
    )
    return str(row["id"])


def audited(company: Company, what: str) -> list[tuple[str, str, str]]:
    """Who did something to what and why, newest first, as the audit trail says."""
    rows = company.rows(
        "select who, subject, why from ops.audit where what = %(what)s order by entry_id desc",
        {"what": what},
    )
    return [(row["who"], row["subject"], row["why"]) for row in rows]
