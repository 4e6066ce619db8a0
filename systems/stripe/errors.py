"""Reads the errors that Stripe answers with: type, code and parameter, never its message.

https://docs.stripe.com/api/errors
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from accord.http import Answer

_NAME = re.compile(r"[A-Za-z0-9_\[\].-]{1,60}")

Subject = Literal["key", "payment", "email", "tax id", "other"]


def subject_of(answer: Answer) -> Subject:
    """Say what a refusal is about."""
    code, param = code_of(answer), param_of(answer)
    if type_of(answer) == "idempotency_error":
        return "key"
    if answer.status == 402:
        return "payment"
    if code == "email_invalid" or param == "email":
        return "email"
    return "tax id" if code == "tax_id_invalid" or param.startswith("tax_id") else "other"


def type_of(answer: Answer) -> str:
    """Return the error's type, such as invalid_request_error."""
    return named(_error_of(answer).get("type"))


def code_of(answer: Answer) -> str:
    """Return the error's code, such as email_invalid."""
    return named(_error_of(answer).get("code"))


def param_of(answer: Answer) -> str:
    """Return the parameter that the error is about."""
    return named(_error_of(answer).get("param"))


def named(value: object) -> str:
    """Return a value that can only be a name; "" for anything else."""
    return value if isinstance(value, str) and _NAME.fullmatch(value) else ""


def _error_of(answer: Answer) -> Mapping[str, Any]:
    """Return the error an answer tells of; an empty one where its body is none."""
    if answer.status < 400:
        return {}
    try:
        content = msgspec.json.decode(answer.body)
    except ValueError:
        return {}
    error = content.get("error") if isinstance(content, dict) else None
    return error if isinstance(error, dict) else {}
