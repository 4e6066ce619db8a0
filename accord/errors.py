"""Every error Accord raises, classed by what to do next.

    AccordError
    ├── Retry        later; may say when (retry_after, in seconds)
    │   └── Unanswered   a write was sent and its answer never came: look before repeating
    ├── Park         this record only; carry on with the others
    └── Stop         no rerun helps until a person acts
        └── Unbalanced   records went missing between two counts

Each says what failed, which id, and the remedy. A field value never belongs in one.
"""

from __future__ import annotations


class AccordError(Exception):
    """Something failed; `str()` is one line that ends with the remedy."""

    def __init__(self, what: str, *, remedy: str) -> None:
        self.what = what
        self.remedy = remedy
        super().__init__(f"{what.rstrip('.')}. Remedy: {remedy.rstrip('.')}.")


class Retry(AccordError):
    """The same call may succeed later; `retry_after` is the other side's wish in seconds."""

    def __init__(self, what: str, *, remedy: str, retry_after: float | None = None) -> None:
        super().__init__(what, remedy=remedy)
        self.retry_after = retry_after


class Unanswered(Retry):
    """A write left and no answer came back, so whether it took effect is unknown."""


class Park(AccordError):
    """One record cannot go on; it waits in the dead letters while the rest carries on."""

    def __init__(self, what: str, *, cause: str, remedy: str) -> None:
        super().__init__(what, remedy=remedy)
        self.cause = cause


class Stop(AccordError):
    """No repetition helps: a person has to act first."""


class Unbalanced(Stop):
    """A flow's counts do not add up, so a record was lost or doubled on the way."""
