"""Calls to one system: signed, paced, judged, and repeated only where that is safe."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

import msgspec
import stamina

from accord.errors import Resting, Retry, Stop, Unanswered
from accord.http.budget import Budget
from accord.http.oauth import Credentials
from accord.http.pace import Pace, Turns
from accord.http.wire import Answer, checked_url, new_session, retry_after, send

_BUSY = frozenset({408, 425})
_FORM = "application/x-www-form-urlencoded"
_JSON = msgspec.json.Encoder(decimal_format="number")
READ_ATTEMPTS = 5
LONGEST_WAIT = 120.0


def _nothing(_: Answer) -> bool:
    return False


def _never(_: Answer) -> float | None:
    return None


class Api:
    """Calls to one system. Thread-safe; close it to give the connections back.

    `understands` tells which refusals the caller judges itself, such as those that say in their
    headers what is to be done; they are then answers like any other. `limited` knows a system that
    says in another way than by 429 that it is called too much: it returns the seconds to wait, and
    None for any other answer.
    """

    def __init__(
        self,
        system: str,
        base_url: str,
        *,
        credentials: Credentials | None = None,
        pace: Turns | None = None,
        timeout: float = 30.0,
        understands: Callable[[Answer], bool] = _nothing,
        limited: Callable[[Answer], float | None] = _never,
        budget: Budget | None = None,
    ) -> None:
        self.system = system
        self.base_url = checked_url(base_url, system=system).rstrip("/")
        self._credentials = credentials
        self._pace = pace or Pace(calls_per_minute=100_000, concurrent=16)
        self._timeout, self._understands, self._limited = timeout, understands, limited
        self._budget = budget or Budget()
        self._session = new_session()

    def close(self) -> None:
        """Give the connections back."""
        self._session.close()

    def read(
        self,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """GET `path`, repeating what may succeed later with backoff and full jitter.

        A 404 is an answer, not an error. Raises Retry when the attempts are used up or the system
        asks for a longer wait than LONGEST_WAIT seconds, Stop when it refuses us.
        """
        for attempt in stamina.retry_context(
            on=self._within_budget(_retry_wait),
            attempts=READ_ATTEMPTS,
            timeout=LONGEST_WAIT,
            wait_initial=0.2,
            wait_max=20,
        ):
            with attempt:
                return self._call(
                    "GET", path, params=params, body=None, headers=headers or {}, write=False
                )
        raise AssertionError("unreachable")  # stamina returns or raises

    def write(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a write once; a status of 400 or 404 is an answer for the caller to judge.

        Its body is `json` or `form`, whichever is given. Decimals in `json` become JSON numbers,
        exactly. Repeated only after 429, which says that
        nothing was done. Raises Retry when it certainly did not arrive, Unanswered when it may
        have, Stop when the system refuses us.
        """
        body, kind = _encoded(json, form)
        headers = {**(headers or {}), **kind}
        for attempt in stamina.retry_context(
            on=self._within_budget(_refused_for_pace), attempts=READ_ATTEMPTS, timeout=LONGEST_WAIT
        ):
            with attempt:
                return self._call(
                    method, path, params=params, body=body, headers=headers, write=True
                )
        raise AssertionError("unreachable")

    def _within_budget(
        self, wanted: Callable[[Exception], bool | float]
    ) -> Callable[[Exception], bool | float]:
        """Repeat what is `wanted`, as long as this run has repetitions left."""

        def wait(error: Exception) -> bool | float:
            told = wanted(error)
            return told if told is not False and self._budget.take() else False

        return wait

    def _call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None,
        body: bytes | None,
        headers: Mapping[str, str],
        write: bool,
    ) -> Answer:
        answer = self._send(method, path, params, body, headers, write=write)
        if answer.status == 401 and self._credentials and self._credentials.renewed():
            answer = self._send(method, path, params, body, headers, write=write)
        if answer.status in (401, 403):
            self._judged(answer, f"{method} {path}", write=write)
        self._budget.give_back()
        return answer

    def _send(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None,
        body: bytes | None,
        headers: Mapping[str, str],
        *,
        write: bool,
    ) -> Answer:
        signed = {"Accept": "application/json", **headers}
        if self._credentials:
            signed.update(self._credentials.headers())
        with self._pace.turn():
            answer = send(
                self._session,
                method,
                self.base_url + path,
                system=self.system,
                params=params,
                body=body,
                headers=signed,
                timeout=self._timeout,
                write=write,
            )
            self._pace.learn(answer.headers)
            # A refused sign-in may be mended by a new token; anything else is judged in its turn.
            if answer.status in (401, 403) and self._limited(answer) is None:
                return answer
            return self._judged(answer, f"{method} {path}", write=write)

    def _judged(self, answer: Answer, call: str, *, write: bool) -> Answer:
        status = answer.status
        if status < 300 or status in (304, 400, 404, 409, 422) or self._understands(answer):
            return answer
        said = f"{self.system} answered {status} to {call}"
        if status == 429 or self._limited(answer) is not None:
            asked = retry_after(answer.headers)
            raise Retry(
                said,
                remedy="wait for the time it asks for; lower the limits in its system.toml",
                retry_after=self._limited(answer) if asked is None else asked,
                is_limit=True,
            )
        if status >= 500 or status in _BUSY:
            if write:
                raise Unanswered(said, remedy="the write is looked up before it is sent again")
            raise Retry(
                said,
                remedy=f"run again when {self.system} is well",
                retry_after=retry_after(answer.headers),
            )
        raise Stop(said, remedy=_refusal_remedy(self.system, status))


def _encoded(json: Any, form: Mapping[str, str] | None) -> tuple[bytes | None, Mapping[str, str]]:
    """Return the body of a write and the header that names its kind."""
    if form is not None:
        return urlencode(form).encode(), {"Content-Type": _FORM}
    if json is None:
        return None, {}
    return _JSON.encode(json), {"Content-Type": "application/json"}


def _retry_wait(error: Exception) -> bool | float:
    if not isinstance(error, Retry) or isinstance(error, Resting):
        return False
    if error.retry_after is None:
        return True
    return error.retry_after if error.retry_after <= LONGEST_WAIT else False


def _refused_for_pace(error: Exception) -> bool | float:
    asked = isinstance(error, Retry) and error.retry_after is not None
    return _retry_wait(error) if asked and not isinstance(error, Unanswered) else False


def _refusal_remedy(system: str, status: int) -> str:
    if status < 400:
        return f"the address of {system} moved: set ACCORD_{system.upper()}_URL to the new one"
    if status == 401:
        return f"renew the credentials of {system}; `accord doctor` tries them"
    if status == 403:
        return f"grant our application the scopes that systems/{system}/system.toml asks for"
    return f"compare systems/{system}/client.py with the vendor's description of this call"
