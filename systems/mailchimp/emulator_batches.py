"""How the emulator does batches: taken in at once, done when they are due, told as an archive.

A batch that is due is done before the next request is answered, so that time alone decides what a
request sees and not the scheduling of threads.
"""

from __future__ import annotations

import io
import json
import re
import tarfile
from collections.abc import Mapping
from typing import Any

from systems.mailchimp.emulator_members import NOT_FOUND, Desk, Told, moment, problem
from systems.mailchimp.emulator_store import Account

MOST_PENDING = 500
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
MEMBER = r"/lists/(?P<list_id>[^/]+)/members(?:/(?P<name>[^/]+)(?:/actions/(?P<action>[^/]+))?)?"
_MEMBER = re.compile(MEMBER)
_SOME = problem(500, "InternalServerError", "An unexpected internal error has occurred.")


def taken_in(account: Account, body: Any, *, now: float, delay: float, refuses: bool) -> Told:
    """Take a batch in. With `refuses`, every second of its operations will fail undone."""
    operations = body.get("operations") if isinstance(body, Mapping) else None
    if not operations or not all(_is_operation(item) for item in operations):
        return problem(400, "Invalid Resource", "See errors.", operations="Schema describes array")
    if account.pending() >= MOST_PENDING:
        return problem(429, "Too Many Requests", "You have more than 500 pending batches.")
    batch_id = account.add_batch(operations, at=now, due_at=now + delay, refuses=refuses)
    [begun] = account.batches(batch_id)
    return 200, shown(begun, url="")


def do_due(account: Account, list_id: str, *, now: float) -> None:
    """Do every batch that is due."""
    for batch_id, operations, refuses in account.due_batches(now):
        results = [
            _result(account, list_id, item, now=now, fails=bool(refuses) and place % 2 == 1)
            for place, item in enumerate(json.loads(operations))
        ]
        errors = sum(result["status_code"] >= 400 for result in results)
        account.finish_batch(batch_id, _archive(batch_id, results), errors=errors, at=now)


def shown(batch: Mapping[str, Any], *, url: str) -> dict[str, Any]:
    """Return a batch as the API shows it; its results have an address once it is finished."""
    done = batch["completed_at"]
    return {
        "id": batch["id"],
        "status": "finished" if done else "pending",
        "total_operations": batch["many"],
        "finished_operations": batch["many"] if done else 0,
        "errored_operations": batch["errors"],
        "submitted_at": moment(batch["submitted_at"]),
        "completed_at": moment(done) if done else "",
        "response_body_url": url if done else "",
    }


def _is_operation(item: Any) -> bool:
    return isinstance(item, Mapping) and item.get("method") in _METHODS and "path" in item


def _result(
    account: Account, list_id: str, item: Mapping[str, Any], *, now: float, fails: bool
) -> dict[str, Any]:
    name = str(item.get("operation_id", ""))
    status, content = _SOME if fails else _done(account, list_id, item, now=now, name=name)
    told = json.dumps(content) if content else ""
    return {"status_code": status, "operation_id": name, "response": told}


def _done(
    account: Account, list_id: str, item: Mapping[str, Any], *, now: float, name: str
) -> Told:
    found = _MEMBER.fullmatch(item["path"])
    if found is None or found["list_id"] != list_id:
        return NOT_FOUND
    desk = Desk(account, list_id, now, operation=name)
    if item["method"] == "GET":
        return desk.one(found["name"] or "")
    body = json.loads(item.get("body") or "{}")
    return desk.do(item["method"], found["name"] or "", found["action"] or "", body)


def _archive(batch_id: str, results: list[dict[str, Any]]) -> bytes:
    """Pack the results as Mailchimp does: an empty folder and a file of JSON, gzipped."""
    content, packed = json.dumps(results).encode(), io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz", compresslevel=1) as archive:
        folder = tarfile.TarInfo("./")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        file = tarfile.TarInfo(f"./{batch_id}.json")
        file.size = len(content)
        archive.addfile(file, io.BytesIO(content))
    return packed.getvalue()
