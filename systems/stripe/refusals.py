"""What Stripe's errors mean for us: a cause, a text without values, and the remedy.

Stripe's own messages repeat what was sent, so only the names of code and parameter are passed on;
the Request-Id leads to the message in Stripe's dashboard. https://docs.stripe.com/error-codes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from accord.http import Answer

_NAME = re.compile(r"[A-Za-z0-9_\[\].-]{1,60}")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a customer was not accepted, fit to be shown: `detail` holds no value of the record."""

    cause: str
    detail: str
    remedy: str


DOUBLED = Refusal(
    "doubled_at_destination",
    "More than one customer in Stripe could be this one",
    "merge them in Stripe, or delete or archive all but one, then replay",
)
_EMAIL = ("email_refused", "correct the e-mail address in the system that owns it, then replay")
_TAX_ID = ("tax_id_refused", "correct the tax id in Stripe or where it came from, then replay")
_KEY = ("idempotency_clash", "look at the customer in Stripe, then replay: it goes out as new")
_PAYMENT = ("payment_refused", "settle the payment method of the customer in Stripe, then replay")
_ANY = ("validation_refused", "correct what Stripe names in the record, then replay")


def refusal(answer: Answer) -> Refusal:
    """Say what the refusal of a write means."""
    cause, remedy = _meaning(answer)
    what = param_of(answer) or "the customer"
    why = code_of(answer) or _text(error_of(answer), "type") or str(answer.status)
    request_id = _name(answer.headers.get("Request-Id", ""))
    trace = f"; Request-Id {request_id}" if request_id else ""
    return Refusal(cause, f"Stripe refused {what}: {why}{trace}", remedy)


def error_of(answer: Answer) -> Mapping[str, Any]:
    """Return the error an answer tells of; an empty one where its body is none."""
    if answer.status < 400:
        return {}
    try:
        content = msgspec.json.decode(answer.body)
    except ValueError:
        return {}
    error = content.get("error") if isinstance(content, dict) else None
    return error if isinstance(error, dict) else {}


def code_of(answer: Answer) -> str:
    """Return the error's code, such as email_invalid."""
    return _text(error_of(answer), "code")


def param_of(answer: Answer) -> str:
    """Return the parameter that the error is about."""
    return _text(error_of(answer), "param")


def _meaning(answer: Answer) -> tuple[str, str]:
    code, param = code_of(answer), param_of(answer)
    if _text(error_of(answer), "type") == "idempotency_error":
        return _KEY
    if answer.status == 402:
        return _PAYMENT
    if code == "email_invalid" or param == "email":
        return _EMAIL
    return _TAX_ID if code == "tax_id_invalid" or param.startswith("tax_id") else _ANY


def _text(error: Mapping[str, Any], name: str) -> str:
    return _name(error.get(name))


def _name(value: object) -> str:
    return value if isinstance(value, str) and _NAME.fullmatch(value) else ""
