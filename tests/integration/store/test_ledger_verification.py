"""`accord ledger verify`: silent whatever happened rightly, loud about anything that did not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, get_args

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accord.delivery.courier import Courier
from accord.errors import AccordError
from accord.store import dead_letters, verdicts, verification
from accord.store.database import Role, Store
from tests.support import engine, exports
from tests.support.day_files import DAY, a_file, a_line
from tests.support.destinations import Clock, Mood, PoorLedger, Sight, numbered
from tests.support.engine import Crashed
from tests.support.exports import Export
from tests.support.letters import a_rejected, deliver, discard, edit, letters, replay, take

DAYS = [f"2011-01-0{number}" for number in range(1, 4)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    yield tmp_path_factory.mktemp("tills")


def wrong(store: Store) -> set[str]:
    """The checks that find something."""
    with store.transaction(Role.READER) as connection:
        return {check.name for check in verification.verify(connection) if check.discrepancies}


def send(
    store: Store, there: PoorLedger, totals: dict[str, str], *, distrust: bool = False
) -> None:
    """Let a courier bring a destination to these totals, as far as it gets."""
    engine.publish(store, numbered(totals, totals.__getitem__))
    courier = Courier(store, engine.an_outbox(), there, clock=there.clock, sleep=there.clock.sleep)
    with suppress(AccordError, Crashed):
        courier.deliver(DAYS, engine.approve_all, distrust=distrust)


def judged(store: Store, *, rejected: int = 1, passed: bool = True, run_id: str = "gate-1") -> None:
    """Keep a verdict that rejects rows, with their dead letters."""
    keys = [f"row {number}" for number in range(rejected)]
    with store.transaction(Role.GATEKEEPER) as connection:
        verdicts.keep(
            connection,
            verdicts.Verdict(
                "sale", DAY, "v", "c", passed, 10, rejected, (), (), [(key, ["r"]) for key in keys]
            ),
            run_id=run_id,
        )
        origin = dead_letters.Origin("gate", "sale", DAY, run_id)
        dead_letters.put(connection, [a_rejected(key=key) for key in keys], origin)
        dead_letters.resolve_absent(connection, origin)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=exports.histories(), data=st.data())
def test_whatever_sources_send_and_stewards_do_adds_up(
    publishing: Store, folder: Path, history: list[Export], data: st.DataObject
) -> None:
    store = engine.emptied(publishing)
    for export in history:
        deliver(folder, export.content)
        take(store, folder)
        for letter in letters(store, states=("waiting",)):
            act = data.draw(st.sampled_from(["leave", "leave", "discard", "replay", "edit"]))
            if act == "discard":
                discard(store, letter)
            if act == "edit":
                edit(store, a_line(InvoiceNo="7"), letter)
        replay(store)
        take(store, folder)
        assert wrong(store) == set()


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    passes=st.lists(
        st.tuples(
            st.dictionaries(st.sampled_from(DAYS), st.sampled_from(["1.00", "2.00", "-3.00"])),
            st.lists(st.sampled_from(get_args(Mood)), max_size=4),
            st.lists(st.sampled_from(get_args(Sight)), max_size=4),
            st.booleans(),
            st.booleans(),
        ),
        min_size=1,
        max_size=5,
    )
)
def test_whatever_destinations_answer_adds_up(
    publishing: Store, passes: list[tuple[dict[str, str], list[Mood], list[Sight], bool, bool]]
) -> None:
    store, there = engine.emptied(publishing), PoorLedger(Clock())
    for totals, moods, sights, distrust, replayed in passes:
        there.moods, there.sights = list(moods), list(sights)
        send(store, there, totals, distrust=distrust)
        if replayed:
            replay(store)
        assert wrong(store) == set()


def test_what_a_killed_run_delivered_is_counted_though_the_next_one_looks_everything_up(
    store: Store,
) -> None:
    there = PoorLedger(Clock(), ["dies midway"])
    send(store, there, {DAYS[0]: "1.00"})
    send(store, there, {DAYS[0]: "1.00"}, distrust=True)
    (posted,) = engine.rows(store, "select due, delivered from ops.ledger")
    assert posted == {"due": 1, "delivered": 1}
    assert wrong(store) == set()


def test_a_refused_write_that_is_replayed_is_made_anew_and_settles_its_letter(
    store: Store,
) -> None:
    there = PoorLedger(Clock(), ["refuses"])
    send(store, there, {DAYS[0]: "1.00"})
    send(store, there, {DAYS[0]: "1.00"})
    assert there.sent == []
    (done,) = replay(store)
    assert done.outcome == "to be written"
    assert letters(store)[0].state == "waiting"
    send(store, there, {DAYS[0]: "1.00"})
    assert there.sent == [f"POS-{DAYS[0]}"]
    assert letters(store)[0].state == "resolved"
    states = engine.rows(store, "select state from ops.outbox order by write_id")
    assert [row["state"] for row in states] == ["superseded", "delivered"]
    assert wrong(store) == set()


def test_a_replayed_write_that_is_refused_again_waits_in_the_same_letter(store: Store) -> None:
    there = PoorLedger(Clock(), ["refuses", "refuses"])
    send(store, there, {DAYS[0]: "1.00"})
    replay(store)
    send(store, there, {DAYS[0]: "1.00"})
    (letter,) = letters(store)
    assert (letter.state, letter.replays) == ("waiting", 1)
    assert wrong(store) == set()


def test_a_write_that_was_put_off_and_then_superseded_was_not_refused(store: Store) -> None:
    there = PoorLedger(Clock(), ["puts off"])
    send(store, there, {DAYS[0]: "1.00"})
    send(store, there, {DAYS[0]: "2.00"})
    states = engine.rows(store, "select state from ops.outbox order by write_id")
    assert [row["state"] for row in states] == ["superseded", "delivered"]
    assert wrong(store) == set()


def test_letters_of_a_destination_are_found_by_its_system(store: Store) -> None:
    send(store, PoorLedger(Clock(), ["refuses"]), {DAYS[0]: "1.00"})
    assert len(letters(store, name="xero")) == 1
    assert letters(store, name="pos") == []


@pytest.fixture
def busy(store: Store, folder: Path) -> Store:
    """A store with something of everything, in which all adds up."""
    deliver(folder, a_file(a_line(), a_line(InvoiceNo="2"), b"torn"))
    take(store, folder)
    deliver(folder, a_file(a_line(Quantity="9"), b"torn"))
    take(store, folder)
    edit(store, b"still torn")
    judged(store, rejected=2)
    there = PoorLedger(Clock(), ["refuses"])
    send(store, there, dict.fromkeys(DAYS, "1.00"))
    assert wrong(store) == set()
    return store


@pytest.mark.parametrize(
    ("damage", "check"),
    [
        ("delete from landing.pos__sales_lines where version ="
         " (select max(version) from landing.pos__sales_lines)", "landing"),
        ("delete from landing.pos__sales_lines where payload is null", "landing"),
        ("insert into landing.pos__sales_lines (partition_key, source_key, content_hash, payload,"
         " run_id) values ('1999-01-01', 'x', '', 'forged', 'nobody')", "landing"),
        ("update ops.ledger set landed = landed - 1, unchanged = unchanged + 1"
         " where landed > 1", "landing"),
        ("alter table ops.ledger drop constraint landing_balances;"
         " update ops.ledger set read = read + 1 where stage = 'landing'", "arithmetic"),
        ("delete from ops.dead_letters where stage = 'landing'", "rejected"),
        ("update ops.dead_letters set state = 'resolved' where stage = 'landing'", "rejected"),
        ("delete from ops.verdict_rows; delete from ops.verdicts", "gate"),
        ("update ops.verdicts set checked = checked + 1", "gate"),
        ("delete from ops.verdict_rows where row_key = 'row 1'", "verdict_rows"),
        ("delete from ops.dead_letters where stage = 'gate' and record_key = 'row 1'",
         "gate_letters"),
        ("delete from ops.crosswalk; delete from ops.outbox where state = 'delivered'",
         "delivered"),
        ("update ops.outbox set state = 'waiting' where state = 'delivered'", "delivered"),
        ("delete from ops.outbox where state = 'rejected'", "delivery_standing"),
        ("delete from ops.dead_letters where stage = 'delivery'", "refusals"),
        ("update ops.crosswalk set digest = 'forged'", "crosswalk"),
        ("update ops.audit set who = 'nobody'", "audit"),
    ],
)  # fmt: skip
def test_a_row_that_is_missing_forged_or_changed_is_found(
    busy: Store, damage: str, check: str
) -> None:
    with psycopg.connect(busy.address.conninfo) as connection:
        connection.execute("set session_replication_role = replica")
        for statement in damage.split(";"):
            connection.execute(psycopg.sql.SQL(statement))
        found: dict[str, Any] = {
            item.name: item.discrepancies
            for item in verification.verify(connection)  # type: ignore[arg-type]
            if item.discrepancies
        }
        connection.rollback()
    assert check in found
    assert all(item.posted != item.found or item.check == "delivered" for item in found[check])
