"""`accord match`: which records are the same customer, and how well that is known."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from accord.cli.output import Format, Limit, Output, console, end
from accord.names import LARGEST_NUMBER

app = typer.Typer(
    help="Match records: measure how well, decide what waits for a person.",
    no_args_is_help=True,
    rich_markup_mode="rich",
)


class Verdict(StrEnum):
    """What a steward says of two records."""

    LINK = "link"
    APART = "apart"


Why = Annotated[str, typer.Option(help="the reason, for the audit trail")]
Entity = Annotated[str, typer.Option(help="whose golden records, such as customer")]
Review = Annotated[int, typer.Argument(min=1, max=LARGEST_NUMBER, help="the number of a review")]


@app.command(epilog="Example: accord match review 12")
def review(
    number: Annotated[
        int | None,
        typer.Argument(min=1, max=LARGEST_NUMBER, help="one review; left out, all that wait"),
    ] = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="those decided too")] = False,
    limit: Limit = 50,
    entity: Entity = "customer",
    output: Format = Output.TEXT,
) -> None:
    """List the pairs that only a person can decide, or show one side by side."""
    from accord.cli.match_desk import list_reviews, show_review

    if number is None:
        end(list_reviews(console(output), entity, every=every, limit=limit), output)
    else:
        end(show_review(console(output), entity, number), output)


@app.command(epilog="Example: accord match decide 12 link --why 'same passport'")
def decide(
    number: Review,
    verdict: Annotated[Verdict, typer.Argument(help="link: they are one; apart: they are not")],
    *,
    why: Why = "",
    entity: Entity = "customer",
    output: Format = Output.TEXT,
) -> None:
    """Decide a review; it holds, whatever later scores say, until it is undone."""
    from accord.cli.match_desk import decide_review

    end(decide_review(console(output), entity, number, verdict.value, why=why), output)


@app.command(epilog="Example: accord match merge 01a21041 stripe:cus_77 --why 'married'")
def merge(
    names: Annotated[list[str], typer.Argument(help="golden ids, parts of some, or system:key")],
    *,
    why: Why = "",
    entity: Entity = "customer",
    output: Format = Output.TEXT,
) -> None:
    """Make golden records one; the oldest id survives and the others resolve to it."""
    from accord.cli.match_desk import merge_records

    end(merge_records(console(output), entity, names, why=why), output)


@app.command(epilog="Example: accord match unmerge stripe:cus_77 --why 'father and son'")
def unmerge(
    name: Annotated[str, typer.Argument(help="a golden id that was merged, or system:key")],
    *,
    why: Why = "",
    entity: Entity = "customer",
    output: Format = Output.TEXT,
) -> None:
    """Take apart what is not one: a merged golden id, or one record."""
    from accord.cli.match_desk import unmerge_record

    end(unmerge_record(console(output), entity, name, why=why), output)


@app.command(epilog="Example: accord match explain salesforce:003A stripe:cus_77")
def explain(
    first: Annotated[str, typer.Argument(help="a record, as system:key")],
    second: Annotated[str, typer.Argument(help="another one")],
    *,
    entity: Entity = "customer",
    output: Format = Output.TEXT,
) -> None:
    """Show why two records are taken for one, or are not."""
    from accord.cli.match_desk import explain_pair

    end(explain_pair(console(output), entity, first, second), output)


@app.command(epilog="Example: accord match actions --limit 10")
def actions(
    *,
    limit: Limit = 50,
    entity: Entity = "customer",
    output: Format = Output.TEXT,
) -> None:
    """List what stewards decided, newest first, with the name to undo it by."""
    from accord.cli.match_desk import list_actions

    end(list_actions(console(output), entity, limit=limit), output)


@app.command(epilog="Example: accord match undo 6a2f4d0e-… --why 'a slip'")
def undo(
    action: Annotated[str, typer.Argument(help="an action, as accord match actions names it")],
    *,
    why: Why = "",
    entity: Entity = "customer",
    output: Format = Output.TEXT,
) -> None:
    """Take a decision back, as if it had never been."""
    from accord.cli.match_desk import undo_action

    end(undo_action(console(output), entity, action, why=why), output)


@app.command(epilog="Example: accord match retrain --why 'billing was added'")
def retrain(*, why: Why = "", entity: Entity = "customer", output: Format = Output.TEXT) -> None:
    """Learn the matching model anew and compare all records; nothing that is one is taken apart."""
    from accord.cli.match_desk import retrain_model

    end(retrain_model(console(output), entity, why=why), output)


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
