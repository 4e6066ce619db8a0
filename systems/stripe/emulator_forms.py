"""What the emulator makes of a form: nested values, and a customer brought to them or refused.

The rules are Stripe's for the parameters that the sandbox has; any other is unknown to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from systems.stripe.emulator_answers import Refused

_KEY = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_LONGEST = {"name": 256, "email": 512, "phone": 20, "description": 5000}
_PLACE = ("city", "country", "line1", "line2", "postal_code", "state")
_TAX_IDS = {
    "gb_vat": re.compile(r"GB(\d{9}|\d{12})"),
    "eu_vat": re.compile(r"[A-Z]{2}[A-Z0-9]{2,12}"),
    "us_ein": re.compile(r"\d{2}-\d{7}"),
    "ch_vat": re.compile(r"CHE.+(MWST|TVA|IVA)"),
}
_KNOWN = frozenset({*_LONGEST, "address", "shipping", "metadata", "tax_exempt", "expand"})


def opened(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Return the values of a form or query, `a[b][0]` becoming nested dictionaries."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        match = _KEY.fullmatch(name)
        if match is None:
            raise Refused(400, f"Invalid parameter name: {name}", code="parameter_unknown")
        at, path = found, [match[1], *re.findall(r"\[([^\[\]]*)\]", match[2])]
        for step in path[:-1]:
            inner = at.setdefault(step, {})
            if not isinstance(inner, dict):
                raise Refused(400, "Invalid object", param=match[1])
            at = inner
        at[path[-1] or str(len(at))] = value
    return found


def expanded(form: Mapping[str, Any], *allowed: str) -> bool:
    """Tell whether the one property that can be is to be expanded. Raises Refused for others."""
    asked = list((form.get("expand") or {}).values())
    for name in asked:
        if name not in allowed:
            raise Refused(400, f"This property cannot be expanded ({name}).", param="expand")
    return bool(asked)


def new_customer(customer_id: str, created: int) -> dict[str, Any]:
    """Return a customer about whom nothing is known."""
    return {
        "id": customer_id,
        "object": "customer",
        "address": None,
        "balance": 0,
        "created": created,
        "currency": None,
        "default_source": None,
        "delinquent": False,
        "description": None,
        "discount": None,
        "email": None,
        "invoice_prefix": customer_id[-8:].upper(),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "livemode": False,
        "metadata": {},
        "name": None,
        "next_invoice_sequence": 1,
        "phone": None,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
        "tax_ids": [],
    }


def applied(customer: Mapping[str, Any], form: Mapping[str, Any]) -> dict[str, Any]:
    """Return the customer with the form's values; raises Refused for what Stripe refuses."""
    for name in form:
        if name not in _KNOWN:
            raise Refused(
                400, f"Received unknown parameter: {name}", code="parameter_unknown", param=name
            )
    changed = dict(customer)
    for name, longest in _LONGEST.items():
        if name in form:
            changed[name] = _checked(name, form[name], longest) or None
    if "metadata" in form:
        changed["metadata"] = _metadata(customer["metadata"], form["metadata"])
    if "address" in form:
        changed["address"] = _address(form["address"], "address")
    if "shipping" in form:
        changed["shipping"] = _shipping(form["shipping"])
    if "tax_exempt" in form:
        changed["tax_exempt"] = form["tax_exempt"] or "none"
    return changed


def tax_id(form: Mapping[str, Any], *, where: str = "") -> tuple[str, str]:
    """Return type and value of a tax id. Raises Refused when the value is not of its type."""
    kind, value = str(form.get("type", "")), str(form.get("value", ""))
    if kind not in _TAX_IDS:
        raise Refused(400, "Invalid type", param=f"{where}[type]" if where else "type")
    if not _TAX_IDS[kind].fullmatch(value):
        raise Refused(
            400,
            f"Invalid value for {kind}.",
            code="tax_id_invalid",
            param=f"{where}[value]" if where else "value",
        )
    return kind, value


def _checked(name: str, value: Any, longest: int) -> str:
    if not isinstance(value, str):
        raise Refused(400, "Invalid string", param=name)
    if len(value) > longest:
        raise Refused(400, f"Invalid string: must be at most {longest} characters", param=name)
    if name == "email" and value and not _EMAIL.fullmatch(value):
        raise Refused(400, f"Invalid email address: {value}", code="email_invalid", param="email")
    return value


def _metadata(known: Mapping[str, str], told: Any) -> dict[str, str]:
    """Merge metadata: an empty value removes its key, and "" as a whole removes all."""
    if told == "":
        return {}
    if not isinstance(told, dict):
        raise Refused(400, "Invalid object", param="metadata")
    merged = {name: value for name, value in {**known, **told}.items() if value != ""}
    for name, value in merged.items():
        if len(name) > 40 or not isinstance(value, str) or len(value) > 500:
            raise Refused(400, "Metadata is too long", param=f"metadata[{name[:40]}]")
    if len(merged) > 50:
        raise Refused(400, "Metadata has more than 50 keys", param="metadata")
    return merged


def _address(told: Any, where: str) -> dict[str, str | None] | None:
    if told == "":
        return None
    if not isinstance(told, dict) or set(told) - {*_PLACE}:
        raise Refused(400, "Invalid address", param=where)
    return {name: told.get(name) or None for name in _PLACE}


def _shipping(told: Any) -> dict[str, Any] | None:
    if told == "":
        return None
    if not isinstance(told, dict) or not told.get("name") or "address" not in told:
        raise Refused(400, "Missing required param: name", param="shipping[name]")
    address = _address(told["address"], "shipping[address]")
    return {"address": address, "name": told["name"], "phone": told.get("phone") or None}
