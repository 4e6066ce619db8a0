"""`accord plan` and `accord apply`: what a run would write, and making exactly that."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from rich.console import Console
from rich.markup import escape

from accord import catalog
from accord.catalog import Delivery
from accord.cli.exits import Exit
from accord.cli.letters import who
from accord.cli.report import Report
from accord.cli.show import table
from accord.cli.veil import Veil
from accord.cli.world import CONTRACTS, World, now, opened
from accord.connector import Destination
from accord.contracts.odcs import entities
from accord.delivery.approving import approval
from accord.delivery.courier import Courier
from accord.delivery.intending import Approve
from accord.delivery.planning import Change, Plan, plan
from accord.errors import Stop
from accord.records import Window
from accord.sandbox.company import Company
from accord.store import approvals, audit
from accord.store.approvals import Place
from accord.store.audit import By
from accord.store.database import Role
from accord.store.outbox import Outbox

SHOWN = 50
VERSION = 1


@dataclass(frozen=True, slots=True)
class Asked:
    """What a plan is asked about, where it is kept, and how it is told.

    `listed` changes are all in the report, for a program; a person sees the first of them.
    """

    flow: str | None
    window: Window
    save: Path
    redeliver: bool = False
    reveal: bool = False
    why: str = ""
    listed: bool = False


def make(console: Console, asked: Asked) -> tuple[Exit, Report]:
    """Say what a run would write, object by object, and keep the plan of it in a file."""
    with opened() as world, world.company() as company:
        if asked.reveal:
            with world.store.transaction(Role.STEWARD) as connection:
                by = By(who(world.settings), asked.why)
                audit.note(connection, "reveal", [asked.flow or "all flows"], by, detail="a plan")
        told = [
            _planned(console, world, company, delivery, asked)
            for delivery in catalog.in_order(_asked_for(world, asked.flow))
        ]
    report: Report = {
        "version": VERSION, "made_at": now().isoformat(), "redeliver": asked.redeliver,
        "deliveries": [{name: it[name] for name in it if name != "changes"} for it in told],
    }  # fmt: skip
    asked.save.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    _conclude(console, report, asked.save)
    needs_approval = any(it["needs_approval"] for it in told)
    return Exit.TROUBLE if needs_approval else Exit.OK, {**report, "deliveries": told}


def apply(console: Console, path: Path, *, why: str) -> tuple[Exit, Report]:
    """Make exactly the writes of a plan. Raises Stop when the world has changed since."""
    document = _read(path)
    run_id = f"apply-{uuid4()}"
    with opened() as world, world.company() as company:
        plans = list(_of_file(world, document))
        for delivery, told in plans:
            _check(world, company, delivery, told, distrust=document["redeliver"])
        done = []
        for delivery, told in plans:
            if told["needs_approval"]:
                _approve(world, company, delivery, told, why)
            done.append(
                _made(world, company, delivery, told, run_id, distrust=document["redeliver"])
            )
    counted = ("due", "delivered", "unchanged", "rejected", "held", "waiting", "unknown")
    rows = [(it["delivery"], *(f"{it[name]:,}" for name in counted)) for it in done]
    console.print(table("Made", ("", *counted), rows))
    for it in done:
        if it["trouble"]:
            console.print(f"[red]{escape(it['trouble'])}[/]", highlight=False)
    unfinished = ("rejected", "held", "waiting", "unknown")
    well = not any(it["trouble"] or any(it[name] for name in unfinished) for it in done)
    return Exit.OK if well else Exit.TROUBLE, {"run": run_id, "deliveries": done}


def _planned(
    console: Console, world: World, company: Company, delivery: Delivery, asked: Asked
) -> dict[str, Any]:
    """Plan one delivery, printing the first of its changes as they come."""
    outbox = Outbox(delivery, company.endpoint(delivery.system), "plan")
    veil = Veil.of(world, delivery, lifted=asked.reveal)
    changes: list[dict[str, Any]] = []

    def show(change: Change) -> None:
        if asked.listed or len(changes) < SHOWN:
            changes.append(_told(change, veil))

    days = _days(world, outbox, asked.window)
    made = plan(world.store, outbox, days, _gate(delivery), distrust=asked.redeliver, show=show)
    for told in changes[:SHOWN]:
        _print(console, delivery, told)
    if (more := sum(made.writes.values()) + made.held - SHOWN) > 0:
        console.print(f"  … and {more:,} more; --output json lists them all")
    return {**_summary(delivery, outbox, made), "changes": changes}


def _summary(delivery: Delivery, outbox: Outbox, made: Plan) -> dict[str, Any]:
    return {
        "delivery": f"{delivery.system}.{delivery.kind}", "flow": delivery.flow,
        "endpoint": outbox.endpoint, "days": list(made.days), "digest": made.digest,
        "writes": dict(made.writes), "held": made.held, "there": made.extent.there,
        "changed": made.extent.changed, "removed": made.extent.removed,
        "needs_approval": made.extent.exceeds(delivery.most_changed),
    }  # fmt: skip


def _told(change: Change, veil: Veil) -> dict[str, Any]:
    return {
        "object": change.object_key, "partition": change.partition, "write": change.kind,
        "held": change.held,
        "needs": list(change.needs),
        "fields": {it.name: {"old": veil(it.name, it.old), "new": veil(it.name, it.new)}
                   for it in change.fields},
    }  # fmt: skip


def _print(console: Console, delivery: Delivery, told: Mapping[str, Any]) -> None:
    held = f"  [yellow]held: {told['held']}[/]" if told["held"] else ""
    day = f" of {told['partition']}" if told["partition"] else ""
    what = f"{told['write']} {delivery.system}.{delivery.kind} {told['object']}{day}"
    console.print(f"[bold]{escape(what)}[/]{held}", highlight=False)
    for name, values in told["fields"].items():
        line = f"    {name}: {_short(values['old'])} → {_short(values['new'])}"
        console.print(escape(line), highlight=False)


def _short(value: Any) -> str:
    text = "nothing" if value is None else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else text[:77] + "…"


def _conclude(console: Console, report: Report, path: Path) -> None:
    kinds = ("create", "update", "send again", "remove")
    rows = [
        (it["delivery"], *(f"{it['writes'].get(kind, 0):,}" for kind in kinds), f"{it['held']:,}")
        for it in report["deliveries"]
    ]
    console.print(table("A plan: nothing was written", ("", *kinds, "held"), rows))
    for it in report["deliveries"]:
        if it["needs_approval"]:
            console.print(
                f"[yellow]{it['delivery']}: {it['changed']:,} changes and {it['removed']:,} "
                f"removals of {it['there']:,} are more than a run may make by itself.[/]",
                highlight=False,
            )
    console.print(
        "\nIt is about what has landed and was modelled so far; `accord run` reads the sources "
        f"first.\nKept in {path}; `accord apply {path}` makes exactly this.",
        highlight=False,
    )


def _check(
    world: World, company: Company, delivery: Delivery, told: Mapping[str, Any], *, distrust: bool
) -> None:
    """Refuse before anything is sent where any part of the plan is not what it would be now."""
    outbox = Outbox(delivery, company.endpoint(delivery.system), "plan")
    made = plan(world.store, outbox, told["days"], _gate(delivery), distrust=distrust)
    if (made.digest, outbox.endpoint) != (told["digest"], told["endpoint"]):
        raise Stop(
            f"The world has changed since the plan for {told['delivery']} was made",
            remedy="make a new plan with `accord plan` and look at it",
        )


def _approve(
    world: World, company: Company, delivery: Delivery, told: Mapping[str, Any], why: str
) -> None:
    place = Place(delivery.system, company.endpoint(delivery.system), delivery.kind)
    with world.store.transaction(Role.STEWARD) as connection:
        approvals.give(
            connection,
            place,
            told["digest"],
            By(who(world.settings), why),
            detail=f"{told['changed']} changes and {told['removed']} removals of {told['there']}",
        )


def _made(
    world: World, company: Company, delivery: Delivery, told: Mapping[str, Any], run_id: str, *,
    distrust: bool,
) -> dict[str, Any]:  # fmt: skip
    client = company.client(delivery.system)
    if not isinstance(client, Destination):
        raise TypeError(f"systems/{delivery.system}/client.py does not receive anything")
    outbox = Outbox(delivery, company.endpoint(delivery.system), run_id)
    done = Courier(world.store, outbox, client).deliver(
        told["days"], _gate(delivery), distrust=distrust, expected=told["digest"]
    )
    names = ("due", "delivered", "unchanged", "rejected", "held", "waiting", "unknown")
    return {
        "delivery": told["delivery"],
        **{name: sum(counts[name] for counts in done.counts.values()) for name in names},
        "trouble": str(done.trouble) if done.trouble else "",
    }


def _gate(delivery: Delivery) -> Approve:
    known = entities(CONTRACTS)
    return approval([known[name] for name in delivery.gates])


def _days(world: World, outbox: Outbox, window: Window) -> Sequence[str]:
    with world.store.session(Role.READER) as connection:
        return outbox.due.days(connection, window)


def _asked_for(world: World, flow: str | None) -> list[Delivery]:
    known = catalog.deliveries(world.systems)
    flows = sorted({delivery.flow for delivery in known})
    if flow is not None and flow not in flows:
        raise Stop(f"There is no flow {flow!r}", remedy=f"choose one of {', '.join(flows)}")
    return [delivery for delivery in known if flow in (None, delivery.flow)]


def _read(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["version"] == VERSION:
            return dict(document)
    except (OSError, ValueError, KeyError, TypeError):
        pass
    raise Stop(f"{path} is no plan of this version", remedy="make one with `accord plan`")


def _of_file(
    world: World, document: Mapping[str, Any]
) -> Iterator[tuple[Delivery, Mapping[str, Any]]]:
    known = {f"{it.system}.{it.kind}": it for it in catalog.deliveries(world.systems)}
    for told in document["deliveries"]:
        if told["delivery"] not in known:
            raise Stop(f"There is no {told['delivery']} any more", remedy="make a new plan")
        yield known[told["delivery"]], told
