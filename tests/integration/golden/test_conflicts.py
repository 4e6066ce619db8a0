"""Conflicts: edits where a field is not owned are found; our own writes are no edits."""

from __future__ import annotations

from typing import Any

import pytest

from accord.errors import Stop
from accord.golden import desk
from accord.store.audit import By
from accord.store.database import Role
from accord.store.desk import Answer
from tests.support.golden import Company

ANN = {"name": "Ann Lee", "email": "ann@x.example", "changed_at": "2026-11-01T00:00:00Z"}
BY = By("steward", "asked her")


def known_to_two(company: Company, **said: object) -> str:
    """A customer whom the CRM and billing know, as delivered to both; return her golden id."""
    company.say("salesforce", "s1", **{**ANN, **said})
    company.say("stripe", "c1", **{**ANN, **said})
    company.consolidate()
    home = company.homes()["salesforce:s1"]
    company.deliver("salesforce", home, "s1")
    company.deliver("stripe", home, "c1")
    return home


def conflicts(company: Company) -> list[dict[str, Any]]:
    return company.rows("select * from ops.golden_conflicts order by conflict_id")


def is_sent_again(company: Company, system: str) -> bool:
    """Whether the system is to be sent the customer, whatever we believe that it holds."""
    (row,) = company.rows("select digest from ops.crosswalk where system = %(s)s", {"s": system})
    return row["digest"] == ""


def answer(company: Company, conflict: int, reply: Answer) -> None:
    with company.store.transaction(Role.STEWARD) as connection:
        desk.answer(connection, company.entity, conflict, reply, BY)


def shown_to(company: Company, system: str) -> dict[str, Any]:
    """The customer as a system is to have it, as the macro golden_customers says."""
    (row,) = company.rows(
        "select shown.* from canonical.customers as golden"
        " left join canonical.customer_holds as holds"
        " on holds.golden_id = golden.golden_id and holds.system = %(system)s"
        " cross join lateral jsonb_populate_record(golden, holds.held) as shown",
        {"system": system},
    )
    return row


def test_an_edit_where_the_field_is_not_owned_is_overwritten_and_listed(company: Company) -> None:
    known_to_two(company)
    before = company.customer("stripe:c1")
    company.say("stripe", "c1", **{**ANN, "name": "Ann Leigh"})
    assert company.consolidate().conflicts_found == 1
    (found,) = conflicts(company)
    assert (found["attribute"], found["owner"], found["was"]) == ("name", "salesforce", "Ann Lee")
    assert (found["value"], found["golden_value"]) == ("Ann Leigh", "Ann Lee")
    assert (found["state"], found["answer"]) == ("answered", "overwrite")
    after = company.customer("stripe:c1")
    assert after["name"] == "Ann Lee"
    assert after["revision"] > before["revision"]
    assert is_sent_again(company, "stripe")
    assert not is_sent_again(company, "salesforce")


def test_an_edit_by_the_owner_is_no_conflict(company: Company) -> None:
    known_to_two(company)
    company.say("salesforce", "s1", **{**ANN, "name": "Ann Leigh"})
    assert company.consolidate().conflicts_found == 0
    assert company.customer("stripe:c1")["name"] == "Ann Leigh"


def test_records_that_always_differed_are_no_conflict(company: Company) -> None:
    company.say("salesforce", "s1", **ANN)
    company.say("stripe", "c1", **{**ANN, "name": "A. Lee"})
    assert company.consolidate().conflicts_found == 0


def test_an_edit_that_says_what_counts_anyway_is_no_conflict(company: Company) -> None:
    company.say("salesforce", "s1", **ANN)
    company.say("stripe", "c1", **{**ANN, "name": "A. Lee"})
    company.consolidate()
    company.say("stripe", "c1", **ANN)
    assert company.consolidate().conflicts_found == 0


def test_our_own_write_that_comes_back_is_neither_an_edit_nor_sent_again(company: Company) -> None:
    home = known_to_two(company)
    company.say("salesforce", "s1", **{**ANN, "name": "Ann Leigh"})
    company.consolidate()
    company.deliver("stripe", home, "c1")
    before = company.customer("stripe:c1")
    company.say(
        "stripe", "c1", **{**ANN, "name": "Ann Leigh", "changed_at": "2026-11-03T00:00:00Z"}
    )
    done = company.consolidate()
    assert (done.changed, done.golden_changed, done.conflicts_found) == (1, 0, 0)
    assert company.customer("stripe:c1") == before
    assert not is_sent_again(company, "stripe")


