"""The one place that opens sockets to connected systems.

A `Api` speaks to one system: it verifies TLS, keeps the pace the system allows, signs in and
renews its token, and turns every failure into Retry, Unanswered or Stop. The difference that
matters is whether a write may have taken effect: if it may, nothing here repeats it.
"""

from __future__ import annotations

import os
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote_plus, urlsplit

import msgspec
import requests
import stamina

from accord.errors import AccordError, Retry, Stop, Unanswered
from accord.secrets import Secret

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_BUSY = frozenset({408, 425})
_JSON = msgspec.json.Encoder(decimal_format="number")
READ_ATTEMPTS = 5
LONGEST_WAIT = 120.0


@dataclass(frozen=True, slots=True)
class Answer:
    """A response: its status, headers (case-insensitive) and body as bytes."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Decode the body. Raises Retry when it is not whole JSON, as a cut-off body is not."""
        try:
            return msgspec.json.decode(self.body)
        except msgspec.DecodeError as error:
            raise Retry(
                f"The answer with status {self.status} is not whole JSON",
                remedy="run again; if it stays, look at the system or a proxy in between",
            ) from error


class Credentials(Protocol):
    """Signs requests; `renewed` drops a token that was refused."""

    def headers(self) -> Mapping[str, str]:
        """Return the headers that prove who we are, fetching a token when there is none."""

    def renewed(self) -> bool:
        """Forget the refused token; say whether a new one can be had."""


