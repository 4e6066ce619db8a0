"""Canonical values: one way to write each field, and never a guess."""

from __future__ import annotations

import pytest

from accord.matching.normalise import normalised


@pytest.mark.parametrize(
    ("column", "value", "country", "canonical"),
    [
        ("email", " Ann.Lee+news@Shop.Example ", None, "ann.lee+news@shop.example"),
        ("email", "ann@", None, None),
        ("email", "ann@localhost", None, None),
        ("phone", "(020) 7946 0123", "GB", "+442079460123"),
        ("phone", "+44 20 7946 0123", "US", "+442079460123"),
        ("phone", "020 7946 0123", None, None),
        ("country", "Deutschland", None, "DE"),
        ("country", "England", None, "GB"),
        ("country", "U.S.A.", None, "US"),
        ("country", "GBR", None, "GB"),
        ("country", "Vereinigtes Königreich", None, "GB"),
        ("country", "Großbritannien", None, "GB"),
        ("country", "Türkiye", None, "TR"),
        ("country", "中国", None, "CN"),
        ("country", "Ivory Coast", None, "CI"),
        ("country", "European Union", None, None),
        ("country", "Atlantis", None, None),
        ("billing_country", "the netherlands", None, "NL"),
        ("tax_id", "DE 136 695 976", None, "DE136695976"),
        ("tax_id", "136695976", "DE", "DE136695976"),
        ("tax_id", "136695977", "DE", None),
        ("tax_id", "91-1144442", "US", "911144442"),
        ("tax_id", "EL 094259216", None, "EL094259216"),
        ("birth_date", "19810204", None, "1981-02-04"),
        ("birth_date", "1981-02-31", None, None),
        ("birth_date", "04/02/1981", None, None),
        ("name", "  Ann   Lee ", None, "Ann Lee"),
        ("name", "   ", None, None),
        ("postcode", "sw1a  1aa", None, "SW1A 1AA"),
        ("currency", "eur", None, "EUR"),
        ("loyalty_code", " A-1 ", None, "A-1"),
    ],
)
def test_a_value_is_written_in_one_way_or_not_at_all(
    column: str, value: str, country: str | None, canonical: str | None
) -> None:
    assert normalised("customer", column, value, country=country) == canonical


def test_what_was_normalised_stays_as_it_is() -> None:
    for column, value in (("email", "a@b.example"), ("phone", "+442079460123"), ("country", "GB")):
        assert normalised("customer", column, value, country=None) == value


def test_a_gtin_has_fourteen_digits_whatever_its_kind() -> None:
    assert normalised("product", "gtin", "012345678905", country=None) == "00012345678905"
    assert normalised("product", "gtin", "012345678906", country=None) is None
