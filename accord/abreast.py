"""Abreast: errands at several systems side by side, each system's own one after the other.

A run whose systems answer slowly takes as long as the slowest of them, not as long as all together.
Whoever wants to know what came of an errand waits for that one alone.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import CancelledError, Future
from contextvars import copy_context
from dataclasses import dataclass
from types import TracebackType
from typing import Generic, Self, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Errand(Generic[T]):
    """What is to be done, and the name that its outcome is asked for by."""

    name: str
    make: Callable[[], T]


def never() -> bool:
    """What `is_over` says of what nobody ends."""
    return False


def _always(_: object) -> bool:
    return True


class Abreast(Generic[T]):
    """Does the errands of one run. Leave it as a context: it waits for those under way.

    They are told to end then, by `is_over`, and `sleep` lets nobody sleep any longer. What is still
    under way `patience` seconds later, if that is given, is left to itself, and ends with the
    process. `goes_on` says of an outcome whether more of its system is to follow.
    """

    def __init__(
        self, *, goes_on: Callable[[T], bool] = _always, patience: float | None = None
    ) -> None:
        self._goes_on, self._patience = goes_on, patience
        self._over = threading.Event()
        self._coming: dict[str, Future[T]] = {}
        self._begun: set[str] = set()
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End: nothing more is begun."""
        self._over.set()
        until = None if self._patience is None else time.monotonic() + self._patience
        for thread in self._threads:
            thread.join(None if until is None else max(0.0, until - time.monotonic()))

    def is_over(self) -> bool:
        """Tell whether what is under way is to end."""
        return self._over.is_set()

    def sleep(self, seconds: float) -> None:
        """Wait so long, or until it is over."""
        self._over.wait(seconds)

    def begin(self, ways: Iterable[Sequence[Errand[T]]]) -> bool:
        """Do the errands of each way in their order, all ways at once; tell whether any is new.

        What was begun before is left out. An errand that fails, or after which its way does not go
        on, ends it: what comes after it is not begun.
        """
        fresh = [[it for it in way if it.name not in self._begun] for way in ways]
        going = [way for way in fresh if way]
        for way in going:
            self._begun.update(errand.name for errand in way)
            outcomes: list[Future[T]] = [Future() for _ in way]
            self._coming.update(zip((it.name for it in way), outcomes, strict=True))
            thread = threading.Thread(
                target=copy_context().run,
                args=(self._gone, way, outcomes),
                name=f"abreast {way[0].name}",
                daemon=self._patience is not None,
            )
            self._threads.append(thread)
            thread.start()
        return bool(going)

    def taken(self, name: str) -> T | None:
        """Wait for what came of an errand, once; None where it was not begun, or is taken already.

        Raises what the errand raised.
        """
        coming = self._coming.pop(name, None)
        if coming is None:
            return None
        try:
            return coming.result()
        except CancelledError:
            return None

    def _gone(self, way: Sequence[Errand[T]], outcomes: Sequence[Future[T]]) -> None:
        goes_on = True
        for errand, outcome in zip(way, outcomes, strict=True):
            if not goes_on or self.is_over():
                outcome.cancel()
                continue
            try:
                found = errand.make()
            except BaseException as error:  # noqa: BLE001 - raised to whoever takes the outcome
                outcome.set_exception(error)
                goes_on = False
            else:
                outcome.set_result(found)
                goes_on = self._goes_on(found)
