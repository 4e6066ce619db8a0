"""Comparisons and outcomes, from what the store holds."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from accord.contracts.outcomes import load_outcomes
from accord.outcomes import outcome_states
from accord.reconcile import compared
from accord.settings import CHECKOUT
from accord.store import reports
from accord.store.builds import Span
from accord.store.database import Role, Store
from tests.support import engine

NAME = "rec_takings__pos_vs_xero"
SPAN = Span("2011-01-01", "2011-01-31")
STREAM = str(engine.SALES.name)


@pytest.fixture(scope="module")
def comparing(installed: Store) -> Store:
    with installed.transaction(Role.MODELER) as connection:
        connection.execute(
            f"create table reconciliation.{NAME} (partition_key text, state text,"
            " expected_total numeric, booked_total numeric, difference numeric,"
            " landed_lines bigint)".encode()
        )
    return installed


@pytest.fixture
def store(comparing: Store) -> Store:
    engine.rows(comparing, f"truncate reconciliation.{NAME}")
    return engine.emptied(comparing)


def shows(store: Store, day: str, state: str, expected: str | None, found: str | None) -> None:
    """Let the comparing view show this of a day."""
    engine.rows(
        store,
        f"insert into reconciliation.{NAME} values (%(day)s, %(state)s, %(expected)s,"
        " %(found)s, coalesce(%(found)s::numeric, 0) - coalesce(%(expected)s::numeric, 0), 7)",
        {"day": day, "state": state, "expected": expected, "found": found},
    )


def test_each_day_is_compared_and_the_result_is_kept(store: Store) -> None:
    shows(store, "2011-01-05", "different", "10.00", "9.99")
    shows(store, "2011-01-04", "equal", "10.00", "10.00")
    shows(store, "2011-02-04", "missing", "10.00", None)
    rows = compared(store, NAME, SPAN, run_id="run")
    assert [(row.partition_key, row.state, row.difference) for row in rows] == [
        ("2011-01-04", "equal", Decimal(0)), ("2011-01-05", "different", Decimal("-0.01")),
    ]  # fmt: skip
    with store.session(Role.READER) as connection:
        assert reports.comparisons(connection, NAME) == rows


def test_a_day_that_neither_side_knows_any_more_does_not_differ_for_ever(store: Store) -> None:
    shows(store, "2011-01-05", "extra", None, "9.99")
    compared(store, NAME, SPAN, run_id="run")
    engine.rows(store, f"truncate reconciliation.{NAME}")
    assert compared(store, NAME, Span("2011-01-06", "2011-01-31"), run_id="elsewhere") == []
    compared(store, NAME, SPAN, run_id="again")
    compared(store, NAME, SPAN, run_id="once more")
    with store.session(Role.READER) as connection:
        (row,) = reports.comparisons(connection, NAME)
    assert row.state == "equal"
    kept = engine.rows(store, "select count(*) as n from ops.reconciliations")
    assert kept == [{"n": 2}]


def test_an_outcome_is_met_by_landing_and_an_equal_comparison_and_by_nothing_less(
    store: Store,
) -> None:
    declared = load_outcomes(CHECKOUT / "contracts" / "outcomes.yaml")
    outcomes = {name: it for name, it in declared.items() if it.flow == "takings"}
    streams = {outcome.flow: (STREAM,) for outcome in outcomes.values()}
    now = datetime(2011, 1, 6, 7, 0, tzinfo=UTC)

    def standing() -> str:
        with store.session(Role.READER) as connection:
            (state,) = outcome_states(connection, outcomes, streams, now)
        return state.state

    assert standing() == "missed"
    engine.rows(
        store,
        "insert into ops.cursors (stream, piece, partition_key, digest, signature, records,"
        " rejected, first_arrived_at) values (%(stream)s, 'a', '2011-01-05', '', '', 7, 0, %(at)s)",
        {"stream": STREAM, "at": now.replace(hour=2)},
    )
    engine.rows(
        store,
        "insert into ops.watermarks (stream, partition_key, changed_at)"
        " values (%(stream)s, '2011-01-05', %(at)s)",
        {"stream": STREAM, "at": now.replace(hour=2)},
    )
    assert standing() == "missed"
    outcome_row = (
        "insert into ops.reconciliations"
        " (name, partition_key, state, difference, records, run_id, compared_at)"
        " values (%(name)s, '2011-01-05', %(state)s, %(apart)s, 7, 'run', %(at)s)"
    )
    for state, apart, hour, expected in (
        ("different", "-0.01", 3, "missed"), ("equal", "0", 4, "met"),
    ):  # fmt: skip
        values = {"name": NAME, "state": state, "apart": apart, "at": now.replace(hour=hour)}
        engine.rows(store, outcome_row, values)
        assert standing() == expected
