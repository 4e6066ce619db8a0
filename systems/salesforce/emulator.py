"""Salesforce's REST API in the sandbox: the same answers and refusals, with faults on demand.

Speaks sign-in by client credentials, SOQL (see emulator_soql), sObject collections, single
records, descriptions, limits and the log of deletions, for accounts and contacts. State is a SQLite
file in the given folder. Unless told otherwise the limits are generous; `REAL_LIMITS` are the
vendor's. Nothing here is used against the real Salesforce.
"""

from __future__ import annotations

import base64
import secrets
import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import parse_qs, urlencode

from accord.emulation import Setup
from accord.emulation.faults import Choosing, Fault, Faults, afflicted
from accord.emulation.population import known_to
from accord.emulation.server import Request, Response, Server, json_response, route
from systems.salesforce import emulator_people as people
from systems.salesforce.emulator_answers import Answers
from systems.salesforce.emulator_api import Answering, RestApi, complaint
from systems.salesforce.emulator_limits import REAL_LIMITS, Limits, Throttle
from systems.salesforce.emulator_objects import SOBJECTS
from systems.salesforce.emulator_soql import Refused
from systems.salesforce.emulator_store import Effect, Records
from systems.salesforce.objects import kind_of

SESSION_SECONDS = 7200
LONGEST_ADDRESS = 16_384


def start(
    setup: Setup,
    *,
    faults: Iterable[Fault] | Choosing | None = None,
    port: int = 0,
    limits: Limits | None = None,
    clock: Callable[[], float] = time.time,
    tls: ssl.SSLContext | None = None,
) -> Emulator:
    """Start the emulator on loopback, on a free port unless one is given.

    At its first start it is stocked with the customers that the company's CRM knows.
    """
    return Emulator(
        setup, faults=Faults(faults), port=port, limits=limits or Limits(), clock=clock, tls=tls
    )


