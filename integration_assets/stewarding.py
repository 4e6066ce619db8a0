"""Jobs for stewards: dead letters replayed or discarded from the UI, by run config.

The config says which letters, by ids or by what they have in common, and who asks and why. After a
replay the sensor `after_replays` starts the runs that carry on.
"""

from datetime import UTC, datetime

import dagster as dg
from pydantic import Field

from accord import catalog
from accord.errors import Stop
from accord.sandbox.company import Company
from accord.stewarding import RUN_PREFIX, Replayed, Steward
from accord.store import stewardship
from accord.store.audit import By
from accord.store.database import Role, Store
from accord.store.stewardship import Letter, Which
from integration_assets import failures


class Letters(dg.Config):
    """Which letters, who asks, and why."""

    who: str = Field(description="who asks for this; it goes into the audit trail")
    why: str = Field(default="", description="the reason; a discard needs one")
    ids: list[str] = Field(default=[], description="ids, or unambiguous ends of them")
    cause: str | None = Field(default=None, description="one cause code")
    name: str | None = Field(default=None, description="a system, stream, entity or flow")
    partition: str | None = Field(default=None, description="one business day, as YYYY-MM-DD")
    since: str | None = Field(default=None, description="first seen at or after, ISO, UTC")
    until: str | None = Field(default=None, description="first seen before, ISO, UTC")
    everything: bool = Field(default=False, description="every letter that waits")

    @property
    def by(self) -> By:
        """Who does it, and why."""
        return By(self.who, self.why)


@dg.op(description="Sends dead letters their way again, as the way is now.")
def replay(
    context: dg.OpExecutionContext,
    config: Letters,
    store: dg.ResourceParam[Store],
    company: dg.ResourceParam[Company],
) -> None:
    """Replay the letters meant, and say what came of each."""
    with failures.classed(context):
        letters = asked(store, config)
        steward = Steward(
            store, catalog.discover(), company.client, config.by, f"{RUN_PREFIX}{context.run_id}"
        )
        done = steward.replay(letters)
    context.add_output_metadata(told(done))


@dg.op(description="Marks dead letters as not needed; they are kept, with who, when and why.")
def discard(
    context: dg.OpExecutionContext, config: Letters, store: dg.ResourceParam[Store]
) -> None:
    """Discard the letters meant."""
    with failures.classed(context):
        ids = [letter.dead_letter_id for letter in asked(store, config)]
        with store.transaction(Role.STEWARD) as connection:
            done = stewardship.discard(connection, ids, config.by)
    context.add_output_metadata({"discarded": len(done)})


@dg.job(
    description="Replays dead letters, as `accord dlq replay` does. Say in the config which, who "
    "asks and why.",
    executor_def=dg.in_process_executor,
)
def replay_dead_letters() -> None:
    """Replay what the config names."""
    replay()


@dg.job(
    description="Discards dead letters, as `accord dlq discard` does. Say in the config which, who "
    "asks and why.",
    executor_def=dg.in_process_executor,
)
def discard_dead_letters() -> None:
    """Discard what the config names."""
    discard()


def asked(store: Store, config: Letters) -> list[Letter]:
    """The waiting letters a config means. Raises Stop when it means none, or does not say which."""
    common = (config.cause, config.name, config.partition, config.since, config.until)
    if not (config.ids or any(common) or config.everything):
        raise Stop(
            "The config does not say which letters", remedy="name ids, a cause …, or everything"
        )
    with store.session(Role.READER) as connection:
        which = Which(
            ids=stewardship.identified(connection, config.ids),
            cause=config.cause,
            name=config.name,
            partition=config.partition,
            since=_time(config.since),
            until=_time(config.until),
        )
        found = stewardship.find(connection, which)
    if not found:
        raise Stop("No waiting dead letter is like that", remedy="see `accord dlq list`")
    return found


def told(done: list[Replayed]) -> dict[str, int]:
    """How many letters came to each outcome."""
    outcomes = [item.outcome for item in done]
    return {outcome: outcomes.count(outcome) for outcome in dict.fromkeys(outcomes)}


def _time(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        raise Stop("since and until are no ISO times", remedy="write 2026-11-01") from None
