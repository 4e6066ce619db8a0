"""The systems that know customers, each as a process of its own, as real ones would be.

`python -m bench.vendors SYSTEM FOLDER CUSTOMERS` starts one system's emulator, filled with
made-up customers whom all systems know alike, and prints its address. A line on its standard input
lets people there change every customer; it ends with its standard input. The mainframe is a folder.
"""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

from accord.emulation import Setup, population
from accord.emulation.names import FIRST_NAMES, TOWNS, TRADES
from accord.emulation.population import Party
from accord.settings import CHECKOUT
from systems.mainframe import emulator_records
from systems.mainframe.emulator import NAME

HTTP = ("salesforce", "stripe", "mailchimp")
SEED = 7
_SECRET = "of-the-benchmark-us1"  # noqa: S105 - of emulators that live for minutes
_EVERY = 5
"""One customer in so many is an organisation; those have no loyalty account."""

_SYLLABLES = ("ba", "ce", "di", "fo", "gu", "ha", "je", "ki", "lo", "mu", "na", "pe", "ri", "so")
_WHO = ("number", "kind", "changed_at", "first_name", "last_name", "organisation", "email")
_PLACE = ("street", "city", "postcode", "country")
_BILLING = ("payment_terms_days", "currency", *(f"billing_{name}" for name in _PLACE))
_KEPT = {
    "salesforce": (*_WHO, "phone", *_PLACE, "consent"),
    "stripe": (*_WHO, "phone", *_BILLING),
    "mailchimp": (*_WHO, "consent"),
}


@dataclass(frozen=True, slots=True)
class Vendor:
    """A running emulator."""

    process: subprocess.Popen[str]
    url: str
    token_url: str

    def change(self) -> None:
        """Let people there change every customer, and wait until it is done."""
        assert self.process.stdin is not None  # noqa: S101 - it was opened so
        self.process.stdin.write("change\n")
        self.process.stdin.flush()
        _line(self.process)


@contextmanager
def vendors(folder: Path, customers: int) -> Iterator[Mapping[str, Vendor]]:
    """Start all that speak HTTP; they end with the block."""
    with ExitStack() as stack:
        started = {}
        for system in HTTP:
            (folder / system).mkdir(parents=True)
            arguments = [system, str(folder / system), str(customers)]
            process = subprocess.Popen(
                [sys.executable, "-m", "bench.vendors", *arguments],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=CHECKOUT, text=True,
            )  # fmt: skip
            stack.callback(process.communicate, "", timeout=60)
            started[system] = process
        yield {
            system: Vendor(process, **json.loads(_line(process)))
            for system, process in started.items()
        }


def environment(found: Mapping[str, Vendor], mainframe: Path) -> dict[str, str]:
    """The environment in which these are the company's systems."""
    told = {"ACCORD_MAINFRAME_URL": mainframe.absolute().as_uri()}
    for system, vendor in found.items():
        told[f"ACCORD_{system.upper()}_URL"] = vendor.url
        told[f"ACCORD_{system.upper()}_TOKEN_URL"] = vendor.token_url
    names = ("SALESFORCE_CLIENT_ID", "SALESFORCE_CLIENT_SECRET", "STRIPE_API_KEY")
    return told | {f"ACCORD_{name}": _SECRET for name in (*names, "MAILCHIMP_API_KEY")}


def leave_extract(folder: Path, customers: int, *, night: date, earned: int) -> None:
    """Let the mainframe leave an extract in which everybody has earned so many points."""
    accounts = [
        emulator_records.Account(
            number=party.loyalty_code,
            name=f"{party.last_name}  {party.first_name}".upper(),
            born_on=date.fromisoformat(party.birth_date),
            address=(party.street.upper(), party.city.upper(), party.postcode),
            country=party.country,
            phone=party.phone,
            tier=party.loyalty_tier,
            points=party.loyalty_points + earned,
            changed_at=datetime.combine(night, time(22, 15), UTC),
            is_open=True,
            movements=[emulator_records.Movement(night, earned, 0)],
        )
        for party in parties(customers, night)
        if party.kind == "person"
    ]
    trailer = emulator_records.trailer(len(accounts), sum(it.points for it in accounts))
    bodies = map(emulator_records.account, accounts)
    content = emulator_records.file_of([emulator_records.header(night), *bodies, trailer])
    (folder / NAME.format(day=f"{night:%Y%m%d}")).write_bytes(content)


