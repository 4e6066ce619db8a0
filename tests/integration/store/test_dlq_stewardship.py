"""What stewards find, edit and discard: nothing is lost by it, and all of it is on record."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from accord.errors import Stop
from accord.stewarding import check_editable
from accord.store import audit, dead_letters, stewardship
from accord.store.audit import By
from accord.store.database import Role, Store
from accord.store.stewardship import STATES, Which
from tests.support import engine
from tests.support.day_files import DAY, a_file, a_line
from tests.support.letters import (
    ANN,
    MENDED,
    a_rejected,
    deliver,
    discard,
    edit,
    land,
    letters,
    replay,
    restore,
    take,
    the_letter,
    torn,
)


def audited(store: Store) -> list[tuple[str, str, str, str]]:
    """The trail: who, what, why, detail."""
    rows = engine.rows(store, "select who, what, why, detail from ops.audit order by entry_id")
    return [(row["who"], row["what"], row["why"], row["detail"]) for row in rows]


def test_an_edit_keeps_the_original_and_every_edit_before_it(store: Store, tmp_path: Path) -> None:
    torn(store, tmp_path)
    edit(store, b"first try")
    edit(store, MENDED)
    with store.transaction(Role.STEWARD) as connection:
        found = stewardship.reveal(connection, the_letter(store), ANN)
    assert [it.payload for it in found] == [b"540009,41002,TIN", b"first try", MENDED]
    assert [it.edited_by for it in found] == ["", "ann", "ann"]


def test_the_same_line_rejected_again_keeps_its_edit(store: Store, tmp_path: Path) -> None:
    torn(store, tmp_path)
    edit(store, MENDED)
    deliver(tmp_path, a_file(a_line(Quantity="5"), b"540009,41002,TIN"))
    take(store, tmp_path)
    assert the_letter(store).edits == 1


def test_an_edit_of_what_somebody_else_edited_meanwhile_is_refused(
    store: Store, tmp_path: Path
) -> None:
    torn(store, tmp_path)
    seen = the_letter(store)
    edit(store, b"by somebody else")
    with pytest.raises(Stop, match="meanwhile.*Remedy: "):
        edit(store, MENDED, seen)


@pytest.mark.parametrize("stage", ["gate", "delivery"])
def test_what_is_made_from_other_records_cannot_be_edited(store: Store, stage: str) -> None:
    with store.transaction(Role.DELIVERER) as connection:
        origin = dead_letters.Origin(stage, "sale", DAY, "run")
        dead_letters.put(connection, [a_rejected()], origin)
    with pytest.raises(Stop, match="Remedy: correct the record"):
        check_editable(the_letter(store))


def test_a_discarded_letter_is_kept_with_who_when_and_why(store: Store, tmp_path: Path) -> None:
    torn(store, tmp_path)
    discard(store, the_letter(store), by=By("ann", "a till test"))
    (letter,) = letters(store)
    assert (letter.state, letter.discarded_by, letter.discarded_why) == (
        "discarded", "ann", "a till test",
    )  # fmt: skip
    assert letter.settled_at is not None
    with store.transaction(Role.STEWARD) as connection:
        (version,) = stewardship.reveal(connection, letter, ANN)
    assert version.payload == b"540009,41002,TIN"


def test_a_discard_without_a_reason_is_refused(store: Store, tmp_path: Path) -> None:
    torn(store, tmp_path)
    with pytest.raises(Stop, match="reason.*Remedy: "):
        discard(store, the_letter(store), by=By("ann", "  "))
    assert the_letter(store).state == "waiting"


def test_what_was_discarded_stays_so_when_the_source_sends_it_again(
    store: Store, tmp_path: Path
) -> None:
    torn(store, tmp_path)
    discard(store, the_letter(store))
    deliver(tmp_path, a_file(a_line(Quantity="5"), b"540009,41002,TIN"))
    (entry,) = engine.ledger(store, take(store, tmp_path))
    assert entry["rejected"] == 1
    assert [it.state for it in letters(store)] == ["discarded"]


def test_a_discarded_letter_is_brought_back_as_it_was(store: Store, tmp_path: Path) -> None:
    torn(store, tmp_path)
    before = the_letter(store)
    assert restore(store, before) == []
    discard(store, before)
    assert restore(store, before, by=By("bob", "it was a sale")) == [before.dead_letter_id]
    assert letters(store) == [before]
    with store.session(Role.READER) as connection:
        *_, last = audit.entries_about(connection, before.dead_letter_id)
    assert (last.what, last.who, last.why) == ("restore", "bob", "it was a sale")


def test_a_letter_is_discarded_once(store: Store, tmp_path: Path) -> None:
    torn(store, tmp_path)
    seen = the_letter(store)
    assert discard(store, seen) == [seen.dead_letter_id]
    assert discard(store, seen, by=By("bob", "again")) == []
    assert letters(store)[0].discarded_by == "ann"


def test_everything_a_steward_does_is_in_the_trail_and_no_value_is(
    store: Store, tmp_path: Path
) -> None:
    torn(store, tmp_path)
    with store.transaction(Role.STEWARD) as connection:
        stewardship.reveal(connection, the_letter(store), ANN)
    edit(store, MENDED)
    replay(store)
    assert audited(store) == [
        ("ann", "reveal", ANN.why, ""),
        ("ann", "edit", ANN.why, "edit 1"),
        ("ann", "replay", ANN.why, "landed"),
    ]
    assert "TIN" not in str(audited(store))


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
