"""`accord alerts` as an operator uses it: see, test and acknowledge, by subprocess."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from accord.emulation.server import Request, Response, Server, json_response, route
from accord.settings import CHECKOUT
from accord.store.alerts import raise_alert
from accord.store.database import Role
from tests.support.checkout import COMMAND
from tests.support.engine import a_store

pytestmark = pytest.mark.slow

TOKEN = "t0k3n-of-the-hook"


class Operator:
    """Runs commands on one installation, with a web hook as its finance channel."""

    def __init__(self, database: str, home: Path) -> None:
        self.taken: list[Mapping[str, Any]] = []
        self.server = Server([route("POST", "/hook", self._take)]).start()
        self.environment = {
            "DATABASE_URL": database,
            "ACCORD_ALERT_FINANCE_URL": f"json://hook:{TOKEN}@127.0.0.1:{self.server.port}/hook",
        }
        self.home = home

    def _take(self, request: Request) -> Response:
        self.taken.append(request.json())
        return json_response(200, {})

    def accord(self, *arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
        variables = {**self.environment, **changes, "ACCORD_HOME": str(self.home)}
        done = subprocess.run(
            [sys.executable, "-c", COMMAND, *arguments], cwd=CHECKOUT, capture_output=True,
            text=True, env={"PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1", **variables},
        )  # fmt: skip
        assert TOKEN not in done.stdout + done.stderr
        assert done.returncode != 1, done.stderr
        return done


@pytest.fixture(scope="module")
def operator(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    store = a_store(database)
    with store.transaction(Role.DELIVERER) as connection:
        raise_alert(
            connection,
            topic="run_failed:takings",
            severity="error",
            subject="A run of takings failed",
            message="It stopped.",
        )
    made = Operator(database, tmp_path_factory.mktemp("home"))
    yield made
    made.server.stop()


def test_a_test_message_goes_through_each_channel_that_is_on(operator: Operator) -> None:
    done = operator.accord("alerts", "test", "--output", "json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["channels"] == {
        "finance": {
            "state": "sent", "scheme": "json", "reference": "env:ACCORD_ALERT_FINANCE_URL",
        },
        "operations": {"state": "off", "reference": "env:ACCORD_ALERT_OPERATIONS_URL"},
    }  # fmt: skip
    assert [message["title"] for message in operator.taken] == ["[Accord: test] This channel works"]


def test_a_test_that_does_not_arrive_says_why_and_exits_4(operator: Operator) -> None:
    done = operator.accord("alerts", "test", ACCORD_ALERT_FINANCE_URL="json://127.0.0.1:9/hook")
    assert done.returncode == 4
    assert "finance: FAILED: no_connection. Remedy: check the address behind" in done.stdout


def test_a_channel_asked_for_by_name_has_to_be_on_and_declared(operator: Operator) -> None:
    assert operator.accord("alerts", "test", "--channel", "operations").returncode == 4
    unknown = operator.accord("alerts", "test", "--channel", "pager")
    assert unknown.returncode == 3
    assert "choose one of finance, operations" in unknown.stderr


def test_the_doctor_tells_which_channels_are_off_and_which_cannot_work(operator: Operator) -> None:
    well = operator.accord("doctor", "--output", "json")
    checks = {check["check"]: check for check in json.loads(well.stdout)["checks"]}
    assert checks["alert channel finance"]["detail"].startswith("on, json; ")
    assert checks["alert channel operations"]["detail"] == (
        "off, since env:ACCORD_ALERT_OPERATIONS_URL is not set"
    )
    ill = operator.accord("doctor", "-o", "json", ACCORD_ALERT_FINANCE_URL=f"{TOKEN}://nowhere")
    assert ill.returncode == 4
    found = {check["check"]: check for check in json.loads(ill.stdout)["checks"]}
    assert not found["alert channel finance"]["healthy"]


def test_an_alert_is_listed_acknowledged_and_closed(operator: Operator) -> None:
    assert "run_failed:takings" in operator.accord("alerts", "list").stdout
    told = operator.accord("alerts", "ack", "run_failed:takings", "--by", "ann")
    assert told.stdout == "run_failed:takings is acknowledged by ann.\n"
    (listed,) = json.loads(operator.accord("alerts", "list", "-o", "json").stdout)["alerts"]
    assert (listed["acknowledged_by"], listed["state"]) == ("ann", "raised")
    closed = operator.accord("alerts", "ack", "run_failed:takings", "--by", "ann", "--close")
    assert closed.returncode == 0
    assert operator.accord("alerts", "list").stdout == "No alert is raised.\n"
    assert "recovered" in operator.accord("alerts", "list", "--all").stdout
    again = operator.accord("alerts", "ack", "run_failed:takings")
    assert again.returncode == 3
    assert "Remedy: see `accord alerts list`" in again.stderr


@pytest.mark.parametrize("command", ["list", "test", "ack"])
def test_every_command_shows_an_example(operator: Operator, command: str) -> None:
    done = operator.accord("alerts", command, "--help")
    assert done.returncode == 0
    assert f"Example: accord alerts {command}" in done.stdout
