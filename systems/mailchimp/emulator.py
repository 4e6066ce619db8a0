"""Mailchimp's Marketing API in the sandbox: the same answers and refusals, with faults on demand.

Speaks ping, one audience with its merge fields and members, and batches. Its members are the
customers that the sandbox company's marketing knows. State is a SQLite file in the given folder.
Unless told otherwise a batch is done at once and the limits are generous, since a sandbox has no
neighbours to protect. Nothing here is used against the real Mailchimp.
"""

from __future__ import annotations

import base64
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import msgspec

from accord.emulation import Setup
from accord.emulation.faults import Choosing, Fault, Faults, afflicted
from accord.emulation.population import known_to
from accord.emulation.server import Request, Response, Server, json_response, route
from systems.mailchimp import emulator_batches, emulator_listing
from systems.mailchimp.emulator_members import AUDIENCE_MERGE_FIELDS, NOT_FOUND, Desk, Told, problem
from systems.mailchimp.emulator_people import People
from systems.mailchimp.emulator_store import Account, Effect

REAL_AT_ONCE = 10
"""https://mailchimp.com/developer/marketing/docs/fundamentals/#throttling"""

_LISTS = "/3.0/lists"
_LIST = r"/3\.0/lists/(?P<list_id>[^/]+)"
_MEMBERS = r"/3\.0" + emulator_batches.MEMBER
_BATCH = r"/3\.0/batches/(?P<batch_id>[^/]+)"
_RESULTS = r"/results/(?P<batch_id>[^/]+)\.tar\.gz"
_VERBS = ("GET", "POST", "PUT", "PATCH", "DELETE")

_Answering = Callable[[Request, bool], Told]  # the flag: some of a batch is to fail


def start(
    setup: Setup,
    *,
    faults: Iterable[Fault] | Choosing | None = None,
    port: int = 0,
    batch_seconds: float = 0.0,
    at_once: int = 50,
    clock: Callable[[], float] = time.time,
) -> Emulator:
    """Start the emulator on loopback, on a free port unless one is given."""
    return Emulator(
        setup,
        faults=Faults(faults),
        port=port,
        batch_seconds=batch_seconds,
        at_once=at_once,
        clock=clock,
    )


