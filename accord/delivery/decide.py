"""The decisions of a delivery, as pure functions: what to send, what an answer means, counts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from msgspec.structs import replace

from accord.records import Found, Receipt, Write
from accord.store.dead_letters import storable
from accord.store.due import Due, Standing, State
from accord.store.outbox import Intended, Settlement

Need = Literal["send", "unchanged", "rejected", "waiting", "unknown"]

_STATES: Mapping[str, State] = {
    "delivered": "delivered", "rejected": "rejected", "busy": "waiting", "retry": "waiting",
}  # fmt: skip

FEW = 20
"""Up to so many objects at a destination, a run may change them all."""


@dataclass(frozen=True, slots=True)
class Extent:
    """How much of what is `there` a run would change or take away; what it adds counts for none."""

    there: int = 0
    changed: int = 0
    removed: int = 0

    @property
    def share(self) -> float:
        """The part of what is there."""
        return (self.changed + self.removed) / self.there if self.there else 0.0

    def exceeds(self, most: float) -> bool:
        """Tell whether a person has to approve it first."""
        return self.there > FEW and self.share > most


def need(due: Due, standing: Standing) -> Need:
    """Say what one due object needs.

    A write that the destination rejected is not sent again as it is: it waits for a person, for
    new content, or until it is known which of the destination's objects it is about. While an
    earlier write is unknown nothing else may follow it.
    """
    if standing.state in ("sending", "unknown"):
        return "unknown"
    if standing.intended_digest == due.digest:
        if standing.state == "rejected":
            is_found = due.target_id not in ("", standing.target_id)
            return "send" if is_found else "rejected"
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


def is_change(due: Due, standing: Standing, need: Need) -> bool:
    """Tell whether a write changes what is there, and was not meant by an earlier run already."""
    if need != "send":
        return False
    return due.effect == "remove" or standing.delivered_digest not in (None, "", due.digest)


def already_there(write: Write, found: Found | None) -> bool:
    """Tell whether a look-up shows that the destination holds exactly this content, once."""
    return found is not None and len(found.destination_ids) == 1 and found.digest == write.digest


def is_so(item: Intended, found: Found | None) -> bool:
    """Tell whether a look-up shows what a write is to bring about."""
    return found is None if item.effect == "remove" else already_there(item.write, found)


def inherited(item: Intended, there: Mapping[str, Found]) -> Write | None:
    """Say what a write becomes when its object is there under another key of ours.

    That is the very object it is known to be, under whichever of these keys it is; or else what the
    oldest of the keys has that were merged into its own.
    """
    write = item.write
    for key in (*write.former, *item.elsewhere):
        here = there.get(key)
        if here is not None and write.destination_id in here.destination_ids:
            known = Found((write.destination_id,), "")
            return replace(write, found=known, former=(*write.former, key))
    found = next((there[key] for key in write.former if key in there), None)
    return replace(write, found=found) if found else None


def is_lost(item: Intended, found: Found | None) -> bool:
    """Tell whether all that is there under a key is another golden record's by now."""
    return found is not None and set(found.destination_ids) <= set(item.lost)


def ambiguous(item: Intended, found: Found) -> Settlement:
    """Refuse a write for which the destination has several objects that may be meant."""
    return Settlement(
        item.write_id,
        "rejected",
        cause="ambiguous_match",
        detail=f"the destination has {len(found.destination_ids)} objects that may be this one: "
        + ", ".join(found.destination_ids),
        remedy="merge them at the destination, or give one of them our key there; then replay",
    )


def gone(absent: Iterable[Write], matched: Container[str]) -> frozenset[str]:
    """Of writes whose key the destination does not know, those whose object was once read there."""
    return frozenset(it.key for it in absent if it.destination_id and it.key not in matched)


def kept_back(write: Write) -> Settlement:
    """Say what becomes of a write whose object was there, and is not any more.

    Where it was read from that system, somebody took it away since: nothing is made in its place
    before the system was read again, and the model says whether it is still wanted. Of any other
    the look-up of the next run decides.
    """
    if not write.destination_id:
        return Settlement(
            write.write_id,
            "waiting",
            cause="gone",
            detail="its object went away while it was written",
            remedy="run again: it is looked up anew",
        )
    return Settlement(
        write.write_id,
        "held",
        cause="gone",
        detail=f"its object {write.destination_id} is not there any more, though it was when the "
        "system was last read",
        remedy="run again: once the system was read, it is decided whether the object is wanted",
    )


def settled(receipts: Iterable[Receipt], sent: Sequence[Write]) -> list[Settlement]:
    """Turn receipts into states; a write without a receipt is unknown, never forgotten."""
    answered = {receipt.write_id: receipt for receipt in receipts}
    return [_fate(write, answered.get(write.write_id)) for write in sent]


def _fate(write: Write, receipt: Receipt | None) -> Settlement:
    if receipt is None:
        return Settlement(write.write_id, "unknown")
    if receipt.outcome == "gone":
        return kept_back(write)
    return Settlement(
        write.write_id,
        _STATES[receipt.outcome],
        storable(receipt.destination_id),
        receipt.cause,
        storable(receipt.detail),
        receipt.remedy,
    )


def counted(
    due: Iterable[Due], standings: Mapping[str, Standing], *, run_id: str
) -> dict[str, Counter[str]]:
    """Count, per partition, how each due object stands."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for item in due:
        counts[item.partition_key][state(item, standings[item.object_key], run_id)] += 1
    return counts


def state(due: Due, standing: Standing, run_id: str) -> str:
    """Say how one due object stands, as the ledger counts it."""
    if standing.state in ("sending", "unknown"):
        return "unknown"
    if standing.intended_digest == due.digest and standing.state in ("rejected", "waiting", "held"):
        return standing.state
    if standing.delivered_digest == due.digest:
        here = standing.run_id == run_id and standing.state == "delivered"
        return "delivered" if here else "unchanged"
    return "waiting"


def summed(*parts: Mapping[str, Mapping[str, int]]) -> dict[str, Counter[str]]:
    """Add counts up by partition; what is `due` is the sum of the states."""
    total: dict[str, Counter[str]] = defaultdict(Counter)
    for part in parts:
        for partition, states in part.items():
            total[partition].update(states)
    for counts in total.values():
        counts["due"] = counts.total()
    return dict(total)
