"""What makes a flow without days run: notices that systems sent, and work that was left."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from accord.records import Notice
from accord.store.database import Connection
from accord.store.queries import for_table, queries


def keep_notices(connection: Connection, system: str, told: Iterable[Notice]) -> int:
    """Put notices into the inbox; one that came before is kept once. Returns how many are new."""
    new = 0
    for notice in told:
        values = {"system": system, "notice": notice.name, "stream": notice.stream}
        new += connection.execute(queries("following")["keep_notice"], values).rowcount
    return new


def notices(connection: Connection, streams: Sequence[str]) -> str:
    """Which notices about these streams nobody has acted on, as one text; "" for none."""
    row = connection.execute(queries("following")["waiting"], {"streams": list(streams)}).fetchone()
    return row[0] or "" if row else ""


@dataclass(frozen=True, slots=True)
class End:
    """Where objects of a flow go: a system, which installation of it, and the kind of object."""

    system: str
    endpoint: str
    kind: str


def left_to_do(
    connection: Connection, *, streams: Sequence[str], target: str, table: str, ends: Sequence[End]
) -> str:
    """What was landed or decided and has not gone all the way, as one text; "" for nothing.

    `target` is the build of the golden records, `table` the canonical table that holds them.
    """
    values = {"streams": list(streams), "target": target}
    row = connection.execute(queries("following")["unread"], values).fetchone()
    left = [f"landed {row[0]}"] if row and row[0] else []
    asked = {
        "systems": [end.system for end in ends],
        "endpoints": [end.endpoint for end in ends],
        "kinds": [end.kind for end in ends],
    }
    for name in ("decided", "vanished"):
        row = connection.execute(queries("following")[name], asked).fetchone()
        left += [f"{name} {row[0]}"] if row and row[0] else []
    found = connection.execute(for_table(queries("following")["undelivered"], table), asked)
    return "; ".join([*left, *(f"{end} above {mark}" for end, mark in found.fetchall())])