def test_an_own_write_that_comes_back_late_is_no_edit_but_sent_anew(company: Company) -> None:
    known_to_two(company)
    company.say("salesforce", "s1", **{**ANN, "name": "Ann Leigh"})
    company.consolidate()
    company.say("salesforce", "s1", **{**ANN, "name": "Ann Ley"})
    company.consolidate()
    company.say("stripe", "c1", **{**ANN, "name": "Ann Leigh"})
    assert company.consolidate().conflicts_found == 0
    assert is_sent_again(company, "stripe")


def test_a_copy_of_ours_does_not_keep_alive_what_its_owner_took_back(company: Company) -> None:
    known_to_two(company, phone=None)
    company.say("salesforce", "s1", **ANN, phone="+442079460958")
    company.consolidate()
    company.say("stripe", "c1", **ANN, phone="+442079460958")
    company.consolidate()
    assert company.customer("stripe:c1")["phone"] == "+442079460958"
    company.say("salesforce", "s1", **ANN)
    company.consolidate()
    assert "phone" not in company.customer("stripe:c1")


def test_a_record_that_only_we_made_goes_with_what_it_was_made_from(company: Company) -> None:
    company.say("salesforce", "s1", **ANN)
    company.consolidate()
    company.deliver("mailchimp", company.homes()["salesforce:s1"], "m1")
    company.say("mailchimp", "m1", **ANN)
    done = company.consolidate()
    assert (done.linked, done.golden_changed) == (1, 0)
    company.forget("salesforce", "s1")
    assert company.consolidate().golden_vanished == 1
    assert company.customers() == {}


def test_a_record_of_ours_stands_alone_once_somebody_there_edited_it(company: Company) -> None:
    company.say("salesforce", "s1", **ANN)
    company.consolidate()
    home = company.homes()["salesforce:s1"]
    company.deliver("mailchimp", home, "m1")
    company.say("mailchimp", "m1", **ANN)
    company.consolidate()
    company.say("mailchimp", "m1", **ANN, loyalty_tier="GOLD")
    company.consolidate()
    company.forget("salesforce", "s1")
    company.consolidate()
    assert company.homes() == {"mailchimp:m1": home}


def test_a_held_field_keeps_what_the_system_has_until_it_is_answered(company: Company) -> None:
    known_to_two(company)
    company.say("stripe", "c1", **{**ANN, "email": "lee@y.example"})
    before = company.customer("stripe:c1")
    company.consolidate()
    (found,) = conflicts(company)
    assert (found["attribute"], found["state"]) == ("email", "held")
    assert company.customer("stripe:c1")["email"] == "ann@x.example"
    assert company.customer("stripe:c1")["revision"] > before["revision"]
    assert shown_to(company, "stripe")["email"] == "lee@y.example"
    assert shown_to(company, "mailchimp")["email"] == "ann@x.example"
    assert not is_sent_again(company, "stripe")
    answer(company, found["conflict_id"], "overwrite")
    assert shown_to(company, "stripe")["email"] == "ann@x.example"
    assert is_sent_again(company, "stripe")


def test_a_value_that_is_accepted_once_stands_until_the_owner_says_another(
    company: Company,
) -> None:
    known_to_two(company)
    company.say("stripe", "c1", **{**ANN, "email": "lee@y.example"})
    company.consolidate()
    answer(company, conflicts(company)[0]["conflict_id"], "accept_once")
    assert company.customer("stripe:c1")["email"] == "lee@y.example"
    assert shown_to(company, "stripe")["email"] == "lee@y.example"
    company.say("salesforce", "s1", **{**ANN, "name": "Ann Leigh"})
    company.consolidate()
    assert company.customer("stripe:c1")["email"] == "lee@y.example"
    company.say("salesforce", "s1", **{**ANN, "name": "Ann Leigh", "email": "new@x.example"})
    company.consolidate()
    assert company.customer("stripe:c1")["email"] == "new@x.example"


def undo(company: Company, conflict: int) -> None:
    with company.store.transaction(Role.STEWARD) as connection:
        desk.undo_answer(connection, company.entity, conflict, BY)


@pytest.mark.parametrize("reply", ["overwrite", "accept_once"])
def test_an_answer_is_taken_back_as_if_it_had_never_been(company: Company, reply: Answer) -> None:
    known_to_two(company)
    company.say("stripe", "c1", **{**ANN, "email": "lee@y.example"})
    company.consolidate()
    (before,) = conflicts(company)
    answer(company, before["conflict_id"], reply)
    undo(company, before["conflict_id"])
    assert conflicts(company) == [before]
    assert company.customer("stripe:c1")["email"] == "ann@x.example"
    assert shown_to(company, "stripe")["email"] == "lee@y.example"
    assert shown_to(company, "salesforce")["email"] == "ann@x.example"
    assert company.rows("select * from ops.golden_accepted") == []
    *_, last = company.rows("select what, who, detail from ops.audit order by entry_id")
    assert last == {
        "what": "answer_undo", "who": BY.who, "detail": f"email: {reply} by {BY.who}",
    }  # fmt: skip
    company.consolidate()
    assert shown_to(company, "stripe")["email"] == "lee@y.example"


