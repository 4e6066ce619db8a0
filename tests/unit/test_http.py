"""How every failure between us and a system is told apart, against a real server on loopback."""

from __future__ import annotations

import socket
from base64 import b64encode
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest
import stamina

from accord.emulation.server import Request, Response, Server, json_response, route
from accord.errors import AccordError, Retry, Stop, Unanswered
from accord.http import LONGEST_WAIT, READ_ATTEMPTS, Api, BearerKey, ClientCredentials, Pace
from accord.secrets import Secret
from tests.support.tls import self_signed

Answering = Callable[[Request], Response]
OK = json_response(200, {"fine": True})


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    stamina.set_testing(True, attempts=READ_ATTEMPTS, cap=True)
    yield
    stamina.set_testing(False)


class Remote:
    """Answers /things by a script, whose last entry repeats, and signs in at /token."""

    def __init__(self) -> None:
        self.script: list[Response] = [OK]
        self.seen: list[Request] = []
        self.tokens = 0
        self.forms: list[bytes] = []
        self.server = Server(
            [
                route("GET", "/things", self.answer),
                route("POST", "/things", self.answer),
                route("POST", "/token", self.token),
            ]
        ).start()

    def answer(self, request: Request) -> Response:
        self.seen.append(request)
        return self.script.pop(0) if len(self.script) > 1 else self.script[0]

    def token(self, request: Request) -> Response:
        self.tokens += 1
        self.forms.append(request.body)
        told = {"access_token": f"token-{self.tokens}", "instance_url": "https://here.example"}
        return json_response(200, {**told, "expires_in": 1800})


@pytest.fixture
def remote() -> Iterator[Remote]:
    made = Remote()
    yield made
    made.server.stop()
    assert made.server.failures == []


@pytest.fixture
def api(remote: Remote) -> Iterator[Api]:
    made = Api("xero", remote.server.url, timeout=30)
    yield made
    made.close()


def credentials(remote: Remote, **changes: object) -> ClientCredentials:
    return ClientCredentials(
        "xero",
        f"{remote.server.url}/token",
        client_id=Secret("me"),
        client_secret=Secret("hush-hush"),
        scope="a b",
        **changes,  # type: ignore[arg-type]
    )


def closed_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def test_a_call_refused_for_pace_is_repeated_when_the_system_says_so(
    remote: Remote, api: Api
) -> None:
    for call in (lambda: api.read("/things"), lambda: api.write("POST", "/things", json={})):
        remote.seen.clear()
        remote.script = [Response(429, headers={"Retry-After": "1"}), OK]
        assert call().status == 200
        assert len(remote.seen) == 2


def test_a_wait_longer_than_we_are_ready_for_is_passed_on(remote: Remote, api: Api) -> None:
    remote.script = [Response(429, headers={"Retry-After": str(LONGEST_WAIT + 1)})]
    with pytest.raises(Retry) as caught:
        api.read("/things")
    assert caught.value.retry_after == LONGEST_WAIT + 1
    assert len(remote.seen) == 1


def test_a_write_refused_for_pace_without_a_time_is_left_to_the_caller(
    remote: Remote, api: Api
) -> None:
    remote.script = [Response(429)]
    with pytest.raises(Retry) as caught:
        api.write("POST", "/things", json={})
    assert not isinstance(caught.value, Unanswered)
    assert len(remote.seen) == 1


def test_a_refused_token_is_renewed_once(remote: Remote) -> None:
    api = Api("xero", remote.server.url, credentials=credentials(remote))
    remote.script = [Response(401), OK]
    assert api.write("POST", "/things", json={}).status == 200
    assert [it.headers["authorization"] for it in remote.seen] == [
        "Bearer token-1",
        "Bearer token-2",
    ]
    remote.script = [Response(401)]
    with pytest.raises(Stop, match="renew the credentials"):
        api.read("/things")
    assert remote.tokens == 3
    api.close()


def test_a_token_is_reused_until_a_minute_before_its_end(remote: Remote) -> None:
    now = [0.0]
    signed = credentials(remote, clock=lambda: now[0])
    for moment, token in ((0.0, "token-1"), (1739.0, "token-1"), (1740.0, "token-2")):
        now[0] = moment
        assert signed.headers() == {"Authorization": f"Bearer {token}"}


def test_a_sign_in_without_a_token_stops() -> None:
    server = Server([route("POST", "/token", lambda _: json_response(200, {"error": "x"}))]).start()
    signed = ClientCredentials(
        "xero", f"{server.url}/token", client_id=Secret("me"), client_secret=Secret("s"), scope="a"
    )
    with pytest.raises(Stop, match="without a usable token"):
        signed.headers()
    server.stop()


