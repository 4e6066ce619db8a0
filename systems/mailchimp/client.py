"""Mailchimp as Accord sees it: an audience whose members are read, followed, matched and written.

`members` maps them, `listing` lists them, `roll` finds them, `delivering` writes them, `batches`
and `remote` make the calls. Vendor's description: https://mailchimp.com/developer/marketing/api/
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

from accord.connector import Connection
from accord.contracts import json_pages, odcs
from accord.errors import AccordError, Stop
from accord.records import Found, Health, Page, Reading, Receipt, Slice, Window, Write
from systems.mailchimp import listing
from systems.mailchimp.batches import Batches
from systems.mailchimp.delivering import Delivery
from systems.mailchimp.listing import Walk, newest
from systems.mailchimp.members import ARCHIVED, subscriber_hash
from systems.mailchimp.remote import Audience
from systems.mailchimp.roll import Known, Roll

OBJECT = "members"
OVERLAP = 60.0
"""Seconds before a position from which changes are read again, for what shows up late."""

JUST_NOW = 1.0
"""Seconds for which a look-up serves the matching that follows it."""

_CONTRACT = Path(__file__).parent / "contracts" / "members.v1.odcs.yaml"


def connect(connection: Connection) -> MailchimpClient:
    """Return a client; nothing is sent and no secret is read before its first use."""
    return MailchimpClient(Audience(connection))


class MailchimpClient:
    """One audience, as a source and as a destination."""

    def __init__(self, audience: Audience, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._audience = audience
        self._batches = Batches(audience, sleep)
        self._roll = Roll(audience.raw, size=lambda: audience.page_records)
        self._lock = threading.Lock()
        self._is_ready = False
        # A batch that an earlier process posted, or whose answer was lost, may be under way.
        self._is_settled = False

    def close(self) -> None:
        """Give connections and memory back."""
        self._roll.close()
        self._audience.close()

    def health(self) -> Sequence[Health]:
        """Check the key, the audience and its merge fields, in this order, up to a failure."""
        findings: list[Health] = []
        for name, check, detail in (
            ("credentials", self._audience.ping, "the key is known"),
            ("audience", lambda: newest(self._audience.raw), "its members can be read"),
            ("merge fields", self._audience.check_merge_fields, "the audience has all of ours"),
        ):
            try:
                check()
            except AccordError as error:
                return [*findings, Health(name, False, error.what, error.remedy)]
            findings.append(Health(name, True, detail))
        return findings

    def slices(self, stream: str, window: Window) -> Iterable[Slice]:  # noqa: ARG002 - no days
        """Return the audience as one piece. Members who were deleted for good leave no sign."""
        _checked(stream)
        get = self._audience.raw
        return [Slice(stream, "", f"{newest(get)}, archived {newest(get, ARCHIVED)}")]

    def read(self, stream: str, piece: Slice) -> Reading:
        """Read everybody in the audience; who is archived is not in it."""
        _checked(stream)
        reading = Reading(digest="", partitions=[piece.partition], pages=iter(()))
        reading.pages = self._everybody(reading)
        return reading

    def changes(self, stream: str, since: str) -> Reading:
        """Read who changed after `since`; who was archived is removed.

        Who was deleted for good is never told, which is why the stream is also read whole.
        """
        _checked(stream)
        try:
            start = listing.before(since, OVERLAP)
        except ValueError:
            raise Stop(
                "That is no position in Mailchimp's members", remedy="read the members whole"
            ) from None
        reading = Reading(digest="", partitions=[""], pages=iter(()), complete=False)
        reading.pages = self._changed(reading, since, start)
        return reading

    def look_up(self, kind: str, keys: Sequence[str]) -> Mapping[str, Found]:
        """Find the members whose ACCORD_ID is one of these keys; archived ones are not there."""
        _checked(kind)
        if not keys:
            return {}
        self._refresh()
        return {key: _found(members) for key, members in self._roll.under(keys).items()}

    def match(self, kind: str, writes: Sequence[Write]) -> Mapping[str, Found]:
        """Find members by their id, else by their address, who have no key of ours yet."""
        _checked(kind)
        if not writes:
            return {}
        self._refresh(at_most_old=JUST_NOW)
        hashes = {
            write.key: subscriber_hash(email)
            for write in writes
            if (email := str(write.content.get("email") or ""))
        }
        by_id = self._roll.with_ids([it.destination_id for it in writes if it.destination_id])
        by_hash = self._roll.with_hashes(list(hashes.values()))
        found: dict[str, Found] = {}
        for write in writes:
            candidates = (by_id.get(write.destination_id), by_hash.get(hashes.get(write.key, "")))
            for member in candidates:
                if member is not None and write.may_take(member.key):
                    found.setdefault(write.key, _found([member]))
        return found

    def deliver(self, kind: str, writes: Sequence[Write]) -> Sequence[Receipt]:
        """Bring each member to its desired state; see `Delivery.deliver`."""
        _checked(kind)
        return self._carried_out(lambda delivery: delivery.deliver(writes))

    def remove(
        self, kind: str, writes: Sequence[Write], policy: Literal["propagate", "archive"]
    ) -> Sequence[Receipt]:
        """Archive members or delete them for good; see `Delivery.remove`."""
        _checked(kind)
        if not writes:
            return []
        self._refresh()
        return self._carried_out(lambda delivery: delivery.remove(writes, policy))

    def _carried_out(self, call: Callable[[Delivery], Sequence[Receipt]]) -> Sequence[Receipt]:
        """Write, and remember when something may still be under way."""
        delivery = Delivery(self._audience.call, self._batches, self._roll)
        try:
            return call(delivery)
        finally:
            self._roll.release(delivery.claims)
            if delivery.unknown:
                self._is_settled = False

    def _refresh(self, *, at_most_old: float = 0.0) -> None:
        """Make the roll true: after all that may still be under way, and with our fields there."""
        with self._lock:
            if not self._is_ready:
                self._audience.check_merge_fields()
                self._is_ready = True
            if not self._is_settled:
                self._batches.settle()
                self._roll.refresh(wide=True)
                self._is_settled = True
                return
        self._roll.refresh(at_most_old=at_most_old)

    def _everybody(self, reading: Reading) -> Iterator[Page]:
        pages = json_pages.compiled(odcs.load(_CONTRACT), key="contact_id")
        walk = Walk(self._audience.raw, self._audience.page_records)
        for members in walk.pages():
            yield pages.page(item.raw for item in members if item.status != ARCHIVED)
        reading.complete, reading.position = walk.is_whole, walk.position

    def _changed(self, reading: Reading, since: str, start: str) -> Iterator[Page]:
        pages = json_pages.compiled(odcs.load(_CONTRACT), key="contact_id")
        size = self._audience.page_records
        walk = Walk(self._audience.raw, size, since=start)
        for members in walk.pages():
            yield pages.page(item.raw for item in members if item.status != ARCHIVED)
        archived = Walk(self._audience.raw, size, since=start, status=ARCHIVED)
        for members in archived.pages():
            # Who was met just now was archived meanwhile; the next reading tells.
            yield Page(removed=[item.key for item in members if item.key not in walk.met])
        reading.position = max(since, walk.position)


def _found(members: Sequence[Known]) -> Found:
    return Found(
        tuple(member.id for member in members), members[0].digest if len(members) == 1 else ""
    )


def _checked(name: str) -> None:
    if name != OBJECT:
        raise Stop(f"Mailchimp has no {name!r} here", remedy=f"use {OBJECT!r} in system.toml")
