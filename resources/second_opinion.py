"""Great Expectations beside a run, for the length of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dagster as dg

from accord.quality.second_opinion import SecondOpinion
from accord.store.server import PSYCOPG_2, Address


def second_opinion_resource(contracts: Path, address: Address) -> dg.ResourceDefinition:
    """Have the second judge at hand; its process starts when it is first wanted."""

    @dg.resource(description="Great Expectations, in a process of its own")
    def second_opinion(_: dg.InitResourceContext) -> Iterator[SecondOpinion]:
        with SecondOpinion(contracts, address.url(PSYCOPG_2)) as opened:
            yield opened

    return second_opinion
