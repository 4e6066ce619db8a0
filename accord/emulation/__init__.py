"""What emulators of systems are made of: how they are started, served and made to fail."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class Setup:
    """What an emulator is started with. `folder` keeps its state; `secret` signs clients in."""

    folder: Path
    seed: int
    today: date
    secret: str


class Emulator(Protocol):
    """A running emulator of one system."""

    @property
    def url(self) -> str:
        """Where its API (or its folder) is."""

    @property
    def token_url(self) -> str:
        """Where its sign-in is; "" where there is none."""

    def stop(self) -> None:
        """Stop serving; the state stays."""


@runtime_checkable
class Lives(Protocol):
    """An emulator in which people do things by themselves."""

    def live(self) -> str:
        """Let somebody there do something, and say it in a sentence without naming anybody."""
