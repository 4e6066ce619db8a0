"""Side by side: a run does things at several systems at once, begun by the first of its steps."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Protocol, TypeVar

import dagster as dg

from accord.abreast import Abreast, Errand

T = TypeVar("T")


class Step(Protocol):
    """What one step of a run does at one system."""

    @property
    def name(self) -> str:
        """What Dagster calls the step."""

    @property
    def system_name(self) -> str:
        """Where it is done."""


StepT = TypeVar("StepT", bound=Step)


def outcome(
    context: dg.AssetExecutionContext,
    abreast: Abreast[T],
    mine: StepT,
    beside: Iterable[StepT],
    make: Callable[[StepT], T],
    *,
    says: str,
) -> T:
    """Return what came of my step; begin those `beside` it, in their order, that are of this run.

    Each system has a way of its own. Where there is only one, a step is made when its turn has
    come, as is one whose outcome was taken before. `says` is logged with the systems' names when
    ways are begun. Raises what making it raised.
    """
    steps = context.run.step_keys_to_execute or ()
    ways: dict[str, list[Errand[T]]] = {}
    for it in beside:
        if it.name in steps:
            ways.setdefault(it.system_name, []).append(Errand(it.name, partial(make, it)))
    if len(ways) > 1 and abreast.begin(ways.values()):
        context.log.info(says, ", ".join(sorted(ways)))
    return abreast.taken(mine.name) or make(mine)