@pytest.mark.parametrize("call", ["read", "write"])
def test_a_refused_connection_can_be_tried_again(call: str) -> None:
    api = Api("xero", f"http://127.0.0.1:{closed_port()}")
    with pytest.raises(Retry) as caught:
        api.read("/things") if call == "read" else api.write("POST", "/things", json={})
    assert not isinstance(caught.value, Unanswered)
    api.close()


@pytest.mark.parametrize(
    "lost",
    [
        Response(500, sent="nothing"),
        Response(200, b'{"fine": true}', sent="cut"),
        Response(500),
        Response(503, headers={"Retry-After": "1"}),
        Response(504),
        Response(524),
        Response(408),
    ],
    ids=["reset", "cut off", "500", "503", "504", "524", "408"],
)
def test_a_write_without_a_whole_answer_is_unanswered_and_never_repeated(
    remote: Remote, api: Api, lost: Response
) -> None:
    remote.script = [lost]
    with pytest.raises(Unanswered, match="looked up before"):
        api.write("POST", "/things", json={"a": 1})
    assert len(remote.seen) == 1


@pytest.mark.parametrize(
    "lost",
    [Response(500, sent="nothing"), Response(200, b'{"fine": true}', sent="cut"), Response(503)],
    ids=["reset", "cut off", "503"],
)
def test_a_read_without_a_whole_answer_is_repeated(
    remote: Remote, api: Api, lost: Response
) -> None:
    remote.script = [lost, lost, OK]
    assert api.read("/things").json() == {"fine": True}
    remote.script = [lost]
    remote.seen.clear()
    with pytest.raises(Retry):
        api.read("/things")
    assert len(remote.seen) == READ_ATTEMPTS


def test_a_write_that_takes_too_long_is_unanswered() -> None:
    def slow(_: Request) -> Response:
        server.stopping.wait(60)
        return OK

    server = Server([route("POST", "/things", slow)]).start()
    api = Api("xero", server.url, timeout=0.05)
    with pytest.raises(Unanswered):
        api.write("POST", "/things", json={})
    api.close()
    server.stop()


def test_a_certificate_that_does_not_verify_stops_and_a_known_authority_helps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, certificate = self_signed(tmp_path)
    server = Server([route("POST", "/things", lambda _: OK)], tls=context).start()
    strict = Api("xero", server.url)
    with pytest.raises(Stop, match="certificate.*REQUESTS_CA_BUNDLE"):
        strict.write("POST", "/things", json={})
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    trusting = Api("xero", server.url)
    assert trusting.write("POST", "/things", json={}).status == 200
    strict.close()
    trusting.close()
    server.stop()


@pytest.mark.parametrize(
    "url", ["http://example.org", "http://127.0.0.1.example.org", "ftp://127.0.0.1", "127.0.0.1:80"]
)
def test_an_address_in_the_clear_beyond_loopback_stops(url: str) -> None:
    with pytest.raises(Stop, match="neither https nor http on loopback.*ACCORD_XERO_URL"):
        Api("xero", url)


def test_a_redirect_is_no_answer(remote: Remote, api: Api) -> None:
    remote.script = [Response(302, headers={"Location": "/elsewhere"})]
    with pytest.raises(Stop, match="moved"):
        api.read("/things")


@pytest.mark.parametrize("status", [400, 404, 409, 422])
def test_a_judgement_on_the_request_is_an_answer(remote: Remote, api: Api, status: int) -> None:
    remote.script = [Response(status, b"{}")]
    assert api.write("POST", "/things", json={}).status == status


def test_a_decimal_is_sent_as_the_number_it_is(remote: Remote, api: Api) -> None:
    api.write("POST", "/things", json={"amount": Decimal("12345678901234567.10")})
    assert remote.seen[0].body == b'{"amount":12345678901234567.10}'


def test_a_form_is_sent_as_browsers_send_it(remote: Remote, api: Api) -> None:
    api.write("POST", "/things", form={"name": "Müller & Söhne", "metadata[id]": ""})
    [request] = remote.seen
    assert request.body == b"name=M%C3%BCller+%26+S%C3%B6hne&metadata%5Bid%5D="
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"


def test_a_path_with_an_at_sign_holds_no_credentials_and_an_address_may(
    remote: Remote, api: Api
) -> None:
    assert api.read("/things@home").status == 404
    assert api.read("/things", params={"mail": "ann@x.example"}).json() == {"fine": True}
    named = Api("xero", remote.server.url.replace("http://", "http://me:secret@"))
    assert named.read("/things").json() == {"fine": True}
    named.close()
    plain, signed = remote.seen
    assert "authorization" not in plain.headers
    assert signed.headers["authorization"] == "Basic " + b64encode(b"me:secret").decode()


