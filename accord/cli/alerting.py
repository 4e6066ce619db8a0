"""What `accord alerts` does, and what other commands say about alert channels."""

from __future__ import annotations

import getpass
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.markup import escape

from accord.alerting import AppriseSender, deliver_pending, watch_outcomes, works_again
from accord.alerting.decide import Message, channel_topic
from accord.cli.exits import Exit
from accord.cli.world import World, now, opened
from accord.contracts.channels import Channel, load_channels
from accord.errors import AccordError, Stop
from accord.privacy import redacted
from accord.records import Health
from accord.secrets import Secrets
from accord.settings import CHECKOUT, Settings
from accord.store import alerts
from accord.store.database import Connection, Role

CHANNELS = CHECKOUT / "contracts" / "alerts.yaml"
_TEST = Message(
    title="[Accord: test] This channel works",
    body="Somebody ran `accord alerts test`. Alerts of this installation will arrive here.",
    severity="info",
)
_MARKS = {"error": "red", "warning": "yellow", "info": "cyan"}


@dataclass(frozen=True, slots=True)
class ChannelState:
    """How a channel stands: off, on or failing; its address is known by its scheme only."""

    channel: str
    state: str
    scheme: str
    reference: str
    error: str = ""
    pending: int = 0
    failed: int = 0
    last_sent_at: datetime | None = None


def list_alerts(console: Console, *, recovered: bool) -> tuple[Exit, Any]:
    """List the alerts, the raised ones first."""
    with opened() as world, world.store.session(Role.READER) as connection:
        found = alerts.listed(connection, recovered=recovered)
    for alert in found:
        _show(console, alert)
    if not found:
        console.print("No alert is raised." if not recovered else "There were no alerts.")
    return Exit.OK, {"alerts": [asdict(alert) for alert in found]}


def test_channels(console: Console, only: str | None) -> tuple[Exit, Any]:
    """Send a test message through each channel, and report what became of it."""
    with opened() as world:
        sender = AppriseSender(Secrets(world.settings.environment))
        chosen = _chosen(load_channels(CHANNELS), only)
        results = {channel.name: _tested(world, sender, channel) for channel in chosen}
    for channel in chosen:
        _show_test(console, channel, results[channel.name])
    off = [name for name, result in results.items() if result["state"] == "off"]
    failed = any(result["state"] == "failed" for result in results.values())
    # A channel asked for by name has to work; that others are off is a choice.
    code = Exit.TROUBLE if failed or (only and off) else Exit.OK
    return code, {"channels": results}


def acknowledge(console: Console, topic: str, *, by: str | None, close: bool) -> tuple[Exit, Any]:
    """Note who has seen a raised alert; with `close`, that it is over. Raises Stop."""
    who = by or getpass.getuser()
    with opened() as world, world.store.transaction(Role.DELIVERER) as connection:
        if not alerts.acknowledge(connection, topic, by=who):
            raise Stop(
                f"The alert {redacted(topic)} is not raised",
                remedy="see `accord alerts list` for the topics that are",
            )
        if close:
            alerts.recover(connection, topic, message=f"Closed by {who}.")
    console.print(f"{topic} is {'closed' if close else 'acknowledged'} by {who}.", markup=False)
    return Exit.OK, {"topic": topic, "by": who, "closed": close}


def tell_pending(console: Console, world: World) -> None:
    """Judge the outcomes and send what is due; whatever goes wrong here is only printed."""
    try:
        watch_outcomes(world.store, world.outcomes, world.streams(), now())
        sender = AppriseSender(Secrets(world.settings.environment))
        told = deliver_pending(world.store, load_channels(CHANNELS), sender)
    except AccordError as error:
        console.print(f"[yellow]Alerts could not be sent.[/] {escape(str(error))}")
        return
    if told.sent:
        console.print(f"Alert messages sent: {told.sent}", highlight=False)
    for name, cause in told.failing.items():
        console.print(
            f"[yellow]The alert channel {name} takes no messages ({cause}).[/] "
            f"Try `accord alerts test --channel {name}`.",
            highlight=False,
        )


def channel_states(connection: Connection, settings: Settings) -> list[ChannelState]:
    """How each declared channel stands, without sending anything. Raises Stop like its file."""
    sender = AppriseSender(Secrets(settings.environment))
    records = alerts.channel_records(connection)
    raised = alerts.standing(connection)
    return [
        _state(channel, sender, records.get(channel.name), failing=channel_topic(name) in raised)
        for name, channel in load_channels(CHANNELS).items()
    ]


