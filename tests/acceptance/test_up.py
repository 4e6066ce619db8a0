"""`accord up` as a person has it: starts runs by itself, mends what failed, stops cleanly."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from accord.emulation.faults import Fault
from accord.emulation.server import Request
from systems.xero.emulator import Emulator
from tests.support.day_files import a_file, a_line
from tests.support.up import Up, a_home, an_up, eventually
from tests.support.xero import SECRET
from tests.support.xero import emulator as a_xero

pytestmark = pytest.mark.slow

DAYS = [f"2026-03-{day:02}" for day in range(2, 11)]
DELIVERED = {"path": ["xero", "documents"]}
REPOSITORY = {"repositoryName": "__repository__", "repositoryLocationName": "accord"}
OVER = ("SUCCESS", "FAILURE", "CANCELED")
REFUSED: set[str] = set()


def refusing(request: Request) -> Fault | None:
    """Turn away every call about a day that is refused just now."""
    if any(day.encode() in request.body or day in str(request.query) for day in REFUSED):
        return Fault("status_before", status=403)
    return None


def export(tills: Path, day: str, quantity: int = 1) -> None:
    (tills / f"{day}.csv").write_bytes(a_file(a_line(day, Quantity=str(quantity))))


def variables(tills: Path, xero: Emulator) -> dict[str, str]:
    return {
        "ACCORD_POS_URL": tills.as_uri(),
        "ACCORD_XERO_URL": xero.url,
        "ACCORD_XERO_TOKEN_URL": xero.token_url,
        "ACCORD_XERO_CLIENT_ID": "tests",
        "ACCORD_XERO_CLIENT_SECRET": SECRET,
    }


@pytest.fixture(scope="module")
def xero(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with a_xero(tmp_path_factory.mktemp("xero"), faults=refusing) as running:
        yield running


@pytest.fixture(scope="module")
def tills(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tills")
    for day in DAYS:
        export(folder, day)
    return folder


@pytest.fixture(scope="module")
def up(xero: Emulator, tills: Path) -> Iterator[Up]:
    """`accord up`, when it has run the days that were there before it."""
    with a_home(**variables(tills, xero)) as home, an_up(home) as running:
        finished(running, 2, accord__flow="takings")
        yield running


def finished(up: Up, count: int = 1, **tags: str) -> list[dict[str, Any]]:
    """Wait until `count` runs with these tags are over, and return them, newest first."""

    def over() -> list[dict[str, Any]]:
        found = up.runs(**tags)
        done = [run for run in found if run["status"] in OVER]
        return found if len(found) >= count and len(done) == len(found) else []

    return eventually(over, seconds=600, what=f"{count} runs with {tags}")


def reexecuted(up: Up, run: dict[str, Any], strategy: str) -> dict[str, Any]:
    """Re-execute a run as the page of the run does, and return how that ended."""
    told = up.ask(
        """mutation($parameters: ReexecutionParams!) {
            launchRunReexecution(reexecutionParams: $parameters) {
                ... on LaunchRunSuccess { run { runId } } } }""",
        parameters={"parentRunId": run["runId"], "strategy": strategy},
    )["launchRunReexecution"]

    def over() -> list[dict[str, Any]]:
        found = up.runs(dagster__parent_run_id=run["runId"])
        return [it for it in found if it["runId"] == told["run"]["runId"] and it["status"] in OVER]

    return eventually(over, seconds=600, what=f"the re-execution {strategy}")[0]


def posted(xero: Emulator) -> dict[str, Any]:
    """The document of each day, by its number."""
    return {
        item.get("InvoiceNumber") or item["CreditNoteNumber"]: item["Total"]
        for item in xero.documents()
    }


def test_new_exports_start_their_runs_by_themselves(up: Up, xero: Emulator) -> None:
    runs = finished(up, 2, accord__flow="takings")
    assert [run["status"] for run in runs] == ["SUCCESS", "SUCCESS"]
    assert {run["tags"]["dagster/sensor_name"] for run in runs} == {"takings_upstream_changes"}
    assert set(posted(xero)) == {f"POS-{day}" for day in DAYS}


def test_a_changed_export_starts_a_run_of_its_day(up: Up, xero: Emulator, tills: Path) -> None:
    day = DAYS[0]
    export(tills, day, quantity=3)
    (run,) = finished(up, dagster__partition=day)
    assert run["status"] == "SUCCESS"
    assert str(posted(xero)[f"POS-{day}"]) == "9.75"


def test_all_of_the_daemon_is_at_work(up: Up) -> None:
    told = up.ask("{ instance { daemonHealth { allDaemonStatuses { daemonType healthy } } } }")
    statuses = told["instance"]["daemonHealth"]["allDaemonStatuses"]
    assert {status["daemonType"] for status in statuses} >= {"SENSOR", "SCHEDULER", "BACKFILL"}
    assert all(status["healthy"] for status in statuses)


def test_a_failed_day_is_told_once_not_retried_and_mended_from_the_page(
    up: Up, xero: Emulator, tills: Path
) -> None:
    day = DAYS[1]
    REFUSED.add(day)
    export(tills, day, quantity=5)
    (failed,) = finished(up, dagster__partition=day)
    assert failed["status"] == "FAILURE"
    assert failed["tags"]["dagster/retry_on_asset_or_op_failure"] == "false"
    told = eventually(lambda: up.home.told("status").get("alerts"), what="an alert")
    assert "Remedy:" in str(told)
    assert reexecuted(up, failed, "FROM_FAILURE")["status"] == "FAILURE"
    REFUSED.clear()
    assert reexecuted(up, failed, "FROM_FAILURE")["status"] == "SUCCESS"
    assert str(posted(xero)[f"POS-{day}"]) == "16.25"
    assert reexecuted(up, failed, "ALL_STEPS")["status"] == "SUCCESS"
    asked = [run for run in up.runs(dagster__partition=day) if "dagster/sensor_name" in run["tags"]]
    assert {run["tags"]["dagster/run_key"] for run in asked} == {failed["tags"]["dagster/run_key"]}


def test_a_backfill_goes_by_weeks_and_one_bad_day_keeps_only_its_week(
    up: Up, xero: Emulator
) -> None:
    REFUSED.add(DAYS[-1])
    told = up.ask(
        """mutation($parameters: LaunchBackfillParams!) {
            launchPartitionBackfill(backfillParams: $parameters) {
                __typename ... on LaunchBackfillSuccess { backfillId } } }""",
        parameters={
            "assetSelection": [DELIVERED, {"path": ["reconciliation", "rec_takings__pos_vs_xero"]},
                               {"path": ["landing", "xero__documents"]}],
            "partitionNames": DAYS,
            "tags": [{"key": "accord/redeliver", "value": "yes"}],
        },
    )["launchPartitionBackfill"]  # fmt: skip
    runs = finished(up, 2, dagster__backfill=told["backfillId"])
    REFUSED.clear()
    spans = {
        tuple(run["tags"][f"dagster/asset_partition_range_{end}"] for end in ("start", "end")):
        run["status"]
        for run in runs
    }  # fmt: skip
    assert spans == {(DAYS[0], DAYS[6]): "SUCCESS", (DAYS[7], DAYS[8]): "FAILURE"}


def test_the_terminal_says_what_is_where_and_nothing_else(up: Up) -> None:
    lines = [line for line in up.said.splitlines() if line.strip()]
    assert lines[0].startswith("Accord is up.")
    told = [line.split()[0] for line in lines[1:] if not line.startswith("Sandbox")]
    assert told == ["Web", "Console", "Log", "The", up.token, "It", "Stop"]
    log = up.home.folder / "logs" / "up.log"
    assert str(log) in up.said


def test_who_started_it_signs_in_to_the_console_beside_it(up: Up) -> None:
    answer = requests.get(f"{up.console}/", allow_redirects=False, timeout=30)
    assert answer.headers["location"] == "/sign-in"
    session = requests.Session()
    page = session.post(f"{up.console}/sign-in", data={"token": up.token}, timeout=30)
    assert "What waits for a person" in page.text
    (known,) = up.home.told("console", "list")
    assert known["who"] in page.text
    assert up.token not in (up.home.folder / "logs" / "up.log").read_text(encoding="utf-8")


def test_a_second_up_says_where_the_first_one_is(up: Up) -> None:
    second = up.home.accord("up", "--port", "0")
    assert second.returncode == 3
    assert second.stderr.startswith(f"Accord is up already at {up.url}")
    assert "Remedy:" in second.stderr


def test_a_taken_port_is_named_with_its_remedy(up: Up) -> None:
    with a_home() as other:
        for option, address in (("--port", up.url), ("--console-port", up.console)):
            others = {"--port": "0", "--console-port": "0", option: address.rpartition(":")[2]}
            taken = other.accord("up", *(word for pair in others.items() for word in pair))
            assert taken.returncode == 3
            assert f"is taken. Remedy: choose another: accord up {option} 0" in taken.stderr


def test_on_a_fresh_home_the_sandbox_is_run_by_itself_and_all_of_it_stops() -> None:
    with a_home() as home:
        with an_up(home) as up:
            assert "Sandbox xero" in up.said
            assert {run["status"] for run in finished(up, 2)} == {"SUCCESS"}
            assert home.told("reconcile")["equal"]
            started = [line for line in home.processes() if "accord" in line]
            assert started
            assert up.stop(signal.SIGINT) == 0
            assert up.said.rstrip().endswith("Stopped.")
        assert home.processes() == []


def test_a_run_in_progress_does_not_keep_it_from_stopping(tmp_path: Path) -> None:
    export(tmp_path, DAYS[0])
    with a_home(ACCORD_POS_URL=tmp_path.as_uri()) as home:
        with an_up(home) as up:
            eventually(lambda: [run for run in up.runs() if run["status"] == "STARTED"])
            assert up.stop() == 0
        assert home.processes() == []
        with an_up(home) as up:
            assert home.told("run")["balanced"]


def test_killed_amid_a_delivery_it_takes_everything_along_and_keeps_no_later_pass_waiting(
    tmp_path: Path,
) -> None:
    export(tmp_path, DAYS[0])
    sending = threading.Event()

    def hanging(request: Request) -> Fault | None:
        if "Invoices" not in request.path or sending.is_set():
            return None
        sending.set()
        return Fault("slow", seconds=600)

    (tmp_path / "xero").mkdir()
    with a_xero(tmp_path / "xero", faults=hanging) as xero:
        with a_home(**variables(tmp_path, xero)) as home, an_up(home) as up:
            eventually(sending.is_set, what="a delivery")
            up.stop(signal.SIGKILL)
            eventually(lambda: not [it for it in home.processes() if "dagster" in it], seconds=60)
            assert home.told("run")["balanced"]
        assert set(posted(xero)) == {f"POS-{DAYS[0]}"}


@pytest.fixture(autouse=True)
def _nothing_refused() -> Iterator[None]:
    yield
    REFUSED.clear()
