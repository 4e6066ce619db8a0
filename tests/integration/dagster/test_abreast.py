"""What one run does side by side: as fast as the slowest system, each with its own outcome."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import dagster as dg
import pytest

from accord.abreast import Abreast, Errand
from accord.delivery.courier import Delivered
from accord.errors import Stop
from integration_assets.publishing import DISTRUST_TAG
from resources.abreast import deliveries
from tests.integration.dagster.test_customers import told
from tests.support.installation import Installation, a_fresh_installation, said

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

SYSTEMS = ("mailchimp", "salesforce", "stripe")
SOURCES = ("mailchimp", "mainframe", "salesforce", "stripe")
PATIENCE = 60.0


@pytest.fixture(scope="module")
def installation(postgres_url: str) -> Iterator[Installation]:
    """Everything is everywhere, so that a run that believes nobody looks all of it up."""
    with a_fresh_installation(postgres_url) as ready:
        assert made(ready).success
        yield ready


@pytest.fixture
def read(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str, Callable[[], object]], None]]:
    """Let something happen each time a system is asked what there is to read."""

    def before(system: str, happens: Callable[[], object]) -> None:
        client: Any = installation.company.client(system)
        slices = client.slices

        def slicing(stream: str, window: Any) -> Any:
            happens()
            return slices(stream, window)

        monkeypatch.setattr(client, "slices", slicing)

    yield before


@pytest.fixture
def looked_up(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str, Callable[[], object]], None]]:
    """Let something happen before each look-up in a system."""

    def before(system: str, happens: Callable[[], object]) -> None:
        client: Any = installation.company.client(system)
        look_up = client.look_up

        def looking(kind: str, keys: Sequence[str]) -> Any:
            happens()
            return look_up(kind, keys)

        monkeypatch.setattr(client, "look_up", looking)

    yield before


def made(installation: Installation, *only: str) -> dg.ExecuteInProcessResult:
    return installation.definitions.resolve_job_def("customers").execute_in_process(
        instance=installation.instance,
        raise_on_error=False,
        tags={DISTRUST_TAG: "true"},
        asset_selection=[dg.AssetKey.from_user_string(name) for name in only] or None,
    )


def refuse() -> None:
    raise Stop("Stripe refuses us", remedy="renew the key")


def meeting(systems: Sequence[str]) -> tuple[Callable[[str], None], dict[str, bool]]:
    """Something that ends once it happened in every system, and where it did so far."""
    everybody, met = threading.Barrier(len(systems)), dict.fromkeys(systems, False)

    def meet(system: str) -> None:
        if not met[system]:
            met[system] = True
            everybody.wait(PATIENCE)

    return meet, met


def test_systems_are_read_at_the_same_time(
    installation: Installation, read: Callable[[str, Callable[[], object]], None]
) -> None:
    meet, met = meeting(SOURCES)
    for system in SOURCES:
        read(system, partial(meet, system))
    done = made(installation)
    assert done.success
    assert all(met.values())
    assert told(done, "landing/stripe__customers")["completeness"] == 1.0


def test_one_that_cannot_be_read_fails_its_own_step_and_no_other_systems(
    installation: Installation, read: Callable[[str, Callable[[], object]], None]
) -> None:
    read("stripe", refuse)
    done = made(installation)
    failed = {event.step_key for event in done.all_events if event.is_step_failure}
    assert failed == {"landing__stripe__customers"}
    assert said(done) == ["Stripe refuses us. Remedy: renew the key."]
    landed = {it.step_key for it in done.all_events if it.is_step_success}
    assert {f"landing__{it}" for it in ("mailchimp__members", "salesforce__contacts")} <= landed
    assert "customer_golden_records" not in landed


def test_what_a_run_does_not_read_is_left_alone(
    installation: Installation, read: Callable[[str, Callable[[], object]], None]
) -> None:
    read("stripe", refuse)
    done = made(installation, "landing/mailchimp__members", "landing/salesforce__contacts")
    assert done.success


def test_who_ends_a_run_does_not_wait_for_what_it_reads(
    installation: Installation, read: Callable[[str, Callable[[], object]], None]
) -> None:
    begun, may_answer = threading.Event(), threading.Event()

    def interrupt() -> None:
        begun.wait(PATIENCE)
        os.kill(os.getpid(), signal.SIGINT)
        may_answer.wait(PATIENCE)

    def hang() -> None:
        begun.set()
        may_answer.wait(PATIENCE)

    read("salesforce", interrupt)
    read("stripe", hang)
    started = time.monotonic()
    done = made(installation)
    assert time.monotonic() - started < PATIENCE / 2
    assert not done.success
    assert begun.is_set()
    may_answer.set()
    for it in threading.enumerate():
        if it.name.startswith("abreast"):
            it.join(PATIENCE)
    steps = {it.step_key for it in done.all_events if it.is_step_success}
    assert not {"landing__stripe__customers", "customer_golden_records"} & steps


def test_systems_are_delivered_to_at_the_same_time(
    installation: Installation, looked_up: Callable[[str, Callable[[], object]], None]
) -> None:
    meet, met = meeting(SYSTEMS)
    for system in SYSTEMS:
        looked_up(system, partial(meet, system))
    done = made(installation)
    assert done.success
    assert all(met.values())
    assert told(done, "stripe/customers")["unchanged"] > 0


def test_one_that_refuses_us_fails_its_own_step_and_no_other_systems(
    installation: Installation, looked_up: Callable[[str, Callable[[], object]], None]
) -> None:
    looked_up("stripe", refuse)
    done = made(installation)
    failed = {event.step_key for event in done.all_events if event.is_step_failure}
    assert not done.success
    assert failed == {"stripe__customers"}
    assert said(done) == ["Stripe refuses us. Remedy: renew the key."]
    assert told(done, "mailchimp/members")["unchanged"] > 0
    assert told(done, "salesforce/contacts")["unchanged"] > 0
    looked_back = {event.step_key for event in done.all_events if event.is_step_success}
    assert {"mailchimp_read_back", "salesforce_read_back"} <= looked_back


def test_what_a_run_does_not_deliver_is_left_alone(
    installation: Installation, looked_up: Callable[[str, Callable[[], object]], None]
) -> None:
    looked_up("stripe", refuse)
    done = made(installation, "mailchimp/members", "salesforce/accounts")
    assert done.success
    assert told(done, "mailchimp/members")["unchanged"] > 0


def test_who_ends_a_run_ends_all_that_it_has_under_way(
    installation: Installation, looked_up: Callable[[str, Callable[[], object]], None]
) -> None:
    begun, may_answer = threading.Event(), threading.Event()

    def interrupt() -> None:
        begun.wait(PATIENCE)
        os.kill(os.getpid(), signal.SIGINT)
        may_answer.wait(PATIENCE)

    def answer_late() -> None:
        begun.set()
        threading.Timer(1, may_answer.set).start()
        may_answer.wait(PATIENCE)

    looked_up("mailchimp", interrupt)
    looked_up("stripe", answer_late)
    done = made(installation)
    assert not done.success
    assert begun.is_set()
    steps = {it.step_key for it in done.all_events if it.is_step_failure or it.is_step_success}
    assert {"mailchimp__members"} == {it.step_key for it in done.all_events if it.is_step_failure}
    assert not {"stripe__customers", "mailchimp_read_back"} & steps
    assert not [it.name for it in threading.enumerate() if it.name.startswith("abreast")]


def test_systems_are_closed_after_all_that_is_under_way_has_ended() -> None:
    order: list[str] = []

    @dg.resource
    def company() -> Iterator[str]:
        yield "company"
        order.append("systems are closed")

    @dg.asset
    def one(deliveries: dg.ResourceParam[Abreast[Delivered]]) -> None:
        def make() -> Delivered:
            deliveries.sleep(PATIENCE)
            order.append("a delivery ended")
            return Delivered({})

        deliveries.begin([[Errand("it", make)]])

    resources = {
        "deliveries": deliveries,
        "company": company,
        "store": dg.ResourceDefinition.none_resource(),
    }
    assert dg.materialize([one], resources=resources).success
    assert order == ["a delivery ended", "systems are closed"]
