"""Notices when a source changes the columns it sends, and says whether the contract allows it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from accord.contracts.model import Contract

Extras = Literal["keep", "ignore", "reject_record"]
_EXTRAS: dict[str, Extras] = {
    "evolve": "keep",
    "discard_value": "ignore",
    "discard_row": "reject_record",
}


@dataclass(frozen=True, slots=True)
class ShapeChange:
    """How received column names differ from the agreed ones.

    `extras` says what becomes of values in added columns; `reject_record` means a record that
    fills one. `sentence` is empty where nothing changed; order alone is reported, never refused.
    """

    added: tuple[str, ...]
    missing: tuple[str, ...]
    doubled: tuple[str, ...]
    reordered: bool
    acceptable: bool
    extras: Extras
    sentence: str
    remedy: str

    def __bool__(self) -> bool:
        return bool(self.sentence)


def shape_change(contract: Contract, received: Sequence[str]) -> ShapeChange:
    """Compare the received column names with the agreed ones.

    Every agreed column has to exist in every mode, whether or not its values may be missing. When
    not one agreed name is there, the first line may well be a record: nothing of it is repeated.
    """
    agreed = contract.column_names
    counts = Counter(received)
    missing = tuple(name for name in agreed if name not in counts)
    is_header = len(missing) < len(agreed)
    added = tuple(name for name in counts if name not in agreed) if is_header else ()
    doubled = tuple(name for name in agreed if counts[name] > 1)
    common = [name for name in received if name in agreed]
    reordered = not doubled and common != [name for name in agreed if name in counts]
    frozen = contract.schema_mode == "freeze"
    return ShapeChange(
        added=added,
        missing=missing,
        doubled=doubled,
        reordered=reordered,
        acceptable=not (missing or doubled or (added and frozen)),
        extras=_EXTRAS.get(contract.schema_mode, "ignore"),
        sentence=_sentence(contract, added, missing, doubled, reordered=reordered),
        remedy=_remedy(contract, added, missing, doubled),
    )


def _sentence(
    contract: Contract,
    added: Sequence[str],
    missing: Sequence[str],
    doubled: Sequence[str],
    *,
    reordered: bool,
) -> str:
    if len(missing) == len(contract.columns):
        return f"{contract.name} arrived without any of the agreed column names"
    parts = [
        f"with the new {_columns(added)}" if added else "",
        f"without the {_columns(missing)}" if missing else "",
        f"with a second {_columns(doubled)}" if doubled else "",
        "with its columns in another order" if reordered else "",
    ]
    told = " and ".join(filter(None, parts))
    return f"{contract.name} arrived {told}" if told else ""


def _remedy(
    contract: Contract, added: Sequence[str], missing: Sequence[str], doubled: Sequence[str]
) -> str:
    if len(missing) == len(contract.columns):
        return "send it again with its header line, separated by commas"
    if missing or doubled:
        return "send it again with the agreed columns, or agree on a new version of the contract"
    if added and contract.schema_mode == "freeze":
        return "leave the column out at the source, or agree on a new version of the contract"
    if added:
        return "nothing has to be done; add the column to the contract to make use of it"
    return "nothing has to be done"


def _columns(names: Sequence[str]) -> str:
    shown = ", ".join(_readable(name) for name in names)
    return f"column {shown}" if len(names) == 1 else f"columns {shown}"


def _readable(name: str) -> str:
    clean = "".join(character for character in name if character.isprintable())
    return f"{clean[:40]}…" if len(clean) > 40 else clean or "(without a name)"
