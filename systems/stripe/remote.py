"""Calls to one Stripe account: key, pages, idempotency; what they mean is decided elsewhere.

https://docs.stripe.com/api/pagination, https://docs.stripe.com/api/idempotent_requests and
https://docs.stripe.com/error-low-level.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import msgspec
import stamina

from accord.connector import Connection
from accord.errors import Retry, Stop, Unanswered
from accord.http import LONGEST_WAIT, READ_ATTEMPTS, Answer, Api, BearerKey, Budget, Pace
from systems.stripe.errors import code_of, param_of

LARGEST_PAGE = 100
_KEYS = 4
_Item = TypeVar("_Item")
_Made = TypeVar("_Made")


class _UnderWay(Unanswered):
    """Another request with the same idempotency key is being carried out."""


class _Named(msgspec.Struct):
    id: str


class _Listed(msgspec.Struct):
    data: list[msgspec.Raw]
    has_more: bool
    next_page: str | None = None


_listed = msgspec.json.Decoder(_Listed)
_named = msgspec.json.Decoder(_Named)


class Account:
    """One account's API. Nothing is sent, and no secret fetched, before the first call."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self._opened: Api | None = None
        limits = connection.settings["limits"]
        self.page_size = int(limits.get("page_records", LARGEST_PAGE))
        self.concurrent = int(limits["concurrent"])
        self._pool: ThreadPoolExecutor | None = None
        self._version = {"Stripe-Version": connection.settings["address"]["version"]}

    def close(self) -> None:
        """Give the connections back."""
        with self._lock:
            if self._pool is not None:
                self._pool.shutdown()
                self._pool = None
            if self._opened is not None:
                self._opened.close()
                self._opened = None

    def each(self, call: Callable[[_Item], _Made], items: Sequence[_Item]) -> list[_Made]:
        """Do something that calls for each item, several at once; whoever asks shares the threads.

        What is done there may not ask for this in its turn.
        """
        if len(items) < 2:
            return [call(item) for item in items]
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self.concurrent)
            pool = self._pool
        made: dict[int, _Made] = {}
        places = iter(range(len(items)))

        def work(_: int) -> None:
            for place in places:  # each of the threads takes the next one as soon as it can
                made[place] = call(items[place])

        list(pool.map(work, range(min(self.concurrent, len(items)))))
        return [made[place] for place in range(len(items))]

    def read(self, path: str, params: Mapping[str, str] | None = None) -> Answer:
        """GET `path`. Raises Retry at once where Stripe says that repeating is of no use now."""
        answer = self._open().read(path, params=params, headers=self._version)
        if answer.status >= 500:
            raise Retry(
                f"Stripe answered {answer.status} to a reading and asks not to repeat it",
                remedy="run again later; if it stays, ask Stripe's support",
            )
        return answer

    def find(self, path: str, params: Mapping[str, str] | None = None) -> bytes | None:
        """GET one object; None where there is none under this id."""
        answer = self.read(path, params)
        if answer.status == 200:
            return answer.body
        if answer.status == 404 or code_of(answer) == "resource_missing":
            return None
        raise _unexpected(answer, path)

    def pages(self, path: str, params: Mapping[str, str]) -> Iterator[list[msgspec.Raw]]:
        """Yield the objects of each page of a list, newest first, each as the JSON it came as.

        The list goes on after the last object of a page; where that was deleted meanwhile, after
        the one before it.
        """
        asked = {"limit": str(self.page_size), **params}
        before: list[str] = []
        while True:
            answer = self._after(path, asked, before)
            page = listed(answer, path)
            named = [(name_of(raw), raw) for raw in page.data]
            if fresh := [raw for name, raw in named if name not in before]:
                yield fresh
            if not page.has_more or not fresh:
                return
            before = [name for name, _ in named]

    def newest(self, path: str, params: Mapping[str, str]) -> msgspec.Raw | None:
        """Return the newest object of a list."""
        page = listed(self.read(path, {**params, "limit": "1"}), path)
        return page.data[0] if page.data else None

    def search(self, path: str, query: str) -> Iterator[msgspec.Raw]:
        """Yield what a search finds; it may not know yet what happened in the last minutes."""
        asked = {"query": query, "limit": str(LARGEST_PAGE)}
        while True:
            page = listed(self.read(path, asked), path)
            yield from page.data
            if not page.has_more or not page.next_page:
                return
            asked["page"] = page.next_page

    def write(
        self, method: str, path: str, form: Mapping[str, str] | None = None, *, key: str = ""
    ) -> Answer:
        """Send a write, repeating it under the same key where nothing was done or it goes on.

        A failure that Stripe kept under the key is answered again and again, so the write goes
        out under a further one; what was done was looked up just before. Raises like `Api.write`.
        """
        keys = [key, *(f"{key}-{number}" for number in range(2, _KEYS + 1))] if key else [""]
        for each in keys:
            answer = self._patiently(method, path, form, each)
            if answer.status < 500:
                return answer
            if not is_replayed(answer):
                break
        raise Unanswered(
            f"Stripe answered {answer.status} to {method} {path}",
            remedy="the write is looked up before it is sent again",
        )

    def _patiently(
        self, method: str, path: str, form: Mapping[str, str] | None, key: str
    ) -> Answer:
        headers = {**self._version, **({"Idempotency-Key": key} if key else {})}
        for attempt in stamina.retry_context(
            on=_may_pass, attempts=READ_ATTEMPTS, timeout=LONGEST_WAIT, wait_initial=0.2, wait_max=8
        ):
            with attempt:
                answer = self._open().write(method, path, form=form, headers=headers)
                _raise_what_may_pass(answer)
                return answer
        raise AssertionError("unreachable")  # stamina returns or raises

    def _after(self, path: str, params: Mapping[str, str], before: Sequence[str]) -> Answer:
        """Ask for what comes after the last of these that is still there."""
        if not before:
            return self.read(path, params)
        for cursor in reversed(before):
            answer = self.read(path, {**params, "starting_after": cursor})
            if param_of(answer) != "starting_after":
                return answer
        raise Retry(
            "All objects of a page were deleted before the next could be read",
            remedy="run again",
        )

    def _open(self) -> Api:
        with self._lock:
            if self._opened is None:
                settings, secrets = self._connection.settings, self._connection.secrets
                self._opened = Api(
                    self._connection.system,
                    self._connection.url,
                    credentials=BearerKey(secrets.resolve(settings["auth"]["api_key"])),
                    pace=self._connection.turns or Pace.declared(settings),
                    budget=Budget.declared(settings),
                    timeout=float(settings["limits"]["timeout_seconds"]),
                    understands=_is_understood,
                )
            return self._opened


