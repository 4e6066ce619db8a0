"""The systems, for the length of one run: real ones where they have an address, else emulated."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg

from accord.sandbox.company import Company
from accord.settings import Settings


def company_resource(settings: Settings) -> dg.ResourceDefinition:
    """Open the company when a run starts and close it when the run ends."""

    @dg.resource(description="Clients of every connected system")
    def company(_: dg.InitResourceContext) -> Iterator[Company]:
        with Company(settings, today=datetime.now(UTC).date()) as opened:
            yield opened

    return company
