from __future__ import annotations

import base64
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord.errors import Stop
from accord.sealing import VARIABLE, Key, Keyring, SealingKeys
from accord.secrets import Secrets

KEY = Key.of(bytes(32))
OTHER = Key.of(bytes(31) + b"\1")


def keys(folder: Path, **environment: str) -> SealingKeys:
    """The keys of an installation in `folder`."""
    return SealingKeys(Secrets(environment), folder / "sealing.key")


def text(material: bytes) -> str:
    """A key as it is written down."""
    return base64.b64encode(material).decode()


@given(payload=st.binary(max_size=200), about=st.binary(max_size=50))
def test_whatever_bytes_are_sealed_open_again_as_they_were(payload: bytes, about: bytes) -> None:
    sealed = KEY.seal(payload, about)
    assert KEY.open(sealed, about) == payload
    assert len(sealed) == len(payload) + 28


def test_a_sealed_payload_shows_nothing_of_what_it_holds() -> None:
    plain = b"CustomerID 30077.0 " * 50
    assert b"30077" not in KEY.seal(plain, b"a record")
    assert b"30077" not in KEY.digest(plain, b"a record")


def test_the_same_payload_is_never_sealed_the_same_twice() -> None:
    assert KEY.seal(b"x", b"") != KEY.seal(b"x", b"")


@pytest.mark.parametrize(
    ("key", "about", "flip"),
    [(KEY, b"another record", None), (OTHER, b"a record", None), (KEY, b"a record", 0),
     (KEY, b"a record", 12), (KEY, b"a record", -1)],
)  # fmt: skip
def test_what_was_moved_to_another_record_or_altered_does_not_open(
    key: Key, about: bytes, flip: int | None
) -> None:
    sealed = bytearray(KEY.seal(b"30077", b"a record"))
    if flip is not None:
        sealed[flip] ^= 1
    with pytest.raises(Stop, match="altered.*Remedy: ") as refused:
        key.open(bytes(sealed), about)
    assert "30077" not in str(refused.value)


@pytest.mark.parametrize("length", [0, 11, 12, 27])
def test_what_is_too_short_to_be_sealed_does_not_open(length: int) -> None:
    with pytest.raises(Stop, match="altered"):
        KEY.open(bytes(length), b"")


def test_an_equal_payload_of_the_same_record_is_recognised_and_of_another_is_not() -> None:
    assert KEY.digest(b"x", b"a") == KEY.digest(b"x", b"a")
    assert len({KEY.digest(b"x", b"a"), KEY.digest(b"x", b"b"), KEY.digest(b"y", b"a"),
                KEY.digest(b"ax", b""), OTHER.digest(b"x", b"a")}) == 5  # fmt: skip


def test_a_key_tells_its_name_and_nothing_else() -> None:
    assert repr(KEY) == f"Key({KEY.key_id})"
    assert KEY.key_id != OTHER.key_id


def test_without_a_reference_a_random_key_is_made_that_only_its_owner_can_read(
    tmp_path: Path,
) -> None:
    made = keys(tmp_path / "home")
    ring = made.ring()
    assert stat.S_IMODE(made.file.stat().st_mode) == 0o600
    assert made.ring().newest.key_id == ring.newest.key_id
    assert keys(tmp_path / "other").ring().newest.key_id != ring.newest.key_id
    assert [path.name for path in made.file.parent.iterdir()] == ["sealing.key"]


def test_processes_that_start_at_once_agree_on_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = pool.map(lambda _: keys(tmp_path).ring().newest.key_id, range(32))
    assert len(set(found)) == 1


def test_keys_come_by_reference_the_first_seals_and_all_open(tmp_path: Path) -> None:
    ring = tmp_path / "secret"
    ring.write_text(f"{text(bytes(31) + bytes([1]))}\n{text(bytes(32))}\n")
    found = keys(tmp_path, **{VARIABLE: f"file:{ring}"})
    assert not found.is_own
    assert [key.key_id for key in found.ring().keys] == [OTHER.key_id, KEY.key_id]
    assert found.ring().find(KEY.key_id) is not None
    assert not found.file.exists()


def test_a_reference_that_leads_nowhere_is_an_error_and_makes_no_key(tmp_path: Path) -> None:
    found = keys(tmp_path, **{VARIABLE: "file:/nowhere/at/all"})
    with pytest.raises(Stop, match="Remedy: "):
        found.ring()
    assert not found.file.exists()


@pytest.mark.parametrize("wrong", ["short", text(bytes(16)), "not base64 !", text(bytes(33))])
def test_a_text_that_is_no_key_is_refused_without_being_shown(wrong: str) -> None:
    with pytest.raises(Stop, match="32 bytes.*Remedy: .*openssl") as refused:
        Keyring.of([wrong])
    assert wrong not in str(refused.value)


def test_url_safe_base64_is_the_same_key() -> None:
    material = bytes([251, 255] * 16)
    plain, safe = base64.b64encode(material), base64.urlsafe_b64encode(material)
    assert plain != safe
    first, other = (Keyring.of([it.decode()]).newest.key_id for it in (plain, safe))
    assert first == other


def test_a_new_key_goes_on_top_and_the_old_ones_go_when_told(tmp_path: Path) -> None:
    mine = keys(tmp_path)
    old = mine.ring().newest.key_id
    new = mine.add().newest.key_id
    assert [key.key_id for key in mine.ring().keys] == [new, old]
    mine.keep([new])
    assert [key.key_id for key in mine.ring().keys] == [new]
    assert stat.S_IMODE(mine.file.stat().st_mode) == 0o600
