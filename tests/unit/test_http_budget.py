"""The budget of repetitions: what an outage costs, and how it is regained."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import stamina

from accord.emulation.faults import Fault
from accord.emulation.server import Request, Response, Server, json_response, route
from accord.errors import Retry
from accord.http import READ_ATTEMPTS, Api
from accord.http.budget import MOST, Budget
from tests.support import salesforce


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    stamina.set_testing(True, attempts=READ_ATTEMPTS, cap=True)
    yield
    stamina.set_testing(False)


def test_an_outage_costs_a_few_probes_whatever_is_asked_of_the_system() -> None:
    seen: list[Request] = []

    def down(request: Request) -> Response:
        seen.append(request)
        return json_response(503, {})

    server = Server([route("GET", "/things", down)]).start()
    api = Api("xero", server.url, timeout=30)
    for _ in range(50):
        with pytest.raises(Retry):
            api.read("/things")
    api.close()
    server.stop()
    assert len(seen) <= 50 + MOST


def test_a_system_declares_how_many_repetitions_it_may_cost(tmp_path: Path) -> None:
    asked: list[Request] = []

    def down(request: Request) -> Fault | None:
        asked.extend([request] if request.method == "GET" else [])
        return Fault("status_before", method="GET") if request.method == "GET" else None

    with (
        salesforce.emulator(tmp_path, faults=down) as org,
        salesforce.client(org, repetitions=2) as client,
    ):
        for _ in range(3):
            with pytest.raises(Retry):
                client.look_up("contacts", ["C-1"])
    assert len(asked) == 3 + 2


def test_a_budget_that_nobody_declared_is_the_usual_one() -> None:
    budget = Budget.declared({"limits": {}})
    assert sum(budget.take() for _ in range(100)) == MOST


def test_calls_that_go_well_give_repetitions_back_up_to_what_there_was() -> None:
    budget = Budget(2)
    assert [budget.take() for _ in range(3)] == [True, True, False]
    for _ in range(11):
        budget.give_back()
    assert [budget.take() for _ in range(2)] == [True, False]
    for _ in range(1000):
        budget.give_back()
    assert [budget.take() for _ in range(3)] == [True, True, False]
