"""Ahead: what is gone over is fetched by a thread, while the part before it is worked on.

The thread also does what is left to it, each in its turn, so that one connection is always busy
and still does one thing after the other.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from itertools import islice
from types import TracebackType
from typing import Generic, Self, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Ahead(Generic[T]):
    """Goes over `items`, of which at most `most` are made before they are asked for.

    Whatever fails first is raised to whoever goes over them or leaves the block, and nothing more
    is done after it. No item is made once the block is left, and `items` are closed.
    """

    def __init__(self, items: Generator[T, None, None], *, most: int = 2) -> None:
        self._items, self._most = items, most
        self._context = copy_context()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ahead")
        self._coming: deque[Future[list[T]]] = deque()
        self._failed: BaseException | None = None

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End: what was left to the thread is done, unless something failed."""
        for item in self._coming:
            item.cancel()
        self._thread.shutdown(wait=True, cancel_futures=error is not None)
        self._items.close()
        if error is None and self._failed is not None:
            raise self._failed

    def __iter__(self) -> Iterator[T]:
        """Yield each item, as soon as it is there."""
        coming = self._coming
        coming.extend(self._asked(self._made) for _ in range(self._most))
        while found := coming.popleft().result():
            coming.append(self._asked(self._made))
            yield from found

    def leave(self, call: Callable[[], None]) -> None:
        """Have this done by the thread, after what it was asked before."""
        self._asked(call)

    def _asked(self, call: Callable[[], R]) -> Future[R]:
        return self._thread.submit(self._context.run, self._done, call)

    def _made(self) -> list[T]:
        return list(islice(self._items, 1))

    def _done(self, call: Callable[[], R]) -> R:
        """Do it, unless something before it failed."""
        if self._failed is not None:
            raise self._failed
        try:
            return call()
        except BaseException as error:
            self._failed = error
            raise
