"""Promise 3, no way around the gate: no version of the data goes out without its own pass.

However a delivery is started, it asks for the verdict in force on the data as it is at that moment.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from accord.delivery.approving import approval
from accord.delivery.courier import Approved, Delivered
from accord.store import builds
from accord.store.builds import Span
from accord.store.database import Connection, Role
from integration_assets.modelling import CANONICAL
from tests.support import engine, house
from tests.support.day_files import a_file, a_line
from tests.support.destinations import PoorLedger
from tests.support.house import CONTRACTS, House

DAYS = ("2011-01-31", "2011-02-01", "2011-02-02")
DAY = DAYS[0]
TOO_MANY = "2000000"
GATES = [CONTRACTS["sale"], CONTRACTS["daily_sales_summary"]]


@pytest.fixture(scope="module")
def installed(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house.a_house(database, tmp_path_factory.mktemp("house")) as made:
        yield made


@pytest.fixture
def home(installed: House) -> House:
    return installed.emptied()


@pytest.fixture
def there(home: House) -> PoorLedger:
    return PoorLedger(home.clock)


def lines(day: str, count: int, *, too_many: int = 0) -> bytes:
    """A day file of single pieces, of which some tell of more than a shop can sell."""
    return a_file(
        *(
            a_line(
                day, InvoiceNo=str(540000 + number), UnitPrice="1.00",
                Quantity=TOO_MANY if number < too_many else "1",
            )
            for number in range(count)
        )
    )  # fmt: skip


def counted(delivered: Delivered) -> dict[str, dict[str, int]]:
    """How each day's object stands."""
    return {day: dict(counts) for day, counts in delivered.counts.items()}


def by_hand(home: House, statement: str) -> None:
    """Change what is stored, with all rights."""
    with psycopg.connect(home.store.address.conninfo) as connection:
        connection.execute(psycopg.sql.SQL(statement))


HELD = {DAY: {"due": 1, "held": 1}}


def test_data_that_was_never_judged_is_held(home: House, there: PoorLedger) -> None:
    home.put(DAY, lines(DAY, 3))
    home.prepare(DAYS, judged=False)
    assert counted(home.deliver(there, DAYS)) == HELD
    assert there.sent == []
    (entry,) = [row for row in engine.ledger(home.store) if row["stage"] == "delivery"]
    assert (entry["due"], entry["held"], entry["partition_key"]) == (1, 1, DAY)


@pytest.mark.parametrize("judged", ["sale", "daily_sales_summary"])
def test_the_pass_of_one_gate_does_not_open_the_other(
    home: House, there: PoorLedger, judged: str
) -> None:
    home.put(DAY, lines(DAY, 3))
    home.prepare(DAYS)
    other = "sale" if judged == "daily_sales_summary" else "daily_sales_summary"
    by_hand(home, f"delete from ops.verdicts where entity = '{other}'")
    assert counted(home.deliver(there, DAYS)) == HELD


@pytest.mark.parametrize(
    "change",
    [
        "update canonical.sales set amount = amount + 1, unit_price = unit_price + 1",
        "update canonical.sales set description = 'another'",
        "delete from canonical.sales where invoice_code = '540001'",
        "update canonical.daily_sales_summaries set amount = amount + 0.01",
        "update canonical.daily_sales_summaries set category = 'discount'",
    ],
)
def test_data_changed_by_hand_after_its_verdict_is_held(
    home: House, there: PoorLedger, change: str
) -> None:
    home.put(DAY, lines(DAY, 3))
    home.prepare(DAYS)
    by_hand(home, change)
    assert counted(home.deliver(there, DAYS)) == HELD


def test_a_verdict_under_another_version_of_the_contract_does_not_count(
    home: House, there: PoorLedger
) -> None:
    home.put(DAY, lines(DAY, 3))
    home.prepare(DAYS)
    for number in range(len(GATES)):
        newer: list[Any] = GATES.copy()
        newer[number] = replace(GATES[number], digest="another version")
        assert counted(home.deliver(there, DAYS, contracts=newer)) == HELD
    assert counted(home.deliver(there, DAYS)) == {DAY: {"due": 1, "delivered": 1}}


