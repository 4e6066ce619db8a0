"""Writing queries that mean what they say, and an emulator that reads them as strictly."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from systems.salesforce import soql
from systems.salesforce.emulator_soql import Refused, parsed


@given(st.text())
def test_no_text_gets_out_of_its_quotes(text: str) -> None:
    query = parsed(f"SELECT Id FROM Contact WHERE LastName = {soql.text(text)} AND Phone = 'x'")
    assert list(query.values) == [text, "x"]


@pytest.mark.parametrize(
    "text", ["' OR Id != '", "\\' OR Id != \\'", "\\", "it's \\n fine", '\n\r\t\b\f"', "%_"]
)
def test_what_would_escape_does_not(text: str) -> None:
    query = soql.select(["Id"], "Contact", where=f"Email IN ({soql.text(text)})", order=["Id"])
    assert list(parsed(query).values) == [text]


@given(st.lists(st.text(min_size=1, max_size=300), max_size=60))
def test_lists_are_short_enough_for_an_address_and_lose_nothing(values: list[str]) -> None:
    lists = list(soql.lists(values))
    longest = max((len(quote_plus(f"{soql.text(value)},")) for value in values), default=0)
    assert all(len(quote_plus(item)) <= max(soql.LONGEST_LIST, longest) + 10 for item in lists)
    told = [
        value
        for item in lists
        for value in parsed(f"SELECT Id FROM Contact WHERE Email IN {item}").values
    ]
    assert told == values


def test_a_thousand_ids_take_several_lists() -> None:
    lists = list(soql.lists(f"C-0000-0000-0000-{number:04}" for number in range(1000)))
    assert len(lists) > 1
    assert max(map(len, lists)) < soql.LONGEST_LIST


def test_a_moment_is_a_literal_in_utc_and_reads_back() -> None:
    moment = datetime(2026, 3, 9, 12, 0, 5, tzinfo=UTC)
    assert soql.moment(moment) == "2026-03-09T12:00:05.000Z"
    assert soql.read_moment("2026-03-09T12:00:05.000+0000") == moment
    assert soql.is_moment(soql.moment(moment))


@pytest.mark.parametrize(
    "told", ["", "now", "2026-03-09", "2026-13-09T12:00:05.000Z", "2026-03-09T12:00:05.000Z OR"]
)
def test_what_is_no_moment_never_stands_in_a_query(told: str) -> None:
    assert not soql.is_moment(told)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "SELECT",
        "SELECT FROM Contact",
        "SELECT * FROM Contact",
        "SELECT Id Contact",
        "SELECT Id, Id FROM Contact",
        "SELECT Id FROM Contact WHERE",
        "SELECT Id FROM Contact WHERE Phone",
        "SELECT Id FROM Contact WHERE Phone = 'a' OR Phone = 'b' AND Phone = 'c'",
        "SELECT Id FROM Contact WHERE (Phone = 'a'",
        "SELECT Id FROM Contact WHERE Phone IN ()",
        "SELECT Id FROM Contact WHERE Phone = 'a' GARBAGE",
        "SELECT Id FROM Contact ORDER BY",
        "SELECT Id FROM Contact LIMIT x",
        "SELECT Id, COUNT(Phone) FROM Contact",
        "SELECT Id FROM Contact; DELETE",
        "SELECT Id FROM Contact WHERE Phone = 'open",
    ],
)
def test_the_emulator_refuses_what_is_no_query(query: str) -> None:
    with pytest.raises(Refused) as refused:
        parsed(query)
    assert refused.value.code in ("MALFORMED_QUERY", "INVALID_FIELD")


@pytest.mark.parametrize(
    "literal", ["'2026-01-01'", "true", "5", "2026-01-01T00:00:00Z", "NULLS"]
)  # fmt: skip
def test_the_emulator_refuses_literals_of_another_type(literal: str) -> None:
    with pytest.raises(Refused) as refused:
        parsed(f"SELECT Id FROM Contact WHERE Birthdate = {literal}")
    assert refused.value.code == "INVALID_FIELD"


def test_the_emulator_understands_what_people_write() -> None:
    query = parsed(
        "select id, Name from contact where (Phone LIKE '0117%' or not Phone != null) "
        "and Birthdate < 2000-01-01 and Loyalty_Points__c >= 5 and HasOptedOutOfEmail = false "
        "order by Name desc nulls last, Id limit 7"
    )
    assert [label for label, _ in query.columns] == ["Id", "Name"]
    assert list(query.values) == ["0117%", None, "2000-01-01", 5.0, 0]
    assert query.limit == 7
