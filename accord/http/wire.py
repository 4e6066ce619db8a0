"""One request on the wire: what arrives whole, and what its absence means."""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import SplitResult, urlencode, urlsplit

import msgspec
import requests
from requests.adapters import HTTPAdapter
from requests.utils import default_headers
from urllib3 import HTTPConnectionPool
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, SSLError

from accord.errors import Retry, Stop, Unanswered

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_KEPT_OPEN = 64  # connections; a thread more than that would open one for each call
_HEADERS: Mapping[str, str] = dict(default_headers())


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
        except ValueError as error:
            raise Retry(
                f"The answer with status {self.status} is not whole JSON",
                remedy="run again; if it stays, look at the system or a proxy in between",
            ) from error


class Carrier(HTTPAdapter):
    """Carries requests over connections that it keeps, and gives back whole answers.

    It is requests' own adapter, whose connections, authorities and credentials it has, without what
    requests does besides: cookies, redirects, proxies, streams, and a guess at the text's encoding.
    For a small call that takes longer than the call.
    """

    def __init__(self, verify: bool | str = True) -> None:
        super().__init__(pool_maxsize=_KEPT_OPEN)
        self._verify = verify
        self._pools: dict[tuple[str, str], HTTPConnectionPool] = {}

    def carry(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None,
        timeout: float,
    ) -> Answer:  # fmt: skip
        """Carry one request. Raises what urllib3 raises, ValueError where it cannot be written."""
        parts = urlsplit(url)
        where = parts.scheme, parts.netloc
        pool = self._pools.get(where)
        if pool is None:
            pool = self._pools[where] = self._opened(url)
        response = pool.urlopen(
            method, _target(parts), body=body, headers=headers, timeout=timeout, retries=False,
            redirect=False,
        )  # fmt: skip
        return Answer(response.status, response.headers, response.data)

    def close(self) -> None:
        """Give the connections back."""
        self._pools.clear()
        super().close()

    def _opened(self, url: str) -> HTTPConnectionPool:
        request = requests.Request("GET", url).prepare()
        pool = self.get_connection_with_tls_context(request, self._verify)
        self.cert_verify(pool, request.url, self._verify, None)  # type: ignore[no-untyped-call]
        return cast("HTTPConnectionPool", pool)


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
    """Send one request by the session's `Carrier` and return the whole answer, whatever its status.

    Raises Retry when no connection could be made, Unanswered when a write left without an
    answer, Stop on a certificate that does not verify or a request that cannot be written.
    """
    where = f"{system} at {urlsplit(url).netloc.rpartition('@')[2]}"
    try:
        return cast("Carrier", session.get_adapter(url)).carry(
            method,
            f"{url}?{urlencode(params)}" if params else url,
            headers={**_HEADERS, **_credentials(session, url), **(headers or {})},
            body=body or None,
            timeout=timeout,
        )
    except SSLError as error:
        if _is_unverified(error):
            raise Stop(
                f"The certificate of {where} does not verify",
                remedy="let REQUESTS_CA_BUNDLE name a file with its authority; "
                "verification cannot be switched off",
            ) from None
        raise (_unanswered(where) if write else _unreachable(where)) from None
    except ValueError:
        raise Stop(
            f"The request to {where} cannot be written: its address or a header is malformed",
            remedy=f"look for line breaks and spaces in the address and secrets of {system}",
        ) from None
    except (NewConnectionError, ConnectTimeoutError):
        raise _unreachable(where) from None
    except HTTPError:
        raise (_unanswered(where) if write else _unreachable(where)) from None


def _target(parts: SplitResult) -> str:
    path = parts.path or "/"
    return f"{path}?{parts.query}" if parts.query else path


def _credentials(session: requests.Session, url: str) -> Mapping[str, str]:
    """The Authorization header of a session, or of an address, that has a name and password."""
    if not session.auth and "@" not in urlsplit(url).netloc:
        return {}
    request = requests.Request("GET", url, auth=session.auth).prepare()
    return {"Authorization": request.headers["Authorization"]}


def checked_url(url: str, *, system: str) -> str:
    """Return `url` when it is https, or http on loopback. Raises Stop otherwise."""
    parts = urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        return url
    raise Stop(
        f"The address of {system} is neither https nor http on loopback",
        remedy=f"set ACCORD_{system.upper()}_URL to an address such as https://host",
    )


def new_session() -> requests.Session:
    """Return a session that takes nothing but its trusted authorities from the environment."""
    session = requests.Session()
    session.trust_env = False  # a .netrc would replace our own Authorization
    session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or True
    carrier = Carrier(session.verify)
    session.mount("https://", carrier)
    session.mount("http://", carrier)
    return session


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return how many seconds the other side asks us to wait, or None where it does not say."""
    try:
        return max(0.0, float(headers["Retry-After"]))
    except (KeyError, ValueError):
        return None


def _is_unverified(error: BaseException) -> bool:
    """Tell a refused certificate from a TLS connection that broke, at whatever depth it is."""
    causes = [error.__cause__, error.__context__, getattr(error, "reason", None), *error.args]
    return isinstance(error, ssl.SSLCertVerificationError) or any(
        _is_unverified(cause) for cause in causes if isinstance(cause, BaseException)
    )


def _unreachable(where: str) -> Retry:
    return Retry(f"{where} cannot be reached", remedy="check its address and that it is running")


def _unanswered(where: str) -> Unanswered:
    return Unanswered(
        f"{where} did not answer a write", remedy="the write is looked up before it is sent again"
    )
