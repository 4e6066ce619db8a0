"""What may be said aloud: redaction for logs, errors and metadata."""

from __future__ import annotations

import re

_SECRETS = re.compile(
    r"(?i)(authorization\s*[:=]\s*(?:bearer|basic)\s+|bearer\s+|"
    r"(?:client_secret|access_token|refresh_token|password|api_key|secret)[\"']?\s*[:=]\s*[\"']?)"
    r"([^\s\"'&,;]+)"
)
_USERINFO = re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://)[^/\s:@]*(?::[^/\s@]*)?@")


def redacted(text: str) -> str:
    """Return `text` with tokens, passwords and the user part of addresses blotted out."""
    return _USERINFO.sub(r"\1***@", _SECRETS.sub(r"\1***", text))
