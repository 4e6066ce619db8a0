"""The official SDK xero-python, pointed at an address on loopback."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import requests
from xero_python.accounting import AccountingApi
from xero_python.api_client import ApiClient, Configuration
from xero_python.api_client.oauth2 import OAuth2Token

from tests.support.xero import SECRET

_UNDERSTOOD = ("access_token", "expires_in", "token_type", "scope")


class Sdk:
    """Reads what an organisation holds, by the SDK and nothing of ours."""

    def __init__(self, url: str) -> None:
        with requests.Session() as session:
            session.trust_env = False
            answer = session.post(
                f"{url}/connect/token",
                data={"grant_type": "client_credentials"},
                auth=("sdk", SECRET),
                timeout=30,
            ).json()
            self._token = {name: answer[name] for name in _UNDERSTOOD if name in answer}
            signed = {"Authorization": f"Bearer {self._token['access_token']}"}
            self._tenant = session.get(f"{url}/connections", headers=signed, timeout=30).json()[0][
                "tenantId"
            ]
        token = OAuth2Token(client_id="sdk", client_secret=SECRET)
        self._client = ApiClient(Configuration(oauth2_token=token), pool_threads=1)
        self._client.oauth2_token_getter(lambda: self._token)
        self._client.oauth2_token_saver(lambda _: None)
        self._api = AccountingApi(self._client)
        self._api.base_url = f"{url}/api.xro/2.0"

    def close(self) -> None:
        """Give its connections back."""
        self._client.rest_client.pool_manager.clear()

    def live(self) -> dict[str, tuple[str, Decimal]]:
        """Kind and sum of the lines of every live document; fails on a number that is doubled."""
        notes = self._api.get_credit_notes(self._tenant, page=1).credit_notes
        listed = [
            *((it.invoice_number, "invoice", it) for it in self.invoices()),
            *((it.credit_note_number, "credit_note", it) for it in notes),
        ]
        found: dict[str, tuple[str, Decimal]] = {}
        for number, kind, document in listed:
            if document.status not in ("VOIDED", "DELETED"):
                assert number not in found, "a number is there twice"
                amounts = (Decimal(str(it.line_amount)) for it in document.line_items)
                found[number] = (kind, sum(amounts, Decimal(0)))
        return found

    def invoices(self) -> list[Any]:
        """All invoices, as the SDK's own objects."""
        listed: list[Any] = self._api.get_invoices(self._tenant, page=1, page_size=1000).invoices
        return listed
