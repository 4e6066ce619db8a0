"""Calls to one Xero organisation: sign-in, tenant, pages; what they mean is decided elsewhere."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from accord.connector import Connection
from accord.errors import Retry, Stop, Unanswered
from accord.http import Answer, Api, Budget, ClientCredentials, Pace
from accord.secrets import Secret
from systems.xero.documents import Kind

_BASE = "/api.xro/2.0"
PAGE_SIZE = 1000  # the largest the vendor allows
_CLIENT_ID = Secret("accord")


class Organisation:
    """One organisation's API. Nothing is sent, and no secret fetched, before the first call."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self._opened: tuple[Api, ClientCredentials] | None = None
        self._tenant = ""

    def close(self) -> None:
        """Give the connections back."""
        with self._lock:
            if self._opened is not None:
                self._opened[0].close()
                self._opened = None

    def sign_in(self) -> None:
        """Make sure of a token. Raises Stop when a secret is missing or refused."""
        self._open()[1].headers()

    def tenant(self) -> str:
        """Return the organisation's id: the configured one, else the first we are connected to.

        Raises Stop when the application is connected to none.
        """
        if not self._tenant:
            self._tenant = self._configured_tenant() or self._first_tenant()
        return self._tenant

    def read(self, path: str, params: Mapping[str, str]) -> Answer:
        """GET below the API's base path, for the organisation."""
        return self._open()[0].read(_BASE + path, params=params, headers=self._headers())

    def write(
        self, path: str, content: Any, *, key: str, params: Mapping[str, str] | None = None
    ) -> Answer:
        """POST below the API's base path with an idempotency key, for the organisation."""
        headers = {**self._headers(), "Idempotency-Key": key}
        return self._open()[0].write(
            "POST", _BASE + path, json=content, params=params, headers=headers
        )

    def pages(
        self, kind: Kind, params: Mapping[str, str], *, size: int = PAGE_SIZE
    ) -> Iterator[list[msgspec.Raw]]:
        """Yield the documents of each page as the raw JSON they came as.

        Ends with the last page the answer announces, or with an empty page where it announces
        none. Documents may come twice when others are added meanwhile.
        """
        number = 1
        while True:
            asked = {**params, "page": str(number), "pageSize": str(size)}
            documents, last = _listed(self.read(kind.path, asked), kind)
            if documents:
                yield documents
            if not documents or (last is not None and number >= last):
                return
            number += 1

    def _open(self) -> tuple[Api, ClientCredentials]:
        with self._lock:
            if self._opened is None:
                self._opened = _opened(self._connection)
            return self._opened

    def _headers(self) -> Mapping[str, str]:
        return {"Xero-Tenant-Id": self.tenant()}

    def _configured_tenant(self) -> str:
        reference = self._connection.settings.get("organisation", {}).get("tenant_id")
        found = self._connection.secrets.find(reference) if reference else None
        return found.reveal() if found else ""

    def _first_tenant(self) -> str:
        answer = self._open()[0].read("/connections")
        connections = answer.json() if answer.status == 200 else []
        for item in connections if isinstance(connections, list) else ():
            if item.get("tenantType") == "ORGANISATION":
                return str(item["tenantId"])
        raise Stop(
            "The application is connected to no Xero organisation",
            remedy="connect it to one in Xero, or check ACCORD_XERO_URL",
        )


def told(answer: Answer) -> Any:
    """Decode the answer to a write. Raises Unanswered when it is not whole: the write happened."""
    try:
        return answer.json()
    except Retry as error:
        raise Unanswered(
            error.what, remedy="the write is looked up before it is sent again"
        ) from None


def _listed(answer: Answer, kind: Kind) -> tuple[list[msgspec.Raw], int | None]:
    if answer.status != 200:
        raise Stop(
            f"Xero answered {answer.status} to a listing of {kind.collection}",
            remedy="check that ACCORD_XERO_URL is the address of a Xero API, without a path",
        )
    try:
        body = msgspec.json.decode(answer.body, type=dict[str, msgspec.Raw])
        documents = msgspec.json.decode(body[kind.collection], type=list[msgspec.Raw])
        announced = msgspec.json.decode(body.get("pagination", b"{}"), type=dict[str, Any])
    except (ValueError, KeyError) as error:
        raise Retry(
            f"Xero's listing of {kind.collection} is not whole",
            remedy="run again; if it stays, look at the system or a proxy in between",
        ) from error
    return documents, announced.get("pageCount")


def _opened(connection: Connection) -> tuple[Api, ClientCredentials]:
    auth, limits = connection.settings["auth"], connection.settings["limits"]
    credentials = ClientCredentials(
        connection.system,
        connection.token_url,
        client_id=connection.secrets.find(auth["client_id"]) or _CLIENT_ID,
        client_secret=connection.secrets.resolve(auth["client_secret"]),
        scope=auth["scope"],
    )
    api = Api(
        connection.system,
        connection.url,
        credentials=credentials,
        pace=connection.turns or Pace.declared(connection.settings),
        budget=Budget.declared(connection.settings),
        timeout=float(limits["timeout_seconds"]),
    )
    return api, credentials
