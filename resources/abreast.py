"""Deliveries side by side, for the length of one run."""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg

from accord.delivery.abreast import Abreast


@dg.resource(
    description="Makes the deliveries of a run to several systems at once",
    required_resource_keys={"company", "store"},  # so it ends before they are closed
)
def abreast(_: dg.InitResourceContext) -> Iterator[Abreast]:
    """Make deliveries; when the run ends, those under way are told to end, and waited for."""
    with Abreast() as opened:
        yield opened
