"""Promise 2, convergence, from the tills to the accounts: whole days through the whole engine.

Days come in any order, again, and corrected; passes crash at any statement and any call. In the end
the canonical tables and the accounts are what one pass over the last files would have made them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import stamina
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from accord.emulation.faults import Fault, Faults
from accord.errors import Stop
from tests.support import exports, house, xero
from tests.support.day_files import a_file, a_line
from tests.support.engine import Crashed, Fuse
from tests.support.house import House

DAYS = ("2011-01-31", "2011-02-01", "2011-02-02")


@dataclass(frozen=True, slots=True)
class Step:
    """One pass: the files that came before it, its days, what goes wrong, where it crashes."""

    files: Mapping[str, bytes]
    days: tuple[str, ...]
    faults: tuple[Fault, ...]
    crash_at: int | None


def files() -> SearchStrategy[dict[str, bytes]]:
    """Day files of a few good and some broken lines, for some of the days."""
    return st.fixed_dictionaries(
        {}, optional={day: exports.exports(day).filter(lambda it: it.is_complete) for day in DAYS}
    ).map(lambda told: {day: export.content for day, export in told.items()})


FAULTS = st.builds(
    Fault,
    st.sampled_from(["reset_before", "reset_after", "status_after", "cut_body"]),
    method=st.just("POST"),
    path=st.just("api.xro"),
)


def stories() -> SearchStrategy[list[Step]]:
    """A few passes."""
    spans = st.sampled_from([DAYS, DAYS, DAYS[:1], DAYS[1:], DAYS[2:]])
    step = st.builds(
        Step, files(), spans, st.lists(FAULTS, max_size=1).map(tuple),
        st.one_of(st.none(), st.integers(1, 220)),
    )  # fmt: skip
    return st.lists(step, min_size=1, max_size=4)


@pytest.fixture(scope="module")
def home(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    stamina.set_testing(True, attempts=2, cap=True)
    with house.a_house(database, tmp_path_factory.mktemp("house")) as made:
        yield made
    stamina.set_testing(False)


Content = tuple[dict[str, list[dict[str, Any]]], dict[str, tuple[str, Decimal]]]


def content_of_one_pass(home: House, folder: Path, last: Mapping[str, bytes]) -> Content:
    """What one pass over these files, and nothing before it, comes to."""
    home.emptied()
    for day, content in last.items():
        home.put(day, content)
    with xero.emulator(folder) as emulator, xero.client(emulator) as client:
        home.run(client, DAYS)
        return home.canonical(), xero.live(emulator)


@settings(max_examples=8, suppress_health_check=list(HealthCheck))
@given(story=stories())
def test_days_end_the_same_whatever_happened_on_the_way(
    home: House, tmp_path_factory: pytest.TempPathFactory, story: list[Step]
) -> None:
    home.emptied()
    folder, last = tmp_path_factory.mktemp("books"), dict[str, bytes]()
    with xero.emulator(folder) as emulator, xero.client(emulator) as client:
        for step in story:
            for day, content in step.files.items():
                home.put(day, content)
                last[day] = content
            emulator.faults = Faults(step.faults)
            with suppress(Crashed, Stop):
                home.run(client, step.days, fuse=Fuse(step.crash_at))
        emulator.faults = Faults()
        home.run(client, DAYS)
        again = home.run(client, DAYS)
        assert again.trouble is None
        assert {day: dict(it) for day, it in again.counts.items()} == {
            day: {"due": 1, "unchanged": 1} for day in last
        }
        assert [row.state for row in home.compare(client, DAYS)] == ["equal"] * len(last)
        ended = home.canonical(), xero.live(emulator)
    assert ended == content_of_one_pass(home, tmp_path_factory.mktemp("once"), last)


def test_a_day_that_turns_negative_and_back_is_one_live_document_all_the_time(
    home: House, tmp_path: Path
) -> None:
    home.emptied()
    day = DAYS[0]
    sold = a_line(day, Quantity="4", UnitPrice="2.50")
    returned = a_line(day, InvoiceNo="C540009", Quantity="-9", UnitPrice="2.50")
    with xero.emulator(tmp_path) as emulator, xero.client(emulator) as client:
        for content, document in (
            (a_file(sold), ("ACCREC", Decimal("10.00"))),
            (a_file(sold, returned), ("ACCRECCREDIT", Decimal("12.50"))),
            (a_file(returned), ("ACCRECCREDIT", Decimal("22.50"))),
            (a_file(sold), ("ACCREC", Decimal("10.00"))),
        ):
            home.put(day, content)
            counts = home.run(client, DAYS).counts[day]
            assert dict(counts) == {"due": 1, "delivered": 1}
            assert xero.live(emulator) == {f"POS-{day}": document}
            assert [row.state for row in home.compare(client, DAYS)] == ["equal"]
        effects = [effect.effect for effect in emulator.journal()]
        assert effects == ["created", "voided", "created", "updated", "voided", "created"]
