"""`accord conflicts`: values that were changed in systems that do not own them."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from accord.cli.output import Format, Limit, Output, console, end
from accord.names import LARGEST_NUMBER

app = typer.Typer(
    help="List edits in systems that do not own the field, and answer those that wait.",
    no_args_is_help=True,
    rich_markup_mode="rich",
)

Entity = Annotated[str, typer.Option(help="whose golden records, such as customer")]


class Answer(StrEnum):
    """What a steward says to a conflict."""

    OVERWRITE = "overwrite"
    ACCEPT_ONCE = "accept_once"


@app.command("list", epilog="Example: accord conflicts list --all")
def list_(
    *,
    every: Annotated[bool, typer.Option("--all", help="those answered too")] = False,
    limit: Limit = 50,
    entity: Entity = "customer",
    output: Format = Output.TEXT,
) -> None:
    """List the edits that wait for an answer, newest first."""
    from accord.cli.conflict_desk import list_conflicts

    end(list_conflicts(console(output), entity, every=every, limit=limit), output)


@app.command(epilog="Example: accord conflicts answer 7 accept_once --why 'she told billing'")
def answer(
    number: Annotated[
        int, typer.Argument(min=1, max=LARGEST_NUMBER, help="the number of a conflict")
    ],
    reply: Annotated[
        Answer,
        typer.Argument(help="overwrite: send ours again; accept_once: let the edit win this time"),
    ],
    *,
    why: Annotated[str, typer.Option(help="the reason, for the audit trail")] = "",
    entity: Entity = "customer",
    output: Format = Output.TEXT,
) -> None:
    """Answer a conflict."""
    from accord.cli.conflict_desk import answer_conflict

    end(answer_conflict(console(output), entity, number, reply.value, why=why), output)


@app.command(epilog="Example: accord conflicts undo 7 --why 'it was no typing error'")
def undo(
    number: Annotated[
        int, typer.Argument(min=1, max=LARGEST_NUMBER, help="the number of an answered conflict")
    ],
    *,
    why: Annotated[str, typer.Option(help="the reason, for the audit trail")] = "",
    entity: Entity = "customer",
    output: Format = Output.TEXT,
) -> None:
    """Take an answer back, while the system still says what it was about."""
    from accord.cli.conflict_desk import undo_answer

    end(undo_answer(console(output), entity, number, why=why), output)