def test_what_the_policy_answered_is_taken_back_too(company: Company) -> None:
    known_to_two(company)
    company.say("stripe", "c1", **{**ANN, "name": "Ann Leigh"})
    company.consolidate()
    undo(company, conflicts(company)[0]["conflict_id"])
    assert conflicts(company)[0]["state"] == "held"
    assert shown_to(company, "stripe")["name"] == "Ann Leigh"


def test_an_answer_cannot_be_taken_back_when_the_world_has_gone_on(company: Company) -> None:
    known_to_two(company)
    company.say("stripe", "c1", **{**ANN, "email": "lee@y.example"})
    company.consolidate()
    number = conflicts(company)[0]["conflict_id"]
    with pytest.raises(Stop, match="No answer"):
        undo(company, number)
    answer(company, number, "overwrite")
    company.say("stripe", "c1", **ANN)  # as it was overwritten
    company.consolidate()
    with pytest.raises(Stop, match="no longer says"):
        undo(company, number)
    company.say("stripe", "c1", **{**ANN, "email": "lee@y.example"})
    company.consolidate()
    with pytest.raises(Stop, match="no longer says"):
        undo(company, number)  # it is about the later edit now


def test_a_held_conflict_is_gone_when_the_system_says_what_counts(company: Company) -> None:
    known_to_two(company)
    company.say("stripe", "c1", **{**ANN, "email": "lee@y.example"})
    company.consolidate()
    company.say("stripe", "c1", **ANN)
    company.consolidate()
    assert [it["state"] for it in conflicts(company)] == ["gone"]
    assert company.rows("select * from canonical.customer_holds") == []
    with pytest.raises(Stop, match="waits"):
        answer(company, conflicts(company)[0]["conflict_id"], "overwrite")


def test_a_cleared_field_is_an_edit_too_and_cannot_be_accepted(company: Company) -> None:
    known_to_two(company, phone="+442079460958")
    company.say("stripe", "c1", **ANN)
    company.consolidate()
    (found,) = conflicts(company)
    assert (found["attribute"], found["value"]) == ("phone", None)
    assert shown_to(company, "stripe")["phone"] is None
    with pytest.raises(Stop, match="cleared"):
        answer(company, found["conflict_id"], "accept_once")


def test_an_opt_out_anywhere_wins_everywhere_and_can_be_taken_back_where_it_was_said(
    company: Company,
) -> None:
    known_to_two(company)
    company.say("mailchimp", "m1", **ANN, consent="opted_in")
    company.consolidate()
    home = company.homes()["mailchimp:m1"]
    company.deliver("mailchimp", home, "m1")
    assert company.customer("mailchimp:m1")["consent"] == "opted_in"
    company.say("mailchimp", "m1", **ANN, consent="opted_out")
    company.consolidate()
    company.say("salesforce", "s1", **ANN, consent="opted_out")  # as we wrote it there
    company.consolidate()
    assert company.customer("mailchimp:m1")["consent"] == "opted_out"
    company.say("mailchimp", "m1", **ANN, consent="opted_in")
    company.consolidate()
    assert company.customer("mailchimp:m1")["consent"] == "opted_in"
    company.say("salesforce", "s1", **ANN)
    company.consolidate()
    company.say("salesforce", "s1", **ANN, consent="opted_out")  # by a person there
    company.consolidate()
    assert company.customer("mailchimp:m1")["consent"] == "opted_out"
    assert is_sent_again(company, "mailchimp") is False


def test_the_audit_trail_says_who_answered_and_no_value(company: Company) -> None:
    home = known_to_two(company)
    company.say("stripe", "c1", **{**ANN, "email": "lee@y.example"})
    company.consolidate()
    answer(company, conflicts(company)[0]["conflict_id"], "overwrite")
    (entry,) = company.rows(
        "select who, what, subject, why, detail from ops.audit where subject = %(home)s",
        {"home": home},
    )
    assert entry == {
        "who": "steward", "what": "answer", "subject": home, "why": "asked her",
        "detail": "email: overwrite",
    }  # fmt: skip
