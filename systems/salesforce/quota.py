"""How much of Salesforce's quota is left: calls in 24 hours, for everything that calls the org.

https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/headers_api_usage.htm
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import AbstractContextManager

from accord.errors import Retry
from accord.http import Answer, Turns

DAY_WAIT, BUSY_WAIT = 900.0, 5.0
"""Seconds to wait when the day's calls are used up, and when too many long calls are running."""

_USAGE = re.compile(r"(?:^|[; ])api-usage=(\d+)/(\d+)")


class DayQuota:
    """Turns that learn from `api-usage=18/5000`: no minute may take more than the day has left."""

    def __init__(self, turns: Turns, *, header: str) -> None:
        self._turns, self._header = turns, header

    def turn(self) -> AbstractContextManager[None]:
        """Wait for a turn."""
        return self._turns.turn()

    def learn(self, headers: Mapping[str, str]) -> None:
        """Tell the turns how many calls are left."""
        if found := _USAGE.search(headers.get(self._header, "")):
            left = max(0, int(found[2]) - int(found[1]))
            self._turns.learn({self._header: str(left)})

    def close(self) -> None:
        """Give back what the turns hold."""
        self._turns.close()


def wait(answer: Answer) -> float | None:
    """Tell how long to wait when an answer says that a limit was reached; else None.

    Salesforce says so with 403, as it refuses what we may not do: only the code tells them apart.
    """
    if answer.status not in (403, 503) or b"REQUEST_LIMIT_EXCEEDED" not in answer.body:
        return None
    try:
        told = " ".join(str(item.get("message")) for item in answer.json())
    except (Retry, AttributeError, TypeError):
        return DAY_WAIT
    return BUSY_WAIT if "concurrent" in told.lower() else DAY_WAIT
