"""How the emulator answers: objects as Stripe writes them, errors with type, code and parameter.

https://docs.stripe.com/api/errors; the messages are short versions of the vendor's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from accord.emulation.server import Response

_JSON = {"Content-Type": "application/json"}


class Refused(Exception):  # noqa: N818 - it is an answer, not a bug
    """A request that is answered with an error."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str = "",
        param: str = "",
        kind: str = "invalid_request_error",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        told = {"code": code, "message": message, "param": param, "type": kind}
        self.status, self.headers = status, dict(headers or {})
        self.error = {name: value for name, value in told.items() if value}
        if code:
            self.error["doc_url"] = f"https://stripe.com/docs/error-codes/{code.replace('_', '-')}"

    @property
    def response(self) -> Response:
        """The answer."""
        return answered({"error": self.error}, status=self.status, headers=self.headers)


def answered(
    content: Any, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return an answer whose body is indented JSON, as Stripe's are."""
    body = msgspec.json.format(msgspec.json.encode(content), indent=2)
    return Response(status, body, {**_JSON, **(headers or {})})


def listing(url: str, items: Iterable[Any], *, has_more: bool) -> dict[str, Any]:
    """Return a list as Stripe shows it."""
    return {"object": "list", "data": list(items), "has_more": has_more, "url": url}


def missing(customer_id: str, *, param: str = "id", status: int = 404) -> Refused:
    """Say that there is no such customer."""
    return Refused(
        status, f"No such customer: '{customer_id}'", code="resource_missing", param=param
    )


def shown(customer: Mapping[str, Any], *, with_tax_ids: bool = False) -> dict[str, Any]:
    """Return a customer as the API shows it."""
    if customer.get("deleted"):
        return {"id": customer["id"], "object": "customer", "deleted": True}
    told = {name: value for name, value in customer.items() if name != "tax_ids"}
    if with_tax_ids:
        url = f"/v1/customers/{customer['id']}/tax_ids"
        told["tax_ids"] = listing(url, customer["tax_ids"], has_more=False)
    return told
