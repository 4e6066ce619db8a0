"""What we send to Stripe, and what the emulator answers, against the vendor's own description.

The description is of the version that system.toml pins. openapi-core lets properties of an answer
pass that the description does not know, so these are looked for here.
"""

from __future__ import annotations

import gzip
import json
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import stamina
import yaml
from openapi_core import Config, OpenAPI
from openapi_core.datatypes import RequestParameters
from openapi_core.exceptions import OpenAPIError
from werkzeug.datastructures import Headers, ImmutableMultiDict

from accord.emulation.faults import Fault
from accord.emulation.server import Response, Server
from tests.support import stripe
from tests.support.stripe import KIND, Clock

SHARED = Path(__file__).resolve().parents[3] / "shared"
DESCRIPTION = SHARED / "specs" / "stripe" / "spec3-2023-09-12.yaml.gz"
VENDOR = "https://api.stripe.com"
OURS = ("/v1/customers", "/v1/events")
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
Json = dict[str, Any]


@pytest.fixture(scope="session")
def description() -> Json:
    """The parsed description with the paths that we use; one parse takes seconds."""
    if not DESCRIPTION.exists():
        pytest.skip(f"NOT CHECKED: no ../shared/specs/stripe/{DESCRIPTION.name} by the checkout")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    parsed: Json = yaml.load(gzip.decompress(DESCRIPTION.read_bytes()), Loader=loader)  # noqa: S506
    parsed["paths"] = {
        path: item
        for path, item in parsed["paths"].items()
        if path.startswith(OURS) and path.count("/") <= 4
    }
    for schema in parsed["components"]["schemas"].values():
        _let_null_be(schema)
    for item in parsed["paths"].values():
        for operation in item.values():
            for parameter in operation.get("parameters", ()):
                _let_brackets_be(parameter)
            # What a form says in brackets is checked as the JSON that it amounts to.
            form = operation["requestBody"]["content"].pop(FORM)
            operation["requestBody"]["content"][JSON] = {"schema": form["schema"]}
    return parsed


def _let_brackets_be(parameter: Json) -> None:
    """Describe what is written in brackets as the object that openapi-core takes it for.

    It knows neither alternatives there nor the numbered brackets of a list.
    """
    if parameter.get("style") != "deepObject":
        return
    schema = parameter["schema"]
    if "anyOf" in schema:
        parameter["schema"] = next(it for it in schema["anyOf"] if it["type"] == "object")
    elif schema["type"] == "array":
        parameter["schema"] = {"type": "object", "additionalProperties": schema["items"]}


def _let_null_be(part: Any) -> None:
    """Say in a way that openapi-core understands that one of several alternatives may be null."""
    for inner in part.values() if isinstance(part, dict) else part:
        if isinstance(inner, dict | list):
            _let_null_be(inner)
    if isinstance(part, dict) and part.get("nullable") is True and "anyOf" in part:
        part["anyOf"].append({"type": "string", "nullable": True, "enum": [None]})


@pytest.fixture(scope="session")
def api(description: Json) -> OpenAPI:
    return OpenAPI.from_dict(description, config=Config(spec_validator_cls=None))


class Call:
    """One request with its answer, in the shape that openapi-core asks for."""

    def __init__(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes, answer: Response
    ) -> None:
        parts = urlsplit(target)
        self.method, self.path, self.host_url = method.lower(), parts.path, VENDOR
        self.content_type = JSON
        self.form = parse_qsl(body.decode(), keep_blank_values=True)
        self.query = parse_qsl(parts.query, keep_blank_values=True)
        self.headers, self.answer = headers, Answer(answer)
        self.parameters = RequestParameters(
            query=ImmutableMultiDict(self.query), header=Headers(dict(headers))
        )

    @property
    def body(self) -> bytes | None:
        return json.dumps(nested(self.form)).encode() if self.form else None

    @property
    def said(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def route(self) -> str:
        """The path as the description names it."""
        steps = self.path.split("/")[1:]
        named = len(steps) > 2 and steps[2] != "search"
        place = {"customers": "{customer}", "events": "{id}"}[steps[1]]
        return "/" + "/".join([*steps[:2], *([place] if named else steps[2:3]), *steps[3:]])


class Answer:
    def __init__(self, answer: Response) -> None:
        self.status_code, self.data = answer.status, answer.body
        self.headers = Headers(dict(answer.headers))
        self.content_type = JSON


def nested(form: list[tuple[str, str]]) -> Any:
    """The JSON that a form amounts to: `a[b]` is a member, `a[0]` an item."""
    found: Json = {}
    for name, value in form:
        at, steps = found, name.replace("]", "").split("[")
        for step in steps[:-1]:
            at = at.setdefault(step, {})
        at[steps[-1]] = value
    return _listed(found)


def _listed(part: Any) -> Any:
    if not isinstance(part, dict):
        return part
    values = {name: _listed(value) for name, value in part.items()}
    return list(values.values()) if values and all(map(str.isdigit, values)) else values


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Call]]:
    """Everything our client does, once, as it went over the wire."""
    seen: list[Call] = []
    plainly = Server.answer

    def noted(
        self: Server, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> Response:
        answer = plainly(self, method, target, headers, body)
        seen.append(Call(method, target, headers, body, answer))
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Server, "answer", noted)
        stamina.set_testing(True)
        _everything(tmp_path_factory.mktemp("stripe"))
        stamina.set_testing(False)
    yield seen


