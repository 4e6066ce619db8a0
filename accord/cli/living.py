"""A day in the sandbox company: what people there do by themselves, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from accord import catalog
from accord.cli.passes import Announce
from accord.cli.world import World
from accord.sandbox.company import Company
from accord.store import reports
from accord.store.database import Role


def live(world: World, company: Company, announce: Announce) -> list[str]:
    """Let the sandbox live on, and name the flows that go on from there."""
    happened = company.live()
    if happened:
        announce("[bold]A day goes by in the sandbox company:[/]")
    for system, what in happened.items():
        announce(f"  {system}: {what}")
    return sorted(
        {item.flow for item in catalog.deliveries(world.systems) if item.system in happened}
    )


def tell(world: World, runs: Sequence[str], announce: Announce) -> None:
    """Say what these runs made of it: whose records changed, and who was told."""
    with world.store.session(Role.READER) as connection:
        changes = reports.golden_changes(connection, runs)
        edits = reports.edits(connection, runs)
    sentences = [*propagated(changes), *found(edits)]
    if sentences:
        announce("[bold]What came of it:[/]")
    for sentence in sentences:
        announce(f"  {sentence}")


def propagated(changes: Sequence[reports.Propagated]) -> Iterator[str]:
    """A sentence for each kind of change, naming attributes and never a value."""
    for change in changes:
        nouns = change.entity if change.records == 1 else f"{change.entity}s"
        told = f", and went out to {_listed(change.systems)}" if change.systems else ""
        yield f"{_listed(change.attributes)} of {change.records:,} {nouns} changed{told}"


def found(edits: Sequence[reports.Edit]) -> Iterator[str]:
    """A sentence for each edit in the wrong place."""
    for edit in edits:
        what = "held for a steward" if edit.held else "answered by the contract"
        yield f"{edit.attribute} edited in {edit.system}, though {edit.owner} owns it: {what}"


def _listed(names: Sequence[str]) -> str:
    """Names as in a sentence: a, b and c."""
    words = [name.replace("_", " ") for name in names]
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
