"""What a destination holds is not believed any more where its record went away."""

from __future__ import annotations

from tests.support.golden import Company

ANN = {"name": "Ann Lee", "email": "ann@x.example", "changed_at": "2026-11-01T00:00:00Z"}


def is_believed(company: Company, system: str) -> bool:
    (row,) = company.rows("select digest from ops.crosswalk where system = %(s)s", {"s": system})
    return row["digest"] != ""


def test_a_customer_deleted_in_one_system_is_sent_there_again(company: Company) -> None:
    """The others still know her, and so the system is to have her."""
    for system, key in (("salesforce", "s1"), ("stripe", "c1")):
        company.say(system, key, **ANN)
    company.consolidate()
    home = company.homes()["stripe:c1"]
    company.deliver("salesforce", home, "s1")
    company.deliver("stripe", home, "c1")
    company.forget("salesforce", "s1")
    company.consolidate()
    assert not is_believed(company, "salesforce")
    assert is_believed(company, "stripe")
