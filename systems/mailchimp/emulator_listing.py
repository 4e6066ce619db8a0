"""How the emulator lists members: filters, order, pages, and the fields that are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from systems.mailchimp.emulator_members import Told, problem, shown
from systems.mailchimp.emulator_store import Account

_COUNT, _LARGEST = 10, 1000
_SORTED = {
    "": "seq",
    "last_changed": "last_changed",
    "timestamp_opt": "json_extract(body, '$.timestamp_opt')",
    "timestamp_signup": "json_extract(body, '$.timestamp_signup')",
}


def members(account: Account, list_id: str, query: Mapping[str, str]) -> Told:
    """Return one page of the members; archived ones only when they are asked for."""
    try:
        count, offset = int(query.get("count", _COUNT)), int(query.get("offset", 0))
        since = _text(query.get("since_last_changed", ""))
        order = _SORTED[query.get("sort_field", "")]
    except (ValueError, KeyError):
        return problem(400, "Bad Request", "Your request doesn't appear to be valid.")
    if not 0 <= count <= _LARGEST:
        return problem(400, "Invalid Resource", "See errors.", count="Must be at most 1000")
    status = query.get("status", "")
    down = "desc" if query.get("sort_dir", "").upper() == "DESC" else "asc"
    listed, total = account.members(
        "(status = ?1 or (?1 = '' and status <> 'archived')) and last_changed > ?2",
        (status, since),
        f"{order} {down}, seq {down}",
        count=count,
        offset=offset,
    )
    chosen = _chosen(query, "members")
    return 200, _top(
        query,
        {
            "members": [chosen(shown(member)) for member in listed],
            "list_id": list_id,
            "total_items": total,
        },
    )


def collection(query: Mapping[str, str], name: str, items: Iterable[Mapping[str, Any]]) -> Told:
    """Return one page of any other collection."""
    everything = list(items)
    count, offset = int(query.get("count", _COUNT)), int(query.get("offset", 0))
    chosen = _chosen(query, name)
    listed = [chosen(item) for item in everything[offset : offset + count]]
    return 200, _top(query, {name: listed, "total_items": len(everything)})


def _text(moment: str) -> str:
    """Return a moment as it is stored, so that texts compare like moments."""
    if not moment:
        return ""
    return datetime.fromisoformat(moment).astimezone(UTC).isoformat(timespec="seconds")


def _chosen(
    query: Mapping[str, str], name: str
) -> Callable[[Mapping[str, Any]], Mapping[str, Any]]:
    asked = [item for item in query.get("fields", "").split(",") if item]
    inside = [item.removeprefix(f"{name}.") for item in asked if item.startswith(f"{name}.")]
    if not asked or name in asked:
        return lambda item: item
    return lambda item: {field: item[field] for field in inside if field in item}


def _top(query: Mapping[str, str], content: dict[str, Any]) -> dict[str, Any]:
    asked = {item.partition(".")[0] for item in query.get("fields", "").split(",") if item}
    return {name: value for name, value in content.items() if not asked or name in asked}
