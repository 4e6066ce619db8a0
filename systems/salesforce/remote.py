"""Calls to one Salesforce org: sign-in, queries, saving; what they mean is decided elsewhere.

https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from accord.connector import Connection
from accord.errors import Retry, Stop, Unanswered
from accord.http import Answer, Api, Budget, ClientCredentials, Pace
from systems.salesforce.quota import DayQuota, wait

SMALLEST_PAGE, LARGEST_PAGE = 200, 2000
_NAMES = re.compile(r"No such column '(\w+)' on (?:entity|sobject of type) '?(\w+)'?")
_TYPE = re.compile(r"sObject type '(\w+)' is not supported")
_Told = TypeVar("_Told", bound=msgspec.Struct)


class LocatorGone(Retry):
    """The org no longer knows where a query's next page begins; the query can be made anew."""


class _Page(msgspec.Struct):
    records: list[msgspec.Raw]
    done: bool
    nextRecordsUrl: str = ""  # noqa: N815 - the vendor's name


class Calls(msgspec.Struct):
    """How many calls the org may get in 24 hours, and how many are left of them."""

    Max: int
    Remaining: int


class _Limits(msgspec.Struct):
    DailyApiRequests: Calls


class FieldThere(msgspec.Struct):
    """A field of a kind of object as the org describes it."""

    name: str
    unique: bool = False
    externalId: bool = False  # noqa: N815 - the vendor's name


class _Described(msgspec.Struct):
    fields: list[FieldThere]


class _Gone(msgspec.Struct):
    id: str


class Deletions(msgspec.Struct):
    """What was deleted in a span of time, and how far the log of deletions reaches."""

    deletedRecords: list[_Gone]  # noqa: N815 - the vendor's names
    earliestDateAvailable: datetime  # noqa: N815
    latestDateCovered: datetime  # noqa: N815


class Result(msgspec.Struct):
    """What became of one record of a collection."""

    success: bool
    id: str | None = None
    errors: list[Mapping[str, Any]] = []


