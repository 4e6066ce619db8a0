"""Sessions, and where an address leads, without a server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord.console.guarding import within
from accord.console.signing import IDLE, LASTS, TRIES, WINDOW, Sessions, has_word
from accord.store.sign_ins import Known

ANN = Known("ann", "key")


class Clock:
    """The time, which stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


def test_a_session_has_a_name_and_a_word_that_nobody_can_guess() -> None:
    sessions = Sessions()
    names = {sessions.begin(ANN) for _ in range(100)}
    words = {found.word for name in names if (found := sessions.find(name))}
    assert (len(names), len(words)) == (100, 100)
    assert min(map(len, names | words)) >= 43


def test_only_its_own_word_is_believed() -> None:
    sessions = Sessions()
    ours, other = (sessions.find(sessions.begin(ANN)) for _ in range(2))
    assert ours and other
    assert has_word(ours, ours.word)
    assert not any(has_word(ours, word) for word in ("", other.word, ours.word + "x", "é"))


@pytest.mark.parametrize(("step", "lasts"), [(IDLE, LASTS), (IDLE / 4, LASTS)])
def test_a_session_lasts_while_it_is_used_and_no_longer_than_a_day_of_work(
    step: timedelta, lasts: timedelta
) -> None:
    clock = Clock()
    sessions, began = Sessions(clock=clock), clock.now
    name = sessions.begin(ANN)
    while clock.now + step <= began + lasts:
        clock.now += step
        assert sessions.find(name)
    clock.now += step
    assert sessions.find(name) is None


def test_a_session_that_lay_idle_is_over_for_good() -> None:
    clock = Clock()
    sessions = Sessions(clock=clock)
    name = sessions.begin(ANN)
    clock.now += IDLE + timedelta(seconds=1)
    assert sessions.find(name) is None
    clock.now -= IDLE
    assert sessions.find(name) is None


def test_so_many_wrong_tokens_are_listened_to_in_a_while() -> None:
    clock = Clock()
    sessions = Sessions(clock=clock)
    assert [sessions.may_try() for _ in range(TRIES + 2)] == [True] * TRIES + [False] * 2
    clock.now += WINDOW
    assert sessions.may_try()


def test_a_right_token_leaves_the_count_as_it_was() -> None:
    sessions = Sessions()
    for _ in range(TRIES * 2):
        assert sessions.may_try()
        sessions.forgive()


@pytest.mark.parametrize(
    ("address", "leads_to"),
    [
        ("/reviews/3?x=1#each", "/reviews/3?x=1"),
        ("https://here.example/letters?cause=a", "/letters?cause=a"),
        ("/reviews?to=https://x.example", "/reviews?to=https://x.example"),
        ("//evil.example/x", "/x"),
        ("///evil.example", "/evil.example"),
        ("https://x.example//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("/a\nb", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
    ],
)
def test_an_address_leads_inside(address: str, leads_to: str) -> None:
    assert within(address) == leads_to


@given(st.text() | st.from_regex(r"[/\\:?#a-z.\t@]{0,12}", fullmatch=True))
def test_no_address_leads_anywhere_else(address: str) -> None:
    led = within(address)
    assert led.startswith("/")
    assert not led.startswith(("//", "/\\"))
    assert "\n" not in led
