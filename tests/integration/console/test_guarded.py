"""Nobody gets in, and nothing is done, but by who signed in, from the console's own pages."""

from __future__ import annotations

import http.client
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest

from accord.console.signing import TRIES, Sessions
from accord.store import sign_ins
from accord.store.database import Role
from tests.support.console import ADMIN, Served, Visitor, a_console, audited
from tests.support.golden import Company

PAGES = ("/", "/reviews", "/reviews/1", "/conflicts", "/letters", "/decisions", "/golden/x")
ACTS = ("/reviews/1", "/conflicts/1", "/letters/discard", "/decisions/undo", "/golden/x/merge")
EVIL = "https://evil.example"


@pytest.fixture
def company(founded: Company) -> Company:
    """The company as it is: what it holds is no matter here."""
    return founded


def revoke(served: Served, who: str = "ann") -> None:
    with served.store.transaction(Role.STEWARD) as connection:
        sign_ins.revoke(connection, who, ADMIN)


@pytest.mark.parametrize("path", PAGES)
def test_who_has_not_signed_in_is_led_to_the_door(served: Served, path: str) -> None:
    answer = Visitor(served.url).get(path)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert answer.text == ""


@pytest.mark.parametrize("path", ACTS)
def test_who_has_not_signed_in_decides_nothing(served: Served, path: str) -> None:
    answer = Visitor(served.url).post(path, word="x", verdict="link", why="no")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")


def test_signing_in_is_noted_and_its_cookie_is_for_the_browser_alone(
    served: Served, company: Company
) -> None:
    visitor = Visitor(served.url)
    answer = visitor.post("/sign-in", token=served.token())
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    flags = {it.strip().lower() for it in answer.headers["set-cookie"].split(";")[1:]}
    assert {"httponly", "samesite=strict", "path=/"} <= flags
    assert "secure" not in flags
    assert "ann" in visitor.page("/")
    assert audited(company, "sign_in")[0] == ("ann", "ann", "")


@pytest.mark.parametrize("token", ["", "wrong", "\x00", "é" * 40])
def test_a_wrong_token_opens_nothing(served: Served, token: str) -> None:
    visitor = Visitor(served.url)
    answer = visitor.post("/sign-in", token=token)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    assert visitor.get("/").status_code == 303


def test_of_a_token_only_its_hash_is_kept(served: Served, company: Company) -> None:
    token = served.token()
    assert token not in str(company.rows("select * from ops.console_tokens"))
    assert token not in str(company.rows("select * from ops.audit"))


def test_guessing_ends_after_some_wrong_tokens_and_begins_anew_later(company: Company) -> None:
    now = datetime(2026, 3, 2, tzinfo=UTC)
    with a_console(company, sessions=Sessions(clock=lambda: now)) as served:
        token, inside = served.token(), served.visitor("bob")
        visitor = Visitor(served.url)
        for _ in range(TRIES):
            assert visitor.post("/sign-in", token="guess").status_code == 403
        refused = visitor.post("/sign-in", token=token)
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "300")
        assert inside.get("/").status_code == 200
        now += timedelta(minutes=6)
        assert visitor.post("/sign-in", token=token).status_code == 303


def test_right_tokens_are_not_counted_as_guesses(served: Served) -> None:
    token = served.token()
    for _ in range(TRIES + 2):
        assert Visitor(served.url).post("/sign-in", token=token).status_code == 303


def test_a_revoked_token_ends_the_session_at_once(served: Served) -> None:
    visitor = served.visitor()
    word = visitor.word()
    revoke(served)
    assert visitor.get("/").headers["location"] == "/sign-in"
    assert visitor.post("/decisions/undo", word=word).headers["location"] == "/sign-in"


def test_a_new_token_ends_the_sessions_of_the_old_one(served: Served) -> None:
    visitor = served.visitor()
    served.token()
    assert visitor.get("/").status_code == 303


