"""What every page works with: the store, the systems, who is signed in, and how a page is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from accord.catalog import System
from accord.console.signing import Said, Session, Sessions
from accord.golden.consolidate import Entity
from accord.store.audit import By
from accord.store.database import Store


def shown_moment(at: datetime | None) -> str:
    """A moment as pages show it, in UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M}" if at else ""


def shown_share(probability: float) -> str:
    """A probability as a percentage that never claims to be certain."""
    if probability >= 0.999:
        return "> 99.9 %"
    return f"{probability:.1%}".replace("%", " %") if probability >= 0.001 else "< 0.1 %"


def short(golden_id: str) -> str:
    """The end of a golden id, by which it can be told and found."""
    return golden_id[-8:]


def _templates() -> Environment:
    made = Environment(
        loader=PackageLoader("accord.console"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    made.filters |= {"moment": shown_moment, "percent": shown_share, "short": short}
    return made


@dataclass(frozen=True, slots=True)
class Desk:
    """What the pages work with.

    `client_of` gives a system's client by its name. `address` is where people reach the console
    when that is through a proxy. `keep_fault` keeps what went wrong in ourselves, off the logs.
    """

    store: Store
    systems: Mapping[str, System]
    client_of: Callable[[str], object]
    entity: Entity
    keep_fault: Callable[[BaseException], object]
    address: str = ""
    sessions: Sessions = field(default_factory=Sessions)
    templates: Environment = field(default_factory=_templates)

    def shown(
        self, request: Request, template: str, *, status: int = 200, **values: object
    ) -> HTMLResponse:
        """Make a page; what is to be said to whoever is signed in is said on it."""
        session: Session | None = request.scope.get("session_of")
        text = self.templates.get_template(f"{template}.html.j2").render(
            session=session,
            said=session.take_said() if session else None,
            path=request.url.path,
            entity=self.entity.name,
            **values,
        )
        return HTMLResponse(text, status_code=status)


Page = Callable[[Desk, Request], Response]
Act = Callable[[Desk, Request, FormData, By], Said | Response]
"""Does what a form asks for, and says it; errors of ours are told on the page it came from."""
