"""Xero's Accounting API in the sandbox: the same answers and refusals, with faults on demand.

Speaks sign-in by client credentials, connections, and invoices and credit notes of one
organisation in pounds whose chart has the accounts 200–499, 630 and 860. State is a SQLite file in
the given folder. Unless told otherwise the limits are generous, since a sandbox has no neighbours
to protect; `REAL_LIMITS` are the vendor's. Nothing here is used against the real Xero.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qs

from accord.emulation.faults import Choosing, Fault, Faults, afflicted
from accord.emulation.server import Request, Response, Server, json_response, route
from systems.xero.emulator_limits import REAL_LIMITS, Limits, Throttle
from systems.xero.emulator_listing import numbers_of, page
from systems.xero.emulator_posting import Posting
from systems.xero.emulator_rules import KINDS, shown
from systems.xero.emulator_store import Books, Effect

TOKEN_SECONDS = 1800
KEY_SECONDS = 360.0
_LONGEST_KEY = 128
_Answering = Callable[[Request, bool], Response]  # the flag: refuse some of the documents
_COLLECTION = "/api.xro/2.0/(?P<collection>Invoices|CreditNotes)"


class Setup(Protocol):
    """What an emulator is started with: where its state lives and what signs clients in."""

    @property
    def folder(self) -> Path:
        """The folder for the SQLite file."""

    @property
    def seed(self) -> int:
        """All ids follow from it."""

    @property
    def secret(self) -> str:
        """The client secret; any client id goes with it."""


def start(
    setup: Setup,
    *,
    faults: Iterable[Fault] | Choosing | None = None,
    port: int = 0,
    limits: Limits | None = None,
    clock: Callable[[], float] = time.time,
) -> Emulator:
    """Start the emulator on loopback, on a free port unless one is given."""
    return Emulator(setup, faults=Faults(faults), port=port, limits=limits or Limits(), clock=clock)


class Emulator:
    """A running Xero. What tests and the sandbox do to it from behind are its public methods."""

    def __init__(
        self,
        setup: Setup,
        *,
        faults: Faults,
        port: int,
        limits: Limits,
        clock: Callable[[], float],
    ) -> None:
        self.faults = faults
        self._secret, self._clock = setup.secret, clock
        self._books = Books(setup.folder / "xero.sqlite", seed=setup.seed)
        self._throttle = Throttle(limits, clock)
        self.tenant_id = self._books.new_id("tenant")
        self._server = Server(
            [
                route("POST", "/connect/token", self._faulty(self._token)),
                route("GET", "/connections", self._faulty(self._signed_in(self._connections))),
                route("GET", _COLLECTION, self._api(self._listed)),
                route("GET", _COLLECTION + "/(?P<id>[^/]+)", self._api(self._one)),
                route("POST", _COLLECTION, self._api(self._written)),
                route("PUT", _COLLECTION, self._api(self._written)),
                route("POST", _COLLECTION + "/(?P<id>[^/]+)", self._api(self._written)),
            ],
            port=port,
        ).start()

    @property
    def url(self) -> str:
        """The address to set as ACCORD_XERO_URL."""
        return self._server.url

    @property
    def token_url(self) -> str:
        """Its token endpoint."""
        return f"{self.url}/connect/token"

    @property
    def failures(self) -> list[Exception]:
        """What went wrong in the emulator itself; empty unless it has a bug."""
        return self._server.failures

    def stop(self) -> None:
        """Stop serving; the state stays in its folder."""
        self._server.stop()
        self._books.close()

    def journal(self) -> list[Effect]:
        """Every effect that any request ever had, in order."""
        return self._books.journal()

    def documents(self) -> list[dict[str, Any]]:
        """All documents, as the API shows them."""
        return [
            shown(kind, document)
            for kind in KINDS.values()
            for document in self._books.documents(kind.name)
        ]

    def forget(self) -> None:
        """Lose everything but the organisation itself."""
        self._books.forget_everything()

    def expire_tokens(self) -> None:
        """Let every token issued so far expire."""
        self._books.forget_tokens()

    def revoke(self, *, revoked: bool = True) -> None:
        """Take the application's access away, or give it back."""
        self._books.set("revoked", "yes" if revoked else "")
        self._books.forget_tokens()

    def lock(self, until: date | None) -> None:
        """Set the period lock date: nothing up to it can be changed."""
        self._books.set("locked_until", until.isoformat() if until else "")

    def pay(self, number: str, amount: Decimal) -> None:
        """Let a customer pay (or be repaid) `amount` on the live document with this number."""
        with self._books.transaction():
            for kind in KINDS.values():
                for document in self._books.numbered(kind.name, number):
                    if document["Status"] == "AUTHORISED":
                        self._books.replace(number, {**document, "paid": str(amount)})

    def _api(self, answer: _Answering) -> Callable[[Request], Response]:
        """Wrap a call of the organisation: limits, then faults, then sign-in, then tenant."""

        def belonging(request: Request, refuse_some: bool) -> Response:
            if request.headers.get("xero-tenant-id") != self.tenant_id:
                return _problem(403, "Forbidden", "AuthenticationUnsuccessful")
            return answer(request, refuse_some)

        inner = self._faulty(self._signed_in(belonging))
        return lambda request: self._throttle.paced(lambda: inner(request))

    def _faulty(self, answer: _Answering) -> Callable[[Request], Response]:
        def answered(request: Request) -> Response:
            fault = self.faults.take(request)
            if fault and fault.kind == "expired_token":
                self.expire_tokens()
            refuse_some = fault is not None and fault.kind == "refuse_some"
            return afflicted(
                fault, lambda: answer(request, refuse_some), stopping=self._server.stopping
            )

        return answered

    def _signed_in(self, answer: _Answering) -> _Answering:
        def answered(request: Request, refuse_some: bool) -> Response:
            scheme, _, token = request.headers.get("authorization", "").partition(" ")
            if scheme != "Bearer" or not self._books.admits(token, now=self._clock()):
                return _problem(401, "Unauthorized", "TokenExpired")
            return answer(request, refuse_some)

        return answered

    def _token(self, request: Request, _: bool) -> Response:
        form = parse_qs(request.body.decode("latin-1"))
        if form.get("grant_type") != ["client_credentials"]:
            return json_response(400, {"error": "unsupported_grant_type"})
        if not self._knows(request) or self._books.setting("revoked"):
            return json_response(400, {"error": "invalid_client"})
        token = secrets.token_urlsafe(24)
        self._books.issue(token, good_until=self._clock() + TOKEN_SECONDS)
        return json_response(
            200,
            {
                "access_token": token,
                "expires_in": TOKEN_SECONDS,
                "token_type": "Bearer",
                "scope": " ".join(form.get("scope", [])),
            },
        )

    def _knows(self, request: Request) -> bool:
        scheme, _, coded = request.headers.get("authorization", "").partition(" ")
        try:
            secret = base64.b64decode(coded, validate=True).partition(b":")[2]
        except ValueError:
            return False
        return scheme == "Basic" and secrets.compare_digest(secret, self._secret.encode())

    def _connections(self, _: Request, __: bool) -> Response:
        connection = {
            "id": self._books.new_id("connection"),
            "authEventId": self._books.new_id("consent"),
            "tenantId": self.tenant_id,
            "tenantType": "ORGANISATION",
            "tenantName": "Sandbox Company",
            "createdDateUtc": "2010-11-01T09:00:00.0000000",
            "updatedDateUtc": "2010-11-01T09:00:00.0000000",
        }
        return json_response(200, [connection])

    def _listed(self, request: Request, _: bool) -> Response:
        kind = KINDS[request.named["collection"]]
        try:
            found = self._books.documents(kind.name, **numbers_of(kind, request))
            content = page(kind, found, request)
        except ValueError:
            error = {"ErrorNumber": 16, "Type": "QueryParseException", "Message": "Invalid query"}
            return json_response(400, error)
        return json_response(200, {**self._envelope(), **content})

    def _one(self, request: Request, _: bool) -> Response:
        kind = KINDS[request.named["collection"]]
        document = self._books.document(kind.name, request.named["id"])
        if document is None:
            return Response(404, b"The resource you're looking for cannot be found")
        return json_response(200, {**self._envelope(), kind.collection: [shown(kind, document)]})

    def _written(self, request: Request, refuse_some: bool) -> Response:
        key = request.headers.get("idempotency-key", "")
        if len(key) > _LONGEST_KEY:
            return _invalid("The idempotency key is longer than 128 characters")
        told = f"{request.method} {request.path} {sorted(request.query.items())}"
        asked = hashlib.sha256(told.encode() + request.body).hexdigest()
        with self._books.transaction():
            earlier = key and self._books.remembered(key, since=self._clock() - KEY_SECONDS)
            if earlier:
                same, status, body = earlier[0] == asked, earlier[1], earlier[2]
                kept = Response(status, body, {"Content-Type": "application/json"})
                return (
                    kept if same else _invalid("The idempotency key was used for another request")
                )
            response = self._carried_out(request, key, refuse_some=refuse_some)
            if key and response.status < 500:
                self._books.remember(key, asked, response.status, response.body, at=self._clock())
            return response

    def _carried_out(self, request: Request, key: str, *, refuse_some: bool) -> Response:
        kind = KINDS[request.named["collection"]]
        try:
            body = request.json()
            sent = body.get(kind.collection, [body])
        except (ValueError, AttributeError):
            return _invalid("The body is not JSON")
        posting = Posting(
            books=self._books,
            kind=kind,
            now=self._clock(),
            key=key,
            create_only=request.method == "PUT",
            refuse_some=refuse_some,
        )
        if (document_id := request.named.get("id")) is not None:
            if self._books.document(kind.name, document_id) is None:
                return Response(404, b"The resource you're looking for cannot be found")
            sent, summarized = [{**sent[0], kind.id_field: document_id}], True
        else:
            summarized = request.query.get("summarizeErrors", "true").lower() != "false"
        results = posting.post(sent, all_or_nothing=summarized)
        wrong = [result for result in results if result.get("HasErrors")]
        if wrong and summarized:
            return _invalid("A validation exception occurred", elements=wrong)
        return json_response(200, {**self._envelope(), kind.collection: results})

    def _envelope(self) -> dict[str, Any]:
        return {
            "Id": self._books.new_id("answer", secrets.token_hex(8)),
            "Status": "OK",
            "ProviderName": "Accord sandbox",
            "DateTimeUTC": f"/Date({round(self._clock() * 1000)})/",
        }


def _problem(status: int, title: str, detail: str) -> Response:
    return json_response(status, {"Title": title, "Status": status, "Detail": detail})


def _invalid(message: str, *, elements: Iterable[dict[str, Any]] = ()) -> Response:
    return json_response(
        400,
        {
            "ErrorNumber": 10,
            "Type": "ValidationException",
            "Message": message,
            "Elements": list(elements),
        },
    )


__all__ = ["REAL_LIMITS", "Emulator", "Limits", "start"]
