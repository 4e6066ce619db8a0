"""What stewards do with dead letters: nothing is lost by it, and all of it is on record."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from accord.errors import Stop
from accord.records import Original, Page, Reading, Record
from accord.stewarding import check_editable
from accord.store import audit, dead_letters, stewardship
from accord.store.audit import By
from accord.store.database import Role, Store
from accord.store.stewardship import STATES, Which
from tests.support import engine
from tests.support.day_files import DAY, a_client, a_file, a_line
from tests.support.engine import Crashed, FragileStore, Fuse
from tests.support.letters import (
    ANN,
    a_rejected,
    deliver,
    discard,
    edit,
    land,
    letters,
    live,
    replay,
    restore,
    take,
    the_letter,
)

GOOD = a_line(InvoiceNo="540009", Quantity="7")
REPLAYED_KEY = "540009|41002|"


@pytest.fixture(scope="module")
def installed(database: str) -> Store:
    return engine.a_store(database)


@pytest.fixture
def store(installed: Store) -> Store:
    return engine.emptied(installed)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def torn(store: Store, folder: Path) -> None:
    """Land a day with one good line and one that was torn."""
    deliver(folder, a_file(a_line(), b"540009,41002,TIN"))
    take(store, folder)


def audited(store: Store) -> list[tuple[str, str, str, str]]:
    """The trail: who, what, why, detail."""
    rows = engine.rows(store, "select who, what, why, detail from ops.audit order by entry_id")
    return [(row["who"], row["what"], row["why"], row["detail"]) for row in rows]


class Customers:
    """A source of customers that replays what the letter says: its key, then its content."""

    def replay(self, stream: str, original: Original) -> Reading:
        key, _, content = original.payload.partition(b":")
        record = Record(key.decode(), content, DAY)
        return Reading("", (DAY,), iter([Page([record])]), complete=False)


def test_an_edited_line_lands_as_a_version_and_settles_its_letter(
    store: Store, folder: Path
) -> None:
    torn(store, folder)
    edit(store, GOOD)
    (done,) = replay(store, run_id="replay-1")
    assert done.outcome == "landed"
    assert [key for key in live(store) if key.startswith(REPLAYED_KEY)]
    assert GOOD in live(store).values()
    (letter,) = letters(store)
    assert (letter.state, letter.replayed_by, letter.replayed_outcome) == (
        "resolved", "ann", "landed",
    )  # fmt: skip
    (entry,) = engine.ledger(store, "replay-1")
    assert (entry["read"], entry["landed"], entry["rejected"]) == (1, 1, 0)


def test_the_next_pass_over_the_same_file_counts_the_replayed_line_in(
    store: Store, folder: Path
) -> None:
    torn(store, folder)
    edit(store, GOOD)
    replay(store)
    (entry,) = engine.ledger(store, take(store, folder))
    assert [entry[name] for name in ("read", "landed", "unchanged", "rejected")] == [2, 0, 2, 0]
    assert GOOD in live(store).values()


def test_a_replay_makes_the_day_stale_so_that_it_is_carried_on(store: Store, folder: Path) -> None:
    torn(store, folder)
    edit(store, GOOD)
    changes = "select changes from ops.watermarks"
    before = engine.rows(store, changes)
    replay(store)
    assert engine.rows(store, changes) != before


def test_a_later_complete_file_has_the_last_word(store: Store, folder: Path) -> None:
    torn(store, folder)
    edit(store, GOOD)
    replay(store)
    deliver(folder, a_file(a_line(), GOOD))
    take(store, folder)
    assert sorted(live(store)) == ["540001|41002|1", "540009|41002|1"]
    deliver(folder, a_file(a_line()))
    take(store, folder)
    assert sorted(live(store)) == ["540001|41002|1"]


def test_a_line_that_is_still_torn_waits_on_and_says_why(store: Store, folder: Path) -> None:
    torn(store, folder)
    before = live(store)
    (done,) = replay(store)
    assert done.outcome == "still rejected"
    letter = the_letter(store)
    assert (letter.replays, letter.cause) == (1, "wrong_field_count")
    assert letter.replayed_outcome is not None
    assert "wrong_field_count" in letter.replayed_outcome
    assert live(store) == before


def test_a_replay_that_crashes_at_any_statement_leaves_all_of_it_or_nothing(
    store: Store, folder: Path
) -> None:
    deliver(folder, a_file(a_line(), b"540009,41002,TIN"))
    take(store, folder)
    edit(store, GOOD)
    (letter,) = letters(store)
    before = engine.everything_stored(store)
    fuses: list[Fuse] = []
    while not fuses or fuses[-1].blown:
        fuses.append(Fuse(len(fuses) + 1))
        try:
            replay(FragileStore(store.address, fuses[-1]), letter, run_id="replay-1")
        except Crashed as crash:
            if str(crash) != "after a commit":
                assert engine.everything_stored(store) == before
    assert len(fuses) > 20
    assert list(live(store).values()).count(GOOD) == 1
    assert len(engine.ledger(store, "replay-1")) == 1


def test_many_lines_of_a_day_land_together_each_for_itself(store: Store, folder: Path) -> None:
    bad = [a_line(InvoiceNo=str(n), Quantity="none") for n in range(600000, 600040)]
    deliver(folder, a_file(a_line(), *bad, b"torn"))
    take(store, folder)
    for number, letter in enumerate(letters(store, cause="not_an_integer")):
        edit(store, a_line(InvoiceNo=str(600000 + number)), letter)
    done = replay(store, run_id="replay-1")
    assert [it.outcome for it in done].count("landed") == 40
    assert [it.outcome for it in done].count("still rejected") == 1
    assert len(live(store)) == 41
    (entry,) = engine.ledger(store, "replay-1")
    assert entry["landed"] == 40


def test_equal_lines_are_replayed_as_separate_sales(store: Store, folder: Path) -> None:
    deliver(folder, a_file(a_line(), b"torn", b"torn"))
    take(store, folder)
    for letter in letters(store):
        edit(store, GOOD, letter)
    replay(store)
    assert list(live(store).values()).count(GOOD) == 2


def test_a_whole_file_with_a_wrong_header_can_be_mended_and_replayed(
    store: Store, folder: Path
) -> None:
    broken = a_file(a_line(), a_line(InvoiceNo="2"), b"torn").replace(b"Quantity", b"Qty", 1)
    deliver(folder, broken)
    take(store, folder)
    assert the_letter(store).cause == "wrong_header"
    edit(store, broken.replace(b"Qty", b"Quantity", 1))
    (done,) = replay(store, run_id="replay-1")
    assert done.outcome == "landed"
    assert len(live(store)) == 2
    assert the_letter(store).cause == "wrong_field_count"
    (entry,) = engine.ledger(store, take(store, folder))
    assert [entry[name] for name in ("read", "unchanged", "rejected")] == [3, 2, 1]


def test_a_letter_settled_meanwhile_is_left_alone(store: Store, folder: Path) -> None:
    torn(store, folder)
    seen = the_letter(store)
    deliver(folder, a_file(a_line()))
    take(store, folder)
    before = engine.everything_stored(store)
    (done,) = replay(store, seen)
    assert done.outcome == "not waiting"
    assert engine.everything_stored(store) == before


def test_a_record_that_got_a_newer_version_is_not_overtaken_by_its_old_letter(
    store: Store,
) -> None:
    land(store, a_rejected(b"c1:old", key="x"), complete=False)
    land(store, Record("c1", b"new", DAY), complete=False)
    (done,) = replay(store, client=Customers())
    assert done.outcome == "overtaken"
    assert live(store) == {"c1": b"new"}
    assert letters(store)[0].state == "resolved"


def test_two_letters_of_one_record_land_as_the_one_seen_last(store: Store) -> None:
    land(store, a_rejected(b"c1:one", key="x"), complete=False)
    land(store, a_rejected(b"c1:two", key="x"), complete=False)
    done = replay(store, client=Customers())
    assert {it.outcome for it in done} <= {"landed", "overtaken"}
    assert live(store) == {"c1": b"two"}


def test_a_source_that_cannot_replay_leaves_its_letters_waiting_with_a_remedy(
    store: Store,
) -> None:
    land(store, a_rejected())
    (done,) = replay(store, client=object())
    assert done.outcome == "cannot be replayed"
    assert done.remedy
    assert the_letter(store)


def test_an_edit_keeps_the_original_and_every_edit_before_it(store: Store, folder: Path) -> None:
    torn(store, folder)
    edit(store, b"first try")
    edit(store, GOOD)
    with store.transaction(Role.STEWARD) as connection:
        found = stewardship.reveal(connection, the_letter(store), ANN)
    assert [it.payload for it in found] == [b"540009,41002,TIN", b"first try", GOOD]
    assert [it.edited_by for it in found] == ["", "ann", "ann"]


def test_the_same_line_rejected_again_keeps_its_edit(store: Store, folder: Path) -> None:
    torn(store, folder)
    edit(store, GOOD)
    deliver(folder, a_file(a_line(Quantity="5"), b"540009,41002,TIN"))
    take(store, folder)
    assert the_letter(store).edits == 1


def test_an_edit_of_what_somebody_else_edited_meanwhile_is_refused(
    store: Store, folder: Path
) -> None:
    torn(store, folder)
    seen = the_letter(store)
    edit(store, b"by somebody else")
    with pytest.raises(Stop, match="meanwhile.*Remedy: "):
        edit(store, GOOD, seen)


@pytest.mark.parametrize("stage", ["gate", "delivery"])
def test_what_is_made_from_other_records_cannot_be_edited(store: Store, stage: str) -> None:
    with store.transaction(Role.DELIVERER) as connection:
        origin = dead_letters.Origin(stage, "sale", DAY, "run")
        dead_letters.put(connection, [a_rejected()], origin)
    with pytest.raises(Stop, match="Remedy: correct the record"):
        check_editable(the_letter(store))


def test_a_discarded_letter_is_kept_with_who_when_and_why(store: Store, folder: Path) -> None:
    torn(store, folder)
    discard(store, the_letter(store), by=By("ann", "a till test"))
    (letter,) = letters(store)
    assert (letter.state, letter.discarded_by, letter.discarded_why) == (
        "discarded", "ann", "a till test",
    )  # fmt: skip
    assert letter.settled_at is not None
    with store.transaction(Role.STEWARD) as connection:
        (version,) = stewardship.reveal(connection, letter, ANN)
    assert version.payload == b"540009,41002,TIN"


def test_a_discard_without_a_reason_is_refused(store: Store, folder: Path) -> None:
    torn(store, folder)
    with pytest.raises(Stop, match="reason.*Remedy: "):
        discard(store, the_letter(store), by=By("ann", "  "))
    assert the_letter(store).state == "waiting"


def test_what_was_discarded_stays_so_when_the_source_sends_it_again(
    store: Store, folder: Path
) -> None:
    torn(store, folder)
    discard(store, the_letter(store))
    deliver(folder, a_file(a_line(Quantity="5"), b"540009,41002,TIN"))
    (entry,) = engine.ledger(store, take(store, folder))
    assert entry["rejected"] == 1
    assert [it.state for it in letters(store)] == ["discarded"]


def test_a_discarded_letter_is_brought_back_as_it_was(store: Store, folder: Path) -> None:
    torn(store, folder)
    before = the_letter(store)
    assert restore(store, before) == []
    discard(store, before)
    assert restore(store, before, by=By("bob", "it was a sale")) == [before.dead_letter_id]
    assert letters(store) == [before]
    with store.session(Role.READER) as connection:
        *_, last = audit.entries_about(connection, before.dead_letter_id)
    assert (last.what, last.who, last.why) == ("restore", "bob", "it was a sale")


def test_a_letter_is_discarded_once(store: Store, folder: Path) -> None:
    torn(store, folder)
    seen = the_letter(store)
    assert discard(store, seen) == [seen.dead_letter_id]
    assert discard(store, seen, by=By("bob", "again")) == []
    assert letters(store)[0].discarded_by == "ann"


def test_everything_a_steward_does_is_in_the_trail_and_no_value_is(
    store: Store, folder: Path
) -> None:
    torn(store, folder)
    with store.transaction(Role.STEWARD) as connection:
        stewardship.reveal(connection, the_letter(store), ANN)
    edit(store, GOOD)
    replay(store)
    assert audited(store) == [
        ("ann", "reveal", ANN.why, ""),
        ("ann", "edit", ANN.why, "edit 1"),
        ("ann", "replay", ANN.why, "landed"),
    ]
    assert "TIN" not in str(audited(store))


def test_a_row_the_gate_rejected_is_judged_again(store: Store) -> None:
    engine.rows(
        store,
        "insert into ops.builds (target, partition_key, basis, built_at) values"
        " ('canonical', %(day)s, 'b', '2000-01-01'),"
        " ('canonical', '1999-01-01', 'b', '2000-01-01')",
        {"day": DAY},
    )
    with store.transaction(Role.GATEKEEPER) as connection:
        origin = dead_letters.Origin("gate", "sale", DAY, "run")
        dead_letters.put(connection, [a_rejected()], origin)
    (done,) = replay(store)
    assert done.outcome == "to be judged"
    assert the_letter(store).replays == 1
    rows = engine.rows(store, "select partition_key from ops.builds where built_at > '2001-01-01'")
    assert [row["partition_key"] for row in rows] == [DAY]


@pytest.mark.parametrize(
    ("which", "count"),
    [
        ({"cause": "torn"}, 1), ({"cause": "none"}, 0), ({"name": "pos"}, 2),
        ({"name": "pos.sales_lines"}, 2), ({"name": "sales_lines"}, 0), ({"name": "sale"}, 1),
        ({"partition": DAY}, 3), ({"partition": "1999-01-01"}, 0),
        ({"since": datetime.now(UTC) - timedelta(hours=1)}, 3),
        ({"since": datetime.now(UTC) + timedelta(days=1)}, 0),
        ({"until": datetime.now(UTC) - timedelta(hours=1)}, 0),
        ({"states": ("discarded",)}, 0), ({"states": STATES}, 3),
    ],
)  # fmt: skip
def test_letters_are_found_by_what_is_known_of_them(
    store: Store, which: dict[str, Any], count: int
) -> None:
    land(store, a_rejected(key="a", cause="torn"), a_rejected(key="b"))
    with store.transaction(Role.GATEKEEPER) as connection:
        origin = dead_letters.Origin("gate", "sale", DAY, "run")
        dead_letters.put(connection, [a_rejected()], origin)
    with store.session(Role.READER) as connection:
        assert len(stewardship.find(connection, Which(**which))) == count


def test_a_letter_is_called_by_any_unambiguous_beginning_or_end_of_its_id(store: Store) -> None:
    land(store, a_rejected(key="a"), a_rejected(key="b"))
    first, other = (it.dead_letter_id for it in letters(store))
    shared = first[: next(n for n in range(36) if first[n] != other[n])]
    with store.session(Role.READER) as connection:
        for name in (first, first.upper(), first[: len(shared) + 4], first[-12:]):
            if not other.startswith(name.lower()):
                assert stewardship.identified(connection, [name]) == [first]
        for name in (shared[:8], "ffffffff-ffff", "%", "", "' or true --"):
            with pytest.raises(Stop, match="dead letter is called.*Remedy: "):
                stewardship.identified(connection, [name])


def test_a_day_is_unfinished_from_its_replay_until_a_run_has_gone_over_it(
    store: Store, folder: Path
) -> None:
    torn(store, folder)
    replay(store)
    assert unfinished(store) == []
    edit(store, GOOD)
    replay(store)
    assert unfinished(store) == [("landing", "pos.sales_lines", DAY)]
    take(store, folder)
    assert unfinished(store) == []


def unfinished(store: Store) -> list[tuple[str, str, str]]:
    with store.session(Role.READER) as connection:
        return [(stage, name, day) for stage, name, day, _ in stewardship.unfinished(connection)]


def test_a_client_that_is_not_there_is_not_asked(store: Store, folder: Path) -> None:
    """Replaying a till's line needs no till."""
    torn(store, folder)
    edit(store, GOOD)
    (done,) = replay(store, client=a_client(Path("/nowhere")))
    assert done.outcome == "landed"
