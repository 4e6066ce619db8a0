"""`accord run` and `accord demo`: one pass, or the rehearsal of one."""

from __future__ import annotations

from typing import Any

from rich.console import Console

from accord import catalog
from accord.cli import living
from accord.cli.alerting import tell_pending
from accord.cli.exits import Exit
from accord.cli.passes import Announce, PassRequest, PassResult, orchestrator
from accord.cli.report import Report, exit_of, standing
from accord.cli.show import show_report, table
from accord.cli.world import World, now, opened
from accord.connector import Source
from accord.errors import Stop
from accord.intake import Taken
from accord.intake import rehearse as rehearsed
from accord.records import Window
from accord.sandbox.company import Company
from accord.store.database import Role

_NEXT = """
Next:  make up                  watch it in the browser, with sensors on
       .venv/bin/accord status  how everything stands
       docs/quickstart.md       correct an export, break one, see what happens"""
_COUNTED = ("read", "landed", "unchanged", "rejected", "removed")


def run(
    console: Console, flow: str | None, window: Window, *, redeliver: bool = False
) -> tuple[Exit, Report]:
    """Make one pass and report it."""
    with opened() as world:
        _check(world, flow, window)
        with world.company() as company:
            return _passed(console, world, company, PassRequest(flow, window, redeliver))


def demo(console: Console) -> tuple[Exit, Report]:
    """Make one pass over the sandbox company, whatever real addresses are set."""
    from dataclasses import replace

    from accord.settings import load

    settings = load()
    plain = {k: v for k, v in settings.environment.items() if not _is_address(k)}
    with opened(replace(settings, environment=plain)) as world:
        console.print(f"The sandbox company lives in {world.settings.sandbox}", highlight=False)
        with world.company() as company:
            ended = _passed(console, world, company, PassRequest(None, Window()), lively=True)
    if ended[1]["dead"]:
        console.print("The sandbox tears a line now and then, to show where such records go.")
    console.print(_NEXT, highlight=False)
    return ended


def rehearse(console: Console, flow: str | None, window: Window) -> tuple[Exit, Report]:
    """Say what a pass would land and deliver, and change nothing."""
    with opened() as world:
        _check(world, flow, window)
        with world.company() as company:
            streams = _streams(world, flow)
            found = {
                str(stream.name): rehearsed(world.store, stream, source, window, run_id="dry-run")
                for stream in streams
                if isinstance(source := company.client(stream.name.system), Source)
            }
    report: Report = {
        "dry_run": True,
        "streams": {name: _planned(taken) for name, taken in found.items()},
    }
    rows = [
        (name, *(f"{plan[column]:,}" for column in _COUNTED), f"{len(plan['days_changed']):,}")
        for name, plan in report["streams"].items()
    ]  # fmt: skip
    console.print(
        table("A dry run: nothing was changed", ("stream", "read", "would land", "unchanged",
              "would reject", "would remove", "days changed"), rows)
    )  # fmt: skip
    return Exit.OK, report


def _passed(
    console: Console,
    world: World,
    company: Company,
    request: PassRequest,
    *,
    lively: bool = False,
) -> tuple[Exit, Report]:
    """Make a pass and report it; where it is `lively`, let the sandbox live on and make another."""
    started = now()
    with console.status("Starting …") as spinner:

        def announce(text: str) -> None:
            """Print what was done; what is only just begun, with dots, is shown while it lasts."""
            if text.endswith("…"):
                spinner.update(text)
                return
            seconds = (now() - started).total_seconds()
            console.print(f"[dim]{seconds:6.1f} s[/]  {text}", highlight=False)

        result = orchestrator()(world.store, company, request, announce)
        if lively:
            _live_on(world, company, result, announce)
    report = _report(world, result)
    show_report(console, report)
    _conclude(console, report, (now() - started).total_seconds())
    tell_pending(console, world)
    return exit_of(report), report


def _live_on(world: World, company: Company, result: PassResult, announce: Announce) -> None:
    """Let a day go by in the sandbox, and make another pass of the flows that it is about."""
    for flow in living.live(world, company, announce):
        again = orchestrator()(world.store, company, PassRequest(flow, Window()), announce)
        living.tell(world, again.runs, announce)
        result.runs += again.runs
        result.trouble += again.trouble
        announce("The counts below are those of both passes together.")


def _report(world: World, result: PassResult) -> Report:
    with world.store.session(Role.READER) as connection:
        report = standing(connection, world, now(), runs=result.runs)
    return {"runs": result.runs, "days": result.days, "trouble": result.trouble, **report}


def _conclude(console: Console, report: Report, seconds: float) -> None:
    if not report["runs"]:
        console.print("\nNo system has anything to read for these days.")
        return
    new = sum(flow.get("landed", 0) + flow.get("delivered", 0) for flow in report["flows"])
    words = (
        "Everything is balanced"
        if report["balanced"]
        else "[red bold]NOT BALANCED: see docs/operations.md[/]"
    )
    what = "" if new else " and unchanged: nothing was landed or delivered"
    console.print(f"\n{words}{what}. {seconds:.1f} s", highlight=False)


def _check(world: World, flow: str | None, window: Window) -> None:
    flows = sorted({delivery.flow for delivery in catalog.deliveries(world.systems)})
    if flow is not None and flow not in flows:
        raise Stop(f"There is no flow {flow!r}", remedy=f"choose one of {', '.join(flows)}")
    if window.first and window.last and window.first > window.last:
        raise Stop("--from lies after --to", remedy="give the earlier day as --from")


def _streams(world: World, flow: str | None) -> list[Any]:
    names = {
        name for key, names in world.streams().items() if flow in (None, key) for name in names
    }
    return [
        stream
        for system in world.systems.values()
        for stream in system.streams
        if not stream.read_back and (not names or str(stream.name) in names)
    ]


def _planned(taken: Taken) -> dict[str, Any]:
    counts = taken.counts
    return {
        **{
            name: getattr(counts, name).total()
            for name in ("read", "landed", "unchanged", "rejected", "removed")
        },
        "days_changed": sorted(taken.changed),
    }


def _is_address(variable: str) -> bool:
    return variable.startswith("ACCORD_") and variable.endswith("_URL")
