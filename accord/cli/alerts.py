"""`accord alerts`: what is raised, whether the channels work, and who has seen it."""

from __future__ import annotations

from typing import Annotated

import typer

from accord.cli.output import Format, Output, console, end

app = typer.Typer(
    help="Show alerts, test the channels they go to, and note who has seen them.",
    no_args_is_help=True,
    rich_markup_mode="rich",
)


@app.command("list", epilog="Example: accord alerts list --all")
def list_(
    *,
    recovered: Annotated[bool, typer.Option("--all", help="also those that recovered")] = False,
    output: Format = Output.TEXT,
) -> None:
    """List the alerts that are raised, and where each was sent."""
    from accord.cli.alerting import list_alerts

    end(list_alerts(console(output), recovered=recovered), output)


@app.command(epilog="Example: accord alerts test --channel finance")
def test(
    channel: Annotated[str | None, typer.Option(help="one channel only")] = None,
    output: Format = Output.TEXT,
) -> None:
    """Send a test message through each channel that is on; exit 4 when one fails."""
    from accord.cli.alerting import test_channels

    end(test_channels(console(output), channel), output)


@app.command(epilog="Example: accord alerts ack run_failed:takings --by ann")
def ack(
    topic: str,
    *,
    by: Annotated[str | None, typer.Option(help="who has seen it; the login by default")] = None,
    close: Annotated[
        bool, typer.Option("--close", help="it is over; should it come back, it is told anew")
    ] = False,
    output: Format = Output.TEXT,
) -> None:
    """Note that somebody has seen an alert and takes care of it."""
    from accord.cli.alerting import acknowledge

    end(acknowledge(console(output), topic, by=by, close=close), output)