class Pace:
    """Keeps calls below a number a minute and a number at once, for all threads of a process."""

    def __init__(
        self,
        *,
        calls_per_minute: int,
        concurrent: int,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._calls: deque[float] = deque(maxlen=calls_per_minute)
        self._limit = calls_per_minute
        self._slots = threading.BoundedSemaphore(concurrent)
        self._lock = threading.Lock()
        self._clock, self._sleep = clock, sleep

    def __enter__(self) -> None:
        self._slots.acquire()
        try:
            self._await_turn()
        except BaseException:
            self._slots.release()
            raise

    def __exit__(self, *_: object) -> None:
        self._slots.release()

    def _await_turn(self) -> None:
        with self._lock:
            now = self._clock()
            if len(self._calls) == self._limit and (wait := self._calls[0] + 60 - now) > 0:
                self._sleep(wait)
                now += wait
            self._calls.append(now)


class Api:
    """Calls to one system. Thread-safe; close it to give the connections back."""

    def __init__(
        self,
        system: str,
        base_url: str,
        *,
        credentials: Credentials | None = None,
        pace: Pace | None = None,
        timeout: float = 30.0,
    ) -> None:
        self.system = system
        self.base_url = checked_url(base_url, system=system).rstrip("/")
        self._credentials = credentials
        self._pace = pace or Pace(calls_per_minute=100_000, concurrent=16)
        self._timeout = timeout
        self._session = _session()

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
            on=_retry_wait,
            attempts=READ_ATTEMPTS,
            timeout=LONGEST_WAIT,
            wait_initial=0.2,
            wait_max=20,
        ):
            with attempt:
                return self._call(
                    "GET", path, params=params, json=None, headers=headers or {}, write=False
                )
        raise AssertionError("unreachable")  # stamina returns or raises

    def write(
        self,
        method: str,
        path: str,
        *,
        json: Any,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a write once; a status of 400 or 404 is an answer for the caller to judge.

        Decimals in `json` become JSON numbers, exactly. Repeated only after 429, which says that
        nothing was done. Raises Retry when it certainly did not arrive, Unanswered when it may
        have, Stop when the system refuses us.
        """
        for attempt in stamina.retry_context(
            on=_refused_for_pace, attempts=READ_ATTEMPTS, timeout=LONGEST_WAIT
        ):
            with attempt:
                return self._call(
                    method, path, params=params, json=json, headers=headers or {}, write=True
                )
        raise AssertionError("unreachable")

    def _call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None,
        json: Any,
        headers: Mapping[str, str],
        write: bool,
    ) -> Answer:
        answer = self._send(method, path, params, json, headers, write=write)
        if answer.status == 401 and self._credentials and self._credentials.renewed():
            answer = self._send(method, path, params, json, headers, write=write)
        return self._judged(answer, f"{method} {path}", write=write)

    def _send(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None,
        json: Any,
        headers: Mapping[str, str],
        *,
        write: bool,
    ) -> Answer:
        signed = {"Accept": "application/json", **headers}
        if self._credentials:
            signed.update(self._credentials.headers())
        body = None if json is None else _JSON.encode(json)
        if body is not None:
            signed["Content-Type"] = "application/json"
        with self._pace:
            return send(
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

    def _judged(self, answer: Answer, call: str, *, write: bool) -> Answer:
        status = answer.status
        if status < 300 or status in (304, 400, 404, 409, 422):
            return answer
        said = f"{self.system} answered {status} to {call}"
        if status == 429:
            raise Retry(
                said,
                remedy="wait for the time it asks for; lower the limits in its system.toml",
                retry_after=_retry_after(answer.headers),
            )
        if status >= 500 or status in _BUSY:
            if write:
                raise Unanswered(said, remedy="the write is looked up before it is sent again")
            raise Retry(
                said,
                remedy=f"run again when {self.system} is well",
                retry_after=_retry_after(answer.headers),
            )
        raise Stop(said, remedy=_refusal_remedy(self.system, status))


def send(
    session: requests.Session,
    method: str,
    url: str,
    *,
    system: str,
    params: Mapping[str, str] | None = None,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    timeout: float = 30.0,
    write: bool = False,
) -> Answer:
    """Send one request and return the whole answer, whatever its status.

    Raises Retry when no connection could be made, Unanswered when a write left without an
    answer, Stop on a certificate that does not verify or a request that cannot be written.
    """
    where = f"{system} at {urlsplit(url).netloc.rpartition('@')[2]}"
    try:
        response = session.request(
            method, url, params=params, data=body, headers=headers, timeout=timeout,
            allow_redirects=False,
        )  # fmt: skip
        return Answer(response.status_code, response.headers, response.content)
    except requests.exceptions.SSLError as error:
        if _is_unverified(error):
            raise Stop(
                f"The certificate of {where} does not verify",
                remedy="let REQUESTS_CA_BUNDLE name a file with its authority; "
                "verification cannot be switched off",
            ) from None
        raise (_unanswered(where) if write else _unreachable(where)) from None
    except _MALFORMED:
        raise Stop(
            f"The request to {where} cannot be written: its address or a header is malformed",
            remedy=f"look for line breaks and spaces in the address and secrets of {system}",
        ) from None
    except requests.exceptions.ConnectTimeout:
        raise _unreachable(where) from None
    except requests.exceptions.ConnectionError as error:
        if write and not _never_connected(error):
            raise _unanswered(where) from None
        raise _unreachable(where) from None
    except requests.exceptions.RequestException:
        raise (_unanswered(where) if write else _unreachable(where)) from None


_MALFORMED = (
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidHeader,
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
)


def checked_url(url: str, *, system: str) -> str:
    """Return `url` when it is https, or http on loopback. Raises Stop otherwise."""
    parts = urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        return url
    raise Stop(
        f"The address of {system} is neither https nor http on loopback",
        remedy=f"set ACCORD_{system.upper()}_URL to an address such as https://host",
    )


def _session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # a .netrc would replace our own Authorization
    session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or True
    return session


def _is_unverified(error: BaseException) -> bool:
    """Tell a refused certificate from a TLS connection that broke, at whatever depth it is."""
    causes = [error.__cause__, error.__context__, getattr(error, "reason", None), *error.args]
    return isinstance(error, ssl.SSLCertVerificationError) or any(
        _is_unverified(cause) for cause in causes if isinstance(cause, BaseException)
    )


def _never_connected(error: requests.exceptions.ConnectionError) -> bool:
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return type(reason).__name__ in {"NewConnectionError", "NameResolutionError"}


def _unreachable(where: str) -> Retry:
    return Retry(f"{where} cannot be reached", remedy="check its address and that it is running")


def _unanswered(where: str) -> Unanswered:
    return Unanswered(
        f"{where} did not answer a write", remedy="the write is looked up before it is sent again"
    )


def _retry_wait(error: Exception) -> bool | float:
    if not isinstance(error, Retry):
        return False
    if error.retry_after is None:
        return True
    return error.retry_after if error.retry_after <= LONGEST_WAIT else False


def _refused_for_pace(error: Exception) -> bool | float:
    asked = isinstance(error, Retry) and error.retry_after is not None
    return _retry_wait(error) if asked and not isinstance(error, Unanswered) else False


def _retry_after(headers: Mapping[str, str]) -> float | None:
    try:
        return max(0.0, float(headers["Retry-After"]))
    except (KeyError, ValueError):
        return None


def _refusal_remedy(system: str, status: int) -> str:
    if status < 400:
        return f"the address of {system} moved: set ACCORD_{system.upper()}_URL to the new one"
    if status == 401:
        return f"renew the credentials of {system}; `accord doctor` tries them"
    if status == 403:
        return f"grant our application the scopes that systems/{system}/system.toml asks for"
    return f"compare systems/{system}/client.py with the vendor's description of this call"


class ClientCredentials:
    """OAuth2 client credentials (RFC 6749, 4.4): one token, reused until shortly before its end."""

    def __init__(
        self,
        system: str,
        token_url: str,
        *,
        client_id: Secret,
        client_secret: Secret,
        scope: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._system = system
        self._token_url = checked_url(token_url, system=system)
        self._client_id, self._client_secret, self._scope = client_id, client_secret, scope
        self._clock = clock
        self._lock = threading.Lock()
        self._token: Secret | None = None
        self._good_until = 0.0

    def headers(self) -> Mapping[str, str]:
        """Return the Authorization header, with a fresh token where the last has a minute left."""
        with self._lock:
            if self._token is None or self._clock() >= self._good_until:
                self._fetch()
            assert self._token is not None  # noqa: S101 - _fetch sets it or raises
            return {"Authorization": f"Bearer {self._token.reveal()}"}

    def renewed(self) -> bool:
        """Drop the token, so that the next call fetches another."""
        with self._lock:
            self._token = None
        return True

    def _fetch(self) -> None:
        with _session() as session:
            session.auth = (self._client_id.reveal(), self._client_secret.reveal())
            answer = send(
                session,
                "POST",
                self._token_url,
                system=self._system,
                body=f"grant_type=client_credentials&scope={quote_plus(self._scope)}".encode(),
                headers={"Content-Type": "application/x-www-form-urlencoded"},
            )
        if answer.status == 429 or answer.status >= 500:
            raise Retry(
                f"{self._system} answered {answer.status} to the sign-in",
                remedy="run again later",
                retry_after=_retry_after(answer.headers),
            )
        if answer.status != 200:
            raise Stop(
                f"{self._system} refused the sign-in with {answer.status}",
                remedy=f"check the client id and secret of {self._system}; see `accord doctor`",
            )
        token = answer.json()
        try:
            self._token = Secret(token["access_token"])
            self._good_until = self._clock() + float(token.get("expires_in", 1800)) - 60
        except (KeyError, TypeError, ValueError):
            raise Stop(
                f"{self._system} answered the sign-in without a usable token",
                remedy=f"check the token address of {self._system}; see `accord doctor`",
            ) from None


__all__ = ["AccordError", "Answer", "Api", "ClientCredentials", "Credentials", "Pace", "send"]
