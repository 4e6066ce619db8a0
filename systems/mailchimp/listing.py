"""Lists an audience's members so that none is missed, although they move while it is read.

A list by count and offset loses a member whenever one before it leaves its place. Here it is sorted
by `last_changed` and asked for from a moment on: whoever changes meanwhile goes to the end and is
met there, and nobody else loses their place. Times are in whole seconds, so each page begins a
second before the end of the last; only inside such a second is there an offset, and its page begins
with the last member of the page before, as proof that nothing moved.
Vendor's description: https://mailchimp.com/developer/marketing/api/list-members/list-members-info/
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec

from accord.errors import Retry
from accord.http import Answer

START = "1970-01-01T00:00:00+00:00"
LARGEST_PAGE = 999
"""How many members to ask for at most: Mailchimp gives 1,000, and one of them is the proof."""

_FIELDS = ",".join(
    (
        *(
            f"members.{name}"
            for name in (
                "id", "contact_id", "email_address", "status", "merge_fields", "timestamp_opt",
                "last_changed", "unsubscribe_reason",
            )
        ),
        "total_items",
    )
)  # fmt: skip
_RESTARTS = 5
_SECOND = timedelta(seconds=1)

Get = Callable[[str, Mapping[str, str]], Answer]
"""GETs a path below the audience."""


class Named(msgspec.Struct):
    """What the walk has to know of a member."""

    contact_id: str = ""
    last_changed: str = ""
    status: str = ""


@dataclass(frozen=True, slots=True)
class Listed:
    """One member as listed: who it is, when it changed, and the JSON it came as."""

    key: str
    changed_at: str
    status: str
    raw: msgspec.Raw


@dataclass(slots=True)
class Walk:
    """One way through the members that changed since a moment, oldest change first.

    `status` restricts it; archived members come only when they are asked for. Each member is given
    once. After its end, `position` is the moment up to which everything was given, and `is_whole`
    tells whether as many members were met as there were at the beginning.
    """

    get: Get
    size: int
    since: str = ""
    status: str = ""
    position: str = ""
    is_whole: bool = True
    met: dict[str, str] = field(default_factory=dict)

    def pages(self) -> Iterator[list[Listed]]:
        """Give the members, page by page. Raises Retry when they move faster than can be read."""
        floor, offset, anchor, restarts, expected = self.since, 0, "", 0, -1
        missed = ""
        while True:
            members, total = self._page(floor, offset)
            expected = total if expected < 0 else expected
            if offset and (not members or members[0].key != anchor):
                restarts += 1
                if restarts > _RESTARTS:
                    raise _restless()
                offset = 0
                continue
            missed = min(filter(None, (missed, self._changed_again(members))), default="")
            yield self._fresh(members)
            if len(members) <= self.size:
                break
            later = _before(members[-1].changed_at, _SECOND)
            if later > floor:
                floor, offset, anchor, restarts = later, 0, "", 0
            else:
                offset, anchor = offset + len(members) - 1, members[-1].key
        self.is_whole = len(self.met) >= expected
        newest = max(self.met.values(), default="") or self.since or START
        self.position = min(newest, missed) if missed else newest

    def _changed_again(self, members: list[Listed]) -> str:
        """Return when the first member changed that was given and is met with something newer."""
        again = (it.changed_at for it in members if self.met.get(it.key, "~") < it.changed_at)
        return min(again, default="")

    def _fresh(self, members: list[Listed]) -> list[Listed]:
        fresh = []
        for item in members:
            if item.key not in self.met:
                self.met[item.key] = item.changed_at
                fresh.append(item)
        return fresh

    def _page(self, since: str, offset: int) -> tuple[list[Listed], int]:
        asked = {
            "fields": _FIELDS,
            "count": str(self.size + 1),
            "offset": str(offset),
            "sort_field": "last_changed",
            "sort_dir": "ASC",
            **({"since_last_changed": since} if since else {}),
            **({"status": self.status} if self.status else {}),
        }
        return parsed(self.get("/members", asked))


def newest(get: Get, status: str = "") -> str:
    """Return a cheap sign of the members' state: how many there are and the newest change."""
    asked = {
        "fields": "members.last_changed,total_items",
        "count": "1",
        "sort_field": "last_changed",
        "sort_dir": "DESC",
        **({"status": status} if status else {}),
    }
    members, total = parsed(get("/members", asked))
    return f"{total} {members[0].changed_at if members else ''}".strip()


def parsed(answer: Answer) -> tuple[list[Listed], int]:
    """Take a listing apart, leaving each member the bytes it is."""
    try:
        body = msgspec.json.decode(answer.body, type=dict[str, msgspec.Raw])
        raws = msgspec.json.decode(body["members"], type=list[msgspec.Raw])
        total = msgspec.json.decode(body["total_items"], type=int)
    except (ValueError, KeyError) as error:
        raise Retry(
            "Mailchimp's listing of members is not whole",
            remedy="run again; if it stays, look at the system or a proxy in between",
        ) from error
    return [_listed(raw) for raw in raws], total


def before(moment: str, seconds: float) -> str:
    """Return the moment so many seconds earlier. Raises ValueError for what is no moment."""
    return _before(moment, timedelta(seconds=seconds))


def _before(moment: str, span: timedelta) -> str:
    return (datetime.fromisoformat(moment) - span).isoformat(timespec="seconds")


def _listed(raw: msgspec.Raw) -> Listed:
    try:
        named = msgspec.json.decode(raw, type=Named)
        changed_at = _before(named.last_changed, timedelta())
    except ValueError:  # it breaks its contract, and is told so where records are judged
        return Listed(hashlib.sha256(raw).hexdigest(), START, "", raw)
    return Listed(
        named.contact_id or hashlib.sha256(raw).hexdigest(), changed_at, named.status, raw
    )


def _restless() -> Retry:
    return Retry(
        "Mailchimp's members changed faster than a page of them could be read",
        remedy="run again when no import or bulk change is going on in the audience",
    )