def test_a_session_ends_after_lying_idle_and_after_a_long_day(company: Company) -> None:
    now = datetime(2026, 3, 2, 8, tzinfo=UTC)
    with a_console(company, sessions=Sessions(clock=lambda: now)) as served:
        idle = served.visitor()
        now += timedelta(hours=2, minutes=1)
        assert idle.get("/").status_code == 303
        busy = served.visitor()
        for _ in range(12):
            assert busy.get("/").status_code == 200
            now += timedelta(hours=1)
        now += timedelta(minutes=1)
        assert busy.get("/").status_code == 303


def test_who_signs_out_is_out(served: Served, company: Company) -> None:
    visitor = served.visitor()
    cookie = dict(visitor.session.cookies)
    answer = visitor.post("/sign-out", word=visitor.word())
    assert answer.headers["location"] == "/sign-in"
    assert "max-age=0" in answer.headers["set-cookie"].lower()
    again = Visitor(served.url)
    again.session.cookies.update(cookie)
    assert again.get("/").status_code == 303
    assert audited(company, "sign_out")[0] == ("ann", "ann", "")


@pytest.mark.parametrize("path", [*ACTS, "/sign-out"])
def test_a_form_without_the_word_of_the_session_is_refused(served: Served, path: str) -> None:
    visitor = served.visitor()
    other = served.visitor("bob").word()
    for word in ("", "wrong", other):
        assert visitor.post(path, word=word).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": EVIL},
        {"Origin": "null"},
        {"Origin": "http://localhost:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
    ids=str,
)
def test_a_form_from_elsewhere_is_refused_even_with_the_word(
    served: Served, headers: dict[str, str]
) -> None:
    visitor = served.visitor()
    word = visitor.word()
    assert visitor.post("/sign-out", headers=headers, word=word).status_code == 403
    assert visitor.post("/sign-in", headers=headers, token=served.token("bob")).status_code == 403
    assert visitor.get("/").status_code == 200
    own = {"Origin": served.url, "Sec-Fetch-Site": "same-origin"}
    assert visitor.post("/sign-out", headers=own, word=word).status_code == 303


def test_it_answers_to_its_own_names_only(served: Served) -> None:
    visitor = Visitor(served.url)
    port = urlsplit(served.url).port
    for host in ("evil.example", f"evil.example:{port}", "127.0.0.1.evil.example", "127.1"):
        assert visitor.get("/sign-in", headers={"Host": host}).status_code == 400
    for host in (f"localhost:{port}", "127.0.0.1"):
        assert visitor.get("/sign-in", headers={"Host": host}).status_code == 200


def test_behind_a_proxy_it_answers_to_that_name_and_keeps_its_cookie_to_https(
    company: Company,
) -> None:
    with a_console(company, address="https://accord.company.example") as served:
        visitor, token = Visitor(served.url), served.token()
        there = {"Host": "accord.company.example", "Origin": "https://accord.company.example"}
        answer = visitor.post("/sign-in", headers=there, token=token)
        assert answer.status_code == 303
        assert "secure" in answer.headers["set-cookie"].lower()
        # A proxy that passes its own name for the host is believed just as well.
        unnamed = {"Origin": "https://accord.company.example"}
        assert visitor.post("/sign-in", headers=unnamed, token=token).status_code == 303
        plain = {"Origin": "http://accord.company.example"}
        assert visitor.post("/sign-in", headers=plain, token=token).status_code == 403
        forwarded = {"X-Forwarded-Host": "evil.example", "Origin": "https://evil.example"}
        assert visitor.post("/sign-in", headers=forwarded, token=token).status_code == 403


@pytest.mark.parametrize("path", ["/sign-in", "/", "/static/console.css", "/nowhere"])
def test_every_answer_is_guarded(served: Served, path: str) -> None:
    headers = served.visitor().get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-inline" not in policy
    assert "script-src" not in policy
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert "server" not in headers


