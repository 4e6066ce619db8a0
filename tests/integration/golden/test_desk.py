"""The steward's desk: what a person decides holds, can be undone, and is on record."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import dagster as dg
import pytest

from accord.errors import Stop
from accord.golden import desk
from accord.golden.desk import Done
from accord.store import alerts, following
from accord.store.alerts import Listed
from accord.store.audit import By
from accord.store.database import Connection, Role
from sensors.desk import stewards_desk
from tests.support.golden import Company, PlainMatcher, named

BY = By("steward", "asked them")


def at_desk(company: Company, work: Callable[[Connection], Any]) -> Any:
    with company.store.transaction(Role.STEWARD) as connection:
        return work(connection)


def merge(company: Company, *names: str) -> Done:
    return at_desk(company, lambda it: desk.merge(it, company.entity, names, BY))


def unmerge(company: Company, name: str) -> Done:
    return at_desk(company, lambda it: desk.unmerge(it, company.entity, name, BY))


def undo(company: Company, done: Done) -> Done:
    return at_desk(company, lambda it: desk.undo(it, company.entity, done.action_id, BY))


def decide(company: Company, verdict: desk.Verdict) -> Done:
    (found,) = at_desk(company, lambda it: desk.reviews(it, company.entity))
    return at_desk(
        company, lambda it: desk.decide(it, company.entity, found.review_id, verdict, BY)
    )


def open_reviews(company: Company) -> int:
    return len(at_desk(company, lambda it: desk.reviews(it, company.entity)))


def two_called_ann(company: Company) -> dict[str, str]:
    company.say("salesforce", "s1", name="Ann", email="ann@x.example")
    company.say("stripe", "c1", name="Ann", email="ann@y.example", tax_id="GB980780684")
    company.consolidate()
    return company.homes()


def content(company: Company) -> dict[str, dict[str, Any]]:
    """The golden records but for when they last changed."""
    return {
        home: {name: it for name, it in row.items() if name not in ("revision", "changed_at")}
        for home, row in company.customers().items()
    }


def test_a_review_shows_both_records_side_by_side_and_what_spoke_for_it(company: Company) -> None:
    two_called_ann(company)
    (found,) = at_desk(company, lambda it: desk.reviews(it, company.entity))
    shown = at_desk(company, lambda it: desk.review(it, company.entity, found.review_id))
    assert (shown.left.system, shown.right.system) == ("salesforce", "stripe")
    fields = {it.name: (it.left, it.right, it.is_same) for it in shown.fields}
    assert fields["name"] == ("Ann", "Ann", True)
    assert fields["email"] == ("ann@x.example", "ann@y.example", False)
    assert fields["tax_id"] == (None, "GB980780684", False)
    assert [item["column"] for item in shown.review.evidence] == ["name"]


def test_linking_makes_them_one_under_the_older_id(company: Company) -> None:
    homes = two_called_ann(company)
    done = decide(company, "link")
    assert company.groups() == named([["salesforce:s1", "stripe:c1"]])
    assert set(company.homes().values()) == {homes["salesforce:s1"]}
    assert set(done.golden_ids) == set(homes.values())
    assert open_reviews(company) == 0
    rows = company.rows(
        "select decision, decided_by from ops.golden_members where valid_to is null"
    )
    assert {row["decision"]: row["decided_by"] for row in rows} == {
        "founder": "",
        "steward": "steward",
    }


def test_what_is_kept_apart_is_not_asked_again_and_outlives_retraining(company: Company) -> None:
    homes = two_called_ann(company)
    decide(company, "apart")
    company.say("stripe", "c1", name="Ann", email="ann@x.example")
    company.consolidate()
    company.matcher = PlainMatcher(models="newer")
    company.consolidate(retrain=True)
    assert company.homes() == homes
    assert open_reviews(company) == 0


def test_a_link_outlives_retraining(company: Company) -> None:
    two_called_ann(company)
    decide(company, "link")
    company.say("stripe", "c1", name="Zoe", email="zoe@y.example")
    company.consolidate()
    company.consolidate(retrain=True)
    assert company.groups() == named([["salesforce:s1", "stripe:c1"]])


def doubts(company: Company) -> list[tuple[str, str, bool]]:
    found = company.rows("select * from ops.golden_doubts order by is_younger")
    return [(row["golden_id"], row["other_id"], row["is_younger"]) for row in found]


@pytest.mark.parametrize("verdict", ["link", "apart"])
def test_who_may_be_whom_is_told_until_a_steward_has_decided(
    company: Company, verdict: desk.Verdict
) -> None:
    homes = two_called_ann(company)
    elder, younger = homes["salesforce:s1"], homes["stripe:c1"]
    assert doubts(company) == [(elder, younger, False), (younger, elder, True)]
    decide(company, verdict)
    assert doubts(company) == []


def test_a_decision_that_what_is_held_has_waited_for_is_a_reason_to_run(company: Company) -> None:
    homes = two_called_ann(company)
    elder, younger = homes["salesforce:s1"], homes["stripe:c1"]
    company.rows(
        "insert into ops.outbox (flow, system, endpoint, kind, object_key, partition_key, content,"
        " digest, data_version, basis, run_id, state, needs) values ('customers', 'salesforce',"
        " 'sandbox', 'contacts', %(key)s, '', '{}', 'd', '', '', 'r', 'held', array[%(needs)s])",
        {"key": younger, "needs": f"review:{elder}"},
    )
    assert left_to_do(company) == ""
    decide(company, "apart")
    [row] = company.rows("select write_id::text from ops.outbox")
    assert left_to_do(company) == f"decided {row['write_id']}"


def left_to_do(company: Company) -> str:
    """What is left of deliveries, as the flow's sensor sees it."""
    end = following.End("salesforce", "sandbox", "contacts")
    with company.store.session(Role.READER) as connection:
        return following.left_to_do(
            connection, streams=[], target="golden", table="customers", ends=[end]
        )


