"""Calls to one Mailchimp account and one audience in it; what they mean is decided elsewhere."""

from __future__ import annotations

import base64
import re
import threading
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from accord.connector import Connection
from accord.errors import AccordError, Retry, Stop, Unanswered
from accord.http import Answer, Api, Budget, Pace
from accord.secrets import Secret
from systems.mailchimp.listing import LARGEST_PAGE
from systems.mailchimp.members import MERGE_FIELDS

_BASE = "/3.0"
_VENDOR = re.compile(r"(?:[a-z0-9-]+\.)?api\.mailchimp\.com")
_CENTRE = re.compile(r"[a-z]{2}[0-9]{1,4}")
_LOOKED_UP = "the write is looked up before it is sent again"


class ApiKey:
    """An account's API key, sent with any user name by HTTP basic authentication."""

    def __init__(self, key: Secret) -> None:
        self._key = key

    def headers(self) -> Mapping[str, str]:
        """Return the Authorization header."""
        coded = base64.b64encode(f"accord:{self._key.reveal()}".encode()).decode()
        return {"Authorization": f"Basic {coded}"}

    def renewed(self) -> bool:
        """Say that no other key can be had."""
        return False


class Audience:
    """One audience. Nothing is sent, and no secret fetched, before the first call."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self._api: Api | None = None
        self._files: dict[str, Api] = {}
        self._id = ""

    @property
    def page_records(self) -> int:
        """How many members to ask for at once."""
        return min(int(self._connection.settings["limits"]["page_records"]), LARGEST_PAGE)

    def close(self) -> None:
        """Give the connections back."""
        with self._lock:
            for api in (self._api, *self._files.values()):
                if api is not None:
                    api.close()
            self._api, self._files = None, {}

    def ping(self) -> None:
        """Make sure that the account answers and knows our key. Raises Stop or Retry."""
        self._told(self._opened().read(f"{_BASE}/ping"), "its ping")

    def audience_id(self) -> str:
        """Return the audience's id: the configured one, else the only one that the account has.

        Raises Stop when the account has none or several.
        """
        if not self._id:
            self._id = self._configured_id() or self._only_id()
        return self._id

    def check_merge_fields(self) -> None:
        """Make sure that the audience has our merge fields. Raises Stop, naming what it lacks.

        Mailchimp takes a value for a field that it lacks without a word and loses it.
        """
        listed = self.get("/merge-fields", {"count": "1000", "fields": "merge_fields"})
        there = {
            str(item.get("tag")): str(item.get("type"))
            for item in listed.get("merge_fields") or ()
            if isinstance(item, Mapping)
        }
        lacking = [tag for tag, kind in MERGE_FIELDS.items() if there.get(tag) != kind]
        if lacking:
            told = ", ".join(f"{tag} ({MERGE_FIELDS[tag]})" for tag in lacking)
            raise Stop(
                f"The Mailchimp audience lacks the merge fields {told}",
                remedy="add them to the audience with exactly these tags and types",
            )

    def get(self, path: str, params: Mapping[str, str]) -> Mapping[str, Any]:
        """GET below the audience and decode the object. Raises Retry or Stop."""
        answer = self._opened().read(self.path(path), params=params)
        return self._told(answer, "a reading of the audience")

    def raw(self, path: str, params: Mapping[str, str]) -> Answer:
        """GET below the audience; its body is left as it came. Raises Retry or Stop."""
        answer = self._opened().read(self.path(path), params=params)
        if answer.status != 200:
            self._told(answer, "a reading of the audience")
        return answer

    def path(self, path: str) -> str:
        """Return the whole path of something below the audience."""
        return f"{_BASE}/lists/{self.audience_id()}{path}"

    def call(self, method: str, path: str, body: Mapping[str, Any] | None) -> Answer:
        """Send one write below the audience. An error does not show the member's own name."""
        try:
            return self._opened().write(method, self.path(path), json=body)
        except AccordError as error:
            # A path may hold the digest of an address, from which the address can be guessed.
            error.what = error.what.replace(path, "/members/…")
            error.args = tuple(str(arg).replace(path, "/members/…") for arg in error.args)
            raise

    def post_batch(self, operations: list[Mapping[str, Any]]) -> Mapping[str, Any]:
        """Hand over a batch; return what became of that. Raises Unanswered when it is unclear."""
        answer = self._opened().write("POST", f"{_BASE}/batches", json={"operations": operations})
        if answer.status != 200:
            raise Stop(
                f"Mailchimp answered {answer.status} to a batch",
                remedy="compare systems/mailchimp/batches.py with the vendor's description",
            )
        return told(answer)

    def batches(self, params: Mapping[str, str]) -> Mapping[str, Any]:
        """Return one page of the account's batches."""
        answer = self._opened().read(f"{_BASE}/batches", params=params)
        return self._told(answer, "a listing of batches")

    def batch(self, batch_id: str) -> Mapping[str, Any]:
        """Return how one batch stands."""
        return self._told(self._opened().read(f"{_BASE}/batches/{batch_id}"), "a batch")

    def download(self, url: str) -> bytes:
        """Fetch a batch's results from the signed address that Mailchimp gave for them.

        They lie with another service, which must not see our key.
        """
        parts = urlsplit(url)
        host = urlunsplit((parts.scheme, parts.netloc, "", "", ""))
        with self._lock:
            if host not in self._files:
                self._files[host] = Api(self._connection.system, host, timeout=self._timeout())
            api = self._files[host]
        answer = api.read(parts.path, params=dict(parse_qsl(parts.query, keep_blank_values=True)))
        if answer.status != 200:
            raise Retry(
                f"The results of a batch were answered with {answer.status}",
                remedy="run again; what the batch did is looked up",
            )
        return answer.body

    def _told(self, answer: Answer, what: str) -> Mapping[str, Any]:
        if answer.status == 404:
            raise Stop(
                f"Mailchimp does not know what we asked for: {what}",
                remedy="check ACCORD_MAILCHIMP_AUDIENCE_ID and ACCORD_MAILCHIMP_URL, "
                "which is an address without a path",
            )
        if answer.status != 200:
            raise Stop(
                f"Mailchimp answered {answer.status} to {what}",
                remedy="compare systems/mailchimp/remote.py with the vendor's description",
            )
        content = answer.json()
        if not isinstance(content, Mapping):
            raise Retry(
                f"Mailchimp's answer to {what} is no object",
                remedy="run again; if it stays, look at the system or a proxy in between",
            )
        return content

    def _configured_id(self) -> str:
        reference = self._connection.settings.get("audience", {}).get("id")
        found = self._connection.secrets.find(reference) if reference else None
        return found.reveal() if found else ""

    def _only_id(self) -> str:
        asked = {"count": "2", "fields": "lists.id"}
        listed = self._told(self._opened().read(f"{_BASE}/lists", params=asked), "its audiences")
        ids = [str(item["id"]) for item in listed.get("lists") or ()]
        if len(ids) != 1:
            raise Stop(
                f"The Mailchimp account has {'several audiences' if ids else 'no audience'}",
                remedy="let ACCORD_MAILCHIMP_AUDIENCE_ID name the one to use",
            )
        return ids[0]

    def _opened(self) -> Api:
        with self._lock:
            if self._api is None:
                settings = self._connection.settings
                key = self._connection.secrets.resolve(settings["auth"]["api_key"])
                self._api = Api(
                    self._connection.system,
                    address(self._connection.url, key),
                    credentials=ApiKey(key),
                    pace=self._connection.turns or Pace.declared(settings),
                    budget=Budget.declared(settings),
                    timeout=self._timeout(),
                    understands=lambda answer: answer.status == 405,
                )
            return self._api

    def _timeout(self) -> float:
        return float(self._connection.settings["limits"]["timeout_seconds"])


def address(url: str, key: Secret) -> str:
    """Return the address of the key's own data centre, which the key ends with.

    Anything but the vendor's address is left as it is. Raises Stop for a key without its ending.
    """
    parts = urlsplit(url)
    if not _VENDOR.fullmatch(parts.hostname or ""):
        return url
    centre = key.reveal().rpartition("-")[2]
    if not _CENTRE.fullmatch(centre):
        raise Stop(
            "The Mailchimp API key does not end with its data centre, such as -us21",
            remedy="let ACCORD_MAILCHIMP_API_KEY hold the whole key as Mailchimp shows it",
        )
    return f"https://{centre}.api.mailchimp.com"


def told(answer: Answer) -> Mapping[str, Any]:
    """Decode the answer to a write. Raises Unanswered when it is not whole: the write happened."""
    try:
        content = answer.json()
    except Retry as error:
        raise Unanswered(error.what, remedy=_LOOKED_UP) from None
    if not isinstance(content, Mapping):
        raise Unanswered("Mailchimp's answer to a write is no object", remedy=_LOOKED_UP)
    return content