def test_a_key_is_sent_as_bearer_and_not_renewed(remote: Remote) -> None:
    key = BearerKey(Secret("rk_test_1"))
    api = Api("stripe", remote.server.url, credentials=key)
    remote.script = [OK, Response(401)]
    api.read("/things")
    with pytest.raises(Stop):
        api.read("/things")
    assert [it.headers["authorization"] for it in remote.seen] == ["Bearer rk_test_1"] * 2
    api.close()


def test_a_refusal_that_the_caller_understands_is_an_answer(remote: Remote) -> None:
    api = Api("stripe", remote.server.url, understands=lambda answer: answer.status == 402)
    remote.script = [Response(402), Response(500)]
    assert api.write("POST", "/things", form={}).status == 402
    with pytest.raises(Unanswered):
        api.write("POST", "/things", form={})
    api.close()


def test_a_write_without_content_leaves_nothing_on_the_connection(remote: Remote) -> None:
    api = Api("stripe", remote.server.url)
    for form in ({}, {}, {"a": "b"}):
        assert api.write("POST", "/things", form=form).status == 200
    told = [(it.headers.get("content-length"), it.body) for it in remote.seen]
    assert told == [("0", b""), ("0", b""), ("3", b"a=b")]
    assert not any("transfer-encoding" in it.headers for it in remote.seen)
    api.close()


def test_a_limit_that_a_system_states_in_its_own_way_is_waited_out(remote: Remote) -> None:
    api = Api(
        "salesforce",
        remote.server.url,
        credentials=credentials(remote),
        limited=lambda answer: 1.0 if b"TOO_MUCH" in answer.body else None,
    )
    remote.script = [json_response(403, "TOO_MUCH"), OK]
    assert api.write("POST", "/things", json={}).status == 200
    remote.script = [json_response(403, "TOO_MUCH")]
    with pytest.raises(Retry) as caught:
        api.read("/things")
    assert (caught.value.is_limit, caught.value.retry_after) == (True, 1.0)
    remote.script = [json_response(403, "NOT_YOU")]
    with pytest.raises(Stop):
        api.read("/things")
    api.close()


def test_a_sign_in_without_a_scope_asks_for_none_and_what_it_says_is_kept(remote: Remote) -> None:
    signed = credentials(remote)
    assert signed.told("instance_url") == ""
    bare = ClientCredentials(
        "salesforce", f"{remote.server.url}/token",
        client_id=Secret("me"), client_secret=Secret("s"),
    )  # fmt: skip
    bare.headers()
    assert bare.told("instance_url") == "https://here.example"
    assert bare.told("access_token") == ""
    assert remote.forms[-1] == b"grant_type=client_credentials"


def test_an_error_never_tells_a_secret(remote: Remote) -> None:
    secret = "s3cret-with\nbreak"
    sealed = Secret(secret)
    with pytest.raises(AccordError) as refused:
        ClientCredentials(
            "xero", f"{remote.server.url}/nowhere",
            client_id=sealed, client_secret=sealed, scope="a",
        ).headers()  # fmt: skip
    api = Api("xero", f"http://user:{'pass-word'}@127.0.0.1:{closed_port()}")
    with pytest.raises(AccordError) as unreachable:
        api.write("POST", "/things?token=tok-en", json={}, headers={"X-Key": secret})
    with pytest.raises(AccordError) as unreached:
        api.read("/things", params={"q": "va-lue"})
    for error in (refused.value, unreachable.value, unreached.value):
        chain = f"{error} {error!r} {error.__cause__!r}"
        assert not any(word in chain for word in ("s3cret", "pass-word", "tok-en", "va-lue"))
    api.close()


def test_the_pace_leaves_a_minute_between_more_calls_than_allowed() -> None:
    now, waited = [0.0], []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        now[0] += seconds

    pace = Pace(calls_per_minute=2, concurrent=1, clock=lambda: now[0], sleep=sleep)
    for moment in (0.0, 10.0, 20.0, 21.0):
        now[0] = max(now[0], moment)
        with pace.turn():
            pass
    assert waited == [40.0, 10.0]


def test_a_wait_that_is_interrupted_gives_its_slot_back() -> None:
    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    now = [0.0]
    pace = Pace(calls_per_minute=1, concurrent=1, clock=lambda: now[0], sleep=interrupted)
    with pace.turn():
        pass
    with pytest.raises(KeyboardInterrupt), pace.turn():
        pass
    now[0] = 60.0
    with pace.turn():
        pass
