"""`accord ledger`: whether what the ledger says is so."""

from __future__ import annotations

import typer

from accord.cli.output import Format, Output, console, end

app = typer.Typer(
    help="Check the ledger against the rows it counts.",
    no_args_is_help=True,
    rich_markup_mode="rich",
)


@app.callback()
def ledger() -> None:
    """Check the ledger against the rows it counts."""


@app.command(epilog="Example: accord ledger verify --output json")
def verify(output: Format = Output.TEXT) -> None:
    """Compute every balance again from the rows themselves; exit 5 when one differs."""
    from accord.cli.verifying import verify as command

    end(command(console(output)), output)
