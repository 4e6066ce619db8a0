"""Customers as dirty lists hold them, made up by a seed, with the truth of who is whom.

`businesses` have names that are shortened, misspelt and shuffled, share telephones and addresses in
centres, and some are shops of a chain. `households` are relatives of one surname who share a home,
a landline and at times a mailbox, each with a mobile telephone; one in a hundred is called like
another of the house. `historic_persons` are known by a name, a birthday and a place alone, written
down many times by others: titles stand beside the surname or in its place, of a birthday often only
the year is sure, and a few first names are everybody's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random

import pyarrow as pa


def _listed(words: str) -> list[str]:
    return words.split("|" if "|" in words else " ")


_SURNAMES = _listed(
    "Smith Jones Taylor Brown Williams Wilson Johnson Davies Patel Wright Walker White Edwards "
    "Green Hall Wood Harris Lewis Martin Jackson Clarke Turner Hill Cooper Morris Ward Moore King "
    "Watson Baker Khan Hussain Murphy Kelly Novak Schmidt Rossi Garcia"
)
_EPITHETS = _listed(
    "Royal Golden Blue Green Central City Northern Southern Riverside Hillside Premier First Elite "
    "Classic Modern Sunny Happy Red Lion Castle Bridge Park Abbey Grand Star Crown Oak Willow"
)
_TRADES = _listed(
    "Bakery|Butchers|Plumbing|Plumbers|Electrical|Dental Clinic|Dental Practice|Pharmacy|Cafe|"
    "Restaurant|Hair Salon|Barbers|Garage|Motors|Builders|Construction|Consulting|Solicitors|"
    "Accountants|Travel|Flowers|Florist|Cleaning Services|Catering|Printing|Logistics|Software|"
    "Estate Agents|Veterinary Centre|Gym"
)
_FORMS = ("", "Ltd", "Limited", "LLP", "& Co", "& Sons", "Group", "(UK) Ltd", "plc")
_LAST = frozenset(("Ltd", "Limited", "LLP", "plc", "Group"))
_TOWNS = _listed(
    "Leeds York Bristol Bath Oxford Derby Lincoln Exeter Norwich Chester Preston Wells"
)
_STREETS = _listed(
    "High Street|Station Road|Church Lane|Mill Road|Park Avenue|Queen Street|King Street|"
    "Victoria Road|London Road|Market Place|Bridge Street|North Street"
)
_SHORTER = {
    "Limited": "Ltd", "Services": "Svcs", "Centre": "Ctr", "Practice": "Prac", "Street": "St",
    "Restaurant": "Rest", "Road": "Rd", "Avenue": "Ave", "Lane": "Ln", "Place": "Pl",
}  # fmt: skip
_FIRST_NAMES = _listed(
    "James John Robert Michael William David Richard Thomas Mark Paul Peter George Andrew Daniel "
    "Matthew Jack Harry Oliver Samuel Adam Mary Susan Linda Karen Sarah Emma Anna Laura Jane Helen "
    "Alice Emily Grace Sophie Lucy Ruth Clare Amy Kate Julia"
)
_TITLES = ("Baron of", "Earl of", "Lord", "Viscount")
_OFTEN = [1 / (place % 20 + 1) for place in range(len(_FIRST_NAMES))]
_CALLED = {
    "James": "Jim", "Robert": "Bob", "Michael": "Mike", "William": "Bill", "David": "Dave",
    "Richard": "Rick", "Thomas": "Tom", "Susan": "Sue", "Samuel": "Sam", "Daniel": "Dan",
    "Matthew": "Matt", "Andrew": "Andy", "Peter": "Pete",
}  # fmt: skip
_SYLLABLES = _listed("ba ce di fo ga hu ja ke li mo nu pa ro sa te vi wo")

Record = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Made:
    """Records, and by id who each is of."""

    records: pa.Table
    truth: Mapping[str, str]


def businesses(customers: int, *, seed: int) -> Made:
    """Make so many businesses, each with one to four records."""
    random = Random(seed)  # noqa: S311 - no secret comes of it
    centres = [(_address(random), _telephone(random)) for _ in range(customers // 40)]
    chains = [_name(random, ()) for _ in range(customers // 60)]
    told: list[tuple[str, Record]] = []
    for number in range(customers):
        name = f"{_name(random, chains)} {random.choice(_FORMS)}".strip()
        (street, city, postcode), phone = _address(random), _telephone(random)
        if random.random() < 0.2:
            (street, city, postcode), shared = random.choice(centres)
            phone = shared if random.random() < 0.5 else phone
        email = f"info@{''.join(filter(str.isalpha, name.lower()))[:14]}{number}.co.uk"
        for copy in range(random.choices((1, 2, 3, 4), (50, 30, 15, 5))[0]):
            moved = random.random() < 0.05
            record = {
                "organisation": _dirty(random, name) if copy else name,
                "phone": _at_times(random, 0.65, phone),
                "street": _at_times(
                    random, 0.85, _street(random) if moved else _shortened(random, street)
                ),
                "city": _at_times(random, 0.8, city),
                "postcode": _at_times(random, 0.6, postcode),
                "email": _at_times(random, 0.3, email),
            }
            told.append((str(number), record))
    return _made(random, told)


def households(customers: int, *, seed: int) -> Made:
    """Make so many persons, one to four in a home, each with one to three records."""
    random = Random(seed)  # noqa: S311 - no secret comes of it
    told: list[tuple[str, Record]] = []
    number = 0
    while number < customers:
        for records in _home(random):
            told += ((str(number), record) for record in records)
            number += 1
    return _made(random, told)


def historic_persons(customers: int, *, seed: int) -> Made:
    """Make so many persons of old, each with one to fourteen records."""
    random = Random(seed)  # noqa: S311 - no secret comes of it
    told: list[tuple[str, Record]] = []
    for number in range(customers):
        first = random.choices(_FIRST_NAMES, _OFTEN)[0]
        family = random.choice(_SURNAMES) if random.random() < 0.4 else _coined(random)
        year, month, day = random.randint(1600, 1900), random.randint(1, 12), random.randint(1, 28)
        _, city, postcode = _address(random)
        title = f"{random.choice(_TITLES)} {_coined(random)}" if random.random() < 0.1 else ""
        for copy in range(random.choices((1, 3, 6, 10, 14), (15, 20, 30, 25, 10))[0]):
            written = _slipped(random, family) if random.random() < 0.1 else family
            by_title = bool(title) and random.random() < 0.3
            record = {
                "first_name": _at_times(random, 0.95, _called(random, first) if copy else first),
                "last_name": _at_times(random, 0.97, title if by_title else written),
                "birth_date": _at_times(random, 0.88, _born(random, year, month, day)),
                "city": _at_times(random, 0.8, city),
                "postcode": _at_times(random, 0.75, _near(random, postcode)),
            }
            told.append((str(number), record))
    return _made(random, told)


def _born(random: Random, year: int, month: int, day: int) -> str:
    """A birthday as it is handed down: at times only its year, at times with an error."""
    kind = random.random()
    if kind < 0.15:
        return f"{year}-01-01"
    if kind < 0.2:
        return f"{year}-{month:02}-{random.randint(1, 28):02}"
    return f"{year + random.choice((-1, 1)) if kind < 0.24 else year}-{month:02}-{day:02}"


def _near(random: Random, postcode: str) -> str:
    """A postcode, or another one of its district."""
    district, _, _ = postcode.partition(" ")
    other = f"{district} {random.randint(1, 9)}{random.choice('ABDE')}{random.choice('ABDE')}"
    return other if random.random() < 0.25 else postcode


def _home(random: Random) -> Iterator[list[Record]]:
    """The records of each of those who live in one home."""
    family = random.choice(_SURNAMES) if random.random() < 0.5 else _coined(random)
    home, landline, used = _address(random), _telephone(random), list[str]()
    for _ in range(random.choices((1, 2, 3, 4), (45, 25, 15, 15))[0]):
        first = random.choices(_FIRST_NAMES, _OFTEN)[0]
        while first in used and random.random() < 0.99:
            first = random.choices(_FIRST_NAMES, _OFTEN)[0]
        used.append(first)
        born = f"{random.randint(1940, 2000)}-{random.randint(1, 12):02}-{random.randint(1, 28):02}"
        mobile, shared = _telephone(random), f"the{family.lower()}s{landline[-4:]}@post.example"
        own = f"{first.lower()}.{family.lower()}{random.randint(1, 9999)}@mail.example"
        email = own if random.random() < 0.8 else shared
        records: list[Record] = []
        for copy in range(random.choices((1, 2, 3), (55, 30, 15))[0]):
            street, city, postcode = _address(random) if copy and random.random() < 0.08 else home
            phone = mobile if random.random() < 0.6 else landline
            record = {
                "first_name": _called(random, first) if copy else first,
                "last_name": _slipped(random, family) if random.random() < 0.03 else family,
                "email": _at_times(random, 0.55, email),
                "phone": _at_times(random, 0.6, phone),
                "street": _at_times(random, 0.8, street),
                "city": _at_times(random, 0.8, city),
                "postcode": _at_times(random, 0.8, postcode),
                "birth_date": _at_times(random, 0.5, born),
            }
            records.append(record)
        yield records


def _made(random: Random, told: list[tuple[str, Record]]) -> Made:
    random.shuffle(told)
    ids = [f"r{place:06}" for place in range(len(told))]
    columns = {
        name: pa.array([record[name] for _, record in told], pa.string()) for name in told[0][1]
    }
    truth = {name: of for name, (of, _) in zip(ids, told, strict=True)}
    return Made(pa.table({"id": pa.array(ids, pa.string()), **columns}), truth)


def _name(random: Random, chains: list[str] | tuple[str, ...]) -> str:
    trade, kind = random.choice(_TRADES), random.random()
    if chains and kind > 0.93:
        return random.choice(chains)
    if kind < 0.45:
        return f"{random.choice(_SURNAMES)} {trade}"
    if kind < 0.7:
        return f"{random.choice(_EPITHETS)} {trade}"
    if kind < 0.85:
        return f"{random.choice(_SURNAMES)} & {random.choice(_SURNAMES)} {trade}"
    return f"{random.choice(_TOWNS)} {random.choice(_EPITHETS)} {trade}"


def _dirty(random: Random, name: str) -> str:
    words = name.split()
    if random.random() < 0.4:
        words = [_SHORTER.get(word, word) for word in words]
    if random.random() < 0.3 and words[-1] in _LAST:
        words.pop()
    if random.random() < 0.2:
        place = random.randrange(len(words))
        words[place] = _slipped(random, words[place])
    if random.random() < 0.1 and len(words) > 2:
        words.pop(random.randrange(1, len(words)))
    if random.random() < 0.08:
        random.shuffle(words)
    if random.random() < 0.1:
        words.insert(0, "The")
    written = " ".join(words)
    return written.upper() if random.random() < 0.3 else written


def _called(random: Random, first: str) -> str:
    kind = random.random()
    if kind < 0.12:
        return _CALLED.get(first, first)
    if kind < 0.2:
        return first[0]
    return _slipped(random, first) if kind < 0.25 else first


def _slipped(random: Random, word: str) -> str:
    """Leave a letter out, double it, or write two in the wrong order."""
    if len(word) < 5:
        return word
    at = random.randrange(1, len(word) - 1)
    before, here, after = word[:at], word[at], word[at + 1 :]
    return random.choice(
        (before + after, before + here + here + after, before + after[0] + here + after[1:])
    )


def _shortened(random: Random, street: str) -> str:
    if random.random() < 0.6:
        return street
    return " ".join(_SHORTER.get(word, word) for word in street.split())


def _address(random: Random) -> tuple[str, str, str]:
    city = random.choice(_TOWNS)
    inward = f"{random.randint(1, 9)}{random.choice('ABDE')}{random.choice('ABDE')}"
    return _street(random), city, f"{city[:2].upper()}{random.randint(1, 40)} {inward}"


def _street(random: Random) -> str:
    return f"{random.randint(1, 250)} {random.choice(_STREETS)}"


def _telephone(random: Random) -> str:
    return f"0{random.randint(10**9, 10**10 - 1)}"


def _coined(random: Random) -> str:
    return "".join(random.choices(_SYLLABLES, k=random.choice((2, 3, 3)))).capitalize()


def _at_times(random: Random, chance: float, value: str) -> str | None:
    return value if random.random() < chance else None
