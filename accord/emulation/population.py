"""The sandbox company's customers, as each of its systems knows them.

There is one truth, made from a seed, and every system has its own part of it, with its own dirt:
short first names, other notations, old addresses, gaps, and here and there somebody twice. Every
emulator of a system with customers is filled from here, so that together they tell one story.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Literal

from accord.emulation.names import (
    FIRST_NAMES,
    LAST_NAMES,
    LEGAL_FORMS,
    PLACES,
    SHORT_FORMS,
    SHORT_STREETS,
    STREETS,
    TOWNS,
    TRADES,
)

PERSONS, ORGANISATIONS = 44, 16
SECOND_ENTRY = 1000
"""What is added to a customer's number where a system has the customer a second time."""

_SHARES = {"salesforce": 0.85, "stripe": 0.5, "mailchimp": 0.6, "mainframe": 0.55}
_TIERS = (("BRONZE", 0), ("SILVER", 1_000), ("GOLD", 5_000))
# Numbers reserved for made-up use: https://www.ofcom.org.uk/phones-and-broadband/phone-numbers
_PHONES = ("0117496", "0113496", "0131496", "0141496", "02079460")


@dataclass(frozen=True, slots=True)
class Party:
    """One customer, person or organisation; what is "" or 0 is not known.

    `birth_date` is an ISO day, countries are ISO 3166-1 alpha-2 codes, `changed_at` is in UTC.
    """

    number: int
    kind: Literal["person", "organisation"]
    changed_at: datetime
    first_name: str = ""
    last_name: str = ""
    organisation: str = ""
    email: str = ""
    phone: str = ""
    street: str = ""
    city: str = ""
    postcode: str = ""
    country: str = ""
    tax_id: str = ""
    birth_date: str = ""
    status: str = "active"
    consent: str = ""
    loyalty_code: str = ""
    loyalty_tier: str = ""
    loyalty_points: int = 0
    payment_terms_days: int = 0
    currency: str = ""
    billing_street: str = ""
    billing_city: str = ""
    billing_postcode: str = ""
    billing_country: str = ""

    @property
    def name(self) -> str:
        """The whole name."""
        return self.organisation or f"{self.first_name} {self.last_name}".strip()


def parties(seed: int, today: date) -> tuple[Party, ...]:
    """The company's customers as they truly are, by number."""
    people = [_person(number, seed, today) for number in range(1, PERSONS + 1)]
    firms = [
        _organisation(number, seed, today)
        for number in range(PERSONS + 1, PERSONS + ORGANISATIONS + 1)
    ]
    return (*people, *firms)


def known_to(system: str, seed: int, today: date) -> tuple[Party, ...]:
    """The customers that a system has, as it has them, by number.

    Numbers from SECOND_ENTRY on are second entries of customers that it has already.
    """
    found = [
        _as_seen(system, party, seed) for party in parties(seed, today) if _knows(system, party)
    ]
    again = [_second(party) for party in found if system == "salesforce" and _twice(party)]
    return (*found, *again)


def _knows(system: str, party: Party) -> bool:
    if party.kind == "organisation" and system == "mainframe":
        return False  # its cards are for persons
    if party.number <= 3:
        return True
    # Of whom one system knows the address and another the name alone, sales knows both.
    if system == "salesforce" and _knows("mailchimp", party) and _knows("mainframe", party):
        return True
    return Random(f"{system} {party.number}").random() < _SHARES[system]  # noqa: S311


def _twice(party: Party) -> bool:
    return party.number % 17 == 5


def _draw(seed: int, *about: object) -> Random:
    return Random(" ".join(map(str, (seed, *about))))  # noqa: S311 - made-up people


def _person(number: int, seed: int, today: date) -> Party:
    draw = _draw(seed, "person", number)
    # Neighbouring numbers share few names, and no two persons share both.
    first = FIRST_NAMES[number % len(FIRST_NAMES)]
    last = LAST_NAMES[(number * 7) % len(LAST_NAMES)]
    tier, at_least = draw.choices(_TIERS, (6, 3, 1))[0]
    born = date(1940, 1, 1) + timedelta(days=draw.randrange(365 * 64))
    letters = _ascii(f"{first}.{last}").lower()
    return replace(
        _anybody(number, "person", draw, today),
        first_name=first,
        last_name=last,
        email=f"{letters}@{draw.choice(('mail', 'post', 'inbox'))}.example",
        birth_date=born.isoformat(),
        loyalty_code=f"{4_000_000 + number * 37:08}",
        loyalty_tier=tier,
        loyalty_points=at_least + draw.randrange(900),
    )


def _organisation(number: int, seed: int, today: date) -> Party:
    draw = _draw(seed, "organisation", number)
    core = f"{PLACES[number % len(PLACES)]} {TRADES[(number * 5) % len(TRADES)]}"
    domain = _ascii(core).lower().replace(" ", "-")
    return replace(
        _anybody(number, "organisation", draw, today),
        organisation=f"{core} {draw.choice(LEGAL_FORMS)}",
        email=f"{draw.choice(('accounts', 'office', 'hello'))}@{domain}.example",
        tax_id=_vat_number(draw),
        payment_terms_days=draw.choice((14, 30, 30, 60)),
    )


