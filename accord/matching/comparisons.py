"""What is compared between two records, into which levels, and what a level is worth at first.

A level holds when its condition does and none above it did. Conditions are DuckDB SQL over the
forms of the left and the right record, suffixed `_l` and `_r`, and the same either way round.
`m` is how often records of one customer are at this level, `u` how often records of two are: what
is believed before any record was seen. `term` names the form whose rarity the level is worth, and
`most` bounds what it is worth, in bits, where it mostly repeats what another comparison says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_ELSE = "true"


@dataclass(frozen=True, slots=True)
class Level:
    """One outcome of a comparison."""

    name: str
    when: str
    m: float
    u: float
    term: str | None = None
    most: float | None = None

    @property
    def is_else(self) -> bool:
        """Whether it holds where no other does."""
        return self.when == _ELSE


@dataclass(frozen=True, slots=True)
class Comparison:
    """One thing that is compared; where `unless` holds, nothing can be said."""

    column: str
    unless: str
    levels: tuple[Level, ...]

    @property
    def case(self) -> str:
        """SQL for the number of the level: 0 says nothing, 1 is the last, the first is highest."""
        numbered = zip(range(len(self.levels), 0, -1), self.levels, strict=True)
        whens = " ".join(f"when {level.when} then {number}" for number, level in numbered)
        return f"case when {self.unless} then 0 {whens} end"


def _missing(*forms: str) -> str:
    return " or ".join(f"{form}_l is null or {form}_r is null" for form in forms)


_SWAPPED = "given_l = family_r and family_l = given_r"

_GIVEN = Comparison(
    "first_name",
    "given_l is null or given_r is null",
    (
        Level("exact", "given_l = given_r", 0.70, 0.01, "given"),
        Level("swapped", _SWAPPED, 0.02, 1e-5, "given"),
        Level(
            "same name in another form",
            "list_has_any(roots_l, roots_r) or (length(given_l) > 2 and length(given_r) > 2 and "
            "(starts_with(given_l, given_r) or starts_with(given_r, given_l)))",
            0.08,
            0.006,
        ),
        Level(
            "initial",
            "(length(givens_l[1]) = 1 or length(givens_r[1]) = 1)"
            " and left(given_l, 1) = left(given_r, 1)",
            0.03,
            0.005,
        ),
        Level("misspelt", "jaro_winkler_similarity(given_l, given_r) >= 0.88", 0.10, 0.008),
        Level("similar", "jaro_winkler_similarity(given_l, given_r) >= 0.76", 0.03, 0.03, most=0.0),
        Level("different", _ELSE, 0.03, 0.94),
    ),
)
_FAMILY = Comparison(
    "last_name",
    "family_l is null or family_r is null",
    (
        Level("exact", "family_l = family_r", 0.74, 0.004, "family"),
        Level("swapped", _SWAPPED, 0.02, 1e-5, "family"),
        Level("misspelt", "jaro_winkler_similarity(family_l, family_r) >= 0.9", 0.12, 0.003),
        Level("partly the same", "list_has_any(families_l, families_r)", 0.03, 0.001),
        Level("similar", "jaro_winkler_similarity(family_l, family_r) >= 0.78", 0.03, 0.02),
        Level("different", _ELSE, 0.05, 0.97),
    ),
)
_NAME = Comparison(
    "name",
    "bag_l is null or bag_r is null or (given_l is not null and given_r is not null)"
    " or (family_l is not null and family_r is not null)",
    (
        Level("exact", "likeness = 6", 0.55, 2e-4, "words"),
        Level("nearly the same words", "likeness = 5", 0.25, 2e-4, "words"),
        Level("one within the other", "likeness = 4", 0.08, 2e-4, "words"),
        Level("many words in common", "likeness = 3", 0.06, 0.001, "words"),
        Level("few words in common", "likeness = 2", 0.03, 0.03),
        Level("different", _ELSE, 0.03, 0.96),
    ),
)
_EMAIL = Comparison(
    "email",
    _missing("email"),
    (
        Level("exact", "email_l = email_r", 0.70, 1e-4, "email"),
        Level(
            "same mailbox elsewhere",
            "mailbox_l = mailbox_r and regexp_matches(mailbox_l, '[0-9]')",
            0.04,
            2e-4,
            "mailbox",
        ),
        Level("same name at another host", "mailbox_l = mailbox_r", 0.04, 0.005, most=2.0),
        Level(
            "misspelt",
            "levenshtein(mailbox_l, mailbox_r) <= 2 and length(mailbox_l) > 4"
            " and jaro_winkler_similarity(mail_host_l, mail_host_r) >= 0.85"
            " and (digits(mailbox_l) = digits(mailbox_r) or (digits(mailbox_l) <> ''"
            " and digits(mailbox_r) <> '' and (contains(mailbox_l, digits(mailbox_r))"
            " or contains(mailbox_r, digits(mailbox_l)))))",
            0.10,
            5e-4,
        ),
        Level(
            "same host",
            "mail_host_l = mail_host_r and not list_contains(open_hosts(), mail_host_l)",
            0.05,
            0.003,
            "mail_host",
            most=2.0,
        ),
        Level(
            "similar",
            "jaro_winkler_similarity(email_l, email_r) >= 0.85",
            0.03,
            0.02,
            most=1.0,
        ),
        Level("different", _ELSE, 0.10, 0.98),
    ),
)
_PHONE = Comparison(
    "phone",
    _missing("phone"),
    (
        Level(
            "exact",
            "phone_l = phone_r or (length(phone_l) >= 7 and ends_with(phone_r, phone_l))"
            " or (length(phone_r) >= 7 and ends_with(phone_l, phone_r))",
            0.65,
            1e-4,
            "phone",
        ),
        Level("one digit off", "levenshtein(phone_l, phone_r) <= 1", 0.07, 2e-4),
        Level("different", _ELSE, 0.28, 0.999),
    ),
)
_BIRTH = Comparison(
    "birth_date",
    _missing("birth"),
    (
        Level("exact", "birth_l = birth_r and length(birth_l) = 8", 0.72, 1e-4, "birth"),
        Level(
            "day and month swapped",
            "birth_l[1:4] = birth_r[1:4] and birth_l[5:6] = birth_r[7:8]"
            " and birth_l[7:8] = birth_r[5:6]",
            0.03,
            1e-4,
        ),
        Level(
            "same year, the day unsaid",
            "birth_l[1:4] = birth_r[1:4] and (length(birth_l) = 4 or length(birth_r) = 4"
            " or birth_l[5:8] in ('0101', '0000') or birth_r[5:8] in ('0101', '0000'))",
            0.05,
            0.003,
        ),
        Level("one digit off", "levenshtein(birth_l, birth_r) <= 1", 0.09, 0.001),
        Level(
            "two of its parts equal",
            "length(birth_l) = 8 and length(birth_r) = 8 and ("
            "(birth_l[1:4] = birth_r[1:4] and birth_l[5:6] = birth_r[5:6])"
            " or (birth_l[1:4] = birth_r[1:4] and birth_l[7:8] = birth_r[7:8])"
            " or birth_l[5:8] = birth_r[5:8])",
            0.05,
            0.004,
        ),
        Level("same year", "birth_l[1:4] = birth_r[1:4]", 0.02, 0.015),
        Level("different", _ELSE, 0.015, 0.98),
    ),
)
_STREET = Comparison(
    "street",
    _missing("street"),
    (
        Level("exact", "street_l = street_r and number_l = number_r", 0.50, 1e-4, "address"),
        Level(
            "same number, similar street",
            "number_l = number_r and (jaro_winkler_similarity(road_name_l, road_name_r) >= 0.85"
            " or list_has_all(string_split(street_l, ' '), string_split(street_r, ' '))"
            " or list_has_all(string_split(street_r, ' '), string_split(street_l, ' ')))",
            0.15,
            1e-4,
        ),
        Level("same street, number unsaid", "street_l = street_r and"
              " (number_l is null or number_r is null)", 0.05, 0.001, "street"),
        Level("same street, other number",
              "jaro_winkler_similarity(road_name_l, road_name_r) >= 0.9", 0.10, 0.01),
        Level("different", _ELSE, 0.20, 0.99),
    ),
)  # fmt: skip
_POSTCODE = Comparison(
    "postcode",
    _missing("postcode"),
    (
        Level("exact", "postcode_l = postcode_r", 0.70, 0.002, "postcode"),
        Level(
            "one letter off",
            "length(postcode_l) > 3 and levenshtein(postcode_l, postcode_r) <= 1",
            0.08,
            0.005,
        ),
        Level("same area", "left(postcode_l, 3) = left(postcode_r, 3)", 0.07, 0.02),
        Level("different", _ELSE, 0.15, 0.98),
    ),
)
_CITY = Comparison(
    "city",
    _missing("city"),
    (
        Level("exact", "city_l = city_r", 0.78, 0.03, "city"),
        Level(
            "similar",
            "jaro_winkler_similarity(city_l, city_r) >= 0.85"
            " or contains(city_l, city_r) or contains(city_r, city_l)",
            0.10,
            0.01,
        ),
        Level("different", _ELSE, 0.12, 0.95),
    ),
)
_TAX_ID = Comparison(
    "tax_id",
    _missing("tax_id"),
    (
        Level("exact", "tax_id_l = tax_id_r", 0.90, 1e-5, "tax_id"),
        Level(
            "one or two digits off",
            "length(tax_id_l) > 5 and damerau_levenshtein(tax_id_l, tax_id_r) <= 2",
            0.07,
            1e-4,
        ),
        Level("different", _ELSE, 0.03, 0.999),
    ),
)

_SAME_CODE = "list_has_any(codes_l, codes_r)"
_CODE_WITHIN = (
    "len(list_filter(codes_l, lambda a: len(list_filter(codes_r, lambda b:"
    " length(least(a, b)) >= 4 and (contains(a, b) or contains(b, a)))) > 0)) > 0"
)
_CODE = Comparison(
    "code",
    "codes_l is null and codes_r is null",
    (
        Level("the same model number", _SAME_CODE, 0.62, 1e-4),
        Level("one model number within the other", _CODE_WITHIN, 0.12, 3e-4),
        Level(
            "model number in the other's text",
            "list_has_any(codes_l, text_codes_r) or list_has_any(codes_r, text_codes_l)",
            0.03,
            2e-4,
        ),
        Level("only one has a model number", "codes_l is null or codes_r is null", 0.18, 0.3),
        Level("different", _ELSE, 0.05, 0.7),
    ),
)
_PRODUCT_NAME = Comparison(
    "name",
    _missing("bag"),
    (
        Level("exact", "likeness = 6", 0.10, 1e-5, "words"),
        Level("nearly the same words", "likeness = 5", 0.20, 1e-4, "words"),
        Level("one within the other", "likeness = 4", 0.15, 1e-4, "words"),
        Level("many words in common", "likeness = 3", 0.30, 0.001, "words"),
        Level("few words in common", "likeness = 2", 0.20, 0.02),
        Level("different", _ELSE, 0.05, 0.97),
    ),
)
_BRAND = Comparison(
    "brand",
    _missing("maker"),
    (
        Level("exact", "maker_l = maker_r", 0.90, 0.03, "maker"),
        Level("different", _ELSE, 0.10, 0.97),
    ),
)
_PRICE = Comparison(
    "price",
    "price_l is null or price_r is null or price_l <= 0 or price_r <= 0",
    (
        Level("within a tenth", "abs(ln(price_l / price_r)) <= 0.1", 0.45, 0.05),
        Level("within a third", "abs(ln(price_l / price_r)) <= 0.35", 0.35, 0.12),
        Level("within double", "abs(ln(price_l / price_r)) <= 0.7", 0.14, 0.2),
        Level("different", _ELSE, 0.06, 0.63),
    ),
)
_GTIN = Comparison(
    "gtin",
    _missing("gtin"),
    (
        Level("exact", "gtin_l = gtin_r", 0.97, 1e-6, "gtin"),
        Level("different", _ELSE, 0.03, 0.999),
    ),
)

COMPARISONS: Mapping[str, tuple[Comparison, ...]] = {
    "customer": (
        _GIVEN, _FAMILY, _NAME, _EMAIL, _PHONE, _BIRTH, _STREET, _POSTCODE, _CITY, _TAX_ID,
    ),
    "product": (_CODE, _PRODUCT_NAME, _BRAND, _PRICE, _GTIN),
}  # fmt: skip
# Forms whose values are counted, so that agreeing on a rare one is worth more. The number is how
# many records more than the two would have a value that no other has been seen to have: values that
# are made to tell customers apart are shared by chance less often than records can show.
TERMS: Mapping[str, Mapping[str, float]] = {
    "customer": {
        "given": 1.0, "family": 0.7, "email": 0.1, "mailbox": 0.3, "mail_host": 1.0, "phone": 0.1,
        "birth": 1.0, "address": 0.15, "street": 1.0, "postcode": 1.0, "city": 1.0, "tax_id": 0.05,
        "bag_key": 0.3,
    },
    "product": {"maker": 1.0, "gtin": 0.02, "bag_key": 0.3},
}  # fmt: skip
# A value that is one customer's own is as common as the names, or the addresses, that hold it, not
# as the records: a customer's records in several systems all repeat it.
_HELD = (
    "greatest(count(distinct coalesce(bag_key, id)), count(distinct address),"
    " count(distinct phone))"
)
HOLDERS: Mapping[str, Mapping[str, str]] = {
    "customer": {"email": _HELD, "mailbox": _HELD, "tax_id": _HELD},
    "product": {},
}
# The forms that scoring a pair looks at.
FORMS: Mapping[str, tuple[str, ...]] = {
    "customer": (
        "given", "givens", "roots", "family", "families", "generation", "bag", "email", "mailbox",
        "mail_host", "phone", "birth", "number", "street", "road_name", "postcode", "city",
        "tax_id",
    ),
    "product": ("bag", "maker", "codes", "text_codes", "price", "gtin"),
}  # fmt: skip
