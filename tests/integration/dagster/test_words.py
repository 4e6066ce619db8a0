"""What steps say of their counts."""

from __future__ import annotations

from collections import Counter

from accord.golden.consolidate import Consolidated
from integration_assets import consolidating
from integration_assets.words import counted, several


def test_counts_of_nothing_are_left_out_but_for_the_one_that_always_begins() -> None:
    names = ("read", "landed", "rejected")
    assert counted(Counter(read=2134, landed=2133), names) == "2,134 read, 2,133 landed"
    assert counted(Counter(), names, always="read") == "0 read"
    assert counted(Counter(), names) == ""


def test_a_noun_follows_its_count() -> None:
    assert several(1, "day") == "1 day"
    assert several(2, "day") == "2 days"
    assert several(2, "entity", "entities") == "2 entities"


def test_a_consolidation_names_what_happened_and_a_merged_record_once() -> None:
    done = Consolidated(read=3, changed=3, golden_changed=1, merged=2, golden_vanished=2)
    assert consolidating.told(done) == (
        "3 records read, 3 changed, 2 golden records merged, 1 golden record changed"
    )
    assert consolidating.told(Consolidated()) == "nothing has changed"
