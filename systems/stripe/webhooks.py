"""Stripe's webhook signatures: checked for the client, made for the emulator; no I/O.

A `Stripe-Signature` reads `t=<seconds>,v1=<hex>,…`; each v1 is the HMAC-SHA256 of `<t>.<body>`
under one secret, two of them while a secret is rolled. https://docs.stripe.com/webhooks/signature.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime

from accord.errors import Park
from accord.secrets import Secret

TOLERANCE_SECONDS = 300
HEADER = "stripe-signature"


def signature(body: bytes, secret: Secret, *, at: int) -> str:
    """Return the hexadecimal signature of a body sent at a second."""
    key = secret.reveal().encode()
    return hmac.new(key, f"{at}.".encode() + body, hashlib.sha256).hexdigest()


def signed(body: bytes, *secrets: Secret, at: int) -> str:
    """Return the header for a body, signed with each of the secrets in force."""
    return ",".join([f"t={at}", *(f"v1={signature(body, secret, at=at)}" for secret in secrets)])


def check(header: str, body: bytes, secret: Secret, *, now: datetime) -> None:
    """Let only what Stripe signed pass, and only while it is fresh. Raises Park."""
    parts = [part.strip().partition("=") for part in header.split(",")]
    moments = [value for name, _, value in parts if name == "t"]
    told = [value for name, _, value in parts if name == "v1"]
    if len(moments) != 1 or not (moments[0].isascii() and moments[0].isdigit()) or not told:
        raise Park(
            "A message carries no readable Stripe-Signature",
            cause="webhook_unsigned",
            remedy="let nobody but Stripe post here; a proxy must keep the header",
        )
    at = int(moments[0])
    expected = signature(body, secret, at=at).encode()
    # Every signature is compared, so that the time it takes tells nothing.
    fits = [hmac.compare_digest(expected, value.encode()) for value in told]
    if not any(fits):
        raise Park(
            "A message is not signed with our webhook secret",
            cause="webhook_forged",
            remedy="compare ACCORD_STRIPE_WEBHOOK_SECRET with the endpoint's secret in Stripe",
        )
    if abs(now.timestamp() - at) > TOLERANCE_SECONDS:
        raise Park(
            "A message was signed too long ago, or in the future",
            cause="webhook_stale",
            remedy="set the clock right; Stripe sends what matters again, signed anew",
        )
