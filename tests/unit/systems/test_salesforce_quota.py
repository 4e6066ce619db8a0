"""The quota of an org: learned from every answer, and waited for when it is used up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
import stamina

from accord.emulation.server import json_response
from accord.errors import Retry
from accord.http import Answer
from systems.salesforce.emulator import Limits
from systems.salesforce.quota import BUSY_WAIT, DAY_WAIT, wait
from tests.support import salesforce


class Learning:
    """Turns that remember what they were told and how each call went."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.limits = 0

    @contextmanager
    def turn(self) -> Iterator[None]:
        try:
            yield
        except Retry as error:
            self.limits += error.is_limit
            raise

    def learn(self, headers: Mapping[str, str]) -> None:
        self.told += headers.values()

    def close(self) -> None:
        """Hold nothing."""


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    stamina.set_testing(True, attempts=2, cap=True)
    yield
    stamina.set_testing(False)


def test_what_is_left_is_learned_from_every_answer(tmp_path: Path) -> None:
    turns = Learning()
    with (
        salesforce.emulator(tmp_path, limits=Limits(per_day=10)) as org,
        salesforce.client(org, turns=turns) as client,
    ):
        client.look_up("contacts", ["C-1"])
        client.look_up("contacts", ["C-1"])
    assert turns.told == ["9", "8"]


def test_a_used_up_quota_is_a_limit_and_no_refusal_of_us(tmp_path: Path) -> None:
    turns, clock = Learning(), salesforce.Clock()
    with (
        salesforce.emulator(tmp_path, limits=Limits(per_day=2), clock=clock) as org,
        salesforce.client(org, turns=turns) as client,
    ):
        for _ in range(2):
            client.look_up("contacts", ["C-1"])
        for call in (
            lambda: client.look_up("contacts", ["C-1"]),
            lambda: client.deliver("contacts", [salesforce.write(salesforce.contact())]),
        ):
            with pytest.raises(Retry) as raised:
                call()
            assert (raised.value.is_limit, raised.value.retry_after) == (True, DAY_WAIT)
        assert turns.limits == 2
        findings = client.health()
        assert not findings[-1].healthy
        clock.now += 86_401
        assert client.look_up("contacts", ["C-1"]) == {}


def answer(status: int, code: str, message: str) -> Answer:
    told = json_response(status, [{"errorCode": code, "message": message}])
    return Answer(status, {}, told.body)


def test_too_many_calls_at_once_are_waited_out_soon() -> None:
    many = "ConcurrentRequests (Concurrent API Requests) Limit exceeded."
    assert wait(answer(403, "REQUEST_LIMIT_EXCEEDED", many)) == BUSY_WAIT
    assert wait(answer(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")) == DAY_WAIT
    assert wait(Answer(403, {}, b"REQUEST_LIMIT_EXCEEDED")) == DAY_WAIT


def test_other_refusals_are_no_limit() -> None:
    assert wait(answer(403, "INSUFFICIENT_ACCESS", "no")) is None
    assert wait(answer(400, "REQUEST_LIMIT_EXCEEDED", "no")) is None
