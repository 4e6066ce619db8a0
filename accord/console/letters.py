"""Dead letters: by cause, one by one, opened on request, sent again, or marked as not needed."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from accord.console.desk import Act, Desk, Page
from accord.console.signing import Said
from accord.errors import Stop
from accord.stewarding import RUN_PREFIX, Steward
from accord.store import audit, stewardship
from accord.store.audit import By
from accord.store.database import Connection, Role
from accord.store.stewardship import STATES, Letter, Version, Which

SHOWN = 200


def listed(desk: Desk, request: Request) -> Response:
    """The letters that wait, by cause; with cause and name in the query, each of them."""
    cause, name = request.query_params.get("cause", ""), request.query_params.get("name", "")
    with desk.store.session(Role.STEWARD) as connection:
        causes = stewardship.causes(connection)
        which = Which(cause=cause, name=name)
        letters = stewardship.find(connection, which) if cause and name else []
    return desk.shown(
        request,
        "letters",
        causes=causes,
        cause=cause,
        name=name,
        letters=letters[:SHOWN],
        count=len(letters),
        until=max((it.first_seen_at for it in letters), default=None),
    )


def one(desk: Desk, request: Request) -> Response:
    """One letter and what was done to it; what it holds stays sealed."""
    with desk.store.session(Role.STEWARD) as connection:
        letter = _letter(connection, request)
        trail = audit.entries_about(connection, letter.dead_letter_id)
    return _shown(desk, request, letter, trail)


def opened(desk: Desk, request: Request, _: FormData, by: By) -> Response:
    """Open a letter; that it was seen, by whom and why is in the audit trail."""
    if not by.why:
        raise Stop("Opening a letter needs its reason", remedy="say why you look")
    with desk.store.transaction(Role.STEWARD) as connection:
        letter = _letter(connection, request)
        versions = stewardship.reveal(connection, letter, by)
        trail = audit.entries_about(connection, letter.dead_letter_id)
    return _shown(desk, request, letter, trail, versions)


def replayed(desk: Desk, request: Request, form: FormData, by: By) -> Said:
    """Send letters again, as the way is now; the next run carries on with them."""
    with desk.store.session(Role.STEWARD) as connection:
        letters = _meant(connection, request, form)
    run_id = f"{RUN_PREFIX}{uuid.uuid4()}"
    done = Steward(desk.store, desk.systems, desk.client_of, by, run_id).replay(letters)
    counts = Counter(it.outcome for it in done)
    told = ", ".join(f"{count:,} {outcome}" for outcome, count in sorted(counts.items()))
    remedies = sorted({f"{it.detail}. Remedy: {it.remedy}." for it in done if it.remedy})
    return Said("\n".join([f"Sent again: {told or 'none'}.", *remedies]))


def discarded(desk: Desk, request: Request, form: FormData, by: By) -> Said:
    """Mark letters as not needed; they are kept, with who, when and why."""
    with desk.store.transaction(Role.STEWARD) as connection:
        letters = _meant(connection, request, form)
        done = stewardship.discard(connection, [it.dead_letter_id for it in letters], by)
    return Said(f"{len(done):,} marked as not needed; kept, with your name and reason.")


def restored(desk: Desk, request: Request, _: FormData, by: By) -> Said:
    """Let a letter wait again that was marked as not needed."""
    with desk.store.transaction(Role.STEWARD) as connection:
        stewardship.restore(connection, [_letter(connection, request).dead_letter_id], by)
    return Said("It waits again, as if it had never been marked.")


def _shown(
    desk: Desk,
    request: Request,
    letter: Letter,
    trail: Sequence[audit.Entry],
    versions: Sequence[Version] = (),
) -> Response:
    texts = [(it, it.payload.decode("utf-8", "backslashreplace")) for it in versions]
    return desk.shown(request, "letter", letter=letter, trail=trail, versions=texts)


def _letter(connection: Connection, request: Request) -> Letter:
    ids = stewardship.identified(connection, [request.path_params["letter"]])
    return stewardship.find(connection, Which(ids=ids, states=STATES))[0]


def _meant(connection: Connection, request: Request, form: FormData) -> list[Letter]:
    """One letter, or those of a cause that the page had when it was looked at."""
    if "letter" in request.path_params:
        return [_letter(connection, request)]
    cause, name = str(form.get("cause", "")), str(form.get("name", ""))
    try:
        until = datetime.fromisoformat(str(form.get("until", "")))
    except ValueError:
        until = None
    if not cause or not name or until is None:
        raise Stop("No letters were named", remedy="choose a cause first")
    found = stewardship.find(connection, Which(cause=cause, name=name))
    return [letter for letter in found if letter.first_seen_at <= until]


PAGES: list[tuple[str, Page]] = [("/letters", listed), ("/letters/{letter}", one)]
ACTS: list[tuple[str, Act]] = [
    ("/letters/replay", replayed),
    ("/letters/discard", discarded),
    ("/letters/{letter}/open", opened),
    ("/letters/{letter}/replay", replayed),
    ("/letters/{letter}/discard", discarded),
    ("/letters/{letter}/restore", restored),
]
