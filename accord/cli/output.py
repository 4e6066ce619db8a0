"""How every command prints: the option `--output`, where words go, and how it ends."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.console import Console

from accord.cli.exits import Exit
from accord.names import LARGEST_NUMBER


class Output(StrEnum):
    """How results are printed."""

    TEXT = "text"
    JSON = "json"


Format = Annotated[
    Output, typer.Option("--output", "-o", help="text for people, json for programs")
]
Limit = Annotated[int, typer.Option(min=1, max=LARGEST_NUMBER, help="at the most so many")]


def console(output: Output) -> Console:
    """Where people read: results for programs own standard output, so words move aside."""
    made = Console(stderr=output is Output.JSON, soft_wrap=True)
    if not made.is_terminal:
        made.width = 200
    return made


def end(result: tuple[Exit, Any], output: Output) -> None:
    """Print the report if it is for a program, and leave with the command's exit code."""
    code, report = result
    if output is Output.JSON:
        sys.stdout.write(json.dumps(report, indent=2, default=str) + "\n")
    raise typer.Exit(code)
