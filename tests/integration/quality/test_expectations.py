"""Great Expectations as a second opinion: it counts, and takes nothing with it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import sqlalchemy
from sqlalchemy.engine import Engine

from accord.contracts.model import Column, Contract, Quality
from accord.errors import Stop
from accord.quality.expectations import ExpectationOutcome, agreement, evaluate
from accord.quality.gate import judge
from tests.support.contracts import a_contract

DAY = "2011-03-08"


def contract(*rules: Quality) -> Contract:
    return a_contract(
        Column("id", "string", required=True, primary_key=True, unique=True),
        Column("day", "date", required=True),
        Column("name", "string", valid_values=("Smith",), max_length=9),
        table="public.people",
        partition="day",
        rules=rules,
    )


@pytest.fixture(scope="module")
def people(database: str) -> str:
    with psycopg.connect(database) as connection:
        connection.execute("create table public.people (id text, day date, name text)")
        connection.execute(
            "insert into public.people values ('1', %s, 'Smith'), ('2', %s, 'Secretname')",
            [DAY, DAY],
        )
    return database


@pytest.fixture
def sent() -> Iterator[list[tuple[str, object]]]:
    """Every statement about the people, or a copy of them, that SQLAlchemy sends meanwhile."""
    statements: list[tuple[str, object]] = []

    def watch(connection, cursor, statement, parameters, context, executemany) -> None:
        if "people" in statement or "FROM gx_temp" in statement:
            statements.append((statement, parameters))

    sqlalchemy.event.listen(Engine, "before_cursor_execute", watch)
    yield statements
    sqlalchemy.event.remove(Engine, "before_cursor_execute", watch)


def test_it_finds_what_the_gate_finds(people: str) -> None:
    outcomes = evaluate(people, contract(), [DAY])
    assert [found for found in outcomes if not found.success] == [
        ExpectationOutcome("name_in_list", success=False, unexpected_count=1),
        ExpectationOutcome("name_not_too_long", success=False, unexpected_count=1),
    ]
    with psycopg.connect(people) as connection:
        assert agreement(judge(connection, contract(), [DAY]), outcomes) == ()


def test_no_failing_value_is_fetched_from_the_table(
    people: str, sent: list[tuple[str, dict[str, object]]]
) -> None:
    evaluate(people, contract(), [DAY])
    assert len(sent) > 3
    for statement, parameters in sent:
        counts = statement.startswith(("SELECT count(", "SELECT sum(", "CREATE TEMPORARY TABLE"))
        limit = re.search(r"LIMIT %\((\w+)\)s\s*$", statement)
        assert counts or (limit and parameters[limit[1]] == 0), statement


def test_nothing_is_said_about_values_in_logs_or_files(
    people: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    with caplog.at_level("DEBUG"):
        outcomes = evaluate(people, contract(), [DAY])
    said = caplog.text + "".join(capfd.readouterr()) + repr(outcomes)
    assert "Secretname" not in said
    assert list(tmp_path.iterdir()) == []


def test_a_rule_that_breaks_off_is_an_error_not_a_pass(people: str) -> None:
    broken = Quality("odd", None, row_condition="unheard_of = 1")
    with pytest.raises(Stop, match="could not judge public.people: UndefinedColumn"):
        evaluate(people, contract(broken), [DAY])


@pytest.mark.parametrize("condition", ["length(id) % 2 = 0", "id = E'a'"])
def test_sql_that_would_be_misread_is_refused(people: str, condition: str) -> None:
    with pytest.raises(Stop, match="outside of a text"):
        evaluate(people, contract(Quality("odd", None, row_condition=condition)), [DAY])


def test_connections_are_given_back(people: str) -> None:
    evaluate(people, contract(), [DAY])
    with psycopg.connect(people) as connection:
        (others,) = connection.execute(
            "select count(*) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        ).fetchone() or (None,)
    assert others == 0


def test_a_disagreement_is_told_by_rule() -> None:
    outcomes = [ExpectationOutcome("name_in_list", success=False, unexpected_count=2)]
    assert agreement([], outcomes) == ("name_in_list: the SQL pass counts 0, Great Expectations 2",)
