"""Golden records: all that is known of one, and making them one or taking them apart."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from accord.console.desk import Act, Desk, Page
from accord.console.signing import Said
from accord.errors import Stop
from accord.golden import desk as golden
from accord.golden.tracing import Kept, Trace, trace
from accord.store.audit import By
from accord.store.database import Role


@dataclass(frozen=True, slots=True)
class Beside:
    """One attribute of two golden records."""

    left: Kept
    right: Kept

    @property
    def is_same(self) -> bool:
        """Whether both say the same, and say anything."""
        return self.left.value is not None and self.left.value == self.right.value

    @property
    def is_said(self) -> bool:
        """Whether either says anything."""
        return self.left.value is not None or self.right.value is not None


def found(desk: Desk, request: Request) -> Response:
    """Go to the golden record that is called so: an id, a part of one, or system:key."""
    name = request.query_params.get("name", "").strip()
    if not name:
        return RedirectResponse("/", status_code=303)
    with desk.store.session(Role.STEWARD) as connection:
        golden_id = golden.golden_id_of(connection, desk.entity, name)
    return RedirectResponse(_page(golden_id), status_code=303)


def one(desk: Desk, request: Request) -> Response:
    """All that is known of one."""
    return desk.shown(request, "customer", it=_traced(desk, request.path_params["golden_id"]))


def merging(desk: Desk, request: Request) -> Response:
    """Two golden records side by side, before they are made one."""
    this = _traced(desk, request.path_params["golden_id"])
    that = _traced(desk, request.query_params.get("with", "").strip())
    if this.golden_id == that.golden_id:
        raise Stop("These are one already", remedy="name two that differ")
    pairs = zip(this.attributes, that.attributes, strict=True)
    beside = [it for it in (Beside(left, right) for left, right in pairs) if it.is_said]
    return desk.shown(request, "merge", this=this, that=that, beside=beside)


def merged(desk: Desk, request: Request, form: FormData, by: By) -> Said:
    """Make two golden records one."""
    names = [request.path_params["golden_id"], str(form.get("other", "")).strip()]
    with desk.store.transaction(Role.STEWARD) as connection:
        done = golden.merge(connection, desk.entity, names, by)
    return Said("Merged: they are one from now on.", undo=done.action_id)


def unmerged(desk: Desk, _: Request, form: FormData, by: By) -> Said:
    """Take a record, or a golden id that was merged, out of the golden record it belongs to."""
    name = str(form.get("name", "")).strip()
    with desk.store.transaction(Role.STEWARD) as connection:
        done = golden.unmerge(connection, desk.entity, name, by)
    return Said("Taken apart: they stay apart until that is undone.", undo=done.action_id)


def _traced(desk: Desk, name: str) -> Trace:
    if not name:
        raise Stop("No golden record was named", remedy="give a golden id, or system:key")
    with desk.store.session(Role.STEWARD) as connection:
        return trace(connection, desk.entity, name)


def _page(golden_id: str) -> str:
    return f"/golden/{quote(golden_id)}"


PAGES: list[tuple[str, Page]] = [
    ("/golden", found),
    ("/golden/{golden_id}", one),
    ("/golden/{golden_id}/merge", merging),
]
ACTS: list[tuple[str, Act]] = [
    ("/golden/{golden_id}/merge", merged),
    ("/golden/{golden_id}/unmerge", unmerged),
]
