"""Schedules of faults in the customers' flow end as its oracle says, and none finds nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

import pytest

from tests.chaos.customers import schedules, world
from tests.chaos.customers.laboratory import Failure, story, tell, twins
from tests.chaos.customers.oracle import differences
from tests.chaos.customers.safeguards import (
    WITHOUT,
    consent_like_any_other,
    consent_told_with_every_write,
    making_again_what_is_gone,
    nobody_in_doubt,
)
from tests.chaos.customers.schedules import Deed
from tests.chaos.customers.weather import READS, WRITES
from tests.chaos.customers.world import World

SEEDS = int(os.environ.get("CHAOS_CUSTOMERS_SEEDS", "8"))
AT_ONCE = 4
MOST = 40
"""Schedules within which a missing safeguard has to be found."""


@pytest.fixture(scope="module")
def company(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world.built(database, tmp_path_factory.mktemp("laboratory")) as made:
        yield made


@pytest.mark.slow
@pytest.mark.parametrize("first", range(1, SEEDS + 1, AT_ONCE))
def test_after_any_faults_all_systems_agree_on_each_customer(company: World, first: int) -> None:
    told = (tell(company, seed) for seed in range(first, min(first + AT_ONCE, SEEDS + 1)))
    assert [str(failure) for failure in told if failure] == []


@pytest.mark.slow
@pytest.mark.parametrize("name", WITHOUT)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_without_it_some_schedule_of_customers_ends_badly(company: World, name: str) -> None:
    with WITHOUT[name]():
        seeds = range(1, MOST + 1)
        failure = next(filter(None, (tell(company, seed, twin=False) for seed in seeds)), None)
    assert failure is not None, f"{MOST} schedules did not miss {name}"


@pytest.mark.slow
def test_an_opt_out_anywhere_has_to_win(company: World) -> None:
    assert story(company, schedules.opting_out()) == []
    with consent_like_any_other():
        assert story(company, schedules.opting_out()) != []


MEANWHILE: Sequence[tuple[int, Deed, str, Deed]] = (
    (1, "crm changes billing", "salesforce", "crm notes an opt-out"),
    (1, "crm changes a name", "mailchimp", "opts out"),
    (1, "crm changes a phone", "stripe", "billing changes a phone"),
    (5, "billing changes billing", "salesforce", "crm changes billing"),
)


@pytest.mark.slow
@pytest.mark.parametrize("told", MEANWHILE, ids=lambda told: f"{told[1]}, {told[3]}")
def test_what_is_edited_while_we_write_there_is_not_lost(
    company: World, told: tuple[int, Deed, str, Deed]
) -> None:
    assert story(company, schedules.meanwhile(*told)) == []


@pytest.mark.slow
def test_no_write_may_say_that_somebody_has_not_opted_out(company: World) -> None:
    with consent_told_with_every_write():
        assert story(company, schedules.meanwhile(*MEANWHILE[0])) != []


ASKED_ABOUT = 1479
"""A seed in which two records of one e-mail address are left to a steward."""

GONE: Sequence[tuple[int, Deed, str, Deed, int]] = (
    (1, "crm changes a phone", "stripe", "billing deletes", 3),
    (1, "crm changes a name", "mailchimp", "marketing archives", 3),
    (1, "crm changes a phone", "stripe", "billing deletes", 0),
    (1, "crm changes a name", "mailchimp", "marketing archives", 0),
    (1, "nights pass", "salesforce", "crm deletes", 0),
)


@pytest.mark.slow
@pytest.mark.parametrize("told", GONE, ids=lambda told: f"{told[3]}, {told[4]}")
def test_who_is_deleted_while_we_write_there_stays_deleted(
    company: World, told: tuple[int, Deed, str, Deed, int]
) -> None:
    assert twins(company, schedules.meanwhile(*told)) == []


@pytest.mark.slow
@pytest.mark.parametrize("told", GONE[:2], ids=lambda told: f"{told[3]}, {told[4]}")
def test_what_is_gone_must_not_be_taken_for_new(
    company: World, told: tuple[int, Deed, str, Deed, int]
) -> None:
    with making_again_what_is_gone():
        assert twins(company, schedules.meanwhile(*told)) != []


@pytest.mark.slow
def test_who_may_be_somebody_else_must_not_be_made_where_that_one_is(company: World) -> None:
    schedule = schedules.drawn(ASKED_ABOUT)
    assert story(company, schedule) == []
    with nobody_in_doubt(company):
        assert any("already" in line for line in story(company, schedule))


def test_a_seed_always_tells_the_same_schedule() -> None:
    assert schedules.drawn(7) == schedules.drawn(7)
    assert schedules.drawn(7) != schedules.drawn(8)


def test_schedules_hold_every_deed_and_every_way_to_end() -> None:
    told = [schedules.drawn(seed) for seed in range(300)]
    assert {act.deed for it in told for act in it.acts} == set(schedules.DEEDS)
    rounds = [round_ for it in told for chapter in it.chapters for round_ in chapter.rounds]
    orders = [order for round_ in rounds for order in round_.orders]
    assert {order.doom and order.doom.kind for order in orders} == {None, "kill", "cut", "full"}
    assert any(order.surprise for order in orders)
    assert any(len(round_.orders) == 2 for round_ in rounds)
    assert {round_.revoked for round_ in rounds} == {"", *schedules.SYSTEMS}


def test_in_peace_the_same_people_do_the_same() -> None:
    for seed in range(50):
        told = schedules.drawn(seed)
        acts = {act for chapter in told.in_peace().chapters for act in chapter.rounds[0].acts}
        assert acts == set(told.acts)


def test_every_fault_can_come_about() -> None:
    from tests.chaos.customers.weather import OWN, fate

    def met(system: str, method: str) -> set[str]:
        return {
            fate(str(key), system, method, "/x", likely=0.9, settles=5.0).name
            for key in range(2000)
        }

    assert met("stripe", "GET") == {"fine", *READS}
    for system in schedules.SYSTEMS:
        assert met(system, "POST") == {"fine", *WRITES, *OWN.get(system, ())}


@pytest.mark.slow
def test_a_failure_among_customers_tells_how_to_see_it_again(company: World) -> None:
    """What somebody entered under a key of ours is found out."""
    assert tell(company, 2, twin=False) is None
    [first, *_] = company.company.crm.rows("contacts")
    key = company.company.crm.place("contacts", {"last_name": "Doubled"})
    company.company.crm.edit("contacts", key, Accord_Id__c=first["Accord_Id__c"])
    assert differences(company)
    assert "ONLY=customers" in str(Failure(2, ("wrong",)))
