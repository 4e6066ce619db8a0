"""Salesforce as Accord sees it: organisations are accounts, persons contacts, in both directions.

`objects` maps them, `following` reads, `matching` finds what is there already, `saving` writes,
`remote` makes the calls. Vendor's description:
https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from accord.connector import Connection
from accord.contracts import json_pages, odcs
from accord.errors import AccordError, Stop
from accord.records import Found, Health, Reading, Receipt, Slice, Window, Write
from systems.salesforce import soql
from systems.salesforce.following import Listing
from systems.salesforce.matching import matched
from systems.salesforce.objects import (
    ARCHIVED,
    ID,
    KINDS,
    OUR_ID,
    PASSED_ON,
    Kind,
    kind_of,
    remote_digest,
)
from systems.salesforce.remote import Org
from systems.salesforce.saving import Saving


def connect(
    connection: Connection, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> SalesforceClient:
    """Return a client; nothing is sent and no secret is read before its first use."""
    return SalesforceClient(connection, Org(connection), clock)


class SalesforceClient:
    """One Salesforce org, as a source and as a destination."""

    def __init__(self, connection: Connection, org: Org, clock: Callable[[], datetime]) -> None:
        self._org, self._clock = org, clock
        self._contracts = {
            item["name"]: Path(__file__).parent / "contracts" / item["contract"]
            for item in connection.settings["streams"]
        }

    def close(self) -> None:
        """Give the connections back."""
        self._org.close()

    def health(self) -> Sequence[Health]:
        """Check the sign-in, the day's calls and the fields we need, up to a failure."""
        findings: list[Health] = []
        checks: list[tuple[str, Callable[[], str]]] = [
            ("credentials", self._sign_in),
            ("calls", self._calls_left),
            *((kind.name, lambda kind=kind: self._fields(kind)) for kind in KINDS.values()),
        ]
        for name, check in checks:
            try:
                findings.append(Health(name, True, check()))
            except AccordError as error:
                return [*findings, Health(name, False, error.what, error.remedy)]
        return findings

    def slices(
        self,
        stream: str,
        window: Window,  # noqa: ARG002 - customers belong to no business day
    ) -> Sequence[Slice]:
        """Return the whole stream as one piece."""
        return [Slice(stream, "", self._listing(stream).signature())]

    def read(
        self,
        stream: str,
        piece: Slice,  # noqa: ARG002 - there is but one
    ) -> Reading:
        """Read all records of a stream."""
        return self._listing(stream).whole()

    def changes(self, stream: str, since: str) -> Reading:
        """Read what changed since a position; see `Listing.changes`."""
        return self._listing(stream).changes(since)

    def look_up(self, kind: str, keys: Sequence[str]) -> Mapping[str, Found]:
        """Find the records under our ids that are not put aside."""
        there = kind_of(kind)
        found: dict[str, Found] = {}
        for record in self._records(there, keys):
            found[str(record[OUR_ID])] = Found((str(record[ID]),), remote_digest(there, record))
        return {key: found[key] for key in keys if key in found}

    def match(self, kind: str, writes: Sequence[Write]) -> Mapping[str, Found]:
        """Find what is there under no id of ours; see `matching`."""
        return matched(self._org, kind_of(kind), writes)

    def deliver(self, kind: str, writes: Sequence[Write]) -> Sequence[Receipt]:
        """Bring each record to its desired state; see `Saving.deliver`."""
        return Saving(self._org, kind_of(kind)).deliver(writes)

    def remove(
        self, kind: str, writes: Sequence[Write], policy: Literal["propagate", "archive"]
    ) -> Sequence[Receipt]:
        """Put records into the recycle bin, or mark them as put aside; see `Saving.remove`."""
        return Saving(self._org, kind_of(kind)).remove(writes, policy)

    def _records(self, kind: Kind, keys: Sequence[str]) -> Iterable[Mapping[str, object]]:
        for listed in soql.lists(dict.fromkeys(keys)):
            where = f"{OUR_ID} IN {listed} AND {ARCHIVED} = FALSE"
            yield from self._org.records(soql.select(kind.shown, kind.sobject, where=where))

    def _listing(self, stream: str) -> Listing:
        if stream not in self._contracts:
            raise Stop(
                f"Salesforce has no stream {stream!r} here",
                remedy=f"use one of {', '.join(self._contracts)}",
            )
        contract = odcs.load(self._contracts[stream])
        return Listing(
            org=self._org,
            sobject=kind_of(stream).sobject,
            fields=contract.column_names,
            records=json_pages.compiled(contract, key=ID),
            clock=self._clock,
        )

    def _sign_in(self) -> str:
        self._org.sign_in()
        return "a token was issued"

    def _calls_left(self) -> str:
        calls = self._org.calls()
        if calls.Remaining <= 0:
            raise Stop(
                "The org's calls of these 24 hours are used up",
                remedy="wait, or see in Salesforce's setup, System Overview, who uses them",
            )
        return f"{calls.Remaining} of {calls.Max} calls are left"

    def _fields(self, kind: Kind) -> str:
        """Make sure that every field of the contract and of our writes is there for us."""
        there = self._org.fields(kind.sobject)
        wanted = {
            *odcs.load(self._contracts[kind.name]).column_names,
            *(field.name for field in (*kind.owned.values(), *kind.seeded.values())),
            ARCHIVED,
            PASSED_ON,
        }
        if missing := sorted(wanted - set(there)):
            raise Stop(
                f"{kind.sobject} has no field {', '.join(missing)} that we may see",
                remedy="add them in Salesforce, or let our integration user see them",
            )
        if not (there[OUR_ID].externalId and there[OUR_ID].unique):
            raise Stop(
                f"{OUR_ID} of {kind.sobject} does not name one record",
                remedy="make it an external id and unique in Salesforce",
            )
        return f"{len(wanted)} fields can be read and written"
