"""Sealing: what rests on disk and may hold personal values is encrypted, each bound to its record.

A sealed payload is a random nonce followed by AES-256-GCM ciphertext (NIST SP 800-38D), with the
identity of its record as associated data, so that it opens nowhere else. Keys come by reference;
this module knows nothing of tables.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hmac
import os
import secrets
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from accord.errors import Stop
from accord.secrets import Secrets
from accord.settings import Settings

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

VARIABLE = "ACCORD_SEALING_KEY"
KEY_BYTES, NONCE_BYTES = 32, 12
_REMEDY = f"give {VARIABLE} keys of 32 random bytes each, as `openssl rand -base64 32` prints them"


@dataclass(frozen=True, slots=True, repr=False)
class Key:
    """One key with its cipher, made once; good for four thousand million payloads."""

    key_id: str
    _cipher: AESGCM
    _digests: bytes

    @classmethod
    def of(cls, material: bytes) -> Key:
        """Derive the keys for sealing and for digests, and a name that tells nothing of either."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        return cls(
            key_id=hmac.digest(material, b"accord key id", "sha256").hex()[:16],
            _cipher=AESGCM(hmac.digest(material, b"accord sealing", "sha256")),
            _digests=hmac.digest(material, b"accord digests", "sha256"),
        )

    def seal(self, payload: bytes, about: bytes) -> bytes:
        """Encrypt `payload` so that it opens only as what `about` says it is."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, payload, about)

    def open(self, sealed: bytes, about: bytes) -> bytes:
        """Decrypt what `seal` made. Raises Stop when it was changed, or is another record's."""
        from cryptography.exceptions import InvalidTag

        try:
            return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], about)
        except (InvalidTag, ValueError):
            raise Stop(
                f"A payload sealed with the key {self.key_id} does not open: it was altered",
                remedy="restore the row from a backup and find out who changed it",
            ) from None

    def digest(self, payload: bytes, about: bytes) -> bytes:
        """Recognise an equal payload of the same record again without its plain text."""
        bound = len(about).to_bytes(8, "big") + about
        return hmac.digest(self._digests, bound + payload, "sha256")

    def __repr__(self) -> str:
        return f"Key({self.key_id})"


@dataclass(frozen=True, slots=True)
class Keyring:
    """The keys of an installation, newest first: one seals, all open."""

    keys: tuple[Key, ...]

    @classmethod
    def of(cls, texts: Iterable[str]) -> Keyring:
        """Read keys from their texts. Raises Stop, never showing one, for a text that is no key."""
        return cls(tuple(Key.of(_material(text)) for text in texts))

    @property
    def newest(self) -> Key:
        """The key that a rotation brings everything to."""
        return self.keys[0]

    def find(self, key_id: str) -> Key | None:
        """The key of that name, if it is on the ring."""
        return next((key for key in self.keys if key.key_id == key_id), None)


@dataclass(frozen=True, slots=True)
class SealingKeys:
    """Where the keys are: behind a reference of the company's, or else in a file of our own.

    A reference leads to one or more keys, separated by white space, the newest first. They are
    read anew each time, so that a rotation reaches processes that have been running since.
    """

    secrets: Secrets
    file: Path

    @classmethod
    def of(cls, settings: Settings) -> SealingKeys:
        """The keys of an installation."""
        return cls(Secrets(settings.environment), settings.home / "sealing.key")

    @property
    def is_own(self) -> bool:
        """Whether the keys are in our own file, so that we may make the next one."""
        return self.secrets.find(f"env:{VARIABLE}") is None

    def ring(self) -> Keyring:
        """The keys as they are now; the first one is made at random. Raises Stop."""
        given = self.secrets.find(f"env:{VARIABLE}")
        texts = given.reveal().split() if given else self._kept()
        if not texts:
            raise Stop("There is no sealing key", remedy=_REMEDY)
        return Keyring.of(texts)

    def add(self) -> Keyring:
        """Put a new random key on top of our own file."""
        self._replace([_fresh(), *self._kept()])
        return self.ring()

    def keep(self, key_ids: Iterable[str]) -> None:
        """Leave only these keys in our own file."""
        wanted = set(key_ids)
        self._replace([t for t in self._kept() if Key.of(_material(t)).key_id in wanted])

    def _kept(self) -> list[str]:
        if not self.file.exists():
            self.file.parent.mkdir(parents=True, exist_ok=True)
            fresh = self._written([_fresh()])
            # Of two processes that come here at once, the first one's key is the key.
            with contextlib.suppress(FileExistsError):
                os.link(fresh, self.file)
            fresh.unlink()
        return self.file.read_text(encoding="ascii").split()

    def _replace(self, texts: Iterable[str]) -> None:
        self._written(texts).replace(self.file)

    def _written(self, texts: Iterable[str]) -> Path:
        """A file of these keys beside ours, readable by us alone and safe from a power cut."""
        descriptor, name = tempfile.mkstemp(prefix=".sealing-", dir=self.file.parent)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write("".join(f"{text}\n" for text in texts))
            file.flush()
            os.fsync(file.fileno())
        return Path(name)


def _fresh() -> str:
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def _material(text: str) -> bytes:
    try:
        material = base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        material = b""
    if len(material) != KEY_BYTES:
        raise Stop("A sealing key is not 32 bytes in base64", remedy=_REMEDY)
    return material
