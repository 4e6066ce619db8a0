"""Fetching ahead: in order, no further than allowed, and what fails first is what is told."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextvars import ContextVar
from functools import partial

import pytest

from accord.store.ahead import Ahead

WHO = ContextVar("who", default="nobody")


class Broken(Exception):
    """What a test breaks with."""


def counted(to: int, seen: list[int]) -> Generator[int, None, None]:
    """Numbers from 1, each noted when it is made; -1 when there are to be no more."""
    try:
        for number in range(1, to + 1):
            seen.append(number)
            yield number
    finally:
        seen.append(-1)


def breaking(at: int) -> Generator[int, None, None]:
    yield from range(1, at)
    raise Broken(f"at {at}")


def test_everything_is_gone_over_in_order_and_closed() -> None:
    made: list[int] = []
    with Ahead(counted(5, made)) as ahead:
        assert list(ahead) == [1, 2, 3, 4, 5]
    assert made == [1, 2, 3, 4, 5, -1]


def test_nothing_to_go_over_is_nothing() -> None:
    with Ahead(counted(0, [])) as ahead:
        assert list(ahead) == []


def test_no_more_is_made_ahead_than_allowed() -> None:
    made: list[int] = []
    with Ahead(counted(100, made), most=3) as ahead:
        for at, number in enumerate(ahead, 1):
            assert number == at
            assert len(made) <= at + 3
            if at == 5:
                break
    assert made[-1] == -1
    assert len(made) <= 5 + 3 + 1


def test_what_is_left_is_done_in_turn_by_the_thread_that_fetches() -> None:
    done: list[tuple[str, int, str]] = []
    fetched: set[str] = set()

    def numbers() -> Generator[int, None, None]:
        for number in range(4):
            fetched.add(threading.current_thread().name)
            yield number

    def note(number: int) -> None:
        done.append((threading.current_thread().name, number, WHO.get()))

    token = WHO.set("the caller")
    with Ahead(numbers()) as ahead:
        for number in ahead:
            ahead.leave(partial(note, number))
    WHO.reset(token)
    [thread] = fetched
    assert done == [(thread, number, "the caller") for number in range(4)]


def test_what_making_one_raises_is_raised_where_it_would_have_been_taken() -> None:
    seen: list[int] = []
    with pytest.raises(Broken, match="at 3"), Ahead(breaking(3)) as ahead:
        seen.extend(ahead)
    assert seen == [1, 2]


def test_what_failed_first_is_told_and_nothing_is_done_after_it() -> None:
    done: list[int] = []

    def do(number: int) -> None:
        if number == 2:
            raise Broken("the second")
        done.append(number)

    with pytest.raises(Broken, match="the second"), Ahead(counted(9, made := [])) as ahead:
        for number in ahead:
            ahead.leave(partial(do, number))
    assert done == [1]
    assert made[-1] == -1


def test_what_fails_last_is_not_forgotten() -> None:
    def fail() -> None:
        raise Broken("the last")

    with pytest.raises(Broken, match="the last"), Ahead(counted(2, [])) as ahead:
        list(ahead)
        ahead.leave(fail)


def test_who_leaves_with_an_error_of_their_own_keeps_it_and_nothing_more_begins() -> None:
    begun, going = threading.Event(), threading.Event()
    done: list[str] = []

    def slow() -> None:
        begun.set()
        going.wait(10)
        done.append("slow")

    def fail() -> None:
        ahead.leave(slow)
        ahead.leave(lambda: done.append("never"))
        begun.wait(10)
        threading.Timer(0.05, going.set).start()
        raise KeyError("own")

    with pytest.raises(KeyError, match="own"), Ahead(counted(0, [])) as ahead:
        fail()
    assert done == ["slow"]
