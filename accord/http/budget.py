"""The budget of repetitions: an outage may cost a few probes, never a storm.

Each repetition of a call takes one from the budget, each call that goes well gives a part of one
back, as in gRPC's retry throttling (https://github.com/grpc/proposal/blob/master/A6-client-retries.md).
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

MOST = 20.0
"""Repetitions that all calls of one run may make of a system that only fails, if not declared."""

REGAINED = 0.1
"""What a call that went well gives back."""


class Budget:
    """How many calls may still be repeated, for all threads of a run."""

    def __init__(self, most: float = MOST) -> None:
        self._most = self._left = most
        self._lock = threading.Lock()

    @classmethod
    def declared(cls, settings: Mapping[str, Any]) -> Budget:
        """The budget that a system.toml declares under [limits]."""
        return cls(float(settings["limits"].get("repetitions", MOST)))

    def take(self) -> bool:
        """Take one repetition; tell whether there was one."""
        with self._lock:
            if self._left < 1:
                return False
            self._left -= 1
            return True

    def give_back(self) -> None:
        """Note that a call went well."""
        with self._lock:
            self._left = min(self._most, self._left + REGAINED)
