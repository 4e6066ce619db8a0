"""How the emulator lists documents: filters, order and pages."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from accord.emulation.server import Request
from systems.xero.emulator_rules import Kind, conditions, number_start, shown

_PAGE_SIZE, _LARGEST_PAGE = 100, 1000


def page(kind: Kind, documents: Sequence[Mapping[str, Any]], request: Request) -> dict[str, Any]:
    """Return one page of what the request asks for; without `page`, all of it without line items.

    Raises ValueError for a query that is not understood.
    """
    chosen = _ordered(kind, _filtered(kind, documents, request), request.query.get("order", ""))
    if "page" not in request.query:
        return {kind.collection: [shown(kind, document, with_lines=False) for document in chosen]}
    number = max(1, int(request.query["page"]))
    size = min(max(1, int(request.query.get("pageSize", _PAGE_SIZE))), _LARGEST_PAGE)
    return {
        "pagination": {
            "page": number,
            "pageSize": size,
            "pageCount": max(1, math.ceil(len(chosen) / size)),
            "itemCount": len(chosen),
        },
        kind.collection: [
            shown(kind, document) for document in chosen[(number - 1) * size : number * size]
        ],
    }


def numbers_of(kind: Kind, request: Request) -> dict[str, Any]:
    """Say which numbers a request can be about, so that not every document need be looked at."""
    listed = request.query.get(f"{kind.number_field}s")
    return {
        "numbers": None if listed is None else listed.split(","),
        "start": number_start(kind, request.query.get("where", "")),
    }


def _filtered(
    kind: Kind, documents: Sequence[Mapping[str, Any]], request: Request
) -> list[Mapping[str, Any]]:
    wanted = conditions(request.query.get("where", ""))
    since = _since(request.headers.get("if-modified-since", ""))
    listed = {
        kind.number_field: request.query.get(f"{kind.number_field}s"),
        "Status": request.query.get("Statuses"),
        "id": request.query.get("IDs"),
    }
    return [
        document
        for document in documents
        if document["updated"] >= since
        and all(holds(document) for holds in wanted)
        and all(
            values is None or str(document[name]) in values.split(",")
            for name, values in listed.items()
        )
    ]


def _ordered(kind: Kind, documents: list[Mapping[str, Any]], order: str) -> list[Mapping[str, Any]]:
    if not order:
        return documents
    name, _, direction = order.partition(" ")
    field = {kind.id_field: "id", "UpdatedDateUTC": "updated"}.get(name, name)
    if documents and field not in documents[0]:
        raise ValueError(name)
    return sorted(documents, key=lambda it: it[field], reverse=direction.upper() == "DESC")


def _since(header: str) -> float:
    if not header:
        return 0.0
    try:
        moment = datetime.fromisoformat(header)
    except ValueError:
        moment = parsedate_to_datetime(header)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
