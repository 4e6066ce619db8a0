"""A deliberately poor API: no upsert, no idempotency keys, no unique references, slow commits.

One request a record; records are found by their reference only, in pages. Its journal notes every
effect with the write it came from, which the client tells for the laboratory's sake alone: the API
makes nothing of it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from accord.emulation.faults import Fault, Faults, afflicted
from accord.emulation.server import Request, Response, Server, json_response, route
from accord.errors import AccordError, Retry, Unanswered
from accord.http import Answer, Api
from accord.records import Found, Receipt, Write, content_digest
from tests.chaos.tills import BARRED

SETTLE_SECONDS = 4.0
_PAGE = 2
_TRACE = "X-Write"
_FIELDS = ("reference", "amount", "memo")


@dataclass(frozen=True, slots=True)
class Effect:
    """One thing that really happened to an entry: created or updated."""

    effect: str
    reference: str
    entry_id: str
    content: Mapping[str, Any]
    write_id: str


class PoorSystem:
    """The running system: its entries, its journal and its socket."""

    def __init__(self, shown: Callable[[Request], Fault | None]) -> None:
        self.entries: dict[str, dict[str, Any]] = {}
        self.journal: list[Effect] = []
        self._faults = Faults(shown)
        self._lock = threading.Lock()
        self._server = Server(
            [
                route("GET", "/entries", self._answered(self._listed)),
                route("POST", "/entries", self._answered(self._created)),
                route("PUT", "/entries/(?P<id>[0-9]+)", self._answered(self._replaced)),
            ]
        ).start()

    @property
    def url(self) -> str:
        """Its address."""
        return self._server.url

    @property
    def failures(self) -> list[Exception]:
        """What went wrong in it by its own fault."""
        return self._server.failures

    def stop(self) -> None:
        """Stop serving."""
        self._server.stop()

    def forget(self) -> None:
        """Become empty."""
        self.entries.clear()
        self.journal.clear()

    def live(self) -> dict[str, dict[str, Mapping[str, Any]]]:
        """What it holds, by reference and id."""
        found: dict[str, dict[str, Mapping[str, Any]]] = {}
        for name, content in self.entries.items():
            found.setdefault(content["reference"], {})[name] = content
        return found

    def _answered(self, answer: Callable[[Request], Response]) -> Callable[[Request], Response]:
        def answered(request: Request) -> Response:
            fault = self._faults.take(request)
            if fault is not None and fault.kind == "refuse_some":
                return json_response(422, {"error": "refused for no reason"})
            with self._lock:
                return afflicted(fault, lambda: answer(request), stopping=self._server.stopping)

        return answered

    def _listed(self, request: Request) -> Response:
        wanted, page = request.query.get("reference"), int(request.query.get("page", "1"))
        found = [
            {"id": name, **content}
            for name, content in self.entries.items()
            if content["reference"] == wanted
        ]
        rest = found[(page - 1) * _PAGE :]
        return json_response(200, {"entries": rest[:_PAGE], "more": len(rest) > _PAGE})

    def _created(self, request: Request) -> Response:
        return self._stored(request, "created", str(len(self.entries) + 1))

    def _replaced(self, request: Request) -> Response:
        if request.named["id"] not in self.entries:
            return Response(404)
        return self._stored(request, "updated", request.named["id"])

    def _stored(self, request: Request, effect: str, name: str) -> Response:
        content = {field: request.json()[field] for field in _FIELDS}
        if BARRED in content["memo"]:
            return json_response(422, {"error": "an article is barred"})
        self.entries[name] = content
        write_id = request.headers.get(_TRACE.lower(), "")
        self.journal.append(Effect(effect, content["reference"], name, content, write_id))
        return json_response(200, {"id": name})


class PoorClient:
    """The client of the poor system: what it lacks, looking has to make up for."""

    def __init__(self, url: str) -> None:
        self._api = Api("poor", url)

    def close(self) -> None:
        """Give the connections back."""
        self._api.close()

    def look_up(self, kind: str, keys: Sequence[str]) -> Mapping[str, Found]:
        """Find what is there under each reference, one search each."""
        found = {}
        for key in keys:
            entries = {entry["id"]: entry for entry in self._search(key)}
            if entries:
                digests = [
                    content_digest({field: entry[field] for field in _FIELDS})
                    for entry in entries.values()
                ]
                found[key] = Found(tuple(sorted(entries)), digests[0] if len(digests) == 1 else "")
        return found

    def _search(self, reference: str) -> Iterator[Mapping[str, Any]]:
        page, more = 1, True
        while more:
            asked = {"reference": reference, "page": str(page)}
            answer = self._api.read("/entries", params=asked)
            if answer.status != 200:
                raise Retry(f"The search was answered by {answer.status}", remedy="run again")
            content = answer.json()
            yield from content["entries"]
            page, more = page + 1, content["more"]

    def deliver(self, kind: str, writes: Sequence[Write]) -> Sequence[Receipt]:
        """Send each write by itself; after the first without an answer none is sent any more."""
        receipts: list[Receipt] = []
        for place, write in enumerate(writes):
            try:
                receipts.append(self._sent(write))
            except AccordError as error:
                tried = isinstance(error, Unanswered)
                rest = writes[place + 1 :] if tried else writes[place:]
                untried = [Receipt(it.write_id, "retry", "", "not_sent", "later") for it in rest]
                if not receipts and (not tried or not untried):
                    raise
                return [*receipts, *untried]
        return receipts

    def _sent(self, write: Write) -> Receipt:
        ids = write.found.destination_ids if write.found else ()
        if len(ids) > 1:
            return Receipt(
                write.write_id, "rejected", "", "doubled", "It is there twice", "remove one"
            )
        method, path = ("PUT", f"/entries/{ids[0]}") if ids else ("POST", "/entries")
        answer = self._api.write(
            method, path, json=dict(write.content), headers={_TRACE: write.write_id}
        )
        return _receipt(write, answer)


def _receipt(write: Write, answer: Answer) -> Receipt:
    if answer.status == 422:
        return Receipt(
            write.write_id, "rejected", "", "refused", "The entry was refused", "correct it"
        )
    try:
        return Receipt(write.write_id, "delivered", answer.json()["id"])
    except Retry:
        raise Unanswered("The answer was not whole", remedy="look it up") from None
