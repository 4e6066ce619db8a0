"""Compiles a record's description into a function that decodes its bytes, whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from accord.copybook.code_pages import CodePage, code_page
from accord.copybook.compiling import Compiler, Counted, Sliding, Spine
from accord.copybook.fields import ByteOrder, Held, Reader
from accord.copybook.layout import laid_out
from accord.copybook.model import Item
from accord.copybook.undecodable import Undecodable


@dataclass(frozen=True, slots=True)
class Decoder:
    """Decodes one kind of record: `decoder(raw)` is a dict by the names of the copybook.

    Groups are dicts, tables lists; FILLER is left out. Text is without its padding, numbers are
    int or Decimal. A record is between `shortest` and `longest` bytes long.
    """

    name: str
    shortest: int
    longest: int
    page: CodePage
    _counted: tuple[Counted, ...] = field(repr=False)
    _read: Reader | Spine = field(repr=False)

    def __call__(self, raw: bytes) -> dict[str, Any]:
        """Decode a record. Raises Undecodable, naming field and position, and gives no value."""
        if not self.shortest <= len(raw) <= self.longest:
            raise self._wrong_length(raw)
        held = Held(raw, self.page.decode(raw), raw.hex())
        at = self._slid(held) if self._counted else 0
        found: dict[str, Any] = self._read(held, at)  # type: ignore[arg-type]
        return found

    def _slid(self, held: Held) -> Sliding:
        """Read how long the counted tables are; the record's length has to follow from it."""
        bases, counts, length = [0], [], self.shortest
        for table in self._counted:
            count = table.read(held, 0)
            if not table.least <= count <= table.most:
                raise Undecodable("bad_table_count", table.label, table.position)
            counts.append(count)
            bases.append(bases[-1] + count * table.step)
            length += (count - table.least) * table.step
        # Where records are all of one length, unused occurrences fill them up.
        if len(held.raw) not in (length, self.longest):
            raise self._wrong_length(held.raw)
        return Sliding(bases, counts)

    def _wrong_length(self, raw: bytes) -> Undecodable:
        return Undecodable("wrong_record_length", self.name, min(len(raw), self.longest) + 1)


def compiled(
    record: Item,
    *,
    page: str,
    views: Mapping[str, str] | None = None,
    only: Collection[str] = (),
    native: ByteOrder = "big",
) -> Decoder:
    """Compile a record's description; do so once, a decoder is meant for many records.

    `page` is the code page's name. Of items that REDEFINE each other the first is decoded, unless
    `views` says which one holds when: {condition (level 88): the view's name}; a record for which
    none of their conditions holds is undecodable. With `only`, all other items are neither decoded
    nor looked at. `native` is the byte order of COMP-5. Raises Stop for what cannot be compiled.
    """
    layout, table = laid_out(record), code_page(page)
    compiler = Compiler(layout, table, views or {}, frozenset(only), native)
    compiler.check_names()
    counted = tuple(map(compiler.counted, layout.counted))
    read: Callable[..., Any] = compiler.spine(layout.root) if counted else compiler.record()
    return Decoder(record.label, layout.shortest, layout.longest, table, counted, read)
