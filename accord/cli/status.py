"""`accord status`: how everything stands, from the store alone."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape

from accord.alerting.decide import channel_topic
from accord.cli.alerting import channel_health
from accord.cli.exits import Exit
from accord.cli.report import Report, exit_of, standing
from accord.cli.show import show_alerts, show_report
from accord.cli.world import now, opened
from accord.store.database import Role


def status(console: Console, *, strict: bool) -> tuple[Exit, Report]:
    """Report outcomes, flows, gates and what waits for a person."""
    with opened() as world, world.store.session(Role.READER) as connection:
        report = standing(connection, world, now())
        channels = channel_health(connection, world.settings)
    if report["flows"]:
        last = "as the last pass that did something there left it"
        console.print(f"[dim]Each day, and each flow without days, {last}.[/]")
    show_report(console, report)
    show_alerts(console, report["alerts"], now())
    report["alert_channels"] = [
        {"name": found.name, "healthy": found.healthy, "detail": found.detail} for found in channels
    ]
    told = {alert["topic"] for alert in report["alerts"] if alert["state"] == "raised"}
    for found in channels:
        if not found.healthy and channel_topic(found.name.rpartition(" ")[2]) not in told:
            text = escape(f"{found.name}: {found.detail}. Remedy: {found.remedy}.")
            console.print(f"  [red]{text}[/]", highlight=False)
    code = exit_of(report)
    if code is Exit.OK and strict and not all(o["met"] for o in report["outcomes"]):
        return Exit.TROUBLE, report
    return code, report