def test_under_the_budget_a_rejected_row_is_left_out_and_becomes_a_dead_letter(
    home: House, there: PoorLedger
) -> None:
    home.put(DAY, lines(DAY, 101, too_many=1))
    assert counted(home.run(there, DAYS)) == {DAY: {"due": 1, "delivered": 1}}
    (document,) = there.documents()[f"POS-{DAY}"].values()
    assert document["total"] == "100.00"
    (letter,) = engine.letters(home.store)
    assert (letter["stage"], letter["name"], letter["partition_key"]) == ("gate", "sale", DAY)
    assert "quantity" in letter["cause"]
    assert letter["remedy"]
    (gate,) = [
        row
        for row in engine.ledger(home.store)
        if (row["stage"], row["name"], row["partition_key"]) == ("gate", "sale", DAY)
    ]
    assert (gate["checked"], gate["passed"], gate["rejected"]) == (101, 100, 1)
    home.put(DAY, lines(DAY, 101))
    home.run(there, DAYS)
    (document,) = there.documents()[f"POS-{DAY}"].values()
    assert document["total"] == "101.00"
    assert engine.letters(home.store) == []


@pytest.mark.parametrize(
    ("too_many", "meanwhile", "closed_by"),
    [
        (2, "select", "reject_budget"),
        (
            0,
            f"delete from canonical.sales where sale_id like '{DAY}|540003|%'",
            "lines_match_landing",
        ),
        (0, f"delete from canonical.sales where business_date = '{DAY}'", "no_landed_day_missing"),
    ],
    ids=["above the budget", "a broken batch rule", "a missing day"],
)
def test_a_closed_day_is_held_and_the_others_go_out(
    home: House, there: PoorLedger, too_many: int, meanwhile: str, closed_by: str
) -> None:
    home.put(DAY, lines(DAY, 101, too_many=too_many))
    for day in DAYS[1:]:
        home.put(day, lines(day, 3))
    home.prepare(DAYS, meanwhile=lambda: by_hand(home, meanwhile))
    found = counted(home.deliver(there, DAYS))
    if closed_by == "no_landed_day_missing":
        assert DAY not in found
        found |= HELD
    assert found == HELD | {day: {"due": 1, "delivered": 1} for day in DAYS[1:]}
    assert set(there.documents()) == {f"POS-{day}" for day in DAYS[1:]}
    (verdict,) = engine.rows(
        home.store, "select * from ops.current_verdicts where not passed and entity = 'sale'"
    )
    assert closed_by in verdict["closed_by"]


def test_a_day_that_was_posted_and_then_corrected_badly_stays_as_it_was_posted(
    home: House, there: PoorLedger
) -> None:
    home.put(DAY, lines(DAY, 3))
    home.run(there, DAYS)
    home.put(DAY, lines(DAY, 3, too_many=1))
    assert counted(home.run(there, DAYS)) == HELD
    (document,) = there.documents()[f"POS-{DAY}"].values()
    assert document["total"] == "3.00"
    home.put(DAY, lines(DAY, 4))
    assert counted(home.run(there, DAYS)) == {DAY: {"due": 1, "delivered": 1}}


def test_asking_for_everything_to_be_sent_again_asks_the_gate_too(
    home: House, there: PoorLedger
) -> None:
    home.put(DAY, lines(DAY, 3))
    home.run(there, DAYS)
    by_hand(home, "delete from ops.verdicts where entity = 'sale'")
    there.effects.clear()
    courier_says = home.deliver(there, DAYS, distrust=True)
    assert counted(courier_says) == HELD
    assert there.documents() == {}


def test_what_is_sent_is_what_was_approved_even_when_it_changes_in_between(
    home: House, there: PoorLedger
) -> None:
    """The bad content was read; by the time the gate is asked, good content has its pass."""
    home.put(DAY, lines(DAY, 3))
    home.prepare(DAYS)
    by_hand(home, "update canonical.daily_sales_summaries set amount = amount + 500")
    gates = approval(GATES)

    def mended_meanwhile(connection: Connection, days: Sequence[str]) -> Approved:
        by_hand(home, "update canonical.daily_sales_summaries set amount = amount - 500")
        return gates(connection, days)

    delivered = home.deliver(there, DAYS, approve=mended_meanwhile)
    assert counted(delivered) == HELD
    assert counted(home.deliver(there, DAYS)) == {DAY: {"due": 1, "delivered": 1}}
    (document,) = there.documents()[f"POS-{DAY}"].values()
    assert Decimal(document["total"]) == 3


def test_a_new_contract_has_everything_judged_again(home: House) -> None:
    home.put(DAY, lines(DAY, 3))
    home.prepare(DAYS)
    span = Span(DAYS[0], DAYS[-1])
    with home.store.session(Role.READER) as connection:
        asked = (connection, CANONICAL, "sale")
        assert builds.to_judge(*asked, CONTRACTS["sale"].digest, span) == []
        assert builds.to_judge(*asked, "another version", span) == [DAY]
