"""The command line: what there is, how it is asked for, and what an error looks like.

Each command lives in its own module, imported only when it is called, so that `--help` and the
light commands stay quick.
"""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from accord.cli import alerts, conflicts, dlq, ledger, match
from accord.cli.console import app as stewards
from accord.cli.exits import Exit
from accord.cli.output import Format, Output, console, end
from accord.errors import AccordError, Unbalanced

app = typer.Typer(
    name="accord",
    help="Keeps a company's business systems in agreement, and proves that nothing was lost.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
app.add_typer(alerts.app, name="alerts")
app.add_typer(conflicts.app, name="conflicts")
app.add_typer(stewards, name="console")
app.add_typer(dlq.app, name="dlq")
app.add_typer(ledger.app, name="ledger")
app.add_typer(match.app, name="match")


First = Annotated[
    datetime | None,
    typer.Option("--from", formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="first business day"),
]
Last = Annotated[
    datetime | None,
    typer.Option("--to", formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="last business day"),
]
Flow = Annotated[str | None, typer.Option("--flow", help="one flow only, such as takings")]


@app.command(epilog="Example: accord demo")
def demo(output: Format = Output.TEXT) -> None:
    """Run the sandbox company once, end to end, and report what happened."""
    from accord.cli.run import demo as command

    end(command(console(output)), output)


@app.command(epilog="Example: accord up --port 3000")
def up(
    port: Annotated[
        int, typer.Option(help="port of the web UI on 127.0.0.1; 0 finds a free one")
    ] = 3000,
    console_port: Annotated[
        int, typer.Option(help="port of the stewards' console on 127.0.0.1; 0 finds a free one")
    ] = 3001,
) -> None:
    """Serve the web UI, the stewards' console and the daemon, with the sandbox, until Ctrl-C."""
    from accord.cli.up import serve

    raise typer.Exit(serve(console(Output.TEXT), port=port, console_port=console_port))


@app.command(epilog="Example: accord run --flow takings --from 2026-11-01 --to 2026-11-07")
def run(
    flow: Flow = None,
    first: First = None,
    last: Last = None,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="say what would land, change nothing")
    ] = False,
    redeliver: Annotated[
        bool, typer.Option("--redeliver", help="look everything up at the destination again")
    ] = False,
    output: Format = Output.TEXT,
) -> None:
    """Make one pass over a range of days, in this process, and report it."""
    from accord.cli.run import rehearse
    from accord.cli.run import run as command
    from accord.records import Window

    window = Window(first and first.date(), last and last.date())
    if dry_run:
        end(rehearse(console(output), flow, window), output)
    else:
        end(command(console(output), flow, window, redeliver=redeliver), output)


@app.command(epilog="Example: accord plan --flow takings --save plan.json")
def plan(
    flow: Flow = None,
    first: First = None,
    last: Last = None,
    *,
    redeliver: Annotated[
        bool, typer.Option("--redeliver", help="plan to look everything up again")
    ] = False,
    reveal: Annotated[
        bool, typer.Option("--reveal", help="show confidential values too; this is audited")
    ] = False,
    why: Annotated[str, typer.Option(help="the reason, for the audit trail")] = "",
    save: Annotated[
        Path, typer.Option(metavar="FILE", help="where the plan is kept, for accord apply")
    ] = Path("accord-plan.json"),
    output: Format = Output.TEXT,
) -> None:
    """List every write a run would make, field by field, without making any."""
    from accord.cli.planning import Asked, make
    from accord.records import Window

    window = Window(first and first.date(), last and last.date())
    listed = output is Output.JSON
    asked = Asked(flow, window, save, redeliver=redeliver, reveal=reveal, why=why, listed=listed)
    end(make(console(output), asked), output)


@app.command(epilog="Example: accord apply plan.json --why 'the shops were renamed'")
def apply(
    plan: Annotated[Path, typer.Argument(help="a file that accord plan has kept")],
    *,
    why: Annotated[str, typer.Option(help="the reason, for the audit trail")] = "",
    output: Format = Output.TEXT,
) -> None:
    """Make exactly the writes of a plan, or none where the world has changed since."""
    from accord.cli.planning import apply as command

    end(command(console(output), plan, why=why), output)


@app.command(epilog="Example: accord profile customer --html customers.html")
def profile(
    name: Annotated[str, typer.Argument(metavar="SYSTEM|ENTITY", help="such as stripe, customer")],
    *,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="write the same as a page with plots")
    ] = None,
    as_landed: Annotated[
        bool, typer.Option("--as-landed", help="do not read the systems first")
    ] = False,
    output: Format = Output.TEXT,
) -> None:
    """Say how good a system's or an entity's records are, and what to mend first."""
    from accord.cli.profile import profile as command

    end(command(console(output), name, html=html, as_landed=as_landed), output)


@app.command(epilog="Example: accord status --output json")
def status(
    *,
    strict: Annotated[
        bool, typer.Option("--strict", help="exit 4 unless every outcome is met")
    ] = False,
    output: Format = Output.TEXT,
) -> None:
    """Show at a glance whether it works: outcomes, flows, gates, dead letters."""
    from accord.cli.status import status as command

    end(command(console(output), strict=strict), output)


@app.command(epilog="Example: accord doctor")
def doctor(output: Format = Output.TEXT) -> None:
    """Check each piece, and say how to mend what is broken."""
    from accord.cli.doctor import doctor as command

    end(command(console(output)), output)


@app.command(epilog="Example: accord reconcile --from 2026-11-01")
def reconcile(
    flow: Flow = None,
    first: First = None,
    last: Last = None,
    output: Format = Output.TEXT,
) -> None:
    """Read the destinations back and list every day on which they differ."""
    from accord.cli.reconciled import reconcile as command
    from accord.records import Window

    end(
        command(console(output), flow, Window(first and first.date(), last and last.date())),
        output,
    )


@app.command("new-system", epilog="Example: accord new-system shopware")
def new_system(name: str, output: Format = Output.TEXT) -> None:
    """Make the folder of a new system, whose tests pass, to start from."""
    from accord.cli.new_system import new_system as command

    end(command(console(output), name), output)


@app.command(epilog="Example: accord trace salesforce:0031t00000A")
def trace(
    name: Annotated[str, typer.Argument(help="a golden id, part of one, or system:key")],
    *,
    entity: Annotated[str, typer.Option(help="whose golden records")] = "customer",
    output: Format = Output.TEXT,
) -> None:
    """Show one golden record whole: whose word each value is, what lost, where it went."""
    from accord.cli.trace import trace_record

    end(trace_record(console(output), entity, name), output)


def main() -> None:
    """Run the command; every error of ours becomes one sentence with its remedy."""
    try:
        app()
    except AccordError as error:
        Console(stderr=True, soft_wrap=True).print(f"[red]{escape(str(error))}[/]", highlight=False)
        sys.exit(Exit.UNBALANCED if isinstance(error, Unbalanced) else Exit.NOT_POSSIBLE)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:  # noqa: BLE001 - the last resort: a person must not meet a traceback
        from accord.cli.faults import kept

        said = f"Something unexpected went wrong ({type(error).__name__}). Remedy: {kept(error)}"
        Console(stderr=True, soft_wrap=True).print(f"[red]{escape(said)}[/]", highlight=False)
        sys.exit(Exit.UNEXPECTED)