def channel_health(connection: Connection, settings: Settings) -> list[Health]:
    """A finding for each channel; one that is off is in order."""
    try:
        return [_health(state) for state in channel_states(connection, settings)]
    except AccordError as error:
        return [Health("alert channels", healthy=False, detail=error.what, remedy=error.remedy)]


def _state(
    channel: Channel,
    sender: AppriseSender,
    record: alerts.ChannelRecord | None,
    *,
    failing: bool,
) -> ChannelState:
    if not sender.is_on(channel):
        return ChannelState(channel.name, "off", "", channel.url)
    error = record.last_error if record and failing else ""
    if not sender.is_usable(channel):
        error = "address_unusable"
    return ChannelState(
        channel=channel.name,
        state="failing" if error or failing else "on",
        scheme=sender.scheme(channel),
        reference=channel.url,
        error=error,
        pending=record.pending if record else 0,
        failed=record.failed if record else 0,
        last_sent_at=record.last_sent_at if record else None,
    )


def _health(state: ChannelState) -> Health:
    name = f"alert channel {state.channel}"
    if state.state == "off":
        return Health(name, healthy=True, detail=f"off, since {state.reference} is not set")
    told = f"last message {state.last_sent_at:%Y-%m-%d %H:%M}" if state.last_sent_at else "unused"
    kind = state.scheme or "unknown kind"
    if state.state == "on":
        return Health(name, healthy=True, detail=f"on, {kind}; {told}")
    waiting = f"{state.pending} wait, {state.failed} were given up"
    return Health(
        name,
        healthy=False,
        detail=f"{kind}: takes no messages ({state.error}); {waiting}; {told}",
        remedy=f"check the address behind {state.reference}, "
        f"then run `accord alerts test --channel {state.channel}`",
    )


def _chosen(channels: Mapping[str, Channel], only: str | None) -> list[Channel]:
    if only is None:
        return list(channels.values())
    if only not in channels:
        raise Stop(
            f"There is no alert channel {redacted(only)!r}",
            remedy=f"choose one of {_names(channels)} or add it to contracts/alerts.yaml",
        )
    return [channels[only]]


def _names(channels: Iterable[str]) -> str:
    return ", ".join(channels) or "(none)"


def _tested(world: World, sender: AppriseSender, channel: Channel) -> dict[str, str]:
    if not sender.is_on(channel):
        return {"state": "off", "reference": channel.url}
    error = sender.send(channel, _TEST)
    found = {"scheme": sender.scheme(channel), "reference": channel.url}
    if error:
        return {"state": "failed", "error": error, **found}
    with world.store.transaction(Role.DELIVERER) as connection:
        works_again(connection, channel)
    return {"state": "sent", **found}


def _show(console: Console, alert: alerts.Listed) -> None:
    colour = "green" if alert.state == "recovered" else _MARKS[alert.severity]
    mark = "recovered" if alert.state == "recovered" else alert.severity
    console.print(f"[{colour}]{mark:9}[/]  {escape(alert.topic)}", highlight=False)
    lines = [f"{alert.subject}: {alert.message}", _when(alert), *alert.deliveries]
    for line in lines:
        console.print(f"           {escape(line)}", highlight=False)


def _when(alert: alerts.Listed) -> str:
    since = f"since {alert.raised_at.astimezone():%Y-%m-%d %H:%M}"
    parts = [since, *([f"owner {alert.owner}"] if alert.owner else [])]
    if alert.repeats:
        parts.append(f"seen again {alert.repeats} times")
    if alert.recovered_at:
        parts.append(f"over at {alert.recovered_at.astimezone():%Y-%m-%d %H:%M}")
    if alert.acknowledged_at:
        parts.append(f"acknowledged by {alert.acknowledged_by}")
    return ", ".join(parts)


def _show_test(console: Console, channel: Channel, result: Mapping[str, str]) -> None:
    told = {
        "off": f"off, since {channel.url} is not set",
        "sent": f"sent by {result.get('scheme')}",
        "failed": f"FAILED: {result.get('error')}. Remedy: check the address behind {channel.url}",
    }[result["state"]]
    console.print(f"{channel.name}: {told}", markup=False, highlight=False)
