"""What `accord dlq` does with letters: list, show, replay, discard. Editing has its own module."""

from __future__ import annotations

import base64
import getpass
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import date, datetime
from itertools import groupby
from typing import Any

from rich.console import Console
from rich.markup import escape

from accord.cli import runbook
from accord.cli.exits import Exit
from accord.cli.passes import PassRequest, orchestrator
from accord.cli.world import World, opened
from accord.errors import Stop
from accord.records import Window
from accord.settings import Settings
from accord.stewarding import DUE, RUN_PREFIX, SETTLED, Replayed, Steward, days_of
from accord.store import audit, stewardship
from accord.store.audit import By
from accord.store.database import Connection, Role
from accord.store.stewardship import STATES, Letter, Version, Which

Report = dict[str, Any]
_EXAMPLES = 3


def who(settings: Settings) -> str:
    """The person at the keyboard: ACCORD_USER, or else the login."""
    return settings.environment.get("ACCORD_USER") or getpass.getuser()


def list_letters(console: Console, which: Which, *, each: bool) -> tuple[Exit, Report]:
    """List letters by cause, or every one of them."""
    with opened() as world, world.store.session(Role.READER) as connection:
        letters = stewardship.find(connection, which)
    groups = [_group(list(alike)) for _, alike in groupby(letters, key=_kind)]
    for group in groups:
        _show_group(console, group, each=each)
    if not letters:
        console.print("No dead letter is like that.")
    return Exit.OK, {"count": len(letters), "causes": groups}


def show_letter(console: Console, name: str, *, reveal: bool, why: str) -> tuple[Exit, Report]:
    """Show one letter and what was done to it."""
    versions: list[Version] = []
    with opened() as world, world.store.transaction(Role.STEWARD) as connection:
        letter = the_letter(connection, name)
        if reveal:
            versions = stewardship.reveal(connection, letter, By(who(world.settings), why))
        trail = audit.entries_about(connection, letter.dead_letter_id)
    report = {**asdict(letter), "audit": [asdict(entry) for entry in trail]}
    if reveal:
        report["versions"] = [_version(version) for version in versions]
    _show_letter(console, letter)
    for entry in trail:
        told = " · ".join(filter(None, (entry.detail, entry.why)))
        console.print(
            f"  {entry.at:%Y-%m-%d %H:%M}  {entry.who}: {entry.what}  {told}",
            markup=False,
            highlight=False,
        )
    for version in versions:
        title = f"Edit {version.edit} by {version.edited_by}" if version.edit else "As received"
        console.print(f"\n[bold]{escape(title)}[/]")
        console.print(text_of(version.payload), markup=False, highlight=False)
    if not reveal:
        console.print("\nWhat it holds is sealed; --reveal opens it, and is audited.")
    return Exit.OK, report


def replay_letters(
    console: Console, which: Which, *, why: str, carry_on: bool
) -> tuple[Exit, Report]:
    """Replay letters, and make the pass that carries on; exit 4 when some still wait."""
    run_id = f"{RUN_PREFIX}{uuid.uuid4()}"
    with opened() as world, world.company() as company:
        letters = _asked(world, which)
        by = By(who(world.settings), why)
        done = Steward(world.store, world.systems, company.client, by, run_id).replay(letters)
        with world.store.session(Role.READER) as connection:
            days = days_of(connection, done)
        trouble = []
        if carry_on and days:
            window = Window(date.fromisoformat(days[0]), date.fromisoformat(days[-1]))
            console.print(f"Making the pass over {_span(days)} …", highlight=False)
            request = PassRequest(None, window)
            made = orchestrator()(world.store, company, request, lambda _: None)
            trouble = made.trouble
        left = {it.dead_letter_id for it in _now(world, letters) if it.state == "waiting"}
    report = {
        "run_id": run_id,
        "days": days,
        "letters": [_replayed(it, waits=it.letter.dead_letter_id in left) for it in done],
        "still_waiting": len(left),
        "trouble": trouble,
    }
    _show_replayed(console, report, carried=carry_on)
    pending = any(it.outcome in DUE for it in done) and not carry_on
    return (Exit.TROUBLE if trouble or (left and not pending) else Exit.OK), report


def discard_letters(console: Console, which: Which, *, why: str) -> tuple[Exit, Report]:
    """Discard letters."""
    with opened() as world:
        letters = _asked(world, which)
        with world.store.transaction(Role.STEWARD) as connection:
            ids = [letter.dead_letter_id for letter in letters]
            done = stewardship.discard(connection, ids, By(who(world.settings), why))
    console.print(f"{counted(len(done))} discarded; kept, with who, when and why.")
    return Exit.OK, {"discarded": done}


def restore_letters(console: Console, which: Which, *, why: str) -> tuple[Exit, Report]:
    """Let discarded letters wait again."""
    with opened() as world:
        letters = _asked(world, replace(which, states=("discarded",)))
        with world.store.transaction(Role.STEWARD) as connection:
            ids = [letter.dead_letter_id for letter in letters]
            done = stewardship.restore(connection, ids, By(who(world.settings), why))
    console.print(f"{counted(len(done))} waiting again.")
    return Exit.OK, {"restored": done}


def the_letter(connection: Connection, name: str) -> Letter:
    """The one letter called so. Raises Stop."""
    ids = stewardship.identified(connection, [name])
    return stewardship.find(connection, Which(ids=ids, states=STATES))[0]


def text_of(payload: bytes) -> str:
    """A payload as people read it; bytes that are no text are written out."""
    return payload.decode("utf-8", "backslashreplace")


