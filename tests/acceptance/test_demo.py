"""The demo, and what a steward then does with its customers: `accord demo` and `accord match`."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import Home, a_home

pytestmark = pytest.mark.slow

ANN = {"id": "1", "first_name": "Ann", "surname": "Zetterlund", "email": "ann@zett.example"}
PEOPLE = (
    ANN,
    ANN | {"id": "2", "first_name": "Anne"},
    {"id": "3", "first_name": "Bo", "surname": "Okafor", "email": "bo@okafor.example"},
    {"id": "4", "first_name": "Cy", "surname": "Lindqvist", "email": "cy@lind.example"},
)


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    with a_home() as made, made.served():
        yield made


def test_the_demo_does_the_main_job_and_a_repeat_delivers_nothing(home: Home) -> None:
    first = home.accord("demo", "--output", "json")
    assert first.code == 0, first.err
    report = first.report
    assert report["balanced"]
    stages = {flow["stage"] for flow in report["flows"]}
    assert stages == {"landing", "identity", "gate", "delivery"}
    sent = delivered(report)
    assert sent["xero.documents"]["delivered"] == sent["xero.documents"]["due"] > 0
    for part in ("salesforce.accounts", "salesforce.contacts", "stripe.customers"):
        assert sent[part]["delivered"] > 0
    assert all(outcome["met"] for outcome in report["outcomes"])
    (customers,) = report["golden"]
    assert customers["reviews"] == 1
    assert set(customers["systems"]) == {"mailchimp", "mainframe", "salesforce", "stripe"}
    assert customers["golden"] < sum(customers["systems"].values())
    assert customers["conflicts"] + customers["answered"] > 0
    told = "consent and phone of 1 customer changed, and went out to salesforce and stripe"
    assert told in first.err
    before = delivered(home.accord("status", "--output", "json").report)
    again = home.accord("demo")
    assert again.code == 0, again.err
    assert "unchanged" in again.out
    sent = delivered(home.accord("status", "--output", "json").report)
    # What had nothing to look at stands as the pass before left it.
    assert all(flow["delivered"] == 0 or flow == before[part] for part, flow in sent.items())
    assert sent["xero.documents"]["unchanged"] == sent["xero.documents"]["due"]
    nothing_is_given_away(home)


def delivered(report: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The deliveries of a report, by system and kind of object."""
    return {flow["part"]: flow for flow in report["flows"] if flow["stage"] == "delivery"}


def nothing_is_given_away(home: Home) -> None:
    """The sandbox's secret is in its own file and nowhere else."""
    secret = (home.folder / "sandbox" / "xero.secret").read_text(encoding="utf-8")
    assert len(secret) > 20
    assert not any(secret in text for text in home.said)
    assert [path for path, text in home.logs() if secret in text] == []


def test_what_a_steward_decides_holds_through_retraining_until_it_is_undone(home: Home) -> None:
    waiting = match(home, "review")
    number = str(waiting[0]["review_id"])
    shown = match(home, "review", number)
    pair = [f"{shown[side]['system']}:{shown[side]['source_key']}" for side in ("left", "right")]
    before = match(home, "explain", *pair)
    assert not before["is_one"]
    assert before["probability"] == pytest.approx(shown["review"]["probability"], abs=0.05)
    assert before["evidence"]
    done = match(home, "decide", number, "link", "--why", "the same passport")
    after = match(home, "explain", *pair)
    assert after["is_one"]
    assert [it["kind"] for it in after["decisions"]] == ["must_link"]
    trained = match(home, "retrain", "--why", "to see what stays")
    assert trained["golden_vanished"] == trained["golden_created"] == trained["merged"] == 0
    kept = match(home, "explain", *pair)
    assert (kept["left"]["golden_id"], kept["is_one"]) == (after["left"]["golden_id"], True)
    assert [it["act"] for it in match(home, "actions")] == ["link"]
    match(home, "undo", done["action_id"], "--why", "a slip")
    undone = match(home, "explain", *pair)
    assert not undone["is_one"]
    for side in ("left", "right"):
        assert undone[side]["golden_id"] == before[side]["golden_id"]
    nothing_is_given_away(home)


@pytest.mark.parametrize(
    ("arguments", "code", "remedy"),
    [
        (["explain", "stripe:nobody", "stripe:no-one"], 3, "Remedy: "),
        (["review", "999999"], 3, "Remedy: "),
        (["decide", "1", "perhaps"], 2, "apart"),
        (["undo", "nothing"], 3, "accord match actions"),
        (["review", "--entity", "unicorn"], 3, "customer"),
        (["evaluate", "no.csv", "--truth", "no.csv"], 3, "CSV file with a header"),
    ],
)
def test_what_cannot_be_done_says_what_can(
    home: Home, arguments: list[str], code: int, remedy: str
) -> None:
    told = home.accord("match", *arguments)
    assert told.code == code, told.err
    assert remedy in " ".join(told.err.split())
    assert "Traceback" not in told.out + told.err


@pytest.mark.parametrize(
    "truth",
    [
        [{"id": it["id"], "cluster": "12" if it["id"] in "12" else it["id"]} for it in PEOPLE],
        [{"id1": "2", "id2": "1"}],
    ],
    ids=["clusters", "pairs"],
)
def test_labelled_records_tell_how_right_the_matching_is(
    home: Home, tmp_path: Path, truth: Sequence[Mapping[str, str]]
) -> None:
    records = written(tmp_path / "people.csv", PEOPLE)
    answers = written(tmp_path / "truth.csv", truth)
    told = match(home, "evaluate", records, "--truth", answers, "--map", "surname=last_name")
    assert told["pairwise"] == {"precision": 1.0, "recall": 1.0, "f1": 1.0}
    assert told["cluster"] == {"precision": 1.0, "recall": 1.0, "f1": 1.0, "largest": 2}
    assert told["seconds"] > 0
    assert told["peak_mb"] > 0


def test_two_lists_are_linked_and_only_what_is_between_them_counts(
    home: Home, tmp_path: Path
) -> None:
    one = written(tmp_path / "one.csv", PEOPLE[:1] + PEOPLE[2:])
    other = written(tmp_path / "other.csv", PEOPLE[1:2])
    answers = written(tmp_path / "truth.csv", [{"id1": "1", "id2": "2"}])
    told = match(
        home, "evaluate", one, "--truth", answers, "--link", other, "--map", "surname=last_name"
    )
    assert told["pairwise"] == {"precision": 1.0, "recall": 1.0, "f1": 1.0}
    assert told["records"] == len(PEOPLE)


def match(home: Home, *arguments: str) -> Any:
    """What `accord match` reports."""
    told = home.accord("match", *arguments, "--output", "json")
    assert told.code == 0, told.err
    return told.report


def written(path: Path, rows: Sequence[Mapping[str, str]]) -> str:
    """A CSV file of these rows."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return str(path)