def _everything(folder: Path) -> None:
    seed = {"tax_id": "GB980780684", "billing_city": "Hull", "payment_terms_days": 30}
    clock = Clock()
    with stripe.emulator(folder, clock) as there, stripe.client(there, clock) as client:
        client.health()
        position = stripe.whole(client).position
        new = stripe.write(seed=seed)
        stripe.deliver(client, new)
        client.deliver(KIND, [new])
        stripe.delivered(client, stripe.content(name="Ida Holm"))
        refused = stripe.content("g-2", email="nowhere")
        stripe.deliver(client, stripe.write(refused))
        there.faults.add(Fault("refuse_some", method="POST"))
        client.deliver(KIND, [stripe.write(stripe.content("g-4"))])
        there.give_tax_id(there.add(KIND), "eu_vat", "DE136695976")
        clock.pass_by(7200)
        there.erase(KIND, stripe.delivered(client, stripe.content("g-5")))
        stripe.changes(client, position)
        found = client.look_up(KIND, ["g-1"])["g-1"]
        client.remove(KIND, [stripe.write(found=found)], "archive")
        client.remove(KIND, [stripe.write(found=found)], "propagate")
        client.remove(KIND, [stripe.write(found=found)], "propagate")
        client.match(KIND, [stripe.write(destination_id="cus_none")])


def test_every_kind_of_call_is_among_those_checked(calls: list[Call]) -> None:
    assert {(call.method, call.route, call.answer.status_code) for call in calls} == {
        ("get", "/v1/customers", 200),
        ("get", "/v1/customers/search", 200),
        ("get", "/v1/customers/{customer}", 200),
        ("get", "/v1/customers/{customer}", 404),
        ("get", "/v1/events", 200),
        ("post", "/v1/customers", 200),
        ("post", "/v1/customers", 400),
        ("post", "/v1/customers", 402),
        ("post", "/v1/customers/{customer}", 200),
        ("delete", "/v1/customers/{customer}", 200),
        ("delete", "/v1/customers/{customer}", 404),
    }


def test_requests_are_as_the_vendor_describes_them(calls: list[Call], api: OpenAPI) -> None:
    for call in calls:
        assert call.headers.get("content-type") == (FORM if call.form else None)
        api.validate_request(call)


def test_answers_are_as_the_vendor_describes_them(calls: list[Call], api: OpenAPI) -> None:
    for call in calls:
        api.validate_response(call, call.answer)


def test_the_version_we_pin_is_the_one_described(calls: list[Call], description: Json) -> None:
    settings = tomllib.loads((stripe.SYSTEM / "system.toml").read_text(encoding="utf-8"))
    assert settings["address"]["version"] == description["info"]["version"]
    assert {call.headers["stripe-version"] for call in calls} == {description["info"]["version"]}


def test_queries_are_those_the_vendor_lists(calls: list[Call], description: Json) -> None:
    for call in calls:
        listed = description["paths"][call.route][call.method].get("parameters", [])
        sent = {name.partition("[")[0] for name, _ in call.query}
        assert sent <= {item["name"] for item in listed}, call.said


def test_only_writes_carry_an_idempotency_key(calls: list[Call]) -> None:
    for call in calls:
        assert ("idempotency-key" in call.headers) == (call.method == "post"), call.said


def test_nothing_is_answered_that_the_vendor_does_not_know(
    calls: list[Call], description: Json
) -> None:
    for call in calls:
        responses = description["paths"][call.route][call.method]["responses"]
        told = responses["200" if call.answer.status_code == 200 else "default"]
        schema = told["content"]["application/json"]["schema"]
        shown = json.loads(call.answer.data)
        assert list(unknown(shown, schema, description)) == [], call.said
        for event in shown["data"] if call.path == "/v1/events" else ():
            known = {"$ref": f"#/components/schemas/{event['data']['object']['object']}"}
            assert list(unknown(event["data"]["object"], known, description)) == []


@pytest.mark.parametrize(
    "wrong",
    [
        ("colour", "red"),
        ("name", "n" * 257),
        ("tax_id_data[0][type]", "gb"),
        ("address[city]", "c" * 5001),
    ],
)
def test_a_request_unlike_the_description_is_found(
    calls: list[Call], api: OpenAPI, wrong: tuple[str, str]
) -> None:
    call = next(call for call in calls if call.said == "post /v1/customers")
    changed = Call("POST", call.path, call.headers, b"", Response(200))
    changed.form = [*call.form, wrong]
    with pytest.raises(OpenAPIError):
        api.validate_request(changed)


def test_the_check_for_unknown_properties_finds_one(description: Json) -> None:
    customer = {"id": "cus_1", "address": {"planet": "Mars"}, "colour": "red"}
    schema = {"$ref": "#/components/schemas/customer"}
    assert list(unknown(customer, schema, description)) == ["address.planet", "colour"]


def unknown(content: Any, schema: Mapping[str, Any], description: Json) -> Iterator[str]:
    """Yield the paths of properties that no alternative of the schema has."""
    choices = [_resolved(it, description) for it in schema.get("anyOf", [schema])]
    if isinstance(content, list):
        items = next((it["items"] for it in choices if "items" in it), {})
        found = {name for item in content for name in unknown(item, items, description)}
        yield from sorted(found)
    elif isinstance(content, Mapping):
        choices = [
            inner for it in choices for inner in map(_of(description), it.get("anyOf", [it]))
        ]
        known = {name: it for item in choices for name, it in item.get("properties", {}).items()}
        if not known:  # a dictionary of the customer's own
            return
        for name, value in content.items():
            if name not in known:
                yield name
                continue
            for below in unknown(value, known[name], description):
                yield f"{name}.{below}"


def _of(description: Json) -> Any:
    return lambda schema: _resolved(schema, description)


def _resolved(schema: Mapping[str, Any], description: Json) -> Mapping[str, Any]:
    while "$ref" in schema:
        found: Any = description
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        schema = found
    return schema
