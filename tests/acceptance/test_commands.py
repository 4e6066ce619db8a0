"""A newcomer's first hour: each command by what it prints, its exit code and its remedies."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command import Home, a_home

COMMANDS = ("demo", "up", "run", "status", "doctor", "reconcile", "new-system")
SIGNED = {"ACCORD_XERO_CLIENT_ID": "me", "ACCORD_XERO_CLIENT_SECRET": "hunter2"}
HEAVY = (
    "dagster", "dbt", "great_expectations", "pandas", "numpy", "pyarrow", "duckdb", "splink",
    "sqlalchemy", "starlette", "requests", "stamina", "asyncssh", "apprise", "cryptography",
)  # fmt: skip


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    with a_home() as made, made.served():
        yield made


def test_the_command_tells_what_it_can_do(home: Home) -> None:
    told = home.accord("--help")
    assert told.code == 0
    assert all(command in told.out for command in COMMANDS)
    assert home.accord().code == 2


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(home: Home, command: str) -> None:
    told = home.accord(command, "--help")
    assert told.code == 0
    assert f"Example: accord {command}" in told.out


def test_before_the_first_run_status_says_how_to_begin(home: Home) -> None:
    told = home.accord("status")
    assert told.code == 0
    assert "accord run" in told.out


@pytest.mark.parametrize("command", ["--help", "status", "doctor"])
def test_a_light_command_is_quick_and_loads_nothing_heavy(home: Home, command: str) -> None:
    told = home.accord(command, PYTHONPROFILEIMPORTTIME="1")
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in told.err.splitlines()}
    assert "typer" in loaded
    assert loaded.isdisjoint(HEAVY)
    assert told.seconds < 3


def test_doctor_starts_nothing_of_the_sandbox_to_ask_it_how_it_is() -> None:
    with a_home() as home:
        told = home.accord("doctor", "--output", "json")
        assert {
            check["detail"] for check in told.report["checks"] if "(sandbox)" in check["check"]
        } == {"not running; `accord run` and `accord up` start it"}
        assert not (home.folder / "sandbox" / "xero").exists()


@pytest.mark.parametrize("arguments", [["status"], ["doctor"], ["run", "--dry-run"]])
def test_json_stands_alone_on_standard_output(home: Home, arguments: list[str]) -> None:
    told = home.accord(*arguments, "--output", "json")
    assert told.code == 0, told.err
    assert isinstance(told.report, dict)


@pytest.mark.parametrize(
    ("arguments", "environment", "code", "remedy"),
    [
        (["run", "--flow", "nonsense"], {}, 3, "choose one of customers, takings"),
        (["run", "--from", "2026-02-02", "--to", "2026-02-01"], {}, 3, "earlier day as --from"),
        (["run", "--from", "yesterday"], {}, 2, "%Y-%m-%d"),
        (["run", "--nonsense"], {}, 2, "--help"),
        (["nonsense"], {}, 2, "--help"),
        (["run"], {"ACCORD_POS_URL": "file:///no/such/folder"}, 3, "ACCORD_POS_URL"),
        (["run"], {"ACCORD_POS_URL": "/no/address"}, 3, "ACCORD_POS_URL=file:///"),
        (["status"], {"DATABASE_URL": "nonsense"}, 3, "postgresql://user:password@host"),
        (["status"], {"DATABASE_URL": "postgresql://u:hunter2@h:x/d"}, 3, "postgresql://user"),
        (["status"], {"DATABASE_URL": "postgresql://u:hunter2@127.0.0.1:1/d"}, 3, "DATABASE_URL"),
        (["reconcile", "--flow", "nonsense"], {}, 3, "accord status"),
        (["reconcile"], {}, 3, "accord run"),
        (["new-system", "No-Name"], {}, 3, "lower case"),
    ],
)
def test_an_error_is_one_sentence_with_its_remedy(
    home: Home, arguments: list[str], environment: dict[str, str], code: int, remedy: str
) -> None:
    told = home.accord(*arguments, **environment)
    assert told.code == code, told.err
    said = " ".join(told.err.split())
    assert remedy in said
    assert "Traceback" not in told.out + told.err
    assert "hunter2" not in told.out + told.err
    if code == 3:
        assert said.count("Remedy: ") == 1


@pytest.mark.parametrize(
    ("environment", "remedy"),
    [
        ({"ACCORD_XERO_URL": "http://127.0.0.1:1"}, "ACCORD_XERO_CLIENT_SECRET"),
        ({"ACCORD_XERO_URL": "http://127.0.0.1:1", **SIGNED}, "check its address"),
        ({"ACCORD_XERO_URL": "http://books.example", **SIGNED}, "https://"),
        ({"ACCORD_POS_URL": "file:///no/such/folder"}, "ACCORD_POS_URL"),
        ({"DATABASE_URL": "nonsense"}, "postgresql://user:password@host"),
    ],
    ids=["a missing secret", "an unreachable Xero", "http", "no folder", "no database"],
)
def test_doctor_finds_what_is_broken_and_how_to_mend_it(
    home: Home, environment: dict[str, str], remedy: str
) -> None:
    told = home.accord("doctor", "--output", "json", **environment)
    assert told.code == 4, told.err
    broken = [check for check in told.report["checks"] if not check["healthy"]]
    assert any(remedy in check["remedy"] for check in broken), broken
    assert "hunter2" not in told.out + told.err
    assert "Traceback" not in told.err


def test_a_dry_run_changes_nothing(home: Home) -> None:
    told = home.accord("run", "--dry-run", "--output", "json")
    plans = told.report["streams"]
    assert {"pos.sales_lines", "salesforce.contacts", "mainframe.loyalty_accounts"} <= set(plans)
    for plan in plans.values():
        assert plan["read"] == plan["landed"] + plan["unchanged"] + plan["rejected"]
        assert plan["landed"] > 0
    assert home.accord("status", "--output", "json").report["flows"] == []


def test_json_reports_of_both_kinds_have_stable_keys(home: Home) -> None:
    report = home.accord("status", "--output", "json").report
    assert {"balanced", "flows", "gates", "outcomes", "dead", "dead_letters"} <= set(report)
    assert json.loads(json.dumps(report)) == report


def test_an_unwritable_home_is_an_error_with_its_remedy(home: Home, tmp_path: Path) -> None:
    blocked = tmp_path / "a file"
    blocked.write_text("not a folder", encoding="utf-8")
    told = home.accord("status", ACCORD_HOME=str(blocked / "home"))
    assert told.code == 3, told.err
    assert "Remedy: " in told.err
    assert "Traceback" not in told.err
