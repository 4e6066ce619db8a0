"""Authority outbound: what is not owned is never fought over; our own writes are no edits.

Systems are modelled as what they hold: each pass they are read, and each copy is brought to what
the golden record says, as a destination would be. Whatever is edited where and in which order, all
come to agree, and then nothing moves any more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.support import golden, postgres
from tests.support.golden import AUTHORITY, Company

START = {
    "salesforce": {"name": "Ann Lee", "email": "ann@x.example", "phone": "+442079460000"},
    "stripe": {"name": "A. Lee", "email": "ann@x.example", "currency": "GBP"},
    "mailchimp": {"first_name": "Ann", "email": "ann@x.example", "consent": "opted_in"},
}
EDITS = {
    "salesforce": {"name": ["Ann Ley", "Anne Lee"], "consent": ["opted_out", None]},
    "stripe": {"name": ["Ann Leigh", None], "organisation": ["Acme"], "currency": ["EUR"]},
    "mailchimp": {"organisation": ["Acme Ltd"], "consent": ["opted_out", "opted_in"]},
}
PASSES = 8

edits = st.lists(
    st.sampled_from(sorted(EDITS)).flatmap(
        lambda system: st.sampled_from(sorted(EDITS[system])).flatmap(
            lambda name: st.tuples(
                st.just(system), st.just(name), st.sampled_from(EDITS[system][name])
            )
        )
    ),
    min_size=1,
    max_size=4,
)


@pytest.fixture(scope="module")
def founded(postgres_url: str) -> Iterator[Company]:
    with postgres.fresh_database(postgres_url) as url:
        yield golden.a_company(url)


class World:
    """Three systems and what they hold of one customer."""

    def __init__(self, company: Company) -> None:
        self.company = company
        self.held = {system: dict(said) for system, said in START.items()}

    def pass_over(self) -> bool:
        """Read all systems, then bring each copy up to date; tell whether anything was written."""
        for system, said in self.held.items():
            self.company.say(system, "one", **said)
        self.company.consolidate()
        written = False
        for system, said in self.held.items():
            golden = self.shown_to(system)
            for name in AUTHORITY.copied_to(system):
                wanted = golden.get(name)
                if name == "consent" and system == "mailchimp" and wanted != "opted_out":
                    continue  # it is never re-subscribed from outside
                if said.get(name) != wanted:
                    written = True
                    said.pop(name, None) if wanted is None else said.update({name: wanted})
            self.company.deliver(system, self.company.homes()[f"{system}:one"], "one")
        return written

    def shown_to(self, system: str) -> Mapping[str, Any]:
        """The customer as the system is to have it, without what is empty."""
        (row,) = self.company.rows(
            "select shown.* from canonical.customers as golden"
            " left join canonical.customer_holds as holds"
            " on holds.golden_id = golden.golden_id and holds.system = %(system)s"
            " cross join lateral jsonb_populate_record(golden, holds.held) as shown",
            {"system": system},
        )
        return {name: value for name, value in row.items() if value is not None}

    def settle(self) -> None:
        """Make passes until nothing is written any more."""
        for _ in range(PASSES):
            if not self.pass_over():
                return
        raise AssertionError("the systems never come to rest")

    def edit(self, system: str, name: str, value: str | None) -> None:
        """Let somebody change a field."""
        if value is None:
            self.held[system].pop(name, None)
        else:
            self.held[system][name] = value


@given(edits, st.data())
@settings(
    max_examples=6,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_systems_edited_at_once_come_to_agree_in_whatever_order_that_is_seen(
    founded: Company, made: list[tuple[str, str, str | None]], data: st.DataObject
) -> None:
    world = World(founded.emptied())
    world.settle()
    for edit in made:
        world.edit(*edit)
        if data.draw(st.booleans(), label="seen at once"):
            world.pass_over()
    world.settle()
    customer = {
        name: value
        for name, value in world.company.customer("salesforce:one").items()
        if name in AUTHORITY.names
    }
    for system, said in world.held.items():
        for name in AUTHORITY.copied_to(system):
            assert said.get(name) == customer.get(name), (system, name)
    assert customer["name"] == world.held["salesforce"]["name"]
    before = world.company.customers()
    assert not world.pass_over()
    assert world.company.customers() == before


def test_two_owners_edited_at_once_each_win_their_own_field(founded: Company) -> None:
    world = World(founded.emptied())
    world.settle()
    world.edit("salesforce", "name", "Ann Ley")
    world.edit("stripe", "name", "Ann Leigh")
    world.edit("stripe", "currency", "EUR")
    world.settle()
    customer = world.company.customer("stripe:one")
    assert (customer["name"], customer["currency"]) == ("Ann Ley", "EUR")
    assert world.held["stripe"]["name"] == "Ann Ley"
    listed = world.company.rows("select attribute, answer from ops.golden_conflicts")
    assert [tuple(row.values()) for row in listed] == [("name", "overwrite")]
