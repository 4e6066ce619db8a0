"""Looking: what a destination holds just before a batch leaves, and what each write becomes by it.

It calls the destination and knows no store, so that several batches can be looked up at once.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from accord.connector import Destination, Matches
from accord.delivery import decide
from accord.errors import Retry, Stop
from accord.records import Found, Write
from accord.store.outbox import Intended, Settlement

Batch = Sequence[Intended]


@dataclass(frozen=True, slots=True)
class Looked:
    """A batch as the destination was just seen, what is there by its own key in `found`.

    `inherited` is there by a key that is this one's now, `matched` by none of ours. Of `gone` the
    object was read from there, and is there no more by any name.
    """

    batch: Batch
    found: Mapping[str, Found] = field(default_factory=dict)
    inherited: Mapping[str, Write] = field(default_factory=dict)
    matched: Mapping[str, Write] = field(default_factory=dict)
    gone: Collection[str] = ()
    error: Retry | Stop | None = None


@dataclass(frozen=True, slots=True)
class Looking:
    """Looks batches of one kind of object up at a destination."""

    destination: Destination
    kind: str

    def look(self, batch: Batch) -> Looked:
        """Look for each write's object: by its own key, by keys it inherited, by what it is."""
        try:
            found = self.destination.look_up(self.kind, [item.key for item in batch])
            absent = [it for it in batch if it.key not in found and it.effect == "write"]
            if not absent or not isinstance(self.destination, Matches):
                return Looked(batch, found)
            inherited = self._inherited(absent)
            rest = [item.write for item in absent if item.key not in inherited]
            matched = self._matched(self.destination, rest)
            return Looked(batch, found, inherited, matched, decide.gone(rest, matched))
        except (Retry, Stop) as error:
            return Looked(batch, error=error)

    def _inherited(self, batch: Batch) -> dict[str, Write]:
        """What these writes become whose objects are there by keys that are theirs now."""
        keys = dict.fromkeys(key for it in batch for key in (*it.write.former, *it.elsewhere))
        there = self.destination.look_up(self.kind, list(keys)) if keys else {}
        inherited = {it.key: decide.inherited(it, there) for it in batch}
        return {key: write for key, write in inherited.items() if write is not None}

    def _matched(self, destination: Matches, writes: Sequence[Write]) -> dict[str, Write]:
        """What these writes become whose objects are there, by no key of ours."""
        matched = destination.match(self.kind, writes) if writes else {}
        by_key = {write.key: write for write in writes}
        return {key: replace(by_key[key], found=it) for key, it in matched.items()}


def seen(item: Intended, looked: Looked) -> Intended | tuple[Intended, Settlement]:
    """What a write needs after the look: to be sent, with what was found, or to be settled."""
    here = looked.found.get(item.key)
    if item.effect == "remove" and decide.is_lost(item, here):
        return item, Settlement(item.write_id, "unchanged")
    if decide.is_so(item, here):
        name = here.destination_ids[0] if here else item.write.destination_id
        return item, Settlement(item.write_id, "unchanged", name)
    if item.key in looked.gone:
        return item, decide.kept_back(item.write)
    write = looked.inherited.get(item.key) or looked.matched.get(item.key)
    if here is None and write is not None and (there := write.found):
        if len(there.destination_ids) > 1:
            return item, decide.ambiguous(item, there)
        adopts = there.destination_ids[0] if item.key in looked.matched else ""
        return item.about(write, adopts=adopts)
    return item if here is None else item.about(replace(item.write, found=here))
