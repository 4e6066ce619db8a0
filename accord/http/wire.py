"""One request on the wire: what arrives whole, and what its absence means."""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import msgspec
import requests
from requests.adapters import HTTPAdapter

from accord.errors import Retry, Stop, Unanswered

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_KEPT_OPEN = 64  # connections; a thread more than that would open one for each call


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
        request = _prepared(session, method, url, params, body, headers)
        response = session.get_adapter(request.url or url).send(
            request, timeout=timeout, verify=session.verify or True, proxies={}
        )
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


def _prepared(
    session: requests.Session,
    method: str,
    url: str,
    params: Mapping[str, str] | None,
    body: bytes | None,
    headers: Mapping[str, str] | None,
) -> requests.PreparedRequest:
    """Write a request as its session would, which does much more with it and takes as long again.

    There are no cookies, and a redirect is an answer like any other. A body of no bytes is none:
    the adapter would take its length for unknown, and send it in chunks.
    """
    request = requests.PreparedRequest()
    request.prepare_method(method)
    request.prepare_url(url, params)
    request.prepare_headers({**session.headers, **(headers or {})})
    request.body = body or None
    request.prepare_content_length(request.body)
    if session.auth or "@" in url:
        request.prepare_auth(session.auth, url)
    return request


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


def new_session() -> requests.Session:
    """Return a session that takes nothing but its trusted authorities from the environment."""
    session = requests.Session()
    session.trust_env = False  # a .netrc would replace our own Authorization
    session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or True
    adapter = HTTPAdapter(pool_maxsize=_KEPT_OPEN)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
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


def _never_connected(error: requests.exceptions.ConnectionError) -> bool:
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return type(reason).__name__ in {"NewConnectionError", "NameResolutionError"}


def _unreachable(where: str) -> Retry:
    return Retry(f"{where} cannot be reached", remedy="check its address and that it is running")


def _unanswered(where: str) -> Unanswered:
    return Unanswered(
        f"{where} did not answer a write", remedy="the write is looked up before it is sent again"
    )
