"""Abreast: deliveries to several systems side by side, each system's own one after the other.

A run whose systems answer slowly takes as long as the slowest of them, not as long as all together.
Whoever wants to know what came of a delivery waits for that one alone.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from accord.delivery.courier import Delivered


@dataclass(frozen=True, slots=True)
class Errand:
    """A delivery to be made, and the name that its outcome is asked for by."""

    name: str
    make: Callable[[], Delivered]


class Abreast:
    """Makes the deliveries of one run. Leave it as a context: it waits for those under way.

    They are told to end then, by `is_over`, and `sleep` lets nobody sleep any longer.
    """

    def __init__(self) -> None:
        self._over = threading.Event()
        self._coming: dict[str, Future[Delivered]] = {}
        self._begun: set[str] = set()
        self._pools: list[ThreadPoolExecutor] = []

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End: nothing more leaves, and what has left is settled."""
        self._over.set()
        for pool in self._pools:
            pool.shutdown(wait=True, cancel_futures=True)

    def is_over(self) -> bool:
        """Tell whether nothing more is to leave."""
        return self._over.is_set()

    def sleep(self, seconds: float) -> None:
        """Wait so long, or until it is over."""
        self._over.wait(seconds)

    def begin(self, ways: Iterable[Sequence[Errand]]) -> bool:
        """Make the errands of each way in their order, all ways at once; tell whether any is new.

        What was begun before is left out. An errand that fails, or leaves something behind that has
        to be mended, ends its way: what comes after it is not begun.
        """
        fresh = [[it for it in way if it.name not in self._begun] for way in ways]
        going = [way for way in fresh if way]
        if not going:
            return False
        pool = ThreadPoolExecutor(len(going), thread_name_prefix="abreast")
        self._pools.append(pool)
        for way in going:
            for errand in way:
                self._begun.add(errand.name)
                self._coming[errand.name] = Future()
            outcomes = [self._coming[errand.name] for errand in way]
            pool.submit(copy_context().run, self._gone, way, outcomes)
        return True

    def taken(self, name: str) -> Delivered | None:
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

    def _gone(self, way: Sequence[Errand], outcomes: Sequence[Future[Delivered]]) -> None:
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
                goes_on = found.is_through
