"""What one run does at several systems at once: it reads them, and delivers to them."""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg

from accord.abreast import Abreast
from accord.delivery.courier import Delivered
from accord.intake import Taken

_NEEDED = {"company", "store"}  # so both end before these are closed
_PATIENCE = 5.0
"""Seconds that a run which was ended waits for what it reads; of that nothing is kept anyway."""


@dg.resource(description="Reads several systems at once for a run", required_resource_keys=_NEEDED)
def readings(_: dg.InitResourceContext) -> Iterator[Abreast[Taken]]:
    """Read systems; when the run ends, those being read are told to end, and left after a while."""
    with Abreast[Taken](patience=_PATIENCE) as opened:
        yield opened


@dg.resource(
    description="Makes the deliveries of a run to several systems at once",
    required_resource_keys=_NEEDED,
)
def deliveries(_: dg.InitResourceContext) -> Iterator[Abreast[Delivered]]:
    """Make deliveries; when the run ends, those under way are told to end, and waited for."""
    with Abreast[Delivered](goes_on=lambda found: found.is_through) as opened:
        yield opened
