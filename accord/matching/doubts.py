"""What speaks against taking two records for one, in SQL over the levels of their comparisons.

Some things tell two customers apart, some are for a person to judge however much else is shared,
and what relatives or neighbours share counts less.
"""

from __future__ import annotations

from collections.abc import Mapping

# Where this holds, two records are two customers, such as father and son (Sr, Jr, II).
CONFLICTS: Mapping[str, str] = {
    "customer": "coalesce(generation_l <> generation_r, false)",
    "product": "false",
}
# Where this holds, a person has to say that they are one, however much else they share: father and
# son of one name live at one address, each with a telephone or a mailbox; couples share a mailbox,
# and twins a birthday as well; and Annabelle need not be Anna, as long as nobody is known to be
# called both.
_NAMED_OTHERWISE = "level_first_name in (1, 2)"
_OTHER_FORM = (
    "(level_first_name = 5 and level_birth_date < 7 and not (level_email >= 6 and"
    " (list_has_any(roots_l, roots_r) or coalesce(contains(mailbox_l, family_l), false))))"
)
_OTHER_PHONE = (
    "(level_first_name > 0 and level_phone = 1 and level_email < 4 and level_birth_date < 7)"
)
_OTHER_MAILBOX = (
    "(level_first_name > 0 and level_email in (1, 2, 3) and level_phone < 2"
    " and level_birth_date < 7)"
)
# Mary and Mark are two names, though but a letter lies between them: both are borne by many. M. may
# be either; Bob may be the son of Robert; and a restaurant and a cafe of one name be in one hotel.
_TWO_NAMES = (
    "(level_first_name = 3 and level_birth_date < 7"
    " and least(held_given_l, held_given_r) >= greatest(5, 2e-4 * records))"
)
_INITIAL_ONLY = (
    "(level_first_name = 4 and level_birth_date < 7 and not (level_email >= 6 and contains("
    "mailbox_l, case when length(givens_l[1]) = 1 then givens_r[1] else givens_l[1] end)))"
)
_RIVAL_NAMES = "(rival_names and level_email < 7 and level_birth_date < 7)"
_BORN_APART = "(level_birth_date = 1 and level_email < 7)"
CONTRADICTED: Mapping[str, str] = {
    "customer": (
        f"({_BORN_APART}"
        f" or {_NAMED_OTHERWISE} or {_TWO_NAMES} or {_INITIAL_ONLY} or {_OTHER_FORM}"
        f" or {_RIVAL_NAMES} or {_OTHER_PHONE} or {_OTHER_MAILBOX})"
        " and level_tax_id < 2"
    ),
    "product": "false",
}
# Where this holds, no third record makes the two one without asking either: father and son of one
# name do not become one because somebody of that name there does not say when he was born.
PARTED: Mapping[str, str] = {
    "customer": f"({_BORN_APART} and level_tax_id < 2)",
    "product": "false",
}
# Where the names differ, and nothing identifies the customer, what is shared counts this much less:
# families share a home, and shops a centre.
_DIFFER = "(level_first_name = 1 or level_name = 1)"
_DOUBTFUL = "(level_first_name in (2, 4) or level_name = 2)"
_IDENTIFIED = "(level_birth_date in (7, 6, 4) or level_tax_id >= 2)"
_PREMISES = (
    f"case when {_IDENTIFIED} then 1 when {_DIFFER} then 0.25 when {_DOUBTFUL} then 0.6 else 1 end"
)
# In another town a street of that name is another street.
_STREET = f"least({_PREMISES}, case when level_postcode = 1 and level_city = 1 then 0.5 else 1 end)"
_MAILBOX = f"case when {_IDENTIFIED} then 1 when {_DIFFER} then 0.6 else 1 end"
DISCOUNTS: Mapping[str, Mapping[str, str]] = {
    "customer": {
        "street": _STREET,
        "postcode": _PREMISES,
        "city": _PREMISES,
        "phone": _PREMISES,
        "email": _MAILBOX,
    },
    "product": {},
}
# Comparisons that are about one place: the best of them counts, the others a little.
PLACES: Mapping[str, tuple[str, ...]] = {
    "customer": ("street", "postcode", "city"),
    "product": (),
}