def _anybody(
    number: int, kind: Literal["person", "organisation"], draw: Random, today: date
) -> Party:
    town, district = draw.choice(TOWNS)
    street = f"{draw.randrange(1, 180)} {draw.choice(STREETS)}"
    postcode = f"{district} {draw.randrange(1, 10)}{''.join(draw.choices('ABDEFGHJLN', k=2))}"
    start = draw.choice(_PHONES)
    moment = time(draw.randrange(7, 19), draw.randrange(60), draw.randrange(60))
    return Party(
        number=number,
        kind=kind,
        changed_at=datetime.combine(today - timedelta(days=draw.randrange(2, 300)), moment, UTC),
        phone=f"{start}{draw.randrange(10 ** (11 - len(start))):0{11 - len(start)}}",
        street=street,
        city=town,
        postcode=postcode,
        country="GB",
        consent="opted_out" if number == 2 else draw.choice(("opted_in", "opted_in", "pending")),
        currency="GBP",
        billing_street=street,
        billing_city=town,
        billing_postcode=postcode,
        billing_country="GB",
    )


def _vat_number(draw: Random) -> str:
    """A United Kingdom VAT number whose check digits hold (HMRC's modulus 97)."""
    digits = f"{draw.randrange(1_000_000, 9_999_999)}"
    weighed = sum(
        int(digit) * weight for digit, weight in zip(digits, range(8, 1, -1), strict=True)
    )
    return f"GB{digits}{97 - weighed % 97:02}"


def _as_seen(system: str, party: Party, seed: int) -> Party:
    draw = _draw(seed, system, party.number)
    return {
        "salesforce": _in_crm,
        "stripe": _in_billing,
        "mailchimp": _in_marketing,
        "mainframe": _on_card,
    }[system](party, draw)


def _in_crm(party: Party, draw: Random) -> Party:
    unknown = dict.fromkeys(
        ("birth_date", "loyalty_code", "loyalty_tier", "currency", "tax_id", *_BILLING), ""
    )
    seen = replace(party, loyalty_points=0, payment_terms_days=0, **unknown)  # type: ignore[arg-type]
    # What marketing was told does not reach the CRM by itself; that is what Accord is for.
    seen = replace(seen, consent="opted_in", phone=_notation(party.phone, draw))
    # Whose address is missing here is known by it to billing, with the telephone and the street.
    is_missing = draw.random() < 0.1 and _knows("stripe", party)
    return replace(seen, email="") if is_missing else seen


def _in_billing(party: Party, draw: Random) -> Party:
    unknown = dict.fromkeys(
        ("birth_date", "loyalty_code", "loyalty_tier", "consent", "street", "city", "postcode"), ""
    )
    seen = replace(party, loyalty_points=0, country="", **unknown)  # type: ignore[arg-type]
    if party.number == 3:
        return _somebody_else(seen)
    if party.kind == "person" and draw.random() < 0.4:
        seen = replace(seen, first_name=SHORT_FORMS.get(party.first_name, party.first_name))
    if draw.random() < 0.2:
        seen = replace(seen, email=seen.email.upper())
    if draw.random() < 0.3:
        seen = replace(seen, phone="")
    return replace(seen, billing_street=_shortened(seen.billing_street))


def _somebody_else(party: Party) -> Party:
    """The same person, or a relative at the same address: a machine should not decide that."""
    return replace(
        party,
        first_name=f"{party.first_name[0]}.",
        email=f"{_ascii(party.last_name).lower()}.home@post.example",
        phone="",
    )


def _in_marketing(party: Party, draw: Random) -> Party:
    known = {
        name: getattr(party, name) for name in ("first_name", "last_name", "organisation", "email")
    }
    if party.kind == "person" and draw.random() < 0.15:
        known["last_name"] = _slipped(party.last_name, draw)
    return Party(
        number=party.number,
        kind=party.kind,
        changed_at=party.changed_at,
        consent=party.consent,
        **known,
    )


def _on_card(party: Party, draw: Random) -> Party:
    """The cards are in capitals, without accents, and addresses there grow old.

    Who has moved kept the telephone number, so that nobody has to guess who that is.
    """
    moved, says_phone = draw.random() < 0.15, draw.random() < 0.5
    return Party(
        number=party.number,
        kind=party.kind,
        changed_at=party.changed_at,
        first_name=_ascii(party.first_name).upper(),
        last_name=_ascii(party.last_name).upper(),
        phone=party.phone if says_phone or moved else "",
        street=_ascii(f"{draw.randrange(1, 90)} OLD ROAD" if moved else party.street).upper(),
        city=party.city.upper(),
        postcode=party.postcode,
        country="GB",
        birth_date=party.birth_date,
        loyalty_code=party.loyalty_code,
        loyalty_tier=party.loyalty_tier,
        loyalty_points=party.loyalty_points,
    )


def _second(party: Party) -> Party:
    """The same customer entered once more, by somebody who did not look first."""
    return replace(
        party,
        number=party.number + SECOND_ENTRY,
        first_name=SHORT_FORMS.get(party.first_name, party.first_name),
        organisation=party.organisation.replace("Limited", "Ltd").upper(),
        street=_shortened(party.street),
        changed_at=party.changed_at + timedelta(days=1),
    )


_BILLING = ("billing_street", "billing_city", "billing_postcode", "billing_country")
_FOLDED = str.maketrans("áéÉóőúøńłż", "aeEoouonlz")


def _ascii(text: str) -> str:
    plain = text.translate(_FOLDED)
    return "".join(letter for letter in plain if letter.isalnum() or letter in " .&-")


def _notation(phone: str, draw: Random) -> str:
    """The same number as people write it."""
    spaced = f"{phone[:5]} {phone[5:]}"
    return draw.choice((phone, spaced, f"+44 {spaced[1:]}", f"(0){phone[1:5]}-{phone[5:]}"))


def _shortened(street: str) -> str:
    head, _, last = street.rpartition(" ")
    return f"{head} {SHORT_STREETS.get(last, last)}"


def _slipped(name: str, draw: Random) -> str:
    """A name with two letters the wrong way round."""
    at = draw.randrange(1, max(2, len(name) - 1))
    return name[: at - 1] + name[at : at + 1] + name[at - 1 : at] + name[at + 1 :]