def parties(customers: int, today: date) -> Iterator[Party]:
    """So many customers, of whom no two share a name, an address or a number."""
    for number in range(1, customers + 1):
        is_company, coined = number % _EVERY == 0, _coined(number)
        town, district = TOWNS[number % len(TOWNS)]
        street, postcode = (
            f"{number} {coined} Street",
            f"{district} {number % 9}{coined[:2]}".upper(),
        )
        common: dict[str, Any] = {
            "number": number,
            "changed_at": datetime.combine(today - timedelta(days=40), time(9), UTC),
            "email": f"{coined}.{number}@post.example".lower(),
            "phone": f"0117{_scattered(number):07}",
            "street": street, "city": town, "postcode": postcode, "country": "GB",
            "billing_street": street, "billing_city": town, "billing_postcode": postcode,
            "billing_country": "GB", "consent": "opted_in", "currency": "GBP",
        }  # fmt: skip
        if is_company:
            name = f"{coined} {TRADES[number % len(TRADES)]} Ltd"
            yield Party(kind="organisation", organisation=name, payment_terms_days=30, **common)
            continue
        born = date(1940, 1, 1) + timedelta(days=number % 20_000)
        yield Party(
            kind="person",
            first_name=FIRST_NAMES[number % len(FIRST_NAMES)],
            last_name=coined,
            birth_date=born.isoformat(),
            loyalty_code=f"{number:08}",
            loyalty_tier="SILVER",
            loyalty_points=number % 1000,
            **common,
        )


def _scattered(number: int) -> int:
    """Seven digits of its own for each number, few of them but one digit from another's."""
    return number * 7_368_787 % 10_000_000


def _coined(number: int) -> str:
    """A word of its own for each number."""
    parts = []
    for _ in range(5):
        number, place = divmod(number, len(_SYLLABLES))
        parts.append(_SYLLABLES[place])
    return "".join(parts).capitalize()


def _line(process: subprocess.Popen[str]) -> str:
    """Wait for a line. Raises RuntimeError when the process ended instead."""
    assert process.stdout is not None  # noqa: S101 - it was opened so
    if not (told := process.stdout.readline()):
        raise RuntimeError(f"a vendor ended with {process.wait()}")
    return told


def _known_to(customers: int, system: str, today: date) -> tuple[Party, ...]:
    """The customers as a system has them: without what it does not keep."""
    kept = _KEPT[system]
    return tuple(
        Party(**{name: getattr(party, name) for name in kept})
        for party in parties(customers, today)
    )


def _change_crm(emulator: Any) -> None:
    for record in emulator.rows("contacts"):
        name = record["LastName"][::-1].capitalize()  # a new one, and nobody else's
        field = "Phone" if record["Phone"] else "MobilePhone"
        number = _renumbered(record[field])
        emulator.edit("contacts", record["Id"], LastName=name, **{field: number})
    for record in emulator.rows("accounts"):
        name = record["Name"].replace(" Ltd", " UK Ltd")
        emulator.edit("accounts", record["Id"], Name=name, Phone=_renumbered(record["Phone"]))


def _change_billing(emulator: Any) -> None:
    for customer in emulator.customers():
        if customer["metadata"]["kind"] == "organisation":
            address = {**customer["address"], "line1": f"Unit 2, {customer['address']['line1']}"}
            emulator.edit("customers", customer["id"], address=address)


def _renumbered(phone: str) -> str:
    """The number in another town, where it is nobody else's."""
    return f"0118{phone[4:]}"


_CHANGES: Mapping[str, Callable[[Any], None]] = {
    "salesforce": _change_crm,
    "stripe": _change_billing,
    "mailchimp": lambda _: None,
}


def main() -> None:
    """Serve one system until the standard input ends."""
    system, folder, customers = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])

    def known_to(system: str, _: int, today: date) -> tuple[Party, ...]:
        return _known_to(customers, system, today)

    setup = Setup(folder, SEED, datetime.now(UTC).date(), _SECRET)
    with patch.object(population, "known_to", known_to):
        emulator = importlib.import_module(f"systems.{system}.emulator").start(setup)
    try:
        told = {"url": emulator.url, "token_url": emulator.token_url}
        print(json.dumps(told), flush=True)
        for _ in sys.stdin:
            _CHANGES[system](emulator)
            print("changed", flush=True)
        if emulator.failures:
            raise RuntimeError(f"{system} failed: {emulator.failures[0]!r}")
    finally:
        emulator.stop()


if __name__ == "__main__":
    main()
