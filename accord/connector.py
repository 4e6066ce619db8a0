"""What a system's `client.py` offers the engine.

A client module has one function, `connect(connection) -> client`. The client has `health`, and
implements `Source` where the system is read and `Destination` where it is written. Everything else
is opt-in. A client keeps no state between calls that matters after a crash.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from accord.http.pace import Turns
from accord.records import Found, Health, Original, Reading, Receipt, Slice, Window, Write
from accord.secrets import Secrets


@dataclass(frozen=True, slots=True)
class Connection:
    """Where and as whom to connect, resolved from system.toml and the environment.

    `settings` is the parsed system.toml; `secrets` resolves the references in it. `turns`, where
    given, keeps the system's limits among all processes; a client passes it on to its Api.
    """

    system: str
    url: str
    settings: Mapping[str, Any]
    secrets: Secrets
    token_url: str = ""
    turns: Turns | None = None


@runtime_checkable
class Client(Protocol):
    """The least a client can do: say how the system is."""

    def health(self) -> Sequence[Health]:
        """Check reachability and credentials; report, never raise."""

    def close(self) -> None:
        """Give back sockets and files."""


@runtime_checkable
class Source(Protocol):
    """A system that is read."""

    def slices(self, stream: str, window: Window) -> Iterable[Slice]:
        """List the pieces of `stream` inside `window` that can be read now, oldest first."""

    def read(self, stream: str, piece: Slice) -> Reading:
        """Read one piece page by page; a bad record is in its page. Raises Retry or Stop."""


@runtime_checkable
class Replays(Protocol):
    """A source that can read a rejected record once more, as it reads records now."""

    def replay(self, stream: str, original: Original) -> Reading:
        """Read what was rejected, without asking the system; it may hold several records.

        Its keys never take the place of other records' keys. The reading is `complete` only where
        the original was the whole of its piece. Raises Stop.
        """


@runtime_checkable
class Destination(Protocol):
    """A system that is written to."""

    def look_up(self, kind: str, keys: Sequence[str]) -> Mapping[str, Found]:
        """Find what the system holds under `keys`; a key that is not there is left out."""

    def deliver(self, kind: str, writes: Sequence[Write]) -> Sequence[Receipt]:
        """Bring each object to its desired state; one receipt a write, in any order.

        At most the destination's declared batch size is passed. Each write carries what a look-up
        just saw (`found`). Raises Unanswered when no answer came, Retry when nothing was sent,
        Stop when the system refuses us as such.
        """
