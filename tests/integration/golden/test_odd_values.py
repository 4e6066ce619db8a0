"""However odd a value is, it stops nobody: each record has its golden id, whatever it says."""

from __future__ import annotations

import random
from typing import Any

from tests.support.golden import AUTHORITY, Company

TYPED = {"birth_date", "loyalty_points", "payment_terms_days"}
"""Columns of another type than text, whose views let nothing odd through."""
_draw = random.Random(3)  # noqa: S311 - made-up texts


def drawn(many: int, letters: str) -> str:
    """A text that does not become shorter by being compressed."""
    return "".join(_draw.choice(letters) for _ in range(many))


LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
ODD = (
    drawn(3_000, LETTERS), drawn(3_000, "0123456789"), drawn(1_500, "漢字仮名交文日本語銀行"),
    " ".join(drawn(8, LETTERS) for _ in range(300)), "\U0001f382" * 3_000,
    f"{drawn(1_500, LETTERS)}@{drawn(1_500, LETTERS)}.example", "\u202eabc", "a\tb\nc", "\\", "\\.",
    "0001-01-01", "9999-12-31", "-5", "'; drop table x; --", "%s %(a)s {0} {{x}}", "a,b,,c", "null",
    "  ",
)  # fmt: skip
ANN: dict[str, Any] = {
    "first_name": "Ann", "last_name": "Zetterlund", "postcode": "BA1 2CD", "email": "ann@x.example",
}  # fmt: skip


def test_whatever_a_record_says_everybody_has_a_golden_id(company: Company) -> None:
    company.learn_from_strangers(phone="0117 496 {:04}", postcode="YO{} 1AA")
    company.consolidate()
    names = [name for name in AUTHORITY.names if name not in TYPED]
    said = [
        (f"{name} {place}", {**ANN, name: odd}) for name in names for place, odd in enumerate(ODD)
    ]
    for key, record in said:
        company.say("stripe", key, **record)
    done = company.consolidate()
    assert done.new == len(said)
    assert {f"stripe:{key}" for key, _ in said} <= company.homes().keys()
    before = company.homes()
    company.consolidate(retrain=True)
    assert company.homes().keys() == before.keys()


def test_an_identifier_of_any_length_identifies(company: Company) -> None:
    code = drawn(6_000, LETTERS)
    company.say("salesforce", "one", first_name="Ann", last_name="Holm", loyalty_code=code)
    company.say("mainframe", "same", first_name="Bo", last_name="Lindt", loyalty_code=code)
    other = code[:-1] + "_"
    company.say("stripe", "other", first_name="Cy", last_name="Tamm", loyalty_code=other)
    company.consolidate()
    homes = company.homes()
    assert homes["salesforce:one"] == homes["mainframe:same"] != homes["stripe:other"]
