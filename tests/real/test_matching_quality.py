"""How well the shipped configuration matches labelled data of others, beside the checkout.

Nothing is tuned to a file: the same configuration matches them all. The floors are a little below
what was reached, so that losing quality is noticed.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pytest
from rapidfuzz.distance import JaroWinkler

from accord.matching import Matches, match_all
from accord.matching.forms import connected, load
from accord.matching.labelled import Labelled, labelled
from accord.matching.measures import Measure, b_cubed, pairwise
from accord.matching.names import Rarity, similarity

SETS = Path(__file__).resolve().parents[3] / "shared" / "data" / "matching"

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(
        not SETS.is_dir(),
        reason="THE LABELLED SETS ARE NOT HERE: put them into ../shared/data/matching",
    ),
]

PERSONS = {
    "rec_id": "id", "given_name": "first_name", "surname": "last_name", "suburb": "city",
    "street_number": "street", "address_1": "street", "date_of_birth": "birth_date",
    "soc_sec_id": "tax_id",
}  # fmt: skip
FAKES = {"unique_id": "id", "surname": "last_name", "dob": "birth_date"}


def rows(name: str) -> list[dict[str, str]]:
    with (SETS / name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, skipinitialspace=True))


def truth_in(folder: Path, header: Sequence[str], found: Iterable[Sequence[str]]) -> Path:
    path = folder / "truth.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *found])
    return path


def judged(asked: Labelled, *, entity: str = "customer") -> tuple[Matches, Measure, Measure]:
    """Match, and measure what is likely: its pairs and its clusters."""
    found = match_all(asked.records, entity=entity, source="source" if asked.is_linked else None)
    side = asked.side if asked.is_linked else None
    return (
        found,
        pairwise(found.likely, asked.truth, side=side),
        b_cubed(found.likely, asked.truth),
    )


def linked_pairs(found: Matches, asked: Labelled) -> Measure:
    return pairwise(found.clusters, asked.truth)


def test_febrl_persons_are_found_almost_without_error(tmp_path: Path) -> None:
    answers = [(row["rec_id"], row["rec_id"].split("-")[1]) for row in rows("febrl/dataset3.csv")]
    asked = labelled(
        SETS / "febrl/dataset3.csv",
        truth_in(tmp_path, ("id", "cluster"), answers),
        entity="customer",
        names=PERSONS,
    )
    found, pairs, clusters = judged(asked)
    assert clusters.f1 >= 0.999
    assert pairs.f1 >= 0.998
    assert linked_pairs(found, asked).precision >= 0.998


def test_persons_with_many_errors_are_found_without_false_ones(tmp_path: Path) -> None:
    answers = [(row["unique_id"], row["cluster"]) for row in rows("splink_fake_1000/fake_1000.csv")]
    asked = labelled(
        SETS / "splink_fake_1000/fake_1000.csv",
        truth_in(tmp_path, ("id", "cluster"), answers),
        entity="customer",
        names=FAKES,
    )
    found, pairs, clusters = judged(asked)
    assert pairs.precision >= 0.99
    assert pairs.recall >= 0.89
    assert clusters.f1 >= 0.95
    assert linked_pairs(found, asked).precision >= 0.998


def test_restaurants_of_two_guides_meet(tmp_path: Path) -> None:
    answers = [tuple(row.values()) for row in rows("fodors_zagats/matches_fodors_zagats.csv")]
    asked = labelled(
        SETS / "fodors_zagats/fodors.csv",
        truth_in(tmp_path, ("id1", "id2"), answers),
        link=SETS / "fodors_zagats/zagats.csv",
        entity="customer",
        names={"addr": "street"},
    )
    found, pairs, _ = judged(asked)
    assert pairs.f1 >= 0.96
    assert linked_pairs(found, asked).precision >= 0.998


def test_products_of_two_shops_are_found_and_mostly_asked_about() -> None:
    asked = labelled(
        SETS / "abt_buy/abt.csv",
        SETS / "abt_buy/gt.csv",
        link=SETS / "abt_buy/buy.csv",
        entity="product",
        names={"D1": "id1", "D2": "id2"},
    )
    found, pairs, _ = judged(asked, entity="product")
    assert pairs.f1 >= 0.85
    assert pairwise(found.clusters, asked.truth, side=asked.side).precision >= 0.98
    assert sum(pair.band == "review" for pair in found.pairs) > len(asked.truth) / 5


def test_the_hard_cases_of_the_truth_set_are_mostly_told_apart() -> None:
    told = [
        row
        for source in ("customers", "reference", "watchlist")
        for row in rows(f"senzing/{source}.csv")
    ]
    truth = {row["RECORD_ID"]: row["CLUSTER_ID"] for row in rows("senzing/actual_truthset_key.csv")}
    found = match_all(table(told, SENZING), entity="customer")
    assert b_cubed(found.likely, truth).f1 >= 0.92
    assert pairwise(found.clusters, truth).precision >= 0.998


SENZING: Mapping[str, Sequence[str]] = {
    "id": ("RECORD_ID",),
    "name": ("PRIMARY_NAME_FULL", "NATIVE_NAME_FULL"),
    "organisation": ("PRIMARY_NAME_ORG",),
    "first_name": ("PRIMARY_NAME_FIRST",),
    "last_name": ("PRIMARY_NAME_LAST",),
    "email": ("EMAIL_ADDRESS",),
    "phone": ("PHONE_NUMBER",),
    "street": ("ADDR_LINE1", "ADDR_FULL"),
    "city": ("ADDR_CITY",),
    "postcode": ("ADDR_POSTAL_CODE",),
    "birth_date": ("DATE_OF_BIRTH",),
    "tax_id": (
        "TAX_ID_NUMBER", "SSN_NUMBER", "NATIONAL_ID_NUMBER", "PASSPORT_NUMBER",
        "DRIVERS_LICENSE_NUMBER",
    ),
}  # fmt: skip


def table(told: Sequence[Mapping[str, str]], columns: Mapping[str, Sequence[str]]) -> pa.Table:
    """Take for each column the first of its sources that says anything."""
    return pa.table(
        {
            name: pa.array(
                [next((row[s] for s in sources if row.get(s)), None) for row in told], pa.string()
            )
            for name, sources in columns.items()
        }
    )


def test_names_are_compared_better_than_by_jaro_winkler() -> None:
    cases = rows("name_bench/name_bench_dev.csv")
    names = [(row[side], row["schema"]) for row in cases for side in ("name1", "name2")]
    kinds = {"Person": "person", "Company": "organisation", "Organization": "organisation"}
    listed = pa.table(
        {
            "id": pa.array([str(place) for place in range(len(names))]),
            "name": pa.array([name for name, _ in names]),
            "kind": pa.array([kinds.get(schema) for _, schema in names], pa.string()),
        }
    )
    with connected() as connection:
        load(connection, listed, entity="customer")
        bags = dict(connection.execute("select id, coalesce(bag, '') from forms").fetchall())
    pairs = [(bags[str(at)], bags[str(at + 1)]) for at in range(0, len(names), 2)]
    truth = [row["is_match"] == "true" for row in cases]
    rarity = Rarity({}, 4000)

    def ours(left: str, right: str) -> float:
        return similarity(left, right, rarity)

    def raw(left: str, right: str) -> float:
        return float(JaroWinkler.similarity(left.lower(), right.lower()))

    written = [(row["name1"], row["name2"]) for row in cases]
    assert area(ours, pairs, truth) >= 0.84
    assert area(raw, written, truth) < area(ours, pairs, truth) - 0.1


def area(
    compared: Callable[[str, str], float],
    pairs: Sequence[tuple[str, str]],
    truth: Sequence[bool],
) -> float:
    """How often a pair that is one scores above a pair that is not (area under the ROC curve)."""
    scores = [compared(*pair) for pair in pairs]
    true = [score for score, is_one in zip(scores, truth, strict=True) if is_one]
    false = [score for score, is_one in zip(scores, truth, strict=True) if not is_one]
    above = sum((t > f) + 0.5 * (t == f) for t in true for f in false)
    return above / (len(true) * len(false))
