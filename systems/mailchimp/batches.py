"""Batch operations: many writes handed over at once, done by Mailchimp in its own time.

A batch is posted, asked after until it is finished, and its results fetched as a gzipped tar of
JSON. Nobody can tell a lost batch from a slow one, and a batch has no name of our own: whoever has
to know what became of it waits until every batch that was under way is finished.
Vendor's description: https://mailchimp.com/developer/marketing/guides/run-async-requests-batch-endpoint/
"""

from __future__ import annotations

import io
import json
import tarfile
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from accord.errors import AccordError, Retry, Unanswered

_FINISHED = "finished"
_FIRST_WAIT, _LONGEST_WAIT, _PATIENCE = 0.05, 10.0, 900.0
_LARGEST_RESULTS = 256 * 1024 * 1024
_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Operation:
    """One write below the audience; `name` is what its result is called by."""

    name: str
    method: str
    path: str
    body: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What one operation was answered; `content` is {} where the answer has none."""

    status: int
    content: Mapping[str, Any]


class Account(Protocol):
    """The calls that batches need; see systems/mailchimp/remote.py."""

    def path(self, path: str) -> str:
        """Return the whole path of something below the audience."""

    def post_batch(self, operations: list[Mapping[str, Any]]) -> Mapping[str, Any]:
        """Hand over a batch."""

    def batches(self, params: Mapping[str, str]) -> Mapping[str, Any]:
        """Return one page of the account's batches."""

    def batch(self, batch_id: str) -> Mapping[str, Any]:
        """Return how one batch stands."""

    def download(self, url: str) -> bytes:
        """Fetch a batch's results."""


@dataclass(frozen=True, slots=True)
class Batches:
    """Runs batches on one account."""

    account: Account
    sleep: Callable[[float], None] = time.sleep

    def run(self, operations: Sequence[Operation]) -> dict[str, Result]:
        """Do these operations and return the results by name; one may be missing.

        Raises Unanswered when it is not known what became of them, Retry or Stop when they were
        not taken.
        """
        begun = self.account.post_batch([self._coded(item) for item in operations])
        try:
            finished = self._awaited(begun)
            return dict(unpacked(self.account.download(str(finished["response_body_url"]))))
        except (AccordError, KeyError) as error:
            what = error.what if isinstance(error, AccordError) else "A batch came without an id"
            raise Unanswered(what, remedy="it is looked up once every batch is finished") from error

    def settle(self) -> None:
        """Wait until all batches that are under way now are finished. Raises Retry.

        Those that are begun meanwhile, by us or by another application, are not waited for.
        """
        waits, pending = _waits(), set(self._unfinished())
        while pending:
            self.sleep(next(waits))
            pending &= set(self._unfinished())

    def _coded(self, operation: Operation) -> Mapping[str, Any]:
        coded = {
            "method": operation.method,
            "path": self.account.path(operation.path).removeprefix("/3.0"),
            "operation_id": operation.name,
        }
        return coded if operation.body is None else {**coded, "body": json.dumps(operation.body)}

    def _awaited(self, begun: Mapping[str, Any]) -> Mapping[str, Any]:
        waits, batch_id = _waits(), str(begun["id"])
        while (batch := self.account.batch(batch_id)).get("status") != _FINISHED:
            self.sleep(next(waits))
        return batch

    def _unfinished(self) -> Iterator[str]:
        offset, total = 0, 1
        while offset < total:
            fields = "batches.id,batches.status,total_items"
            asked = {"count": str(_PAGE), "offset": str(offset), "fields": fields}
            page = self.account.batches(asked)
            for batch in page.get("batches") or ():
                if batch.get("status") != _FINISHED:
                    yield str(batch["id"])
            offset, total = offset + _PAGE, int(page.get("total_items") or 0)


def unpacked(archive: bytes) -> Iterator[tuple[str, Result]]:
    """Take the results of a batch out of their archive; nothing is written to disk.

    Raises Retry when the archive is not whole or larger than results can be.
    """
    left = _LARGEST_RESULTS
    try:
        with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as members:
            for member in members:
                left -= member.size
                if left < 0:
                    raise _broken("are larger than results can be")
                content = members.extractfile(member) if member.isfile() else None
                if content is not None and member.name.endswith(".json"):
                    yield from _results(content.read())
    except (tarfile.TarError, OSError, EOFError, zlib.error, ValueError) as error:
        raise _broken("are not whole") from error


def _waits() -> Iterator[float]:
    """Give the seconds to wait before each time that is asked. Raises Retry in the end."""
    wait, waited = _FIRST_WAIT, 0.0
    while waited < _PATIENCE:
        yield wait
        waited, wait = waited + wait, min(wait * 2, _LONGEST_WAIT)
    raise Retry(
        f"Mailchimp has not finished a batch within {_PATIENCE:.0f} seconds",
        remedy="run again later; nothing is sent before it is finished",
    )


def _results(body: bytes) -> Iterator[tuple[str, Result]]:
    listed = msgspec.json.decode(body, type=list[dict[str, Any]])
    for item in listed:
        told = item.get("response") or "{}"
        content = msgspec.json.decode(told) if isinstance(told, str) else told
        known = content if isinstance(content, Mapping) else {}
        yield str(item.get("operation_id", "")), Result(int(item.get("status_code", 0)), known)


def _broken(how: str) -> Retry:
    return Retry(
        f"The results of a batch {how}",
        remedy="run again; what the batch did is looked up",
    )