class Emulator:
    """A running Mailchimp. What tests and the sandbox do from behind are its public methods."""

    token_url = ""

    def __init__(
        self,
        setup: Setup,
        *,
        faults: Faults,
        port: int,
        batch_seconds: float,
        at_once: int,
        clock: Callable[[], float],
    ) -> None:
        self.faults, self.batch_seconds = faults, batch_seconds
        self._setup, self._secret, self._clock = setup, setup.secret, clock
        self._slots = threading.BoundedSemaphore(at_once)
        self._account = Account(setup.folder / "mailchimp.sqlite", seed=setup.seed)
        self.list_id = self._account.new_id("audience")[:10]
        self._signature = self._account.new_id("signature")
        self._people = People(self._account, self.list_id, clock)
        self._people.fill(setup)
        self._server = Server(
            [
                route("GET", "/3.0/ping", self._api(self._ping)),
                route("GET", _LISTS, self._api(self._lists)),
                route("GET", _LIST, self._api(self._list)),
                route("GET", _LIST + "/merge-fields", self._api(self._merge_fields)),
                *(route(verb, _MEMBERS, self._api(self._members)) for verb in _VERBS),
                route("GET", "/3.0/batches", self._api(self._batches)),
                route("POST", "/3.0/batches", self._api(self._begin_batch)),
                route("GET", _BATCH, self._api(self._batch)),
                route("GET", _RESULTS, self._results),
            ],
            port=port,
        ).start()

    @property
    def url(self) -> str:
        """The address to set as ACCORD_MAILCHIMP_URL."""
        return self._server.url

    @property
    def failures(self) -> list[Exception]:
        """What went wrong in the emulator itself; empty unless it has a bug."""
        return self._server.failures

    def stop(self) -> None:
        """Stop serving; the state stays in its folder."""
        self._server.stop()
        self._account.close()

    def journal(self) -> list[Effect]:
        """Every effect that any request ever had, in order; people's own doings have none."""
        with self._account.transaction():
            self._do_due()
        return self._account.journal()

    def members(self) -> list[dict[str, Any]]:
        """All members, archived ones too, oldest change first."""
        with self._account.transaction():
            self._do_due()
        return self._account.members("true", (), "last_changed, seq", count=-1, offset=0)[0]

    def unsubscribe(self, name: str, status: str = "unsubscribed") -> None:
        """Let somebody opt out by themselves, or their address bounce (`cleaned`)."""
        reason = "N/A (Unsubscribed)" if status == "unsubscribed" else ""
        self._people.change(name, status=status, complied=True, unsubscribe_reason=reason)

    def live(self) -> str:
        """Let the first of the subscribers follow the link at the end of a letter."""
        there = {it["email_address"]: it for it in self.members() if it["status"] == "subscribed"}
        known = known_to("mailchimp", self._setup.seed, self._setup.today)
        self.unsubscribe(next(there[it.email]["contact_id"] for it in known if it.email in there))
        return "a subscriber opts out of marketing's letters"

    def confirm(self, name: str) -> None:
        """Let somebody say by a form that they want to be written to, which only they can."""
        self._people.change(name, status="subscribed", complied=False, unsubscribe_reason="")

    def delete_for_good(self, name: str) -> None:
        """Let somebody in marketing delete a member permanently, of which nothing is ever told."""
        self._people.delete(name)

    def change(self, name: str, **changes: Any) -> None:
        """Let somebody in marketing change anything else about a member."""
        self._people.change(name, **changes)

    def revoke(self, *, revoked: bool = True) -> None:
        """Take our key away, or give it back."""
        self._account.set("revoked", "yes" if revoked else "")

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Take one of the calls that may be under way, for as long as the block lasts."""
        with self._slots:
            yield

    def batches(self) -> list[dict[str, Any]]:
        """All batches, newest first, as the API shows them."""
        return [self._shown(batch) for batch in self._account.batches()]

    def fill_queue(self) -> None:
        """Let other applications have as many batches under way as there may be."""
        now, nothing = self._clock(), [{"method": "GET", "path": "/ping"}]
        with self._account.transaction():
            for _ in range(emulator_batches.MOST_PENDING - self._account.pending()):
                self._account.add_batch(
                    nothing, at=now, due_at=now + self.batch_seconds, refuses=False
                )

    def add(self, stream: str) -> str:  # noqa: ARG002 - there is one stream
        """Let somebody sign up by a form; return the member's id."""
        address = f"new.{secrets.token_hex(4)}@inbox.example"
        return self._people.enter({"email": address, "first_name": "New", "consent": "opted_in"})

    def edit(self, stream: str, name: str) -> None:  # noqa: ARG002 - there is one stream
        """Let somebody in marketing change a member's name."""
        self._people.rename(name)

    def erase(self, stream: str, name: str) -> None:  # noqa: ARG002 - there is one stream
        """Let somebody in marketing archive a member, which is what they can do by a click."""
        self._people.change(name, status="archived")

    def place(self, kind: str, content: Mapping[str, Any]) -> str:  # noqa: ARG002 - the one kind
        """Let somebody in marketing enter a member who amounts to this; return the id."""
        return self._people.enter(content)

    def _do_due(self) -> None:
        emulator_batches.do_due(self._account, self.list_id, now=self._clock())

    def _api(self, answer: _Answering) -> Callable[[Request], Response]:
        """Wrap a call: how many are under way, then faults, then the key, then what is due."""

        def answered(request: Request) -> Response:
            if not self._slots.acquire(blocking=False):
                detail = "You have exceeded the limit of 10 simultaneous connections."
                return _response(problem(429, "Too Many Requests", detail))
            try:
                fault = self.faults.take(request)
                some = fault is not None and fault.kind == "refuse_some"
                return afflicted(
                    fault,
                    lambda: _response(self._told(request, answer, some=some)),
                    stopping=self._server.stopping,
                )
            finally:
                self._slots.release()

        return answered

    def _told(self, request: Request, answer: _Answering, *, some: bool) -> Told:
        if not self._knows(request) or self._account.setting("revoked"):
            detail = (
                "Your API key may be invalid, or you've attempted to access the wrong datacenter."
            )
            return problem(401, "API Key Invalid", detail)
        with self._account.transaction():
            self._do_due()
            if request.named.get("list_id") not in (None, self.list_id):
                return NOT_FOUND
            try:
                return answer(request, some)
            except msgspec.DecodeError:
                return problem(400, "JSON Parse Error", "We encountered an unspecified JSON error.")

    def _knows(self, request: Request) -> bool:
        scheme, _, coded = request.headers.get("authorization", "").partition(" ")
        try:
            secret = base64.b64decode(coded, validate=True).partition(b":")[2]
        except ValueError:
            return False
        return scheme == "Basic" and secrets.compare_digest(secret, self._secret.encode())

    def _ping(self, _: Request, __: bool) -> Told:
        return 200, {"health_status": "Everything's Chimpy!"}

    def _lists(self, request: Request, _: bool) -> Told:
        return emulator_listing.collection(request.query, "lists", [self._audience()])

    def _list(self, _: Request, __: bool) -> Told:
        return 200, self._audience()

    def _audience(self) -> dict[str, Any]:
        count = self._account.members("status = 'subscribed'", (), "seq", count=0, offset=0)[1]
        name = "Sandbox Company"
        return {"id": self.list_id, "name": name, "stats": {"member_count": count}}

    def _merge_fields(self, request: Request, _: bool) -> Told:
        fields = [
            {"merge_id": place, "tag": tag, "name": tag.title(), "type": kind, "required": False}
            for place, (tag, kind) in enumerate(AUDIENCE_MERGE_FIELDS.items(), start=1)
        ]
        return emulator_listing.collection(request.query, "merge_fields", fields)

    def _members(self, request: Request, _: bool) -> Told:
        name, action = request.named["name"] or "", request.named["action"] or ""
        if request.method == "GET" and not name:
            return emulator_listing.members(self._account, self.list_id, request.query)
        desk = Desk(self._account, self.list_id, self._clock())
        if request.method == "GET":
            return desk.one(name)
        return desk.do(request.method, name, action, request.json() if request.body else {})

    def _begin_batch(self, request: Request, refuse_some: bool) -> Told:
        return emulator_batches.taken_in(
            self._account,
            request.json(),
            now=self._clock(),
            delay=self.batch_seconds,
            refuses=refuse_some,
        )

    def _batches(self, request: Request, _: bool) -> Told:
        listed = [self._shown(batch) for batch in self._account.batches()]
        return emulator_listing.collection(request.query, "batches", listed)

    def _batch(self, request: Request, _: bool) -> Told:
        found = self._account.batches(request.named["batch_id"])
        return (200, self._shown(found[0])) if found else NOT_FOUND

    def _shown(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        url = f"{self.url}/results/{batch['id']}.tar.gz?Signature={self._signature}"
        return emulator_batches.shown(batch, url=url)

    def _results(self, request: Request) -> Response:
        """Give a batch's archive to whoever has its signed address, as the storage service does."""
        if request.query.get("Signature") != self._signature or "authorization" in request.headers:
            return Response(403)
        results = self._account.results(request.named["batch_id"])
        answer = Response(404) if results is None else Response(200, results)
        return afflicted(self.faults.take(request), lambda: answer, stopping=self._server.stopping)


def _response(told: Told) -> Response:
    status, content = told
    if status == 204:
        return Response(204)
    kind = "application/problem+json" if status >= 400 else "application/json"
    return json_response(status, content, headers={"Content-Type": f"{kind}; charset=utf-8"})
