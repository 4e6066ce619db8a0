"""The systems, for the length of one run: real ones where they have an address, else emulated."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial

import dagster as dg

from accord.sandbox.company import Company
from accord.settings import Settings
from accord.store.database import Store
from accord.store.turns import turns_of

BACKFILL_TAG = "dagster/backfill"


def company_resource(settings: Settings, store: Store) -> dg.ResourceDefinition:
    """Open the company when a run starts and close it when the run ends.

    A run of a backfill leaves a part of each system's quota to what is new.
    """

    @dg.resource(description="Clients of every connected system")
    def company(context: dg.InitResourceContext) -> Iterator[Company]:
        backfill = context.run is not None and BACKFILL_TAG in context.run.tags
        turns = partial(turns_of, store, backfill=backfill)
        with Company(settings, today=datetime.now(UTC).date(), turns=turns) as opened:
            yield opened

    return company
