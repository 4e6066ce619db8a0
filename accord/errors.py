"""Every error Accord raises, classed by what to do next.

    AccordError
    ├── Retry        later; may say when (retry_after, in seconds)
    │   ├── Unanswered   a write was sent and its answer never came: look before repeating
    │   └── Resting      the system was down just now, so it is left alone for a while
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
    """The same call may succeed later; `retry_after` is the other side's wish in seconds.

    With `is_limit` the system is well and only asks us to call less.
    """

    def __init__(
        self,
        what: str,
        *,
        remedy: str,
        retry_after: float | None = None,
        is_limit: bool = False,
    ) -> None:
        super().__init__(what, remedy=remedy)
        self.retry_after = retry_after
        self.is_limit = is_limit


class Unanswered(Retry):
    """A write left and no answer came back, so whether it took effect is unknown."""


class Resting(Retry):
    """The system failed repeatedly; nothing is sent to it before `retry_after` has passed."""


class Park(AccordError):
    """One record cannot go on; it waits in the dead letters while the rest carries on."""

    def __init__(self, what: str, *, cause: str, remedy: str) -> None:
        super().__init__(what, remedy=remedy)
        self.cause = cause


class Stop(AccordError):
    """No repetition helps: a person has to act first."""


class Unbalanced(Stop):
    """A flow's counts do not add up, so a record was lost or doubled on the way."""
