"""What a folder of files offers, wherever it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from accord.secrets import Secrets

PIECE = 4 * 1024 * 1024
"""Bytes read at once."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A file as its folder lists it; `changed` grows with each change, and its unit is unknown."""

    name: str
    size: int
    changed: int

    @property
    def signature(self) -> str:
        """Changes whenever the file may have changed."""
        return f"{self.name}-{self.changed}-{self.size}"


@dataclass(frozen=True, slots=True)
class Access:
    """How to get at files on another machine: references to a private key and to known hosts.

    Both are resolved when they are needed. Known hosts are lines as in OpenSSH's known_hosts.
    """

    secrets: Secrets
    private_key: str
    known_hosts: str
    timeout_seconds: float = 30


class Files(Protocol):
    """The files of one folder."""

    @property
    def where(self) -> str:
        """The folder, as it may be told."""

    def listed(self) -> Sequence[Listed]:
        """List the files in the folder, in no order. Raises Retry or Stop."""

    def content(self, name: str) -> Iterator[bytes]:
        """Yield a file piece by piece. Raises Retry or Stop; Retry if it changed meanwhile."""

    def part(self, name: str, *, start: int, size: int) -> bytes:
        """Return some bytes of a file, fewer at its end. Raises Retry or Stop."""

    def close(self) -> None:
        """Give back connections; it may be called twice."""