def told(answer: Answer) -> dict[str, Any]:
    """Decode the answer to a write. Raises Unanswered when it is not whole: the write happened."""
    try:
        content = msgspec.json.decode(answer.body)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise Unanswered(
            "Stripe's answer to a write is not whole",
            remedy="the write is looked up before it is sent again",
        )
    return content


def name_of(raw: msgspec.Raw) -> str:
    """Return the id of an object of a list."""
    return _named.decode(raw).id


def listed(answer: Answer, path: str) -> _Listed:
    """Decode one page of a list. Raises Retry when it is not whole, Stop when it is no list."""
    if answer.status != 200:
        raise _unexpected(answer, path)
    try:
        return _listed.decode(answer.body)
    except ValueError as error:
        raise Retry(
            f"Stripe's listing of {path} is not whole",
            remedy="run again; if it stays, look at the system or a proxy in between",
        ) from error


def is_replayed(answer: Answer) -> bool:
    """Tell whether an answer is the one that an earlier request with the same key got."""
    return answer.headers.get("Idempotent-Replayed") == "true"


def _is_understood(answer: Answer) -> bool:
    """A kept or final failure says so in its headers; 402 is about the request."""
    final = answer.status >= 500 and answer.headers.get("Stripe-Should-Retry") == "false"
    return answer.status == 402 or final or is_replayed(answer)


def _raise_what_may_pass(answer: Answer) -> None:
    if answer.status < 400 or answer.status >= 500:
        return
    if code_of(answer) == "idempotency_key_in_use":
        raise _UnderWay(
            "Stripe still carries out an earlier request with the same idempotency key",
            remedy="the write is looked up before it is sent again",
        )
    if answer.headers.get("Stripe-Should-Retry") == "true":
        raise Retry(
            f"Stripe answered {answer.status} and asks to repeat the request",
            remedy="run again",
            is_limit=True,
        )


def _may_pass(error: Exception) -> bool:
    """What the HTTP layer does not repeat by itself: refusals for pace that name no time."""
    if isinstance(error, _UnderWay):
        return True
    return isinstance(error, Retry) and error.is_limit and error.retry_after is None


def _unexpected(answer: Answer, path: str) -> Stop:
    return Stop(
        f"Stripe answered {answer.status} {code_of(answer)} to a reading of {path}",
        remedy="check that ACCORD_STRIPE_URL is the address of the Stripe API, without a path",
    )
