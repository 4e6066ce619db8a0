"""`accord profile`: how good the records of a system or an entity are, and what to mend first."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from accord.catalog import Stream
from accord.cli.exits import Exit
from accord.cli.show import table
from accord.cli.warehouses import warehouse
from accord.cli.world import World, now, opened
from accord.connector import Source
from accord.contracts.model import Contract
from accord.contracts.odcs import entities
from accord.errors import Stop
from accord.intake import take_in
from accord.lineage import described, feeds
from accord.profiling.findings import Finding, findings
from accord.profiling.page import page
from accord.profiling.profile import EntityProfile, SystemProfile, TableProfile
from accord.profiling.reading import Told, of_entity, of_system
from accord.records import Window
from accord.settings import CHECKOUT
from accord.store.database import Role

SHOWN = 10


def profile(
    console: Console, name: str, *, html: Path | None, as_landed: bool
) -> tuple[Exit, dict[str, Any]]:
    """Profile a system or an entity; read it first, unless only what is landed shall count."""
    with opened() as world:
        contracts = entities(CHECKOUT / "contracts")
        if name not in world.systems and name not in contracts:
            raise Stop(
                f"There is no system or entity {name!r}",
                remedy=f"choose one of {', '.join(sorted({*world.systems, *contracts}))}",
            )
        if not as_landed:
            _read(console, world, name)
        warehouse()(world.settings, world.store)
        made = _made(world, name, contracts.get(name))
    if html is not None:
        html.write_text(page(made, at=now()), encoding="utf-8")
    found = findings(made)
    _show(console, made, found, html)
    return Exit.OK, {"name": name, "profile": asdict(made), "findings": _listed(found)}


def _made(world: World, name: str, contract: Contract | None) -> SystemProfile | EntityProfile:
    with world.store.session(Role.READER) as connection:
        if contract is None or name in world.systems:
            return of_system(connection, world.systems[name])
        told = _told(world, name)
        if not told:
            raise Stop(
                f"No system tells of the entity {name} directly",
                remedy=f"profile the systems it is made from: {', '.join(world.systems)}",
            )
        return of_entity(connection, contract, told)


def _told(world: World, entity: str) -> list[Told]:
    manifest = described(world.settings.home) or {}
    return [Told(it.system, it.schema, it.model) for it in feeds(manifest, entity)]


def _read(console: Console, world: World, name: str) -> None:
    """Land what the systems have now; systems are only read."""
    run_id = f"profile-{uuid.uuid4()}"
    with world.company() as company:
        for stream in _streams(world, name):
            source = company.client(stream.name.system)
            if isinstance(source, Source):
                counts = take_in(world.store, stream, source, Window(), run_id=run_id).counts
                read, rejected = counts.read.total(), counts.rejected.total()
                console.print(
                    f"{stream.name}: {read:,} read, {rejected:,} rejected", highlight=False
                )


def _streams(world: World, name: str) -> Iterable[Stream]:
    if name in world.systems:
        return world.systems[name].streams
    systems = {told.system for told in _told(world, name)}
    return [
        stream
        for system in world.systems.values()
        if system.name in systems
        for stream in system.streams
        if not stream.read_back
    ]


def _listed(found: Iterable[Finding]) -> list[Mapping[str, Any]]:
    return [{**asdict(item), "weight": item.weight} for item in found]


def _show(
    console: Console,
    made: SystemProfile | EntityProfile,
    found: list[Finding],
    html: Path | None,
) -> None:
    for part in made.tables:
        _show_table(console, part)
    if isinstance(made, EntityProfile):
        _show_between(console, made)
    console.print("\n[bold]Mend first[/]")
    for number, item in enumerate(found[:SHOWN], start=1):
        console.print(f"  {number}. [yellow]{item.kind}[/]  {escape(item.where)}", highlight=False)
        console.print(f"     {escape(item.says)}", highlight=False)
        console.print(f"     [dim]{escape(item.remedy)}[/]", highlight=False)
    if not found:
        console.print("  Nothing stands out.")
    if len(found) > SHOWN:
        console.print(f"  … and {len(found) - SHOWN} more; --output json lists all")
    if html is not None:
        console.print(f"\nThe same as a page: {html}", highlight=False)


def _show_table(console: Console, part: TableProfile) -> None:
    rows = [
        (
            column.name,
            f"{100 * column.completeness:.1f} %",
            f"{100 * column.validity:.1f} %",
            f"{100 * column.consistency:.1f} %",
            f"{column.distinct:,}" if column.distinct is not None else "many",
            f"{column.far:,}",
            escape(", ".join(item.shape for item in column.formats[:2])),
        )
        for column in part.columns
    ]
    title = f"\n[bold]{part.name}[/]  [dim]{part.records:,} records[/]"
    heads = ("column", "complete", "valid", "written alike", "different", "far off", "shapes")
    console.print(table(title, heads, rows))


def _show_between(console: Console, made: EntityProfile) -> None:
    rows = [(it.left, it.right, f"{it.records:,}", f"{it.of:,}") for it in made.shared]
    if rows:
        console.print(
            table("\n[bold]In two systems[/]", ("of", "also in", "records", "of all"), rows)
        )
    apart = [
        (it.system, it.attribute, it.owner, f"{it.apart:,}", f"{it.compared:,}")
        for it in made.disagreements
        if it.apart
    ]
    if apart:
        heads = ("system", "attribute", "owner", "apart", "compared")
        console.print(table("\n[bold]Against authority[/]", heads, apart))
