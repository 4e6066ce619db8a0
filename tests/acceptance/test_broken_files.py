"""A folder of deliberately broken files: exactly the broken records wait, and the rest is posted.

The tills, a server at DATABASE_URL and Xero are real to the command: it finds them by environment.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest

from systems.xero.emulator import Emulator
from tests.support import xero
from tests.support.command import Home, Told, a_home
from tests.support.day_files import COLUMNS, a_file, a_line, as_csv

pytestmark = pytest.mark.slow
CUSTOMER = "307550913428"  # a shorter one may be in a time by chance
TOO_MANY = "2000000"
DAYS = [f"2011-01-{number:02}" for number in range(10, 18)]
WHOLE, BROKEN, NO_HEADER, CUT, ABOVE_BUDGET, NEGATIVE, UNDER_BUDGET, EMPTY = DAYS
POSTED = {
    f"POS-{WHOLE}": ("ACCREC", Decimal("6.50")),
    f"POS-{BROKEN}": ("ACCREC", Decimal("6.50")),
    f"POS-{CUT}": ("ACCREC", Decimal("6.50")),
    f"POS-{NEGATIVE}": ("ACCRECCREDIT", Decimal("3.25")),
    f"POS-{UNDER_BUDGET}": ("ACCREC", Decimal("100.00")),
}
DEAD = Counter(
    {
        (BROKEN, "wrong_field_count"): 2,
        (BROKEN, "broken_encoding"): 1,
        (BROKEN, "broken_quotes"): 1,
        (BROKEN, "not_an_integer"): 1,
        (BROKEN, "missing_value"): 1,
        (BROKEN, "wrong_day"): 1,
        (NO_HEADER, "wrong_header"): 1,
        (CUT, "truncated_line"): 1,
        (ABOVE_BUDGET, "quantity_in_range"): 2,
        (UNDER_BUDGET, "quantity_in_range"): 1,
        (EMPTY, "empty_file"): 1,
    }
)


def pieces(day: str, count: int, too_many: int) -> bytes:
    """A file of single pieces at a pound, of which some tell of more than a shop can sell."""
    return a_file(
        *(
            a_line(
                day, InvoiceNo=str(number), UnitPrice="1",
                Quantity=TOO_MANY if number < too_many else "1",
            )
            for number in range(count)
        )
    )  # fmt: skip


def files() -> dict[str, bytes]:
    """What the tills deliver."""
    good = a_line(BROKEN, CustomerID=f"{CUSTOMER}.0")
    return {
        WHOLE: a_file(a_line(WHOLE, CustomerID=f"{CUSTOMER}.0")),
        BROKEN: a_file(
            good,
            good + b",",
            b"x,y",
            good.replace(b"TIN BOAT", b"TIN \xff"),
            good.replace(b"TIN BOAT", b'TIN 12"'),
            a_line(BROKEN, CustomerID=f"{CUSTOMER}.0", Quantity="two"),
            a_line(BROKEN, UnitPrice=""),
            a_line(WHOLE),
        ),
        NO_HEADER: b"\n".join([a_line(NO_HEADER), as_csv(COLUMNS)]),
        CUT: a_file(a_line(CUT), a_line(CUT, InvoiceNo="2")[:40], last=b""),
        ABOVE_BUDGET: pieces(ABOVE_BUDGET, 20, 2),
        NEGATIVE: a_file(a_line(NEGATIVE, InvoiceNo="C1", Quantity="-1")),
        UNDER_BUDGET: pieces(UNDER_BUDGET, 101, 1),
        EMPTY: b"",
    }


@dataclass(frozen=True, slots=True)
class Passes:
    """Two passes over the same folder, and everything around them."""

    home: Home
    xero: Emulator
    database: str
    first: Told
    live: dict[str, tuple[str, Decimal]]
    effects: int
    second: Told


@pytest.fixture(scope="module")
def passes(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Passes]:
    tills, books = tmp_path_factory.mktemp("tills"), tmp_path_factory.mktemp("books")
    for day, content in files().items():
        (tills / f"{day}.csv").write_bytes(content)
    with xero.emulator(books) as emulator:
        environment = {
            "DATABASE_URL": database,
            "ACCORD_POS_URL": tills.as_uri(),
            "ACCORD_XERO_URL": emulator.url,
            "ACCORD_XERO_CLIENT_ID": "tests",
            "ACCORD_XERO_CLIENT_SECRET": xero.SECRET,
        }
        with a_home(environment) as home:
            first = home.accord("run", "--output", "json")
            live, effects = xero.live(emulator), len(emulator.journal())
            second = home.accord("run", "--output", "json")
            yield Passes(home, emulator, database, first, live, effects, second)
    dagster = f"{database.rpartition('/')[2].partition('?')[0]}_dagster"
    with psycopg.connect(database, autocommit=True) as link:
        link.execute(f'drop database if exists "{dagster}" with (force)'.encode())


def test_exactly_the_broken_records_wait_each_with_its_cause(passes: Passes) -> None:
    letters = passes.first.report["dead_letters"]
    assert Counter((it["partition"], it["cause"]) for it in letters) == DEAD
    assert all(it["detail"] and it["remedy"] for it in letters)


def test_the_rest_is_posted_to_the_cent(passes: Passes) -> None:
    assert passes.live == POSTED


def test_every_flow_balances_and_the_closed_day_is_told_of(passes: Passes) -> None:
    report = passes.first.report
    assert passes.first.code == 4
    assert report["balanced"]
    assert all(flow["balanced"] for flow in report["flows"])
    (sale,) = [gate for gate in report["gates"] if gate["entity"] == "sale"]
    assert (sale["closed_days"], sale["closed_by"]) == ([ABOVE_BUDGET], ["reject_budget"])
    (landing,) = [flow for flow in report["flows"] if flow["name"] == "pos.sales_lines"]
    assert landing["rejected"] == sum(
        count for (_, cause), count in DEAD.items() if cause != "quantity_in_range"
    )
    assert report["trouble"]


def test_a_repeat_posts_nothing_and_tells_the_same(passes: Passes) -> None:
    assert len(passes.xero.journal()) == passes.effects
    assert xero.live(passes.xero) == POSTED
    report = passes.second.report
    assert passes.second.code == 4
    (landing,) = [flow for flow in report["flows"] if flow["name"] == "pos.sales_lines"]
    assert (landing["landed"], landing["removed"]) == (0, 0)
    assert sum(flow.get("delivered", 0) for flow in report["flows"]) == 0
    assert report["dead"] == DEAD.total()


def test_neither_secrets_nor_customers_are_said_or_logged(passes: Passes) -> None:
    for hidden in (xero.SECRET, CUSTOMER):
        assert not any(hidden in text for text in passes.home.said)
        assert [path for path, text in passes.home.logs() if hidden in text] == []


def test_neither_secrets_nor_customers_are_in_dagsters_history(passes: Passes) -> None:
    address = passes.database.partition("?")
    url = f"{address[0]}_dagster{address[1]}{address[2]}"
    with psycopg.connect(url) as connection:
        for table in ("event_logs", "runs", "run_tags", "asset_keys", "kvs"):
            for hidden in (xero.SECRET, CUSTOMER):
                found = connection.execute(
                    f"select count(*) from {table} as t where t::text like '%{hidden}%'".encode()
                ).fetchone()
                assert found == (0,), table


def test_reconciliation_names_the_days_that_differ(passes: Passes) -> None:
    told = passes.home.accord("reconcile", "--output", "json")
    (rows,) = told.report["comparisons"].values()
    apart = {row["day"]: row["state"] for row in rows if row["state"] != "equal"}
    assert apart == {ABOVE_BUDGET: "missing", UNDER_BUDGET: "different"}
    assert told.code == 4


def test_mended_files_are_posted_and_their_dead_letters_go(passes: Passes) -> None:
    tills = Path(passes.home.environment["ACCORD_POS_URL"].removeprefix("file://"))
    for day in DAYS:
        (tills / f"{day}.csv").write_bytes(a_file(a_line(day)))
    told = passes.home.accord("run", "--output", "json")
    assert told.code == 0, told.err
    assert told.report["dead"] == 0
    assert xero.live(passes.xero) == {f"POS-{day}": ("ACCREC", Decimal("6.50")) for day in DAYS}
    assert passes.home.accord("reconcile", "--output", "json").code == 0
