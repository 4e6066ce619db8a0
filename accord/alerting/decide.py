"""What is worth an alert, whom it concerns and when to try again: pure decisions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from accord.contracts.channels import Channel
from accord.contracts.outcomes import Outcome, OutcomeState
from accord.privacy import redacted
from accord.store.alerts import SEVERITIES, Notice, Severity, Standing

OPERATIONS = "team:integration"
"""The owner of what no outcome's owner can mend."""
MAX_ATTEMPTS = 10
_LONGEST_WAIT = timedelta(minutes=15)
_OUTCOME, _CHANNEL = "outcome:", "alert_channel:"
_SEVERITY: Final[Mapping[str, Severity]] = {"late": "warning", "missed": "error"}
_HEADS = {"raised": "{severity}", "changed": "now {severity}", "recovered": "recovered"}


@dataclass(frozen=True, slots=True)
class Raise:
    """Say that something is wrong."""

    topic: str
    severity: Severity
    subject: str
    message: str
    owner: str


@dataclass(frozen=True, slots=True)
class Recover:
    """Say that it is over."""

    topic: str
    message: str


@dataclass(frozen=True, slots=True)
class Message:
    """What a channel sends."""

    title: str
    body: str
    severity: Severity
    is_recovery: bool = False


def outcome_topic(outcome: str) -> str:
    """The topic of an outcome that is not met."""
    return f"{_OUTCOME}{outcome}"


def channel_topic(channel: str) -> str:
    """The topic of a channel's own trouble."""
    return f"{_CHANNEL}{channel}"


def routed(notice: Notice, channels: Iterable[Channel]) -> list[str]:
    """The channels a notice goes to: by its owner and severity, but never the one it is about."""
    return [
        channel.name
        for channel in channels
        if SEVERITIES.index(notice.reach) >= SEVERITIES.index(channel.least_severity)
        and (not channel.owners or notice.owner in channel.owners)
        and notice.topic != channel_topic(channel.name)
    ]


def next_attempt(attempts: int, now: datetime) -> datetime | None:
    """When to try again after so many attempts; None when that was the last."""
    if attempts >= MAX_ATTEMPTS:
        return None
    return now + min(timedelta(minutes=2 ** (attempts - 1)), _LONGEST_WAIT)


def worded(notice: Notice) -> Message:
    """The message of a notice."""
    head = _HEADS[notice.kind].format(severity=notice.severity)
    lines = [
        notice.message,
        "",
        f"Topic: {notice.topic}",
        *([f"Owner: {notice.owner}"] if notice.owner else []),
        *([f"Run: {notice.run_id}"] if notice.run_id else []),
        f"At: {notice.noticed_at:%Y-%m-%d %H:%M %Z}",
    ]
    return Message(
        title=f"[Accord: {head}] {notice.subject}",
        body="\n".join(lines),
        severity=notice.severity,
        is_recovery=notice.kind == "recovered",
    )


def outcome_changes(
    states: Sequence[OutcomeState],
    outcomes: Mapping[str, Outcome],
    standing: Mapping[str, Standing],
    *,
    since: date | None,
) -> list[Raise | Recover]:
    """What the outcomes' states make worth telling, beyond what is raised already.

    `since` is the first business day ever landed: before it nothing was owed. A state that is
    pending changes nothing. An outcome that is no longer declared is over.
    """
    judged = [
        change
        for state in states
        if (change := _change(state, outcomes[state.outcome], standing, since=since))
    ]
    known = {outcome_topic(state.outcome) for state in states}
    gone = sorted(name for name in standing if name.startswith(_OUTCOME) and name not in known)
    return [*judged, *(Recover(topic, "The outcome is no longer declared.") for topic in gone)]


def channels_gone(standing: Iterable[str], declared: Iterable[str]) -> list[str]:
    """The topics about channels that are no longer declared: nothing can be wrong with them."""
    live = {channel_topic(name) for name in declared}
    return sorted(topic for topic in standing if topic.startswith(_CHANNEL) and topic not in live)


def _change(
    state: OutcomeState,
    outcome: Outcome,
    standing: Mapping[str, Standing],
    *,
    since: date | None,
) -> Raise | Recover | None:
    topic = outcome_topic(state.outcome)
    known = standing.get(topic)
    message = redacted(" ".join(filter(None, [state.detail, _sentence(state.remedy)])))
    severity = _SEVERITY.get(state.state)
    if severity is None:
        return Recover(topic, message) if known and state.state == "met" else None
    is_continuous = outcome.deadline is None
    owed = is_continuous or (since is not None and state.day >= since)
    told = known is not None and (known.severity, known.message) == (severity, message)
    if told or not owed:
        return None
    return Raise(topic, severity, f"{outcome.says}: {state.state}", message, outcome.owner)


def _sentence(remedy: str) -> str:
    return f"Remedy: {remedy.rstrip('.')}." if remedy else ""
