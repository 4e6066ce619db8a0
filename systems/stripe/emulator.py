"""Stripe's API in the sandbox: the same answers and refusals, with faults on demand.

Speaks customers with their tax ids, search, and events of one account in test mode. State is a
SQLite file in the given folder. Unless told otherwise the limits are generous, since a sandbox has
no neighbours to protect, but the search lags as the vendor's does. Nothing here is used against the
real Stripe.
"""

from __future__ import annotations

import base64
import hashlib
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from accord.emulation import Setup
from accord.emulation.faults import Choosing, Fault, Faults, afflicted
from accord.emulation.server import Request, Response, Server, route
from accord.secrets import Secret
from systems.stripe import webhooks
from systems.stripe.emulator_answers import Refused, answered
from systems.stripe.emulator_company import fill
from systems.stripe.emulator_desk import Asked, Desk
from systems.stripe.emulator_limits import REAL_LIMITS, Limits, Throttle
from systems.stripe.emulator_requests import Account, Call
from systems.stripe.emulator_store import Books, Effect, Kept

KEY_SECONDS = 86_400.0
_LONGEST_KEY = 255
_CUSTOMERS = "/v1/customers"
_ONE = f"{_CUSTOMERS}/(?P<id>[^/]+)"


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How the account behaves. `search_lag` is how many seconds late the search is."""

    limits: Limits = Limits()
    search_lag: float = 20.0


def start(
    setup: Setup,
    *,
    faults: Iterable[Fault] | Choosing | None = None,
    port: int = 0,
    behaviour: Behaviour | None = None,
    clock: Callable[[], float] = time.time,
) -> Emulator:
    """Start the emulator on loopback, on a free port unless one is given."""
    return Emulator(
        setup, faults=Faults(faults), port=port, behaviour=behaviour or Behaviour(), clock=clock
    )


class Emulator:
    """A running Stripe. What tests and the sandbox do to it from behind are its public methods."""

    def __init__(
        self,
        setup: Setup,
        *,
        faults: Faults,
        port: int,
        behaviour: Behaviour,
        clock: Callable[[], float],
    ) -> None:
        self.faults = faults
        self._secret, self._clock = Secret(setup.secret), clock
        self._books = Books(setup.folder / "stripe.sqlite", seed=setup.seed)
        fill(self._books, seed=setup.seed, today=setup.today)
        self._desk = Desk(self._books, clock, behaviour.search_lag)
        self._account = Account(self._books, self._desk, clock)
        self._throttle = Throttle(behaviour.limits, clock)
        self._lock, self._under_way = threading.Lock(), set[str]()
        self._server = Server(self._routes(), port=port).start()

    def _routes(self) -> list[Any]:
        api, account = self._api, self._account
        return [
            route("GET", f"{_CUSTOMERS}/search", api(account.search)),
            route("GET", _CUSTOMERS, api(account.list_customers)),
            route("POST", _CUSTOMERS, api(account.create)),
            route("GET", _ONE, api(account.retrieve)),
            route("POST", _ONE, api(account.update)),
            route("DELETE", _ONE, api(account.delete)),
            route("GET", f"{_ONE}/tax_ids", api(account.list_tax_ids)),
            route("POST", f"{_ONE}/tax_ids", api(account.add_tax_id)),
            route("DELETE", f"{_ONE}/tax_ids/(?P<tax_id>[^/]+)", api(account.drop_tax_id)),
            route("GET", "/v1/events", api(account.list_events)),
            route("GET", "/v1/events/(?P<id>[^/]+)", api(account.retrieve_event)),
        ]

    @property
    def url(self) -> str:
        """The address to set as ACCORD_STRIPE_URL."""
        return self._server.url

    @property
    def token_url(self) -> str:
        """Nothing: Stripe's keys are not exchanged for tokens."""
        return ""

    @property
    def failures(self) -> list[Exception]:
        """What went wrong in the emulator itself; empty unless it has a bug."""
        return self._server.failures

    def stop(self) -> None:
        """Stop serving; the state stays in its folder."""
        self._server.stop()
        self._books.close()

    def journal(self) -> list[Effect]:
        """Every effect that any request ever had, in order, and those of the dashboard."""
        return self._books.journal()

    def customers(self) -> list[dict[str, Any]]:
        """All customers that are not deleted, newest first, with their tax ids as a plain list."""
        return self._account.everybody()

    def add(self, stream: str) -> str:  # noqa: ARG002 - there is only one
        """Let somebody enter a customer in the dashboard; return its id."""
        number = self._books.next_number("customers")
        return self.place("customers", {"name": f"Entered By Hand {number}"})

    def place(self, kind: str, content: Mapping[str, Any]) -> str:  # noqa: ARG002 - only one
        """Let somebody enter a customer that amounts to a content, under no key of ours."""
        form = {name: content[name] for name in ("name", "email", "phone") if content.get(name)}
        metadata = {"metadata": {"kind": content["kind"]}} if content.get("kind") else {}
        with self._books.transaction():
            return str(self._desk.create({**form, **metadata}, Asked())["id"])

    def edit(self, stream: str, key: str, **values: Any) -> None:  # noqa: ARG002 - only one
        """Let somebody change a customer, in its description unless told otherwise."""
        number = self._books.next_number("events")
        with self._books.transaction():
            self._desk.update(key, values or {"description": f"Seen {number} times"}, Asked())

    def live(self) -> str:
        """Let somebody in billing change an address that is not theirs to change."""
        key = self.customers()[-1]["id"]
        self.edit("customers", key, email="billing.changed.this@post.example")
        return "billing changes a customer's e-mail address, which is not theirs to change"

    def erase(self, stream: str, key: str) -> None:  # noqa: ARG002 - there is only one
        """Let somebody delete a customer."""
        with self._books.transaction():
            self._desk.delete(key, Asked())

    def give_tax_id(self, key: str, kind: str, value: str) -> None:
        """Let somebody give a customer a tax id."""
        with self._books.transaction():
            self._desk.add_tax_id(key, {"type": kind, "value": value}, Asked())

    def revoke(self, *, revoked: bool = True) -> None:
        """Let the API key be expired, or good again."""
        self._books.set("revoked", "yes" if revoked else "")

    def restrict(self, *resources: str) -> None:
        """Let the key be a restricted one that may not read or write these parts of the API."""
        self._books.set("restricted", ",".join(resources))

    def hold(self, key: str, *, held: bool = True) -> None:
        """Let a request with this idempotency key still be under way, or be so no more."""
        with self._lock:
            (self._under_way.add if held else self._under_way.discard)(key)

    def spoil(self, key: str, form: Mapping[str, str], *, path: str = _CUSTOMERS) -> None:
        """Let a request have failed in its execution, so that its failure is kept."""
        error = Refused(500, "An unknown error occurred", kind="api_error").response
        kept = Kept(_fingerprint("POST", path, form), 500, error.body, "req_spoiled")
        self._books.remember(key, kept, at=self._clock())

    def webhook(self, event_id: str, *secrets: Secret, at: int) -> tuple[dict[str, str], bytes]:
        """Return headers and body as Stripe posts an event, signed with each secret in force."""
        body = answered(self._books.event(event_id)).body
        header = webhooks.signed(body, *(secrets or (self._secret,)), at=at)
        return {"content-type": "application/json", webhooks.HEADER: header}, body

    def _api(self, answer: Callable[[Call], Any]) -> Callable[[Request], Response]:
        """Wrap a call: faults, then limits, key, version and, for a write, idempotency."""

        def carried_out(request: Request, *, refuse: bool) -> Response:
            request_id = self._account.new_request_id()
            told = {"Request-Id": request_id, "Stripe-Version": self._account.version(request)}
            try:
                self._throttle.take(is_search=request.path.endswith("/search"))
                with self._books.alone():
                    self._admit(request)
                    given = self._once(request, answer, request_id, refuse=refuse)
            except Refused as error:
                given = error.response
            return Response(given.status, given.body, {**told, **given.headers})

        def faulty(request: Request) -> Response:
            fault = self.faults.take(request)
            refuse = fault is not None and fault.kind == "refuse_some"
            return afflicted(
                fault,
                lambda: carried_out(request, refuse=refuse),
                stopping=self._server.stopping,
            )

        return faulty

    def _admit(self, request: Request) -> None:
        scheme, _, told = request.headers.get("authorization", "").partition(" ")
        if scheme == "Basic":
            told = base64.b64decode(told).decode().partition(":")[0]
        settings = self._books.settings()
        if told != self._secret.reveal() or settings.get("revoked"):
            raise Refused(401, "Invalid API Key provided")
        resource = request.path.split("/")[2]
        if resource in settings.get("restricted", "").split(","):
            raise Refused(
                403,
                "The provided key does not have the required permissions for this endpoint.",
                headers={"Stripe-Should-Retry": "false"},
            )

    def _once(
        self, request: Request, answer: Callable[[Call], Any], request_id: str, *, refuse: bool
    ) -> Response:
        """Carry a request out, or give the answer kept under its idempotency key again."""
        key = request.headers.get("idempotency-key", "") if request.method == "POST" else ""
        form = dict(parse_qsl(request.body.decode(), keep_blank_values=True))
        call = Call(request, form, Asked(request_id, key))
        if request.method == "GET":
            return answered(answer(call))
        self._check_key(key)
        asked = _fingerprint(request.method, request.path, form)
        with self._books.transaction():
            kept = self._books.remembered(key, since=self._clock() - KEY_SECONDS) if key else None
            if kept:
                return _again(kept, asked, key)
            if refuse:
                raise Refused(
                    402, "Your card was declined.", code="card_declined", kind="card_error"
                )
            given = answered(answer(call))
            if key:
                result = Kept(asked, given.status, given.body, request_id)
                self._books.remember(key, result, at=self._clock())
        return Response(
            given.status, given.body, {**given.headers, **({"Idempotency-Key": key} if key else {})}
        )

    def _check_key(self, key: str) -> None:
        if len(key) > _LONGEST_KEY:
            raise Refused(400, "Idempotency-Key is too long", kind="idempotency_error")
        with self._lock:
            if key in self._under_way:
                raise Refused(
                    409,
                    "There is currently another in-progress request using this Idempotent Key.",
                    code="idempotency_key_in_use",
                    kind="idempotency_error",
                    headers={"Stripe-Should-Retry": "true"},
                )


def _again(kept: Kept, asked: str, key: str) -> Response:
    if kept.request != asked:
        raise Refused(
            400,
            "Keys for idempotent requests can only be used with the same parameters they were "
            "first used with.",
            kind="idempotency_error",
        )
    headers = {
        "Content-Type": "application/json",
        "Idempotency-Key": key,
        "Idempotent-Replayed": "true",
        "Original-Request": kept.request_id,
    }
    return Response(kept.status, kept.body, headers)


def _fingerprint(method: str, path: str, form: Mapping[str, str]) -> str:
    told = msgspec.json.encode([method, path, sorted(form.items())])
    return hashlib.sha256(told).hexdigest()


__all__ = ["REAL_LIMITS", "Behaviour", "Emulator", "Limits", "start"]
