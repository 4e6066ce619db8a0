"""What came of a day in the sandbox, in sentences."""

from __future__ import annotations

from accord.cli.living import found, propagated
from accord.store.reports import Edit, Propagated


def test_a_change_says_which_attributes_and_who_was_told_and_no_value() -> None:
    changes = [
        Propagated("customer", ["consent", "phone"], ["salesforce", "stripe"], 1),
        Propagated("customer", ["birth_date"], [], 2),
    ]
    assert list(propagated(changes)) == [
        "consent and phone of 1 customer changed, and went out to salesforce and stripe",
        "birth date of 2 customers changed",
    ]


def test_an_edit_in_the_wrong_place_says_whose_it_is_and_what_became_of_it() -> None:
    edits = [
        Edit("stripe", "email", "salesforce", held=True),
        Edit("mailchimp", "name", "salesforce", held=False),
    ]
    assert list(found(edits)) == [
        "email edited in stripe, though salesforce owns it: held for a steward",
        "name edited in mailchimp, though salesforce owns it: answered by the contract",
    ]
