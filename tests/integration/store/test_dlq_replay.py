"""What becomes of dead letters that a steward replays: all of it lands once, or it waits on."""

from __future__ import annotations

from pathlib import Path

from accord.records import Original, Page, Reading, Record
from accord.store import dead_letters, stewardship
from accord.store.database import Role, Store
from tests.support import engine
from tests.support.day_files import DAY, a_client, a_file, a_line
from tests.support.engine import Crashed, FragileStore, Fuse
from tests.support.letters import (
    MENDED,
    a_rejected,
    deliver,
    edit,
    land,
    letters,
    live,
    replay,
    take,
    the_letter,
    torn,
)

REPLAYED_KEY = "540009|41002|"


class Customers:
    """A source of customers that replays what the letter says: its key, then its content."""

    def replay(self, stream: str, original: Original) -> Reading:
        key, _, content = original.payload.partition(b":")
        record = Record(key.decode(), content, DAY)
        return Reading("", (DAY,), iter([Page([record])]), complete=False)


def test_an_edited_line_lands_as_a_version_and_settles_its_letter(
    store: Store, tmp_path: Path
) -> None:
    torn(store, tmp_path)
    edit(store, MENDED)
    (done,) = replay(store, run_id="replay-1")
    assert done.outcome == "landed"
    assert [key for key in live(store) if key.startswith(REPLAYED_KEY)]
    assert MENDED in live(store).values()
    (letter,) = letters(store)
    assert (letter.state, letter.replayed_by, letter.replayed_outcome) == (
        "resolved", "ann", "landed",
    )  # fmt: skip
    (entry,) = engine.ledger(store, "replay-1")
    assert (entry["read"], entry["landed"], entry["rejected"]) == (1, 1, 0)


def test_the_next_pass_over_the_same_file_counts_the_replayed_line_in(
    store: Store, tmp_path: Path
) -> None:
    torn(store, tmp_path)
    edit(store, MENDED)
    replay(store)
    (entry,) = engine.ledger(store, take(store, tmp_path))
    assert [entry[name] for name in ("read", "landed", "unchanged", "rejected")] == [2, 0, 2, 0]
    assert MENDED in live(store).values()


def test_a_replay_makes_the_day_stale_so_that_it_is_carried_on(
    store: Store, tmp_path: Path
) -> None:
    torn(store, tmp_path)
    edit(store, MENDED)
    changes = "select changes from ops.watermarks"
    before = engine.rows(store, changes)
    replay(store)
    assert engine.rows(store, changes) != before


def test_a_later_complete_file_has_the_last_word(store: Store, tmp_path: Path) -> None:
    torn(store, tmp_path)
    edit(store, MENDED)
    replay(store)
    deliver(tmp_path, a_file(a_line(), MENDED))
    take(store, tmp_path)
    assert sorted(live(store)) == ["540001|41002|1", "540009|41002|1"]
    deliver(tmp_path, a_file(a_line()))
    take(store, tmp_path)
    assert sorted(live(store)) == ["540001|41002|1"]


def test_a_line_that_is_still_torn_waits_on_and_says_why(store: Store, tmp_path: Path) -> None:
    torn(store, tmp_path)
    before = live(store)
    (done,) = replay(store)
    assert done.outcome == "still rejected"
    letter = the_letter(store)
    assert (letter.replays, letter.cause) == (1, "wrong_field_count")
    assert letter.replayed_outcome is not None
    assert "wrong_field_count" in letter.replayed_outcome
    assert live(store) == before


def test_a_replay_that_crashes_at_any_statement_leaves_all_of_it_or_nothing(
    store: Store, tmp_path: Path
) -> None:
    deliver(tmp_path, a_file(a_line(), b"540009,41002,TIN"))
    take(store, tmp_path)
    edit(store, MENDED)
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
    assert list(live(store).values()).count(MENDED) == 1
    assert len(engine.ledger(store, "replay-1")) == 1


def test_many_lines_of_a_day_land_together_each_for_itself(store: Store, tmp_path: Path) -> None:
    bad = [a_line(InvoiceNo=str(n), Quantity="none") for n in range(600000, 600040)]
    deliver(tmp_path, a_file(a_line(), *bad, b"torn"))
    take(store, tmp_path)
    for number, letter in enumerate(letters(store, cause="not_an_integer")):
        edit(store, a_line(InvoiceNo=str(600000 + number)), letter)
    done = replay(store, run_id="replay-1")
    assert [it.outcome for it in done].count("landed") == 40
    assert [it.outcome for it in done].count("still rejected") == 1
    assert len(live(store)) == 41
    (entry,) = engine.ledger(store, "replay-1")
    assert entry["landed"] == 40


def test_equal_lines_are_replayed_as_separate_sales(store: Store, tmp_path: Path) -> None:
    deliver(tmp_path, a_file(a_line(), b"torn", b"torn"))
    take(store, tmp_path)
    for letter in letters(store):
        edit(store, MENDED, letter)
    replay(store)
    assert list(live(store).values()).count(MENDED) == 2


def test_a_whole_file_with_a_wrong_header_can_be_mended_and_replayed(
    store: Store, tmp_path: Path
) -> None:
    broken = a_file(a_line(), a_line(InvoiceNo="2"), b"torn").replace(b"Quantity", b"Qty", 1)
    deliver(tmp_path, broken)
    take(store, tmp_path)
    assert the_letter(store).cause == "wrong_header"
    edit(store, broken.replace(b"Qty", b"Quantity", 1))
    (done,) = replay(store, run_id="replay-1")
    assert done.outcome == "landed"
    assert len(live(store)) == 2
    assert the_letter(store).cause == "wrong_field_count"
    (entry,) = engine.ledger(store, take(store, tmp_path))
    assert [entry[name] for name in ("read", "unchanged", "rejected")] == [3, 2, 1]


def test_a_letter_settled_meanwhile_is_left_alone(store: Store, tmp_path: Path) -> None:
    torn(store, tmp_path)
    seen = the_letter(store)
    deliver(tmp_path, a_file(a_line()))
    take(store, tmp_path)
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


def test_a_day_is_unfinished_from_its_replay_until_a_run_has_gone_over_it(
    store: Store, tmp_path: Path
) -> None:
    torn(store, tmp_path)
    replay(store)
    assert unfinished(store) == []
    edit(store, MENDED)
    replay(store)
    assert unfinished(store) == [("landing", "pos.sales_lines", DAY)]
    take(store, tmp_path)
    assert unfinished(store) == []


def unfinished(store: Store) -> list[tuple[str, str, str]]:
    with store.session(Role.READER) as connection:
        return [(stage, name, day) for stage, name, day, _ in stewardship.unfinished(connection)]


def test_a_client_that_is_not_there_is_not_asked(store: Store, tmp_path: Path) -> None:
    """Replaying a till's line needs no till."""
    torn(store, tmp_path)
    edit(store, MENDED)
    (done,) = replay(store, client=a_client(Path("/nowhere")))
    assert done.outcome == "landed"
