"""The planner's statistics: after many rows at once it would guess badly wrong until told."""

from __future__ import annotations

from collections.abc import Iterable

from psycopg import sql

from accord.store.database import Connection
from accord.store.queries import queries


def refresh(
    connection: Connection, tables: Iterable[tuple[str, str]], *, touched: int | None = None
) -> None:
    """Let the planner know tables as they are now: those of which `touched` rows are a good part.

    Without `touched` it is all of them; what is no table, as a view, is left alone. What the
    caller's transaction wrote counts. A role that may not do it changes nothing.
    """
    statements = queries("statistics")
    for table in tables:
        asked = {"touched": touched, "table": ".".join(table)}
        (columns,) = connection.execute(statements["grown"], asked).fetchone() or (None,)
        if columns:
            named = sql.SQL(", ").join(map(sql.Identifier, columns))
            count = sql.SQL(statements["count"]).format(table=sql.Identifier(*table), columns=named)
            connection.execute(count)
