"""Dead letters on a real store: put some, act as a steward, look at what is stored."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

from accord.intake import take_in
from accord.records import Page, Reading, Record, Rejected, Slice, Window
from accord.stewarding import Replayed, Steward
from accord.store import stewardship
from accord.store.audit import By
from accord.store.database import Role, Store
from accord.store.landing import Landed, Lander
from accord.store.stewardship import STATES, Letter, Which
from tests.support import engine
from tests.support.day_files import DAY, a_client, a_file, a_line
from tests.support.engine import SALES

ANN = By("ann", "the shop told us")
MENDED = a_line(InvoiceNo="540009", Quantity="7")
"""What the line that `torn` leaves was meant to say."""


def deliver(folder: Path, content: bytes, *, day: str = DAY) -> None:
    """Put a day file in place of the one that was there."""
    (folder / f"{day}.csv").write_bytes(content)


def take(store: Store, folder: Path, *, run_id: str = "") -> str:
    """Take in what the folder holds; return the run."""
    run_id = run_id or f"run-{uuid4()}"
    take_in(store, SALES, a_client(folder), Window(), run_id=run_id)
    return run_id


def torn(store: Store, folder: Path) -> None:
    """Land a day with one good line and one that was torn."""
    deliver(folder, a_file(a_line(), b"540009,41002,TIN"))
    take(store, folder)


def a_rejected(payload: bytes = b"torn", *, key: str = "a", **changes: str) -> Rejected:
    """A record that broke its contract."""
    told = {"cause": "wrong", "detail": "it is wrong", "remedy": "mend it", **changes}
    return Rejected(key=key, payload=payload, partition=DAY, **told)


def land(
    store: Store, *records: Record | Rejected, complete: bool = True, run_id: str = ""
) -> Landed:
    """Land these as one reading of one piece."""
    good = [item for item in records if isinstance(item, Record)]
    bad = [item for item in records if isinstance(item, Rejected)]
    reading = Reading("", (DAY,), iter([Page(good, bad)]), complete=complete)
    with store.transaction(Role.LANDER) as connection:
        lander = Lander(connection, SALES, run_id or f"run-{uuid4()}")
        return lander.land(Slice(f"{DAY}.csv", DAY, "signed"), reading)


def letters(store: Store, **which: Any) -> list[Letter]:
    """The letters of a store, waiting or not."""
    with store.session(Role.READER) as connection:
        return stewardship.find(connection, Which(**{"states": STATES, **which}))


def the_letter(store: Store) -> Letter:
    """The only letter that waits."""
    (letter,) = letters(store, states=("waiting",))
    return letter


def edit(store: Store, payload: bytes, letter: Letter | None = None) -> None:
    """Correct the only letter that waits, or the one given."""
    with store.transaction(Role.STEWARD) as connection:
        stewardship.edit(connection, letter or the_letter(store), payload, ANN)


def discard(store: Store, *found: Letter, by: By = ANN) -> list[str]:
    """Discard letters."""
    with store.transaction(Role.STEWARD) as connection:
        return stewardship.discard(connection, [it.dead_letter_id for it in found], by)


def restore(store: Store, *found: Letter, by: By = ANN) -> list[str]:
    """Let discarded letters wait again."""
    with store.transaction(Role.STEWARD) as connection:
        return stewardship.restore(connection, [it.dead_letter_id for it in found], by)


def replay(
    store: Store, *found: Letter, client: object | None = None, run_id: str = ""
) -> list[Replayed]:
    """Replay letters, all that wait if none is given."""
    steward = Steward(
        store,
        engine.SYSTEMS,
        lambda _: client or a_client(Path("/nowhere")),
        ANN,
        run_id or f"replay-{uuid4()}",
    )
    return steward.replay(found or letters(store, states=("waiting",)))


def live(store: Store, day: str = DAY) -> Mapping[str, bytes]:
    """The newest versions of a day's records that are not removed."""
    rows = engine.rows(
        store,
        "select distinct on (source_key) source_key, payload from landing.pos__sales_lines"
        " where partition_key = %(day)s order by source_key, version desc",
        {"day": day},
    )
    return {row["source_key"]: bytes(row["payload"]) for row in rows if row["payload"] is not None}
