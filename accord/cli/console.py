"""`accord console`: the stewards' web console, and who may sign in to it."""

from __future__ import annotations

from typing import Annotated

import typer

from accord.cli.output import Format, Output, console, end

app = typer.Typer(
    help="Serve the stewards' console, and say who may sign in.",
    no_args_is_help=True,
    rich_markup_mode="rich",
)

Name = Annotated[
    str, typer.Argument(metavar="NAME", help="the person, as the audit trail names them")
]


@app.callback()
def console_group() -> None:
    """Serve the stewards' console, and say who may sign in."""


@app.command(epilog="Example: accord console serve --port 3001")
def serve(
    port: Annotated[int, typer.Option(help="port on 127.0.0.1; 0 finds a free one")] = 3001,
) -> None:
    """Serve the console until Ctrl-C: matches, conflicts and dead letters to decide on."""
    from accord.cli.console_desk import serve as command

    command(console(Output.TEXT), port=port)


@app.command(epilog="Example: accord console grant ann")
def grant(name: Name, output: Format = Output.TEXT) -> None:
    """Let a person sign in: make a token, shown once; an older one of theirs ends."""
    from accord.cli.console_desk import grant as command

    end(command(console(output), name), output)


@app.command(epilog="Example: accord console revoke ann")
def revoke(name: Name, output: Format = Output.TEXT) -> None:
    """End a person's sign-in."""
    from accord.cli.console_desk import revoke as command

    end(command(console(output), name), output)


@app.command("list", epilog="Example: accord console list --output json")
def listed(output: Format = Output.TEXT) -> None:
    """List who may sign in."""
    from accord.cli.console_desk import listed as command

    end(command(console(output)), output)