def test_undoing_a_decision_asks_the_question_again(company: Company) -> None:
    homes = two_called_ann(company)
    undo(company, decide(company, "apart"))
    assert open_reviews(company) == 1
    undo(company, decide(company, "link"))
    assert company.homes() == homes
    assert open_reviews(company) == 1


def test_a_decided_review_is_not_decided_twice(company: Company) -> None:
    two_called_ann(company)
    (found,) = at_desk(company, lambda it: desk.reviews(it, company.entity))
    decide(company, "apart")
    with pytest.raises(Stop, match="was decided by steward"):
        at_desk(company, lambda it: desk.decide(it, company.entity, found.review_id, "link", BY))


def test_merge_then_unmerge_is_the_identity(company: Company) -> None:
    company.say("salesforce", "s1", name="Ann", email="ann@x.example")
    company.say("stripe", "c1", name="Ann Lee", email="ann@x.example")
    company.say("mailchimp", "m1", name="Bo", email="bo@x.example", consent="opted_in")
    company.say("stripe", "c2", name="Bo B", email="bo@x.example")
    company.consolidate()
    homes, before = company.homes(), content(company)
    merge(company, homes["salesforce:s1"], homes["mailchimp:m1"])
    assert len(company.customers()) == 1
    unmerge(company, homes["mailchimp:m1"])
    assert company.homes() == homes
    assert content(company) == before
    company.consolidate(retrain=True)
    assert company.homes() == homes


def test_undoing_a_merge_leaves_nothing_decided(company: Company) -> None:
    homes = two_called_ann(company)
    undo(company, merge(company, homes["salesforce:s1"], homes["stripe:c1"]))
    assert company.homes() == homes
    decisions = company.rows("select * from ops.golden_decisions where undone_at is null")
    assert decisions == []


