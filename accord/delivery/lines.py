"""Lines: calls to a destination, several at once, whose outcomes are taken in one place.

The calls run in threads of their own; the store is left to the thread that takes the outcomes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from types import TracebackType
from typing import Generic, Protocol, Self, TypeVar

T = TypeVar("T")


class Line(Protocol[T]):
    """Takes calls and gives back their outcomes, each as soon as it is there."""

    @property
    def has_room(self) -> bool:
        """Whether another call keeps it busy rather than waiting."""

    def put(self, call: Callable[[], T], *, first: bool = False) -> None:
        """Make this call, when its turn has come; one put `first` overtakes those that wait."""

    def taken(self) -> list[T]:
        """Wait for outcomes; none means that nothing is left. Raises what a call raised."""

    def __enter__(self) -> Self:
        """Begin."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End; what has not begun is not done any more."""


def line(concurrent: int) -> Line[T]:
    """Return a line that makes so many calls at once."""
    return OneByOne[T]() if concurrent <= 1 else Together[T](concurrent)


class OneByOne(Generic[T]):
    """Makes one call after the other, in the caller's own thread."""

    def __init__(self) -> None:
        self._calls: deque[Callable[[], T]] = deque()

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, *_: object) -> None:
        """End."""
        self._calls.clear()

    @property
    def has_room(self) -> bool:
        """Whether it is idle."""
        return not self._calls

    def put(self, call: Callable[[], T], *, first: bool = False) -> None:
        """Make this call next, or after the others."""
        if first:
            self._calls.appendleft(call)
        else:
            self._calls.append(call)

    def taken(self) -> list[T]:
        """Make a call and return its outcome."""
        return [self._calls.popleft()()] if self._calls else []


class Together(Generic[T]):
    """Makes several calls at once, in threads."""

    def __init__(self, concurrent: int) -> None:
        self._most = 2 * concurrent
        self._pool = ThreadPoolExecutor(concurrent, thread_name_prefix="deliver")
        self._running: set[Future[T]] = set()

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, *_: object) -> None:
        """End: wait for what is on its way."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    @property
    def has_room(self) -> bool:
        """Whether a call more keeps every thread busy."""
        return len(self._running) < self._most

    def put(self, call: Callable[[], T], *, first: bool = False) -> None:  # noqa: ARG002
        """Make this call as soon as a thread is free."""
        self._running.add(self._pool.submit(copy_context().run, call))

    def taken(self) -> list[T]:
        """Wait until at least one call is over; return all outcomes that are there."""
        if not self._running:
            return []
        done, self._running = wait(self._running, return_when=FIRST_COMPLETED)
        return [future.result() for future in done]
