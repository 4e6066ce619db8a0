"""Customers are merged and taken apart, and what a destination has of them follows."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from accord.golden import desk
from accord.store.audit import By
from accord.store.database import Role
from tests.support import registers
from tests.support.golden import Company
from tests.support.registers import Keeper, Register

BY = By("steward", "asked them")
BILLING = replace(
    registers.FIRMS, flow="customers", system="stripe", kind="customers", gates=("customer",),
    model="pub_stripe__customers", deletes="archive",
)  # fmt: skip
_VIEW = """
    create or replace view publish.pub_stripe__customers as
    select c.golden_id as object_key, coalesce(m.source_key, '') as destination_id,
        jsonb_build_object('name', c.name) as content, '{}'::jsonb as seed,
        array[]::text[] as needs, c.revision
    from canonical.customers as c
    left join canonical.customer_members as m
        on m.golden_id = c.golden_id and m.system = 'stripe' and m.stream = 'customers'
        and m.is_primary
    where m.golden_id is not null or c.tax_id is not null
"""


@dataclass(slots=True)
class Agreement:
    """The company's customers, and the billing system that holds some of them."""

    company: Company
    register: Register = field(default_factory=Register)
    read: set[str] = field(default_factory=set)

    def agree(self) -> dict[str, int]:
        """Read billing, say who is who, deliver; return how everything due stands."""
        for its_id, it in self.register.objects.items():
            told = {"name": it["name"], "email": it.get("email"), "tax_id": it.get("tax_id")}
            self.company.say("stripe", its_id, known_golden_id=it["key"] or None, **told)
        for its_id in self.read - set(self.register.objects):
            self.company.forget("stripe", its_id)
        self.read = set(self.register.objects)
        self.company.consolidate()
        return Keeper(self.company.store, self.register).counts(BILLING)

    def settled(self) -> dict[str, str]:
        """Agree until nothing is due any more; return the ids of what billing has by our keys."""
        for _ in range(4):
            if not self.agree():
                return self.register.ids()
        raise AssertionError("it never comes to rest")

    def decide(self, act: str, *names: Any) -> None:
        """Let a steward merge or unmerge."""
        with self.company.store.transaction(Role.STEWARD) as connection:
            if act == "merge":
                desk.merge(connection, self.company.entity, names, BY)
            else:
                desk.unmerge(connection, self.company.entity, names[0], BY)


@pytest.fixture
def agreement(company: Company) -> Agreement:
    with company.store.transaction(Role.MODELER) as connection:
        connection.execute(_VIEW)
    return Agreement(company)


def ann_and_bo(agreement: Agreement, **ann: str) -> tuple[str, str]:
    """Two customers of whom the second is in billing; return their golden ids."""
    agreement.company.say("salesforce", "s1", name="Ann", email="ann@x.example", **ann)
    agreement.company.say("salesforce", "s2", name="Bo", email="bo@x.example")
    agreement.company.consolidate()
    agreement.register.add("Bo", email="bo@x.example")
    agreement.settled()
    homes = agreement.company.homes()
    agreement.register.effects.clear()
    return homes["salesforce:s1"], homes["salesforce:s2"]


def test_what_only_the_loser_had_is_the_survivors_and_goes_back_when_they_part(
    agreement: Agreement,
) -> None:
    ann, bo = ann_and_bo(agreement)
    before = agreement.register.ids()
    assert list(before) == [bo]
    agreement.decide("merge", ann, bo)
    assert agreement.settled() == {ann: before[bo]}
    assert set(agreement.register.effects) == {("updated", ann)}
    assert list(agreement.company.customers()) == [ann]
    agreement.decide("unmerge", bo)
    assert agreement.settled() == before
    assert {effect for effect, _ in agreement.register.effects} == {"updated"}
    assert agreement.register.archived == []
    assert agreement.company.homes()[f"stripe:{before[bo]}"] == bo


def test_where_both_are_there_the_losers_is_put_aside_and_another_made_when_they_part(
    agreement: Agreement,
) -> None:
    ann, bo = ann_and_bo(agreement, tax_id="GB980780684")
    before = agreement.register.ids()
    assert set(before) == {ann, bo}
    agreement.decide("merge", ann, bo)
    assert agreement.settled() == {ann: before[ann]}
    assert agreement.register.archived == [before[bo]]
    assert ("created", ann) not in agreement.register.effects
    agreement.decide("unmerge", bo)
    assert agreement.settled() == {ann: before[ann]}
    agreement.company.say("salesforce", "s2", name="Bo", email="bo@x.example", tax_id="DE136695976")
    after = agreement.settled()
    assert (after[ann], set(after)) == (before[ann], {ann, bo})
    assert [it for it in agreement.register.effects if it[0] == "created"] == [("created", bo)]


def test_who_loses_the_object_and_is_still_wanted_there_gets_another(agreement: Agreement) -> None:
    ann, bo = ann_and_bo(agreement)
    before = agreement.register.ids()
    agreement.decide("merge", ann, bo)
    agreement.settled()
    agreement.company.say(
        "salesforce", "s1", name="Ann", email="ann@x.example", tax_id="GB980780684"
    )
    agreement.decide("unmerge", bo)
    after = agreement.settled()
    assert (after[bo], set(after)) == (before[bo], {ann, bo})
    assert [it for it in agreement.register.effects if it[0] == "created"] == [("created", ann)]
