"""How the garbage collector is to go about a process that holds many records at once."""

from __future__ import annotations

import gc

_YOUNG, _MIDDLE, _OLD = 50_000, 20, 10
"""Python's own are 700, 10 and 10; the last stays, for servers that run for weeks."""


def settle() -> None:
    """Take what is there by now out of collections, and collect less often from here on.

    Call it once a process has loaded its modules and definitions: they stay, and a pass makes many
    records that hold no cycles, so that Python's own thresholds would have it look through all of
    both again and again. https://docs.python.org/3/library/gc.html#gc.freeze
    """
    gc.freeze()
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)
