"""The calls of the emulator's REST API; who may make them is decided elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from accord.emulation.server import Request, Response, json_response
from systems.salesforce.emulator_answers import Answers, described
from systems.salesforce.emulator_limits import Throttle
from systems.salesforce.emulator_objects import SOBJECTS, SObject
from systems.salesforce.emulator_saving import Saving
from systems.salesforce.emulator_soql import Refused
from systems.salesforce.emulator_store import Records

Answering = Callable[[Request, bool], Response]
"""Answers a request; the flag tells whether to refuse some of its records."""

_LARGEST_COLLECTION = 200
_DEFAULT_PAGE = 2000
_BASE = r"(?P<base>/services/data/v[0-9]{2}\.0)"
_OBJECT = _BASE + f"/sobjects/(?P<object>{'|'.join(SOBJECTS)})"
_COLLECTION = _BASE + "/composite/sobjects"


@dataclass(slots=True)
class RestApi:
    """The API of one org. `locked` are the records that somebody else is busy with."""

    records: Records
    answers: Answers
    throttle: Throttle
    per_day: int
    locked: frozenset[str] = field(default_factory=frozenset)

    def calls(self) -> Iterator[tuple[str, str, Answering]]:
        """Method, path and answer of every call."""
        yield "GET", _BASE + "/(?P<query>query|queryAll)/?", self._queried
        yield "GET", _BASE + "/query/(?P<locator>[^/]+)", self._continued
        yield "GET", _BASE + "/limits/?", self._limits
        yield "GET", _OBJECT + "/describe/?", self._described
        yield "GET", _OBJECT + "/deleted/?", self._deletions
        yield "PATCH", _COLLECTION + "/(?P<object>[^/]+)/(?P<key>[^/]+)", self._upserted
        yield "PATCH", _COLLECTION, self._updated
        yield "DELETE", _COLLECTION, self._deleted
        yield "POST", _OBJECT + "/?", self._one_created
        yield "PATCH", _OBJECT + "/(?P<key>[^/]+__c)/(?P<value>[^/]+)", self._one_upserted
        yield "GET", _OBJECT + "/(?P<id>[A-Za-z0-9]+)", self._one
        yield "PATCH", _OBJECT + "/(?P<id>[A-Za-z0-9]+)", self._one_updated
        yield "DELETE", _OBJECT + "/(?P<id>[A-Za-z0-9]+)", self._one_deleted

    def _queried(self, request: Request, _: bool) -> Response:
        options = request.headers.get("sforce-query-options", "").partition("batchSize=")[2]
        size = int(options) if options.isdigit() else _DEFAULT_PAGE
        found = self.answers.query(
            request.query.get("q", ""),
            deleted=request.named["query"] == "queryAll",
            size=min(max(size, 200), _DEFAULT_PAGE),
            base=request.named["base"],
        )
        return json_response(200, found)

    def _continued(self, request: Request, _: bool) -> Response:
        return json_response(
            200, self.answers.more(request.named["locator"], request.named["base"])
        )

    def _limits(self, _: Request, __: bool) -> Response:
        calls = {"Max": self.per_day, "Remaining": self.throttle.left}
        return json_response(200, {"DailyApiRequests": calls})

    def _described(self, request: Request, _: bool) -> Response:
        return json_response(200, described(_sobject(request)))

    def _deletions(self, request: Request, _: bool) -> Response:
        asked = request.query
        return json_response(
            200,
            self.answers.deleted(_sobject(request), asked.get("start", ""), asked.get("end", "")),
        )

    def _upserted(self, request: Request, refuse_some: bool) -> Response:
        sobject = _sobject(request)
        key = sobject.field(request.named["key"])
        if key is None or not key.external:
            raise Refused("NOT_FOUND", "Provided external ID field does not exist or is not usable")
        sent = _collection(request, sobject)
        return self._together(self._saving(sobject, refuse_some).upsert, key, sent)

    def _updated(self, request: Request, refuse_some: bool) -> Response:
        records = _body(request).get("records") or []
        names = {str(item.get("attributes", {}).get("type")) for item in records}
        if len(names) != 1:
            raise Refused("INVALID_INPUT", "records of one type, each with its attributes")
        sobject = _named(names.pop())
        sent = _collection(request, sobject)
        return self._together(self._saving(sobject, refuse_some).update, sent)

    def _deleted(self, request: Request, refuse_some: bool) -> Response:
        ids = [item for item in request.query.get("ids", "").split(",") if item]
        _check_size(ids)
        results = []
        with self.records.transaction():
            for record_id in ids:
                found = [it for it in SOBJECTS.values() if record_id.startswith(it.prefix)]
                if not found:
                    told = {"statusCode": "MALFORMED_ID", "message": "bad id", "fields": ["Id"]}
                    results.append({"success": False, "errors": [told]})
                else:
                    results.append(self._saving(found[0], refuse_some).delete(record_id))
        return json_response(200, results)

    def _together(self, save: Callable[..., list[dict[str, Any]]], *what: Any) -> Response:
        with self.records.transaction():
            return json_response(200, save(*what))

    def _one(self, request: Request, _: bool) -> Response:
        sobject = _sobject(request)
        record = self.records.record(sobject, request.named["id"])
        if record is None or record["IsDeleted"]:
            return _not_found()
        names = [it.name for it in sobject.fields.values()]
        base = request.named["base"]
        return json_response(200, self.records.shown(sobject, names, [record["Id"]], base=base)[0])

    def _one_created(self, request: Request, _: bool) -> Response:
        with self.records.transaction():
            result = self._saving(_sobject(request), False).create(_body(request))
        return json_response(201, {**result, "errors": []}) if result["success"] else _bad(result)

    def _one_updated(self, request: Request, _: bool) -> Response:
        sent = {**_body(request), "id": request.named["id"]}
        with self.records.transaction():
            [result] = self._saving(_sobject(request), False).update([sent])
        return Response(204) if result["success"] else _bad(result)

    def _one_upserted(self, request: Request, _: bool) -> Response:
        sobject = _sobject(request)
        key = sobject.field(request.named["key"])
        if key is None or not key.external:
            return _not_found()
        sent = {**_body(request), key.name: request.named["value"]}
        with self.records.transaction():
            [result] = self._saving(sobject, False).upsert(key, [sent])
        if not result["success"]:
            return _bad(result)
        return json_response(201 if result["created"] else 200, result)

    def _one_deleted(self, request: Request, _: bool) -> Response:
        with self.records.transaction():
            result = self._saving(_sobject(request), False).delete(request.named["id"])
        return Response(204) if result["success"] else _bad(result)

    def _saving(self, sobject: SObject, refuse_some: bool) -> Saving:
        return Saving(self.records, sobject, locked=self.locked, refuse_some=refuse_some)


def complaint(status: int, code: str, message: str) -> Response:
    """An error as the API gives it: an array of one."""
    return json_response(status, [{"message": message, "errorCode": code}])


def _sobject(request: Request) -> SObject:
    return _named(request.named["object"])


def _named(name: str) -> SObject:
    if name not in SOBJECTS:
        raise Refused("INVALID_TYPE", f"sObject type '{name}' is not supported.")
    return SOBJECTS[name]


def _body(request: Request) -> Mapping[str, Any]:
    try:
        return msgspec.json.decode(request.body, type=dict[str, Any])
    except ValueError:
        raise Refused("JSON_PARSER_ERROR", "Unexpected input") from None


def _collection(request: Request, sobject: SObject) -> list[Mapping[str, Any]]:
    """The records of a collection, all of one kind."""
    body = _body(request)
    sent = body.get("records")
    if not isinstance(sent, list) or not sent:
        raise Refused("REQUIRED_FIELD_MISSING", "records")
    _check_size(sent)
    if body.get("allOrNone", False):
        raise Refused("INVALID_INPUT", "the sandbox knows allOrNone=false only")
    for record in sent:
        if record.get("attributes", {}).get("type") != sobject.name:
            raise Refused("INVALID_INPUT", "each record needs the type of the address")
    return sent


def _check_size(items: Sequence[Any]) -> None:
    if len(items) > _LARGEST_COLLECTION:
        told = f"record limit reached. cannot submit more than {_LARGEST_COLLECTION} records"
        raise Refused("EXCEEDED_MAX_SIZE_REQUEST", told)


def _bad(result: Mapping[str, Any]) -> Response:
    """A refusal of a single record, which names its code differently from a collection's."""
    errors = [
        {"message": it["message"], "errorCode": it["statusCode"], "fields": it["fields"]}
        for it in result["errors"]
    ]
    gone = any(it["errorCode"] in ("ENTITY_IS_DELETED", "NOT_FOUND") for it in errors)
    return json_response(404 if gone else 400, errors)


def _not_found() -> Response:
    return complaint(404, "NOT_FOUND", "The requested resource does not exist")
