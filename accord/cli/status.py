"""`accord status`: how everything stands, from the store alone."""

from __future__ import annotations

from rich.console import Console

from accord.cli.exits import Exit
from accord.cli.report import Report, exit_of, standing
from accord.cli.show import show_alerts, show_report
from accord.cli.world import now, opened
from accord.store.database import Role


def status(console: Console, *, strict: bool) -> tuple[Exit, Report]:
    """Report outcomes, flows, gates and what waits for a person."""
    with opened() as world, world.store.session(Role.READER) as connection:
        report = standing(connection, world, now())
    if report["flows"]:
        console.print("[dim]Each day as the last pass over it left it.[/]")
    show_report(console, report)
    show_alerts(console, report["alerts"], now())
    code = exit_of(report)
    if code is Exit.OK and strict and not all(o["met"] for o in report["outcomes"]):
        return Exit.TROUBLE, report
    return code, report
