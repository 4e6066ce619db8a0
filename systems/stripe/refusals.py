"""What Stripe's refusals mean for us: a cause, a text without values, and the remedy.

Stripe's own messages repeat what was sent, so only the names of code and parameter are passed on;
the Request-Id leads to the message in Stripe's dashboard. https://docs.stripe.com/error-codes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from accord.http import Answer
from systems.stripe.errors import Subject, code_of, named, param_of, subject_of, type_of


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
_MEANINGS: Mapping[Subject, tuple[str, str]] = {
    "email": (
        "email_refused",
        "correct the e-mail address in the system that owns it, then replay",
    ),
    "tax id": (
        "tax_id_refused",
        "correct the tax id where it came from, or enter it in Stripe by hand, then replay",
    ),
    "key": (
        "idempotency_clash",
        "look at the customer in Stripe, then replay: it goes out as new",
    ),
    "payment": (
        "payment_refused",
        "settle the payment method of the customer in Stripe, then replay",
    ),
    "other": ("validation_refused", "correct what Stripe names in the record, then replay"),
}


def refusal(answer: Answer) -> Refusal:
    """Say what the refusal of a write means."""
    cause, remedy = _MEANINGS[subject_of(answer)]
    what = param_of(answer) or "the customer"
    why = code_of(answer) or type_of(answer) or str(answer.status)
    request_id = named(answer.headers.get("Request-Id"))
    trace = f"; Request-Id {request_id}" if request_id else ""
    return Refusal(cause, f"Stripe refused {what}: {why}{trace}", remedy)