class Emulator:
    """A running Salesforce. What tests and the sandbox do to it from behind are public methods."""

    def __init__(
        self,
        setup: Setup,
        *,
        faults: Faults,
        port: int,
        limits: Limits,
        clock: Callable[[], float],
        tls: ssl.SSLContext | None,
    ) -> None:
        self.faults = faults
        self._setup, self._secret, self._clock = setup, setup.secret, clock
        self._records = Records(setup.folder / "salesforce.sqlite", clock)
        if not self._records.setting("stocked"):
            people.stock(self._records, known_to("salesforce", setup.seed, setup.today))
            self._records.set("stocked", "yes")
        self._throttle = Throttle(limits, clock)
        self._answers = Answers(self._records, page_records=limits.page_records, clock=clock)
        self._api = RestApi(self._records, self._answers, self._throttle, limits.per_day)
        token = route("POST", "/services/oauth2/token", self._faulty(self._token))
        calls = [route(method, path, self._paced(answer)) for method, path, answer in self._calls()]
        self._server = Server([token, *calls], port=port, tls=tls).start()

    @property
    def url(self) -> str:
        """The address to set as ACCORD_SALESFORCE_URL."""
        return self._server.url

    @property
    def token_url(self) -> str:
        """Its token endpoint."""
        return f"{self.url}/services/oauth2/token"

    @property
    def failures(self) -> list[Exception]:
        """What went wrong in the emulator itself; empty unless it has a bug."""
        return self._server.failures

    def stop(self) -> None:
        """Stop serving; the state stays in its folder."""
        self._server.stop()
        self._records.close()

    def journal(self) -> list[Effect]:
        """Every effect that any request ever had, in order."""
        return self._records.journal()

    def rows(self, kind: str) -> list[dict[str, Any]]:
        """All records of a kind that are not deleted, with all their fields."""
        return self._records.all(SOBJECTS[kind_of(kind).sobject])

    def add(self, stream: str) -> str:
        """Let somebody enter a customer; return the record's id."""
        return people.add(self._records, kind_of(stream))

    def edit(self, stream: str, key: str, **values: object) -> None:
        """Let somebody change a record: the fields given, else its phone number."""
        people.edit(self._records, kind_of(stream), key, values)

    def erase(self, stream: str, key: str) -> None:
        """Let somebody delete a record."""
        people.erase(self._records, kind_of(stream), key)

    def place(self, kind: str, content: Mapping[str, Any]) -> str:
        """Let somebody enter a customer of this content without our id; return the record's id."""
        return people.place(self._records, kind_of(kind), content)

    def live(self) -> str:
        """Let the first of the customers call sales with a new telephone number."""
        first = known_to("salesforce", self._setup.seed, self._setup.today)[0]
        name = (first.first_name, first.last_name)
        there = {(it["FirstName"], it["LastName"]): it["Id"] for it in self.rows("contacts")}
        self.edit("contacts", there[name], Phone="0117 496 0123")
        return "sales notes a customer's new telephone number"

    def purge(self, stream: str) -> None:
        """Let an administrator empty the recycle bin."""
        self._records.purge(SOBJECTS[kind_of(stream).sobject])

    def lock(self, *record_ids: str) -> None:
        """Let somebody else be busy with these records, and with no others."""
        self._api.locked = frozenset(record_ids)

    def block_duplicates(self, *, blocked: bool = True) -> None:
        """Switch the duplicate rule for contacts on or off: same e-mail address and last name."""
        self._records.set("duplicate_rule", "yes" if blocked else "")

    def forget(self) -> None:
        """Lose all records; the org itself stays."""
        self._records.forget_everything()

    def forget_queries(self) -> None:
        """Forget where every query goes on."""
        self._answers.forget_queries()

    def expire_tokens(self) -> None:
        """Let every session end."""
        self._records.forget_tokens()

    def revoke(self, *, revoked: bool = True) -> None:
        """Take the application's access away, or give it back."""
        self._records.set("revoked", "yes" if revoked else "")
        self._records.forget_tokens()

    def _calls(self) -> list[tuple[str, str, Answering]]:
        return list(self._api.calls())

    def _paced(self, answer: Answering) -> Callable[[Request], Response]:
        """Wrap a call of the org: limits, then faults, then sign-in."""
        inner = self._faulty(self._signed_in(answer))
        return lambda request: self._throttle.paced(lambda: inner(request))

    def _faulty(self, answer: Answering) -> Callable[[Request], Response]:
        def answered(request: Request) -> Response:
            fault = self.faults.take(request)
            if fault and fault.kind == "expired_token":
                self.expire_tokens()
            refuse_some = fault is not None and fault.kind == "refuse_some"
            return afflicted(
                fault, lambda: answer(request, refuse_some), stopping=self._server.stopping
            )

        return answered

    def _signed_in(self, answer: Answering) -> Answering:
        def answered(request: Request, refuse_some: bool) -> Response:
            scheme, _, token = request.headers.get("authorization", "").partition(" ")
            if scheme != "Bearer" or not self._records.admits(token, now=self._clock()):
                return complaint(401, "INVALID_SESSION_ID", "Session expired or invalid")
            if len(request.path) + len(urlencode(request.query)) > LONGEST_ADDRESS:
                return Response(414)
            try:
                return answer(request, refuse_some)
            except Refused as refused:
                return complaint(400, refused.code, refused.message)

        return answered

    def _token(self, request: Request, _: bool) -> Response:
        form = parse_qs(request.body.decode("latin-1"))
        if form.get("grant_type") != ["client_credentials"]:
            told = {"error": "unsupported_grant_type", "error_description": "not supported"}
            return json_response(400, told)
        if not self._knows(request, form) or self._records.setting("revoked"):
            told = {"error": "invalid_client", "error_description": "invalid client credentials"}
            return json_response(400, told)
        token = f"00DAc0000000001!{secrets.token_urlsafe(48)}"
        self._records.issue(token, good_until=self._clock() + SESSION_SECONDS)
        scheme = "https" if self.url.startswith("https") else "http"
        return json_response(
            200,
            {
                "access_token": token,
                "signature": base64.b64encode(secrets.token_bytes(32)).decode(),
                "scope": "api",
                "instance_url": f"{scheme}://{request.headers.get('host', '')}",
                "id": f"{self.url}/id/00DAc0000000001EAC/005Ac0000000001IAC",
                "token_type": "Bearer",
                "issued_at": str(round(self._clock() * 1000)),
            },
        )

    def _knows(self, request: Request, form: Mapping[str, list[str]]) -> bool:
        """Tell whether the client's secret came, in the header or in the form."""
        scheme, _, coded = request.headers.get("authorization", "").partition(" ")
        given = "".join(form.get("client_secret", [])).encode()
        if scheme == "Basic":
            try:
                given = base64.b64decode(coded, validate=True).partition(b":")[2]
            except ValueError:
                return False
        return secrets.compare_digest(given, self._secret.encode())


__all__ = ["REAL_LIMITS", "Emulator", "Limits", "start"]
