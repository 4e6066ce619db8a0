"""What `accord ledger verify` does and shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console

from accord.cli.exits import Exit
from accord.cli.world import opened
from accord.store import audit, verification
from accord.store.database import Role
from accord.store.verification import Check

LISTED = 20


def verify(console: Console) -> tuple[Exit, dict[str, Any]]:
    """Compute every balance again, and list what differs."""
    with opened() as world, world.store.transaction(Role.READER) as connection:
        connection.execute("set transaction isolation level repeatable read, read only")
        checks = list(verification.verify(connection))
        counted = verification.entries(connection)
        head = audit.head(connection)
    apart = sum(len(check.discrepancies) for check in checks)
    for check in checks:
        _show(console, check)
    total = sum(counted.values())
    console.print(f"\nThe ledger has {total:,} entries, the audit trail {head.entries:,}.")
    if head.hash:
        console.print(f"Its last hash is {head.hash}; kept elsewhere, it shows a cut-off end.")
    verdict = f"[red bold]{apart:,} do not add up[/]" if apart else "Everything adds up."
    console.print(verdict, highlight=False)
    report = {
        "verified": not apart,
        "entries": counted,
        "audit": asdict(head),
        "checks": [asdict(check) for check in checks],
    }
    return (Exit.UNBALANCED if apart else Exit.OK), report


def _show(console: Console, check: Check) -> None:
    mark = "[red bold]WRONG[/]" if check.discrepancies else "[green]ok   [/]"
    console.print(f"{mark}  {check.says}", highlight=False)
    for item in check.discrepancies[:LISTED]:
        place = " ".join(part for part in (item.name, item.partition, item.run_id) if part)
        console.print(
            f"         {place}: {item.what}: {item.posted:,} in the ledger, {item.found:,} found",
            markup=False,
            highlight=False,
        )
    _more(console, check.discrepancies)


def _more(console: Console, found: Sequence[object]) -> None:
    if len(found) > LISTED:
        console.print(f"         … and {len(found) - LISTED:,} more; --output json lists all")
