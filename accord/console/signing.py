"""Who is signed in: sessions, and the word that a form must carry to be believed.

Sessions live in this process; when it ends, everybody signs in again.
"""

from __future__ import annotations

import hmac
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from starlette.requests import Request

from accord.store.sign_ins import Known

COOKIE = "accord_session"
LASTS, IDLE = timedelta(hours=12), timedelta(hours=2)
"""How long somebody stays signed in, at the most and without doing anything."""

TRIES, WINDOW = 10, timedelta(minutes=5)
"""How many wrong tokens are listened to in a while, from everybody together."""


@dataclass(frozen=True, slots=True)
class Said:
    """What was done, or why not, to be told once; `undo` is the action that can be undone."""

    text: str
    undo: str = ""
    is_bad: bool = False


@dataclass(slots=True)
class Session:
    """Somebody who is signed in. `word` has to come back with every form; `seen_at` moves on."""

    known: Known
    word: str
    began_at: datetime
    seen_at: datetime
    said: Said | None = None

    @property
    def who(self) -> str:
        """The person."""
        return self.known.who

    def take_said(self) -> Said | None:
        """What is to be told on the next page, once."""
        said, self.said = self.said, None
        return said


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class Sessions:
    """Everybody who is signed in to this process."""

    clock: Callable[[], datetime] = _now
    _open: dict[str, Session] = field(default_factory=dict)
    _tries: list[datetime] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, known: Known) -> str:
        """Sign somebody in and return the name of the session, for the cookie."""
        name, now = secrets.token_urlsafe(32), self.clock()
        with self._lock:
            self._open = {it: one for it, one in self._open.items() if not _is_over(one, now)}
            self._open[name] = Session(known, secrets.token_urlsafe(32), now, now)
        return name

    def end(self, name: str) -> None:
        """Sign out."""
        with self._lock:
            self._open.pop(name, None)

    def find(self, name: str) -> Session | None:
        """The session of this name, if it has neither lain idle nor lasted for too long."""
        now = self.clock()
        with self._lock:
            found = self._open.get(name)
            if found is None:
                return None
            if _is_over(found, now):
                del self._open[name]
                return None
            found.seen_at = now
            return found

    def may_try(self) -> bool:
        """Count one more token, and say whether it is listened to: not after many wrong ones."""
        now = self.clock()
        with self._lock:
            self._tries = [at for at in self._tries if now - at < WINDOW]
            if len(self._tries) >= TRIES:
                return False
            self._tries.append(now)
            return True

    def forgive(self) -> None:
        """Take the last token out of the count: it was right."""
        with self._lock:
            self._tries = self._tries[:-1]


def has_word(session: Session, word: str) -> bool:
    """Whether a form carries the word that only a page of this session knows."""
    return hmac.compare_digest(word.encode(), session.word.encode())


def is_from_here(request: Request, address: str) -> bool:
    """Whether a form was sent from a page of ours, by what the browser says of where it is from.

    The host is one of ours already, and `address` is where a proxy serves us. A browser that says
    nothing is believed here; the word of the form is what every form needs.
    """
    site = request.headers.get("sec-fetch-site")
    if site not in (None, "same-origin", "none"):
        return False
    origin = request.headers.get("origin")
    if origin is None or (address and origin == origin_of(address)):
        return True
    return urlsplit(origin).netloc == request.headers.get("host", "")


def origin_of(address: str) -> str:
    """The scheme and host of an address, as browsers send it."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def _is_over(session: Session, now: datetime) -> bool:
    return now - session.seen_at > IDLE or now - session.began_at > LASTS
