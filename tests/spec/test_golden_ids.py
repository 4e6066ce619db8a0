"""A golden id is the stable id of one real-world customer: never reused, never silently changed."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from accord.errors import Stop
from accord.golden import desk
from accord.store.audit import By
from accord.store.database import Role
from accord.store.verification import verify
from tests.support import golden, postgres
from tests.support.golden import Company, PlainMatcher

BY = By("steward")
KEYS = ("s1", "s2", "s3", "s4")
SYSTEMS = ("salesforce", "stripe", "mailchimp")

_said = st.fixed_dictionaries(
    {"name": st.sampled_from(["Ann", "Bo"])},
    optional={"email": st.sampled_from(["a@x.example", "b@x.example", "c@x.example"])},
)
_records = st.dictionaries(
    st.tuples(st.sampled_from(SYSTEMS), st.sampled_from(KEYS)), _said, min_size=3, max_size=8
)
_small = settings(
    max_examples=5,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture(scope="module")
def founded(postgres_url: str) -> Iterator[Company]:
    with postgres.fresh_database(postgres_url) as url:
        yield golden.a_company(url)


def told(company: Company, records: dict[tuple[str, str], dict[str, str]]) -> None:
    for (system, key), said in records.items():
        company.say(system, key, **said)


def adds_up(company: Company) -> bool:
    """Whether the ledger and the golden ids are as they should be."""
    with company.store.session(Role.READER) as connection:
        checks = {check.name: check.discrepancies for check in verify(connection)}
    return not checks["identity"] and not checks["arithmetic"]


@given(_records)
@_small
def test_neither_a_replay_nor_retraining_changes_an_id(
    founded: Company, records: dict[tuple[str, str], dict[str, str]]
) -> None:
    company = founded.emptied()
    told(company, records)
    company.consolidate()
    before = company.homes()
    told(company, records)
    company.consolidate()
    company.rows("update ops.golden_marks set basis = 'older'")
    company.consolidate()
    company.matcher = PlainMatcher(models="newer")
    company.consolidate(retrain=True)
    assert company.homes() == before
    assert adds_up(company)


@given(_records, st.randoms(use_true_random=False))
@_small
def test_records_that_arrive_later_in_any_batches_change_no_id_but_by_merging(
    founded: Company, records: dict[tuple[str, str], dict[str, str]], chance: random.Random
) -> None:
    company = founded.emptied()
    rest = chance.sample(sorted(records.items()), len(records))
    before: dict[str, str] = {}
    while rest:
        batch, rest = rest[:3], rest[3:]
        told(company, dict(batch))
        company.consolidate()
        after = company.homes()
        resolved = {
            row["golden_id"]: row["survivor"] or row["golden_id"]
            for row in company.rows("select golden_id, survivor from ops.golden_ids")
        }
        assert {record: resolved[home] for record, home in before.items()} == {
            record: home for record, home in after.items() if record in before
        }
        before = after
    assert adds_up(company)


@given(_records, st.randoms(use_true_random=False))
@_small
def test_merge_then_unmerge_is_the_identity_and_so_is_undoing_both(
    founded: Company, records: dict[tuple[str, str], dict[str, str]], chance: random.Random
) -> None:
    company = founded.emptied()
    told(company, records)
    company.consolidate()
    before = company.homes()
    ids = sorted(set(before.values()))
    if len(ids) < 2:
        return
    two = chance.sample(ids, 2)
    with company.store.transaction(Role.STEWARD) as connection:
        merged = desk.merge(connection, company.entity, two, BY)
    (loser,) = {*two} - {*company.homes().values()}
    with company.store.transaction(Role.STEWARD) as connection:
        unmerged = desk.unmerge(connection, company.entity, loser, BY)
    assert company.homes() == before
    company.consolidate(retrain=True)
    assert company.homes() == before
    for done in (unmerged, merged):
        with company.store.transaction(Role.STEWARD) as connection:
            desk.undo(connection, company.entity, done.action_id, BY)
    assert company.homes() == before
    assert adds_up(company)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=3, max_size=7))
@_small
def test_whatever_stewards_do_their_decisions_hold_and_ids_are_never_reused(
    founded: Company, choices: list[tuple[int, int]]
) -> None:
    company = founded.emptied()
    for number in range(5):
        company.say("salesforce", f"s{number}", name="Ann", email=f"{number % 3}@x.example")
        company.say("stripe", f"c{number}", name="Bo", email=f"{number % 4}@x.example")
    company.consolidate()
    for one, other in choices:
        homes = company.homes()
        records = sorted(homes)
        try:
            with company.store.transaction(Role.STEWARD) as connection:
                if other % 2:
                    desk.unmerge(connection, company.entity, records[one], BY)
                else:
                    two = [homes[records[one]], homes[records[other]]]
                    desk.merge(connection, company.entity, two, BY)
        except Stop:
            continue
    before = company.homes()
    company.consolidate(retrain=True)
    assert company.homes() == before
    apart = company.rows(
        "select d.kind, l.golden_id = r.golden_id as is_one from ops.golden_decisions as d"
        " join ops.golden_members as l on l.record_id = d.left_id and l.valid_to is null"
        " join ops.golden_members as r on r.record_id = d.right_id and r.valid_to is null"
        " where d.undone_at is null"
    )
    assert all(row["is_one"] == (row["kind"] == "must_link") for row in apart)
    assert adds_up(company)
