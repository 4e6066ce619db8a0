"""`accord new-system`: the folder of a new system, complete and working, to be changed from there.

The files are written from accord/cli/templates/system. NAME in a file's path, and $name, $title and
so on in its text, become those of the new system. Nothing outside the folder is touched.
"""

from __future__ import annotations

from collections.abc import Mapping
from keyword import iskeyword
from pathlib import Path
from string import Template
from typing import Any

from rich.console import Console

from accord.catalog import SYSTEMS
from accord.cli.exits import Exit
from accord.errors import Stop
from accord.names import checked

TEMPLATES = Path(__file__).parent / "templates" / "system"
_SUFFIX = ".tmpl"
_DECLARATION = "system.toml"

# Schemas, sources and asset groups of the engine itself; dbt and Dagster know them by these names.
_TAKEN = frozenset(
    {
        "sources", "landing", "staging", "intermediate", "canonical", "golden", "identity",
        "publish", "read_back", "reconciliation", "outcomes", "profiles", "ops",
    }
)  # fmt: skip


def new_system(
    console: Console, name: str, *, systems: Path = SYSTEMS
) -> tuple[Exit, dict[str, Any]]:
    """Make `systems/<name>` and say what to do next.

    Raises Stop, with nothing written, when the name cannot be used or the folder is there already.
    """
    folder = systems / _usable(name, systems)
    files = rendered(name)
    _written(folder, files)
    shown = [f"systems/{name}/{path}" for path in files]
    steps = next_steps(name)
    console.print(f"Made systems/{name}, {len(files)} files:", highlight=False)
    for path in shown:
        console.print(f"  {path}", highlight=False, markup=False)
    console.print("\nIt works as it is, against its own emulator. Next:", highlight=False)
    for number, step in enumerate(steps, start=1):
        console.print(f"  {number}. {step}", highlight=False, markup=False)
    return Exit.OK, {"name": name, "files": shown, "next": list(steps)}


def rendered(name: str) -> Mapping[Path, str]:
    """The files of a system called `name`, by their path inside its folder."""
    words = name.split("_")
    values = {
        "name": name,
        "NAME": name.upper(),
        "title": " ".join(words).capitalize(),
        "lower": " ".join(words),
        "host": "-".join(words),
        "class_name": "".join(word.capitalize() for word in words),
    }
    return {
        _target(path, name): Template(path.read_text(encoding="utf-8")).substitute(values)
        for path in sorted(TEMPLATES.rglob(f"*{_SUFFIX}"))
    }


def next_steps(name: str) -> tuple[str, ...]:
    """What a person does after the folder was made, in order."""
    return (
        f"Run its tests: .venv/bin/python -m pytest tests/conformance -k {name}",
        f"Say in systems/{name}/system.toml what the system is, where, and what it allows.",
        "Agree on the contract of each stream with its owner: fields, privacy, freshness "
        f"(systems/{name}/contracts).",
        "Put answers of the real API, with made-up values, into samples/ and let emulator.py give "
        "them, faults included.",
        "Let client.py speak the real API; run the tests after each step.",
        f"Set ACCORD_{name.upper()}_URL and ACCORD_{name.upper()}_TOKEN, then `accord doctor`.",
        "docs/adding-a-system.md walks through every file, and through writing to a system.",
    )


def _usable(name: str, systems: Path) -> str:
    checked(name, what="system")
    if name in _TAKEN or iskeyword(name):
        raise Stop(
            f"{name!r} cannot name a system: it already means something else here",
            remedy="name it after the product or its place in the company, such as shop_floor",
        )
    if (systems / name).exists():
        raise Stop(
            f"There is a folder systems/{name} already",
            remedy="choose another name, or go on working in that folder",
        )
    return name


def _target(template: Path, name: str) -> Path:
    path = template.relative_to(TEMPLATES)
    return path.with_name(path.name.removesuffix(_SUFFIX).replace("NAME", name))


def _written(folder: Path, files: Mapping[Path, str]) -> None:
    """Write the files, the declaration last: a folder counts as a system only once it is there."""
    for path in sorted(files, key=lambda path: path.name == _DECLARATION):
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(files[path], encoding="utf-8")
