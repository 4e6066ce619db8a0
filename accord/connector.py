"""What a system's `client.py` offers the engine.

A client module has one function, `connect(connection) -> client`. The client has `health`, and
implements `Source` where the system is read and `Destination` where it is written. Everything else
is opt-in. A client keeps no state between calls that matters after a crash.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

from accord.records import (
    Found,
    Health,
    Notice,
    Original,
    Reading,
    Receipt,
    Slice,
    Window,
    Write,
)
from accord.secrets import Secrets

if TYPE_CHECKING:  # it takes as long to import as all else here, and light commands make no call
    from accord.http.pace import Turns


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
class Follows(Protocol):
    """A source that can tell what has changed in a stream without days since a position."""

    def changes(self, stream: str, since: str) -> Reading:
        """Read what changed after `since`, a `position` that an earlier reading ended with.

        The reading is not `complete`: records it does not hold are as they were, and those that
        are gone are in its pages' `removed`. What changed at the very moment of the position may
        come again. Its own `position` is set when the pages are exhausted. Raises Retry or Stop;
        Stop where the system no longer knows changes that old, so that the stream is read whole.
        """


@runtime_checkable
class Notifies(Protocol):
    """A source that sends messages when something changes, such as webhooks."""

    def notified(
        self, headers: Mapping[str, str], body: bytes, *, now: datetime
    ) -> Sequence[Notice]:
        """Check that a message is the system's own and fresh, and say what it is about.

        Header names are in lower case. Raises Park, naming the cause, when it cannot be trusted.
        """


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


@runtime_checkable
class Matches(Protocol):
    """A destination that can find an object which is the same, but not under our key yet."""

    def match(self, kind: str, writes: Sequence[Write]) -> Mapping[str, Found]:
        """Find, by key, the objects that are the same and that `look_up` could not find.

        That is the object with the write's `destination_id`, or else one that is certainly the same
        by what names it there, such as an e-mail address. What is another key's already, other
        than one of the write's `former` keys, is no match. More than one candidate is told with all
        ids, and nothing is sent then. A key without any is left out. Raises Retry or Stop.
        """


@runtime_checkable
class Removes(Protocol):
    """A destination from which objects can be taken away."""

    def remove(
        self, kind: str, writes: Sequence[Write], policy: Literal["propagate", "archive"]
    ) -> Sequence[Receipt]:
        """Delete (`propagate`) or put aside (`archive`) the objects; one receipt a write.

        `look_up` does not find them afterwards; one that is gone already counts as delivered.
        Raises like `deliver`.
        """
