"""Golden records go out under a verdict of their own, so whatever moves them is judged anew."""

from __future__ import annotations

from accord.quality import enforce
from accord.quality.gate import judge
from accord.store.database import Role
from tests.support.golden import CUSTOMER, Company

ANN = {"name": "Ann Lee", "email": "ann@x.example", "changed_at": "2026-11-01T00:00:00Z"}


def judged(company: Company) -> None:
    with company.store.transaction(Role.GATEKEEPER) as connection:
        enforce.keep(connection, CUSTOMER, judge(connection, CUSTOMER, [""]), run_id="judging")


def is_judged(company: Company) -> bool:
    with company.store.session(Role.GATEKEEPER) as connection:
        return enforce.is_judged(connection, CUSTOMER, "")


def test_golden_records_are_judged_once_as_they_are(company: Company) -> None:
    company.say("salesforce", "s1", **ANN)
    company.consolidate()
    assert not is_judged(company)
    judged(company)
    assert is_judged(company)


def test_a_record_that_joins_without_changing_any_value_is_judged(company: Company) -> None:
    """Destinations look at its customer again, so it is another version of the data."""
    company.say("salesforce", "s1", **ANN)
    company.consolidate()
    judged(company)
    company.say("stripe", "c1", **ANN)
    done = company.consolidate()
    assert done.golden_changed == 0
    assert not is_judged(company)


def test_a_verdict_under_another_contract_is_none(company: Company) -> None:
    company.say("salesforce", "s1", **ANN)
    company.consolidate()
    judged(company)
    company.rows("update ops.verdicts set contract_digest = 'an earlier one'")
    assert not is_judged(company)
