"""`accord match`: which records are the same customer, and how well that is known."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from accord.cli.output import Format, Output, console, end

app = typer.Typer(
    help="Match records: measure how well, decide what waits for a person.",
    no_args_is_help=True,
    rich_markup_mode="rich",
)


@app.command(
    epilog="Example: accord match evaluate people.csv --truth truth.csv --map surname=last_name"
)
def evaluate(
    records: Annotated[Path, typer.Argument(help="CSV with an id and canonical columns")],
    *,
    truth: Annotated[Path, typer.Option(help="CSV of (id, cluster) or (id1, id2)")],
    link: Annotated[
        Path | None, typer.Option(help="a second CSV; only matches between the two count")
    ] = None,
    entity: Annotated[str, typer.Option(help="customer or product")] = "customer",
    maps: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="COLUMN=CANONICAL", help="read a column as a canonical one"),
    ] = None,
    output: Format = Output.TEXT,
) -> None:
    """Match labelled records, and say how right that is, how long it takes and how much memory."""
    from accord.cli.match_evaluate import evaluate as command

    end(
        command(console(output), records, truth, link=link, entity=entity, maps=maps or ()),
        output,
    )
