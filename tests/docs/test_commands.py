"""docs/commands.md describes the command `accord` as it is, and nothing that it is not."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import typer

from accord.cli.exits import Exit
from accord.cli.main import app
from tests.support import documents

TEXT = (documents.DOCS / "commands.md").read_text(encoding="utf-8")
_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")


def every(group: Any, before: str = "") -> dict[str, Any]:
    """The commands below a group by their whole names, such as `alerts list`."""
    found: dict[str, Any] = {}
    for name, command in group.commands.items():
        below = every(command, f"{before}{name} ") if hasattr(command, "commands") else {}
        found |= below or {before + name: command}
    return found


COMMANDS = every(typer.main.get_command(app))


def documented() -> dict[str, str]:
    found = documents.sections(TEXT)
    return {
        title.removeprefix("accord "): body
        for title, body in found.items()
        if title.startswith("accord ")
    }


def options(command: str) -> set[str]:
    return {
        name
        for parameter in COMMANDS[command].params
        for name in parameter.opts
        if name.startswith("-") and name != "--help"
    }


def test_every_command_has_its_section_and_every_section_its_command() -> None:
    assert set(documented()) == set(COMMANDS)


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_option_stands_in_the_table_of_its_command(command: str) -> None:
    told = documents.first_column(documented()[command])
    assert {name for name in told if name.startswith("-")} == options(command)


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_no_option_is_mentioned_that_the_command_does_not_have(command: str) -> None:
    told = set(_OPTION.findall(documents.prose(documented()[command])))
    assert told <= options(command)


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_helps_with_an_example_of_itself(command: str) -> None:
    assert COMMANDS[command].epilog.startswith(f"Example: accord {command}")
    assert COMMANDS[command].help


def test_every_exit_code_is_told() -> None:
    rows = re.findall(r"^\| (\d+) \|", documents.sections(TEXT)["Exit codes"], flags=re.MULTILINE)
    assert {int(code) for code in rows} == {*Exit, 130}


def test_every_json_shape_is_json() -> None:
    shown = [block for block in documents.blocks(TEXT) if block.startswith("```json")]
    assert len(shown) >= 5
    for block in shown:
        json.loads(block.removeprefix("```json").removesuffix("```"))


def test_options_shown_anywhere_in_the_documents_exist() -> None:
    known = set().union(*map(options, COMMANDS)) | {"--help"}
    for path in documents.tracked(".md"):
        for line in re.findall(r"accord (\w[\w-]*)((?: [^`\n]*)?)", path.read_text("utf-8")):
            if any(name.split()[0] == line[0] for name in COMMANDS):
                told = set(_OPTION.findall(line[1]))
                assert told <= known, f"{documents.named(path)} shows {told - known}"