def test_a_refused_host_is_answered_under_guard_too(served: Served) -> None:
    answer = Visitor(served.url).get("/", headers={"Host": "evil.example"})
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_what_is_too_large_is_refused_before_it_is_read(served: Served) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", urlsplit(served.url).port, timeout=30)
    connection.putrequest("POST", "/sign-in")
    connection.putheader("Content-Length", "2000000")
    connection.putheader("Content-Type", "application/x-www-form-urlencoded")
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()


def test_what_turns_out_too_large_is_refused(served: Served) -> None:
    pieces = iter([b"token=", b"x" * 999_994, b"y"])
    plain = {"Content-Type": "application/x-www-form-urlencoded"}
    url = f"{served.url}/sign-in"
    answer = Visitor(served.url).session.post(url, data=pieces, headers=plain, timeout=30)
    assert answer.status_code == 413


@pytest.mark.parametrize(
    "back", [EVIL, "//evil.example/x", "/\\evil.example", "javascript:alert(1)", "evil", "\r\n/x"]
)
def test_no_form_leads_away(served: Served, back: str) -> None:
    visitor = served.visitor()
    answer = visitor.post("/decisions/undo", word=visitor.word(), back=back)
    to = urlsplit(answer.headers["location"])
    assert (to.scheme, to.netloc) == ("", "")
    assert to.path.startswith("/")
    referred = {"Referer": f"{EVIL}/decisions?x=1"}
    answer = visitor.post("/decisions/undo", headers=referred, word=visitor.word())
    assert answer.headers["location"] == "/decisions?x=1"


def test_a_fault_of_its_own_is_told_without_what_it_says(company: Company) -> None:
    with a_console(company) as served:
        visitor = served.visitor()
        company.rows("alter table ops.golden_reviews rename to golden_reviews_away")
        try:
            answer = visitor.get("/reviews")
        finally:
            company.rows("alter table ops.golden_reviews_away rename to golden_reviews")
        assert answer.status_code == 500
        assert "golden_reviews" not in answer.text
        assert answer.headers["x-content-type-options"] == "nosniff"
        (fault,) = served.faults
        assert "golden_reviews" in str(fault)
        served.faults.clear()


def test_what_is_not_there_is_said_so(served: Served) -> None:
    visitor = served.visitor()
    assert visitor.get("/nowhere").status_code == 404
    assert visitor.get("/static/../app.py").status_code == 404
    assert visitor.get("/static/%2e%2e/app.py").status_code == 404
    answer = visitor.get("/golden/nobody")
    assert answer.status_code == 400
    assert "There is no golden id nobody" in answer.text


ODD = (
    "%00", "a%00b", "%ff", "%F0%9F%8E%82", "9" * 30, "-1", "1e5", "..%2f..%2fetc", "%25s", "'",
    "%22%3E%3Cscript%3E", "x" * 6000, "%0a%0d", "%ED%A0%80", "\u0663", "9223372036854775808",
)  # fmt: skip
ASKED = (
    "/golden/{}", "/golden/{}/merge", "/golden/x/merge?with={}", "/reviews/{}", "/letters/{}",
    "/golden?name={}", "/letters?cause={}", "/letters?name={}", "/conflicts?answered={}",
)  # fmt: skip


@pytest.mark.parametrize("path", ASKED)
def test_whatever_is_asked_for_is_there_or_not(served: Served, path: str) -> None:
    visitor = served.visitor()
    for odd in ODD:
        assert visitor.get(path.format(odd)).status_code in (200, 303, 400, 404), odd


def test_what_no_text_can_hold_decides_nothing_and_is_said(
    served: Served, company: Company
) -> None:
    visitor = served.visitor()
    before = company.rows("select count(*) from ops.audit")
    for path in ("/reviews/1", "/conflicts/1", "/golden/x/merge", "/decisions/undo"):
        for name in ("why", "verdict", "answer", "other", "action"):
            answer = visitor.post(path, word=visitor.word(), **{name: "a\0b"})
            assert answer.status_code == 400
            assert "NUL" in answer.text
    assert visitor.post(f"/reviews/{2**63}", word=visitor.word()).status_code == 404
    assert company.rows("select count(*) from ops.audit") == before
