"""Where Accord lives and what the environment overrides; read once, at the edge, then passed in."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Settings:
    """Resolved configuration. `environment` serves secrets and per-system overrides."""

    home: Path
    database_url: str | None
    environment: Mapping[str, str]

    @property
    def sandbox(self) -> Path:
        """The folder of the sandbox company's systems."""
        return self.home / "sandbox"

    def url_of(self, system: str) -> str | None:
        """The address set for a system by ACCORD_<SYSTEM>_URL, or None."""
        return self.environment.get(f"ACCORD_{system.upper()}_URL") or None

    def token_url_of(self, system: str) -> str | None:
        """The token endpoint set for a system by ACCORD_<SYSTEM>_TOKEN_URL, or None."""
        return self.environment.get(f"ACCORD_{system.upper()}_TOKEN_URL") or None


def load(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from the environment (the process's own by default)."""
    environment = dict(os.environ if environment is None else environment)
    home = environment.get("ACCORD_HOME")
    return Settings(
        home=Path(home).expanduser().absolute() if home else _default_home(),
        database_url=environment.get("DATABASE_URL") or None,
        environment=environment,
    )


def _default_home() -> Path:
    """`.accord` in the checkout; for root a folder under /var/lib, one for each checkout.

    As root the embedded server runs as another user and needs to reach its folder, which must
    therefore not lie below anybody's private home.
    """
    if os.geteuid() != 0:
        return CHECKOUT / ".accord"
    name = hashlib.sha256(str(CHECKOUT).encode()).hexdigest()[:12]
    return Path("/var/lib/accord") / name
