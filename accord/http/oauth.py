"""Signing in: credentials that prove who we are, and their renewal."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Protocol
from urllib.parse import quote_plus

from accord.errors import Retry, Stop
from accord.http.wire import checked_url, new_session, retry_after, send
from accord.secrets import Secret


class Credentials(Protocol):
    """Signs requests; `renewed` drops a token that was refused."""

    def headers(self) -> Mapping[str, str]:
        """Return the headers that prove who we are, fetching a token when there is none."""

    def renewed(self) -> bool:
        """Forget the refused token; say whether a new one can be had."""


class BearerKey:
    """An API key sent as bearer token (RFC 6750, 2.1); it lasts until somebody replaces it."""

    def __init__(self, key: Secret) -> None:
        self._key = key

    def headers(self) -> Mapping[str, str]:
        """Return the Authorization header."""
        return {"Authorization": f"Bearer {self._key.reveal()}"}

    def renewed(self) -> bool:
        """Say that no other key can be had."""
        return False


class ClientCredentials:
    """OAuth2 client credentials (RFC 6749, 4.4): one token, reused until shortly before its end.

    A `scope` is asked for where one is given.
    """

    def __init__(
        self,
        system: str,
        token_url: str,
        *,
        client_id: Secret,
        client_secret: Secret,
        scope: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._system = system
        self._token_url = checked_url(token_url, system=system)
        self._client_id, self._client_secret, self._scope = client_id, client_secret, scope
        self._clock = clock
        self._lock = threading.Lock()
        self._token: Secret | None = None
        self._told: Mapping[str, str] = {}
        self._good_until = 0.0

    def told(self, name: str) -> str:
        """Return what the last sign-in said besides its token, such as an address, or ""."""
        return self._told.get(name, "")

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
        scope = f"&scope={quote_plus(self._scope)}" if self._scope else ""
        with new_session() as session:
            session.auth = (self._client_id.reveal(), self._client_secret.reveal())
            answer = send(
                session,
                "POST",
                self._token_url,
                system=self._system,
                body=f"grant_type=client_credentials{scope}".encode(),
                headers={"Content-Type": "application/x-www-form-urlencoded"},
            )
        if answer.status == 429 or answer.status >= 500:
            raise Retry(
                f"{self._system} answered {answer.status} to the sign-in",
                remedy="run again later",
                retry_after=retry_after(answer.headers),
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
            self._told = {
                name: value
                for name, value in token.items()
                if isinstance(value, str) and not name.endswith("token")
            }
        except (KeyError, TypeError, ValueError):
            raise Stop(
                f"{self._system} answered the sign-in without a usable token",
                remedy=f"check the token address of {self._system}; see `accord doctor`",
            ) from None