def test_what_the_machine_linked_wrongly_is_taken_apart_for_good(company: Company) -> None:
    company.say("salesforce", "s1", name="Ann", email="team@x.example")
    company.say("stripe", "c1", name="Ann L", email="team@x.example")
    company.say("mailchimp", "m1", name="Bo", email="team@x.example")
    company.consolidate()
    home = company.homes()["salesforce:s1"]
    unmerge(company, "mailchimp:m1")
    assert company.groups() == named([["salesforce:s1", "stripe:c1"], ["mailchimp:m1"]])
    assert company.homes()["salesforce:s1"] == home
    company.consolidate(retrain=True)
    assert company.groups() == named([["salesforce:s1", "stripe:c1"], ["mailchimp:m1"]])


def test_a_golden_id_that_left_and_came_back_is_the_same(company: Company) -> None:
    company.say("salesforce", "s1", name="Ann", email="team@x.example")
    company.say("mailchimp", "m1", name="Bo", email="team@x.example")
    company.consolidate()
    done = unmerge(company, "mailchimp:m1")
    split = company.homes()["mailchimp:m1"]
    undo(company, done)
    assert len(company.customers()) == 1
    unmerge(company, split)
    assert company.homes()["mailchimp:m1"] == split


def test_what_a_steward_keeps_apart_is_stronger_than_an_id_of_ours(company: Company) -> None:
    company.say("salesforce", "s1", name="Ann")
    company.consolidate()
    home = company.homes()["salesforce:s1"]
    company.say("stripe", "c1", name="Bo", known_golden_id=home)
    company.consolidate()
    unmerge(company, "stripe:c1")
    company.say("stripe", "c1", name="Bob", known_golden_id=home)
    company.consolidate()
    company.consolidate(retrain=True)
    assert company.groups() == named([["salesforce:s1"], ["stripe:c1"]])


def test_a_merge_that_contradicts_a_decision_is_refused(company: Company) -> None:
    homes = two_called_ann(company)
    decide(company, "apart")
    with pytest.raises(Stop, match="keep these apart"):
        merge(company, homes["salesforce:s1"], homes["stripe:c1"])


@pytest.mark.parametrize("name", ["nobody", "salesforce:nobody"])
def test_who_is_not_there_is_said_so(company: Company, name: str) -> None:
    two_called_ann(company)
    with pytest.raises(Stop, match="no golden id|no record"):
        merge(company, name, "salesforce:s1")


def test_every_action_is_on_record_with_who_and_why(company: Company) -> None:
    homes = two_called_ann(company)
    done = merge(company, homes["salesforce:s1"], homes["stripe:c1"])
    undo(company, done)
    (action,) = at_desk(company, lambda it: desk.actions(it, company.entity))
    assert (action.act, action.decided_by, action.why) == ("merge", "steward", "asked them")
    assert action.is_undone
    audit = company.rows(
        "select what from ops.audit where subject = %(home)s order by entry_id",
        {"home": homes["stripe:c1"]},
    )
    assert [row["what"] for row in audit] == ["merge", "match_undo"]


def test_people_are_told_once_of_a_question_that_waits_and_when_it_is_decided(
    company: Company,
) -> None:
    def sense(patience: timedelta) -> list[Listed]:
        with dg.build_sensor_context(resources={"store": company.store}) as context:
            stewards_desk({company.entity.name: "customers@company.example"}, patience=patience)(
                context
            )
        return at_desk(company, lambda it: alerts.listed(it, recovered=True))

    two_called_ann(company)
    assert sense(timedelta(days=36_500)) == []
    (alert,) = sense(timedelta())
    assert (alert.severity, alert.owner) == ("warning", "customers@company.example")
    assert alert.message.startswith("1 pair waits for a steward")
    (alert,) = sense(timedelta())
    assert (alert.state, alert.repeats) == ("raised", 0)
    decide(company, "apart")
    (alert,) = sense(timedelta())
    assert alert.state == "recovered"
