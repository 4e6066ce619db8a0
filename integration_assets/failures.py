"""What a failure means to Dagster: whether any of its retry mechanisms may try again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from accord.errors import AccordError, Retry

RETRIES = dg.RetryPolicy(
    max_retries=3, delay=5, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.FULL
)
NO_RUN_RETRY = "dagster/retry_on_asset_or_op_failure"


@contextmanager
def classed(context: dg.OpExecutionContext | dg.AssetExecutionContext) -> Iterator[None]:
    """Turn our errors into Dagster's: only a Retry is worth another try.

    A permanent failure stops all three mechanisms: the op's retry policy, run retries (through
    the run's tag), and the sensors, which ask for a day again only when its content changes.
    """
    try:
        yield
    except AccordError as error:
        again = isinstance(error, Retry)
        if not again:
            context.instance.add_run_tags(context.run_id, {NO_RUN_RETRY: "false"})
        raise dg.Failure(
            description=str(error),
            metadata={"what failed": error.what, "remedy": error.remedy},
            allow_retries=again,
        ) from None
