"""What a failure means to Dagster: whether any of its retry mechanisms may try again."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg

from accord.errors import AccordError, Retry
from accord.settings import CHECKOUT

RETRIES = dg.RetryPolicy(
    max_retries=3, delay=5, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.FULL
)
NO_RUN_RETRY = "dagster/retry_on_asset_or_op_failure"


@contextmanager
def classed(
    context: dg.OpExecutionContext | dg.AssetExecutionContext,
    *,
    retries: dg.RetryPolicy | None = None,
) -> Iterator[None]:
    """Turn errors into Dagster's: ours say whether another try is worth it.

    A permanent failure stops all three mechanisms: the step's `retries`, run retries (through
    the run's tag), and the sensors, which ask for a day again only when its content changes. What
    is not ours is named and located but not quoted, for its text may hold a record's values, and
    the run history is no place for them.

    The policy is followed here and not left to Dagster, which would try a step again, too, that
    was interrupted because somebody wants the run to end.
    """
    try:
        yield
    except AccordError as error:
        failure = dg.Failure(
            description=str(error),
            metadata={"what failed": error.what, "remedy": error.remedy},
            allow_retries=isinstance(error, Retry),
        )
    except dg.Failure:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, its text must not be kept
        failure = unexpected(error)
    else:
        return
    if not failure.allow_retries:
        context.instance.add_run_tags(context.run_id, {NO_RUN_RETRY: "false"})
    elif retries is not None:
        wait = retries.calculate_delay(context.retry_number + 1)
        raise dg.RetryRequested(retries.max_retries, seconds_to_wait=wait) from failure
    raise failure from None


def unexpected(error: Exception) -> dg.Failure:
    """A failure that says what kind of error came from where, and nothing that it says itself."""
    name = type(error).__name__
    frames = traceback.extract_tb(error.__traceback__)
    places = [f"{_shown(frame.filename)}:{frame.lineno} in {frame.name}" for frame in frames]
    remedy = "report it with this run's log; it is tried again by itself"
    return dg.Failure(
        description=f"An unexpected {name} in {places[-1] if places else 'an unknown place'}. "
        f"Remedy: {remedy}.",
        metadata={"where": dg.MetadataValue.md("\n".join(f"1. `{place}`" for place in places))},
    )


def _shown(filename: str) -> str:
    path = Path(filename)
    return str(path.relative_to(CHECKOUT)) if path.is_relative_to(CHECKOUT) else path.name
