"""`accord dlq`: the dead letters, from first look to replay or discard."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from accord.cli.output import Format, Output, console, end

if TYPE_CHECKING:
    from accord.store.stewardship import Which

app = typer.Typer(
    help="Look at dead letters, correct them, replay or discard them. Nothing is ever deleted.",
    no_args_is_help=True,
    rich_markup_mode="rich",
)

_TIMES = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]
Ids = Annotated[
    list[str] | None, typer.Argument(help="ids, or any unambiguous beginning or end of one")
]
Id = Annotated[str, typer.Argument(help="an id, or any unambiguous beginning or end of one")]
Cause = Annotated[str | None, typer.Option(help="one cause code, such as wrong_field_count")]
Name = Annotated[
    str | None,
    typer.Option("--name", "--system", help="a system, stream, entity or flow, such as pos"),
]
Since = Annotated[
    datetime | None, typer.Option(formats=_TIMES, help="first seen at or after (UTC)")
]
Until = Annotated[datetime | None, typer.Option(formats=_TIMES, help="first seen before (UTC)")]
Partition = Annotated[str | None, typer.Option(help="one business day, as YYYY-MM-DD")]
All = Annotated[bool, typer.Option("--all", help="every letter that waits")]
Why = Annotated[str, typer.Option(help="the reason, for the audit trail")]


@app.command("list", epilog="Example: accord dlq list --system pos --since 2026-11-01")
def list_(
    cause: Cause = None,
    name: Name = None,
    since: Since = None,
    until: Until = None,
    partition: Partition = None,
    *,
    state: Annotated[
        str, typer.Option(help="waiting, resolved, discarded or all of them: any")
    ] = "waiting",
    each: Annotated[bool, typer.Option("--each", help="every letter, with its id")] = False,
    output: Format = Output.TEXT,
) -> None:
    """List what waits, by cause, with its remedy."""
    from accord.cli.letters import list_letters

    which = _which((), cause, name, since, until, partition, state=state)
    end(list_letters(console(output), which, each=each), output)


@app.command(epilog="Example: accord dlq show 3f9a --reveal --why 'asked by the shop'")
def show(
    letter: Id,
    *,
    reveal: Annotated[
        bool, typer.Option("--reveal", help="open the original too, which is audited")
    ] = False,
    why: Why = "",
    output: Format = Output.TEXT,
) -> None:
    """Show everything about one letter; what it holds only when asked to reveal it."""
    from accord.cli.letters import show_letter

    end(show_letter(console(output), letter, reveal=reveal, why=why), output)


@app.command(epilog="Example: accord dlq edit 3f9a --file corrected.csv --why 'field was missing'")
def edit(
    letter: Id,
    *,
    file: Annotated[
        Path | None, typer.Option(help="the corrected record; - reads standard input")
    ] = None,
    why: Why = "",
    output: Format = Output.TEXT,
) -> None:
    """Correct what one letter holds, in $EDITOR or from a file; the original is kept."""
    from accord.cli.editing import edit_letter

    end(edit_letter(console(output), letter, file, why=why), output)


@app.command(epilog="Example: accord dlq replay --cause wrong_field_count --why 'contract relaxed'")
def replay(
    ids: Ids = None,
    cause: Cause = None,
    name: Name = None,
    since: Since = None,
    until: Until = None,
    partition: Partition = None,
    *,
    every: All = False,
    why: Why = "",
    no_run: Annotated[
        bool, typer.Option("--no-run", help="leave it to the next pass to carry on")
    ] = False,
    output: Format = Output.TEXT,
) -> None:
    """Send letters their way again, through the mapping and the gate as they are now."""
    from accord.cli.letters import replay_letters

    which = _which(ids, cause, name, since, until, partition, every=every)
    end(replay_letters(console(output), which, why=why, carry_on=not no_run), output)


@app.command(epilog="Example: accord dlq discard 3f9a --why 'a till test, no sale'")
def discard(
    why: Annotated[str, typer.Option(help="the reason, kept with the record")],
    ids: Ids = None,
    cause: Cause = None,
    name: Name = None,
    since: Since = None,
    until: Until = None,
    partition: Partition = None,
    *,
    every: All = False,
    output: Format = Output.TEXT,
) -> None:
    """Mark letters as not needed; they are kept, with who, when and why."""
    from accord.cli.letters import discard_letters

    which = _which(ids, cause, name, since, until, partition, every=every)
    end(discard_letters(console(output), which, why=why), output)


@app.command(epilog="Example: accord dlq restore 3f9a --why 'it was a sale after all'")
def restore(
    ids: Ids = None,
    cause: Cause = None,
    name: Name = None,
    since: Since = None,
    until: Until = None,
    partition: Partition = None,
    *,
    every: All = False,
    why: Why = "",
    output: Format = Output.TEXT,
) -> None:
    """Let letters wait again that were discarded."""
    from accord.cli.letters import restore_letters

    which = _which(ids, cause, name, since, until, partition, every=every)
    end(restore_letters(console(output), which, why=why), output)


@app.command("rotate-key", epilog="Example: accord dlq rotate-key --why 'an administrator left'")
def rotate_key(
    *,
    lost: Annotated[
        bool, typer.Option("--lost-key", help="go on though some letters can never be opened")
    ] = False,
    why: Why = "",
    output: Format = Output.TEXT,
) -> None:
    """Seal every letter with a new key: our own, or the first that ACCORD_SEALING_KEY leads to."""
    from accord.cli.rotation import rotate

    end(rotate(console(output), lost=lost, why=why), output)


def _which(
    ids: list[str] | tuple[()] | None,
    cause: str | None,
    name: str | None,
    since: datetime | None,
    until: datetime | None,
    partition: str | None,
    *,
    state: str = "waiting",
    every: bool = True,
) -> Which:
    """What was asked for. To do something to all letters, one has to say so."""
    from datetime import UTC

    from accord.store.stewardship import STATES, Which

    if not (ids or cause or name or since or until or partition or every):
        raise typer.BadParameter("say which letters: ids, a cause, a system …, or --all")
    if state not in (*STATES, "any"):
        raise typer.BadParameter("--state is one of waiting, resolved, discarded, any")
    return Which(
        ids=tuple(ids or ()),
        cause=cause,
        name=name,
        since=since and since.replace(tzinfo=UTC),
        until=until and until.replace(tzinfo=UTC),
        partition=partition,
        states=STATES if state == "any" else (state,),
    )
