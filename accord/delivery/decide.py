"""The decisions of a delivery, as pure functions: what to send, what an answer means, counts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from accord.records import Found, Receipt, Write
from accord.store.outbox import Due, Settlement, Standing

Need = Literal["send", "unchanged", "rejected", "waiting", "unknown"]


def need(due: Due, standing: Standing) -> Need:
    """Say what one due object needs.

    A write that the destination rejected is not sent again as it is: it waits for a person, or
    for new content. While an earlier write is unknown nothing else may follow it.
    """
    if standing.state in ("sending", "unknown"):
        return "unknown"
    if standing.intended_digest == due.digest:
        if standing.state == "rejected":
            return "rejected"
        if standing.state in ("waiting", "held"):
            return "waiting"
    if standing.delivered_digest == due.digest and standing.state in (
        None,
        "delivered",
        "unchanged",
        "rejected",
    ):
        return "unchanged"
    return "send"


def is_wanted(need: Need, *, distrust: bool) -> bool:
    """Tell whether a write is to be intended; with `distrust` also where all is believed right."""
    return need in ("send", "waiting") or (distrust and need != "unknown")


def already_there(write: Write, found: Found | None) -> bool:
    """Tell whether a look-up shows that the destination holds exactly this content, once."""
    return found is not None and len(found.destination_ids) == 1 and found.digest == write.digest


def settled(receipts: Iterable[Receipt], sent: Sequence[Write]) -> list[Settlement]:
    """Turn receipts into states; a write without a receipt is unknown, never forgotten."""
    answered = {receipt.write_id: receipt for receipt in receipts}
    return [
        Settlement(write.write_id, "unknown")
        if (receipt := answered.get(write.write_id)) is None
        else Settlement(
            write.write_id,
            "waiting" if receipt.outcome == "retry" else receipt.outcome,
            receipt.destination_id,
            receipt.cause,
            receipt.detail,
            receipt.remedy,
        )
        for write in sent
    ]


def counted(
    due: Iterable[Due],
    standings: Mapping[str, Standing],
    *,
    run_id: str,
    held: frozenset[str] = frozenset(),
) -> dict[str, Counter[str]]:
    """Count, per partition, how each due object stands: `due` is the sum of the states."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for item in due:
        counts[item.partition_key]["due"] += 1
        counts[item.partition_key][_state(item, standings[item.object_key], run_id, held)] += 1
    return counts


def _state(due: Due, standing: Standing, run_id: str, held: frozenset[str]) -> str:
    if due.object_key in held:
        return "held"
    if standing.state in ("sending", "unknown"):
        return "unknown"
    if standing.intended_digest == due.digest and standing.state in ("rejected", "waiting", "held"):
        return standing.state
    if standing.delivered_digest == due.digest:
        here = standing.run_id == run_id and standing.state == "delivered"
        return "delivered" if here else "unchanged"
    return "waiting"