def _asked(world: World, which: Which) -> list[Letter]:
    with world.store.session(Role.READER) as connection:
        ids = stewardship.identified(connection, which.ids)
        found = stewardship.find(connection, replace(which, ids=ids))
    if not found:
        raise Stop("No waiting dead letter is like that", remedy="see `accord dlq list`")
    return found


def _now(world: World, letters: Sequence[Letter]) -> list[Letter]:
    ids = [letter.dead_letter_id for letter in letters]
    with world.store.session(Role.READER) as connection:
        return stewardship.find(connection, Which(ids=ids, states=STATES))


def _kind(letter: Letter) -> tuple[str, str, str]:
    return letter.cause, letter.name, letter.stage


def _group(alike: Sequence[Letter]) -> Report:
    newest = max(alike, key=lambda letter: letter.first_seen_at)
    return {
        "cause": newest.cause,
        "stage": newest.stage,
        "name": newest.name,
        "count": len(alike),
        "newest": newest.first_seen_at.isoformat(),
        "remedy": newest.remedy,
        "letters": [
            {
                "id": it.dead_letter_id,
                "partition": it.partition_key,
                "record": it.record_key,
                "detail": it.detail,
                "state": it.state,
                "edits": it.edits,
                "replayed": it.replayed_outcome,
                "since": it.first_seen_at.isoformat(),
            }
            for it in alike
        ],
    }


def _show_group(console: Console, group: Mapping[str, Any], *, each: bool) -> None:
    newest = datetime.fromisoformat(group["newest"])
    console.print(
        f"\n[yellow bold]{escape(group['cause'])}[/]  {escape(group['name'])} ({group['stage']}), "
        f"{group['count']:,}, the newest of {newest:%Y-%m-%d %H:%M}",
        highlight=False,
    )
    shown = group["letters"] if each else group["letters"][:_EXAMPLES]
    for letter in shown:
        notes = [
            *([letter["state"]] if letter["state"] != "waiting" else []),
            *(["edited"] if letter["edits"] else []),
            *([f"replayed, {letter['replayed']}"] if letter["replayed"] else []),
        ]
        place = f"{letter['partition']} {letter['detail']}".strip()
        told = f"  {letter['id']}  {place}" + (f"  [{'; '.join(notes)}]" if notes else "")
        console.print(told, markup=False, highlight=False)
    if len(shown) < group["count"]:
        console.print(f"  … and {group['count'] - len(shown):,} more; --each lists all")
    console.print(f"  Remedy: {group['remedy']}", markup=False, highlight=False)
    if told := runbook.page(group["cause"]):
        console.print(f"  Runbook: {told}", markup=False, highlight=False)


def _show_letter(console: Console, letter: Letter) -> None:
    lines = {
        "letter": letter.dead_letter_id,
        "state": letter.state,
        "from": f"{letter.name} ({letter.stage}), piece {letter.piece}",
        "day": letter.partition_key,
        "record": letter.record_key,
        "cause": letter.cause,
        "detail": letter.detail,
        "remedy": letter.remedy,
        "runbook": runbook.page(letter.cause),
        "seen": f"first {letter.first_seen_at:%Y-%m-%d %H:%M} in run {letter.first_run_id}, "
        f"last {letter.last_seen_at:%Y-%m-%d %H:%M} in run {letter.last_run_id}",
        "sealed with": letter.key_id,
        "edits": str(letter.edits or ""),
        "replayed": f"{letter.replays} times, the last by {letter.replayed_by}: "
        f"{letter.replayed_outcome}"
        if letter.replays
        else "",
        "discarded": f"by {letter.discarded_by}: {letter.discarded_why}"
        if letter.discarded_by
        else "",
    }
    for title, text in lines.items():
        if text:
            console.print(f"{title:12}{text}", markup=False, highlight=False)


def _show_replayed(console: Console, report: Mapping[str, Any], *, carried: bool) -> None:
    settled = sum(not letter["waits"] for letter in report["letters"])
    console.print(f"{counted(settled)} settled, {report['still_waiting']:,} still wait.")
    waiting = [it for it in report["letters"] if it["waits"]]
    for told, count in Counter(
        (it["outcome"], it["detail"], it["remedy"]) for it in waiting
    ).items():
        outcome, detail, remedy = told
        console.print(f"  {count:,} {outcome} {detail}".rstrip(), markup=False, highlight=False)
        if remedy:
            console.print(f"      Remedy: {remedy}", markup=False, highlight=False)
    for sentence in report["trouble"]:
        console.print(f"  {sentence}", markup=False, highlight=False)
    if report["days"] and not carried:
        first, last = report["days"][0], report["days"][-1]
        console.print(f"Next: accord run --from {first} --to {last}", highlight=False)


def _replayed(done: Replayed, *, waits: bool) -> Report:
    return {
        "id": done.letter.dead_letter_id,
        "outcome": done.outcome,
        "detail": done.detail,
        "remedy": done.remedy,
        "waits": waits and done.outcome not in SETTLED,
    }


def _version(version: Version) -> Report:
    """What a letter held, for programs: as text, and exactly."""
    return {
        "edit": version.edit,
        "by": version.edited_by,
        "at": version.edited_at.isoformat(),
        "why": version.why,
        "text": text_of(version.payload),
        "base64": base64.b64encode(version.payload).decode(),
    }


def _span(days: Sequence[str]) -> str:
    return days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"


def counted(count: int) -> str:
    """So many letters, in words."""
    return "1 letter" if count == 1 else f"{count:,} letters"
