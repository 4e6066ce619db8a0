"""The sandbox company's customers: one truth, told by each system in its own way."""

from __future__ import annotations

from datetime import date

import pytest
from stdnum.gb import vat

from accord.emulation.population import SECOND_ENTRY, known_to, parties

TODAY = date(2026, 3, 9)
SYSTEMS = ("salesforce", "stripe", "mailchimp", "mainframe")


def test_the_truth_follows_from_the_seed_alone() -> None:
    assert parties(7, TODAY) == parties(7, TODAY)
    assert parties(7, TODAY) != parties(8, TODAY)


def test_no_two_customers_share_a_name() -> None:
    names = [party.name for party in parties(7, TODAY)]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("seed", [1, 7, 99])
def test_every_company_has_a_tax_number_that_holds(seed: int) -> None:
    firms = [party for party in parties(seed, TODAY) if party.kind == "organisation"]
    assert firms
    assert all(vat.is_valid(party.tax_id) for party in firms)


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_system_tells_the_same_twice_and_nobody_it_does_not_know(system: str) -> None:
    told = known_to(system, 7, TODAY)
    assert told == known_to(system, 7, TODAY)
    assert len(told) > 20
    true = {party.number for party in parties(7, TODAY)}
    assert {party.number % SECOND_ENTRY for party in told} <= true


def test_the_crm_has_somebody_twice_and_nobody_else_has() -> None:
    twice = {
        system: [party for party in known_to(system, 7, TODAY) if party.number > SECOND_ENTRY]
        for system in SYSTEMS
    }
    assert twice["salesforce"]
    assert not any(twice[system] for system in SYSTEMS if system != "salesforce")


def test_an_opt_out_that_marketing_knows_is_not_known_to_the_crm() -> None:
    consent = {
        system: next(p.consent for p in known_to(system, 7, TODAY) if p.number == 2)
        for system in ("salesforce", "mailchimp")
    }
    assert consent == {"salesforce": "opted_in", "mailchimp": "opted_out"}
