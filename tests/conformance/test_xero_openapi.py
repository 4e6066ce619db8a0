"""What we send to Xero, and what the emulator answers, against the vendor's own description.

openapi-core lets properties pass that the description does not know, so these are looked for here;
what the vendor's own examples show counts as known.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import stamina
import yaml
from openapi_core import Config, OpenAPI
from openapi_core.datatypes import RequestParameters
from openapi_core.exceptions import OpenAPIError
from werkzeug.datastructures import Headers, ImmutableMultiDict

from accord.emulation.faults import Fault
from accord.emulation.server import Response, Server
from accord.records import Slice
from tests.support import xero

SHARED = Path(__file__).resolve().parents[3] / "shared"
DESCRIPTION = SHARED / "specs" / "xero" / "xero_accounting.yaml"
VENDOR = "https://api.xero.com"


@pytest.fixture(scope="session")
def description() -> dict[str, Any]:
    """The parsed description; one parse takes seconds."""
    if not DESCRIPTION.exists():
        pytest.skip("NOT CHECKED: no ../shared/specs/xero/xero_accounting.yaml by the checkout")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    parsed: dict[str, Any] = yaml.load(DESCRIPTION.read_bytes(), Loader=loader)  # noqa: S506
    return _plain(parsed)


@pytest.fixture(scope="session")
def api(description: dict[str, Any]) -> OpenAPI:
    return OpenAPI.from_dict(description, config=Config(spec_validator_cls=None))


def _plain(part: Any) -> Any:
    """Turn the dates YAML made of example texts back into texts."""
    if isinstance(part, Mapping):
        return {str(name): _plain(value) for name, value in part.items()}
    if isinstance(part, list):
        return [_plain(value) for value in part]
    return part if part is None or isinstance(part, str | int | float) else str(part)


class Call:
    """One request with its answer, in the shape that openapi-core asks for."""

    def __init__(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes, answer: Response
    ) -> None:
        parts = urlsplit(target)
        self.method, self.path, self.host_url = method.lower(), parts.path, VENDOR
        self.content_type = headers.get("content-type", "")
        self.body: bytes | None = body or None
        self.parameters = RequestParameters(
            query=ImmutableMultiDict(parse_qs(parts.query)), header=Headers(dict(headers))
        )
        self.answer = Answer(answer)

    @property
    def said(self) -> str:
        return f"{self.method} {self.path}"


class Answer:
    def __init__(self, answer: Response) -> None:
        self.status_code, self.data = answer.status, answer.body
        self.headers = Headers(dict(answer.headers))
        self.content_type = "application/json"


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Call]:
    """Everything our client does, once, as it went over the wire to the API."""
    seen: list[Call] = []
    plainly = Server.answer

    def noted(
        self: Server, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> Response:
        answer = plainly(self, method, target, headers, body)
        if target.startswith("/api.xro/"):
            seen.append(Call(method, target, headers, body, answer))
        return answer

    monkeypatch.setattr(Server, "answer", noted)
    stamina.set_testing(True)
    with xero.emulator(tmp_path) as books, xero.client(books) as client:
        for amounts in (("5.00", "-1.25"), ("6.10",), ("-7.00",), ("-8.00", "0.01"), ("9.00",)):
            xero.deliver(client, xero.write(xero.content("2010-12-01", *amounts)))
        books.faults.add(Fault("refuse_some", method="POST"))
        days = ("2010-12-02", "2010-12-03")
        xero.deliver(client, *(xero.write(xero.content(day)) for day in days))
        strange = xero.content("2010-12-04")
        strange["lines"][0]["account"] = "1"
        xero.deliver(client, xero.write(strange))
        books.pay("POS-2010-12-01", xero.Decimal("1.00"))
        xero.deliver(client, xero.write(xero.content("2010-12-01", "10.00")))
        list(client.read("documents", Slice("2010-12-01..2010-12-04", "", "")).pages)
        client.health()
    stamina.set_testing(False)
    return seen


def test_every_kind_of_call_is_among_those_checked(calls: list[Call]) -> None:
    kinds = {(call.method, call.path.count("/"), call.answer.status_code) for call in calls}
    assert kinds == {
        ("get", 3, 200),
        ("get", 4, 200),
        ("post", 3, 200),
        ("post", 4, 200),
        ("post", 4, 400),
    }


@pytest.mark.filterwarnings("ignore:Unsupported scheme type")  # openapi-core knows no OAuth2
def test_requests_are_as_the_vendor_describes_them(calls: list[Call], api: OpenAPI) -> None:
    for call in calls:
        api.validate_request(call)


@pytest.mark.parametrize("change", [{"Status": "NEARLY"}, {"Total": 5.0}, {"LineItems": {}}])
@pytest.mark.filterwarnings("ignore:Unsupported scheme type")
def test_a_request_unlike_the_description_is_found(
    calls: list[Call], api: OpenAPI, change: dict[str, Any]
) -> None:
    call = next(call for call in calls if call.said == "post /api.xro/2.0/Invoices")
    sent = json.loads(call.body or b"")
    sent["Invoices"][0].update(change)
    call.body = json.dumps(sent).encode()
    with pytest.raises(OpenAPIError):
        api.validate_request(call)


def test_answers_are_as_the_vendor_describes_them(calls: list[Call], api: OpenAPI) -> None:
    for call in calls:
        api.validate_response(call, call.answer)


def test_nothing_is_sent_or_answered_that_the_vendor_does_not_know(
    calls: list[Call], description: dict[str, Any]
) -> None:
    for call in calls:
        collection = call.path.split("/")[3]
        schema = {"$ref": f"#/components/schemas/{collection}"}
        if call.body:
            assert list(unknown(json.loads(call.body), schema, description, {})) == [], call.said
        if call.answer.status_code == 400:
            schema = {"$ref": "#/components/schemas/Error"}
        example = _example(description, collection)
        shown = json.loads(call.answer.data)
        if call.answer.status_code == 400:
            shown["Elements"] = [
                {"ValidationErrors": it["ValidationErrors"]} for it in shown["Elements"]
            ]
        assert list(unknown(shown, schema, description, example)) == [], call.said


def test_queries_and_headers_are_those_the_vendor_lists(
    calls: list[Call], description: dict[str, Any]
) -> None:
    for call in calls:
        parts = call.path.removeprefix("/api.xro/2.0/").split("/")
        single = {"Invoices": "/{InvoiceID}", "CreditNotes": "/{CreditNoteID}"}[parts[0]]
        path = description["paths"][f"/{parts[0]}" + (single if len(parts) > 1 else "")]
        listed = [*path.get("parameters", []), *path[call.method].get("parameters", [])]
        names = {_resolved(item, description)["name"].lower() for item in listed}
        sent = {name.lower() for name in call.parameters.query}
        assert sent <= names, call.said
        assert "xero-tenant-id" in call.parameters.header
        assert ("idempotency-key" in call.parameters.header) == (call.method == "post")


def test_the_check_for_unknown_properties_finds_one(description: dict[str, Any]) -> None:
    schema = {"$ref": "#/components/schemas/Invoices"}
    document = {"Invoices": [{"Type": "ACCREC", "LineItems": [{"Colour": "red"}]}], "More": 1}
    assert list(unknown(document, schema, description, {})) == ["Invoices.LineItems.Colour", "More"]


def unknown(
    content: Any, schema: Mapping[str, Any], description: Mapping[str, Any], example: Any
) -> Iterator[str]:
    """Yield the paths of properties that neither the schema nor the vendor's example has."""
    schema = _resolved(schema, description)
    if isinstance(content, list):
        first = example[0] if isinstance(example, list) and example else {}
        found = {
            name
            for item in content
            for name in unknown(item, schema.get("items", {}), description, first)
        }
        yield from sorted(found)
    elif isinstance(content, Mapping):
        shown = example if isinstance(example, Mapping) else {}
        known = schema.get("properties", {})
        for name, value in content.items():
            if name not in known:
                if name not in shown:
                    yield name
                continue
            for inner in unknown(value, known[name], description, shown.get(name, {})):
                yield f"{name}.{inner}"


def _resolved(schema: Mapping[str, Any], description: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in schema:
        found: Any = description
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        schema = found
    return schema


def _example(description: Mapping[str, Any], collection: str) -> Any:
    """The envelope of the vendor's example answer to creating documents."""
    answer = description["paths"][f"/{collection}"]["put"]["responses"]["200"]
    return answer["content"]["application/json"].get("example", {})