class Org:
    """One org's REST API. Nothing is sent, and no secret fetched, before the first call."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._base = f"/services/data/v{connection.settings['api']['version']}"
        size = int(connection.settings["limits"]["page_records"])
        self._page_records = min(max(size, SMALLEST_PAGE), LARGEST_PAGE)
        self._lock = threading.Lock()
        self.adopting = threading.Lock()  # held from looking whose a record is to making it ours
        self._credentials: ClientCredentials | None = None
        self._api: Api | None = None

    def close(self) -> None:
        """Give the connections back."""
        with self._lock:
            if self._api is not None:
                self._api.close()
                self._api = None

    def sign_in(self) -> None:
        """Make sure of a token. Raises Stop when a secret is missing or refused."""
        self._opened()

    def calls(self) -> Calls:
        """How many calls the org may get, and how many are left."""
        return _decoded(self._read("/limits", {}), _Limits).DailyApiRequests

    def fields(self, sobject: str) -> Mapping[str, FieldThere]:
        """The fields of a kind of object that we may see, by name."""
        described = _decoded(self._read(f"/sobjects/{sobject}/describe", {}), _Described)
        return {item.name: item for item in described.fields}

    def pages(self, query: str, *, deleted: bool = False) -> Iterator[list[msgspec.Raw]]:
        """Yield a query's records as the raw JSON they came as, page by page.

        With `deleted`, what is in the recycle bin comes along. Raises LocatorGone when the org
        forgot the query before its last page.
        """
        page = self._page("/queryAll" if deleted else "/query", {"q": query})
        while True:
            yield page.records
            if page.done:
                return
            if not page.nextRecordsUrl.startswith(f"{self._base}/query"):
                raise _unclear("where a query's next page begins")
            page = self._page(page.nextRecordsUrl.removeprefix(self._base), {})

    def records(self, query: str, *, deleted: bool = False) -> list[dict[str, Any]]:
        """All records of a query that has few of them."""
        return [
            msgspec.json.decode(raw) for page in self.pages(query, deleted=deleted) for raw in page
        ]

    def deleted(self, sobject: str, start: str, end: str) -> Deletions:
        """What was deleted between two points in time. Raises Stop when that is too long ago."""
        asked = {"start": start, "end": end}
        return _decoded(self._read(f"/sobjects/{sobject}/deleted/", asked), Deletions)

    def upsert(self, sobject: str, key: str, records: Sequence[Mapping[str, Any]]) -> list[Result]:
        """Create or update records by an external id, each on its own."""
        return self._saved("PATCH", f"/composite/sobjects/{sobject}/{key}", sobject, records)

    def update(self, sobject: str, records: Sequence[Mapping[str, Any]]) -> list[Result]:
        """Update records by their own ids, each on its own."""
        return self._saved("PATCH", "/composite/sobjects", sobject, records)

    def delete(self, ids: Sequence[str]) -> list[Result]:
        """Put records into the recycle bin, each on its own."""
        asked = {"ids": ",".join(ids), "allOrNone": "false"}
        return self._results("DELETE", "/composite/sobjects", None, asked, len(ids))

    def _saved(
        self, method: str, path: str, sobject: str, records: Sequence[Mapping[str, Any]]
    ) -> list[Result]:
        typed = [{"attributes": {"type": sobject}, **record} for record in records]
        content = {"allOrNone": False, "records": typed}
        return self._results(method, path, content, {}, len(records))

    def _results(
        self, method: str, path: str, content: Any, params: Mapping[str, str], wanted: int
    ) -> list[Result]:
        answer = self._opened().write(method, self._base + path, json=content, params=params)
        if answer.status != 200:
            raise _refused(answer, f"{method} {path}")
        try:
            results = msgspec.json.decode(answer.body, type=list[Result])
        except ValueError:
            raise _unanswered() from None
        if len(results) != wanted:
            raise _unanswered()
        return results

    def _page(self, path: str, params: Mapping[str, str]) -> _Page:
        options = {"Sforce-Query-Options": f"batchSize={self._page_records}"}
        return _decoded(self._read(path, params, options), _Page)

    def _read(
        self, path: str, params: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> Answer:
        answer = self._opened().read(self._base + path, params=params, headers=headers)
        if answer.status != 200:
            raise _refused(answer, f"GET {path.partition('?')[0]}")
        return answer

    def _opened(self) -> Api:
        """Sign in where that was not done, and return the API at the address the org gave us."""
        with self._lock:
            if self._credentials is None:
                self._credentials = _credentials(self._connection)
            self._credentials.headers()
            if self._api is None:
                limits = self._connection.settings["limits"]
                self._api = Api(
                    self._connection.system,
                    self._credentials.told("instance_url") or self._connection.url,
                    credentials=self._credentials,
                    pace=DayQuota(
                        self._connection.turns or Pace.declared(self._connection.settings),
                        header=limits["remaining_header"],
                    ),
                    budget=Budget.declared(self._connection.settings),
                    timeout=float(limits["timeout_seconds"]),
                    limited=wait,
                )
            return self._api


def _credentials(connection: Connection) -> ClientCredentials:
    auth = connection.settings["auth"]
    return ClientCredentials(
        connection.system,
        connection.token_url,
        client_id=connection.secrets.resolve(auth["client_id"]),
        client_secret=connection.secrets.resolve(auth["client_secret"]),
    )


def _decoded(answer: Answer, kind: type[_Told]) -> _Told:
    try:
        return msgspec.json.decode(answer.body, type=kind)
    except ValueError:
        raise _unclear("what was asked for") from None


def _complaints(answer: Answer) -> list[Mapping[str, Any]]:
    """What the org complains about: its errors, each with `errorCode` and `message`."""
    try:
        told = answer.json()
    except Retry:
        return []
    return [item for item in told if isinstance(item, Mapping)] if isinstance(told, list) else []


def _refused(answer: Answer, call: str) -> Exception:
    """Say what a refusal means. The org's messages repeat the query, so they are not shown."""
    errors = _complaints(answer)
    told = {str(item.get("errorCode")) for item in errors}
    if "INVALID_QUERY_LOCATOR" in told:
        return LocatorGone(
            "Salesforce forgot a query before its last page", remedy="run again: it is made anew"
        )
    if told & {"INVALID_REPLICATION_DATE", "EXCEEDED_ID_LIMIT"}:
        return Stop(
            "Salesforce no longer tells what was deleted since then",
            remedy="let the stream be read whole; it happens by itself in the next run",
        )
    said = f"Salesforce answered {answer.status} {' '.join(sorted(told))} to {call}"
    text = " ".join(str(item.get("message")) for item in errors)
    if missing := _NAMES.search(text):
        return Stop(
            f"{said}: {missing[2]} has no field {missing[1]}",
            remedy="add it in Salesforce, or let our application see it; `accord doctor` lists all",
        )
    if missing := _TYPE.search(text):
        return Stop(
            f"{said}: there is no {missing[1]}", remedy="let our application see these objects"
        )
    return Stop(
        said,
        remedy="check ACCORD_SALESFORCE_URL and api.version in systems/salesforce/system.toml",
    )


def _unclear(what: str) -> Retry:
    return Retry(
        f"Salesforce's answer does not tell {what}",
        remedy="run again; if it stays, look at the system or a proxy in between",
    )


def _unanswered() -> Unanswered:
    return Unanswered(
        "Salesforce's answer to a write is not whole",
        remedy="the write is looked up before it is sent again",
    )
