"""Secrets by reference: `env:NAME` and `file:/path` now; further kinds register a reader.

A secret's text lives in a `Secret`, which shows itself as `***` everywhere but in `reveal()`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from accord.errors import Stop


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """A secret text that cannot be printed by accident."""

    _text: str = field(repr=False)

    def reveal(self) -> str:
        """Return the text, for the one call that has to send it."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__


Reader = Callable[[str], str]


class Secrets:
    """Resolves references such as `env:ACCORD_XERO_CLIENT_SECRET` when they are needed."""

    def __init__(
        self, environment: Mapping[str, str], *, readers: Mapping[str, Reader] | None = None
    ) -> None:
        self._readers: dict[str, Reader] = {
            "env": lambda name: environment[name],
            "file": lambda path: Path(path).read_text(encoding="utf-8").strip(),
            **(readers or {}),
        }

    def resolve(self, reference: str) -> Secret:
        """Fetch the secret behind `reference`.

        Raises Stop, naming the reference and the remedy, when it has no such kind, is not there
        or is empty. A reference inside an environment variable (`env:X` holding `file:/y`) is
        followed.
        """
        text = self._read(reference)
        if not text:
            kind, _, name = reference.partition(":")
            raise Stop(f"The secret {reference} is not set", remedy=_remedy(kind, name))
        return self._followed(text)

    def find(self, reference: str) -> Secret | None:
        """Fetch the secret behind `reference`, or None when nothing is set there.

        Raises Stop like `resolve` when something is set that leads nowhere.
        """
        text = self._read(reference)
        return self._followed(text) if text else None

    def _followed(self, text: str) -> Secret:
        return self.resolve(text) if text.partition(":")[0] in self._readers else Secret(text)

    def _read(self, reference: str) -> str:
        kind, _, name = reference.partition(":")
        reader = self._readers.get(kind)
        if reader is None or not name:
            raise Stop(
                f"{kind!r} is no kind of secret reference",
                remedy=f"write one of {', '.join(sorted(self._readers))}, such as env:NAME",
            )
        try:
            return reader(name)
        except (KeyError, OSError):
            return ""


def _remedy(kind: str, name: str) -> str:
    if kind == "env":
        return f"set the environment variable {name}, or let it hold file:/path/to/the/secret"
    return f"put the secret into {name} and make the file readable"
