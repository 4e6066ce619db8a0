"""Files read from a folder here and over SFTP: alike, and safe about whom it speaks to."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from accord.errors import AccordError, Retry, Stop
from accord.sftp import Files, opened
from accord.sftp.files import PIECE
from tests.support import sftp_server
from tests.support.sftp_server import Server

CONTENT = bytes(range(256)) * (PIECE // 256) + b"and a little more"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with sftp_server.serving() as running:
        yield running


@pytest.fixture(params=["file", "sftp"])
def files(request: pytest.FixtureRequest, server: Server, tmp_path: Path) -> Iterator[Files]:
    url = tmp_path.as_uri() if request.param == "file" else server.url(tmp_path)
    found = opened(url, server.access(), variable="ACCORD_X_URL")
    yield found
    found.close()
    found.close()


def test_a_folder_lists_its_files_and_nothing_else(files: Files, tmp_path: Path) -> None:
    (tmp_path / "A").write_bytes(b"12345")
    (tmp_path / "B").mkdir()
    [found] = files.listed()
    assert (found.name, found.size) == ("A", 5)
    before = found.signature
    (tmp_path / "A").write_bytes(b"1234567")
    assert files.listed()[0].signature != before


def test_a_file_comes_whole_in_pieces_and_in_parts(files: Files, tmp_path: Path) -> None:
    (tmp_path / "A").write_bytes(CONTENT)
    pieces = list(files.content("A"))
    assert len(pieces) > 1
    assert b"".join(pieces) == CONTENT
    assert files.part("A", start=len(CONTENT) - 6, size=100) == b"e more"
    assert files.part("A", start=len(CONTENT), size=5) == b""


def test_a_file_that_changes_while_it_is_read_is_tried_again(files: Files, tmp_path: Path) -> None:
    (tmp_path / "A").write_bytes(CONTENT)
    pieces = files.content("A")
    next(pieces)
    (tmp_path / "A").write_bytes(CONTENT + b"!")
    with pytest.raises(Retry, match="A changed"):
        list(pieces)


def test_a_file_that_went_away_is_tried_again(files: Files) -> None:
    with pytest.raises(Retry):
        list(files.content("A"))
    with pytest.raises(Retry):
        files.part("A", start=0, size=1)


def test_a_folder_that_is_not_there_is_an_error_with_a_remedy(
    server: Server, tmp_path: Path
) -> None:
    for url in ((tmp_path / "no").as_uri(), server.url(tmp_path / "no")):
        found = opened(url, server.access(), variable="ACCORD_X_URL")
        with pytest.raises(AccordError) as raised:
            found.listed()
        assert raised.value.remedy
        found.close()


def refused(server: Server, folder: Path, **access: str) -> Stop:
    """What is said when the folder cannot be listed."""
    found = opened(server.url(folder), server.access(**access), variable="ACCORD_X_URL")
    with pytest.raises(Stop) as raised:
        found.listed()
    found.close()
    return raised.value


def test_a_host_whose_key_is_not_known_is_refused(server: Server, tmp_path: Path) -> None:
    other = sftp_server.a_key().export_public_key().decode()
    for hosts in (f"[127.0.0.1]:{server.port} {other}", f"elsewhere.example {other}"):
        said = refused(server, tmp_path, hosts=hosts)
        assert "not one of the known hosts" in said.what
        assert sftp_server.HOSTS in said.remedy


def test_a_key_that_the_host_does_not_know_is_refused(server: Server, tmp_path: Path) -> None:
    key = sftp_server.a_key().export_private_key().decode()
    said = refused(server, tmp_path, key=key)
    assert "refused the sign-in" in said.what
    assert sftp_server.KEY in said.remedy


def test_secrets_that_are_none_are_refused_and_not_shown(server: Server, tmp_path: Path) -> None:
    said = refused(server, tmp_path, key="hush-hush")
    assert "no private key" in said.what
    assert "hush" not in f"{said} {said.__cause__!r} {said.__context__!r}"
    assert "no known hosts" in refused(server, tmp_path, hosts="what").what
    unset = opened(
        server.url(tmp_path), sftp_server.an_access("", "", timeout_seconds=30), variable="X"
    )
    with pytest.raises(Stop, match="test:key is not set"):
        unset.listed()
    unset.close()


def test_a_host_that_hangs_up_or_is_not_there_is_tried_again(tmp_path: Path) -> None:
    (tmp_path / "A").write_bytes(b"1")
    with sftp_server.serving() as server:
        found = opened(server.url(tmp_path), server.access(), variable="ACCORD_X_URL")
        assert found.listed()
        server.hang_up()
        for _ in range(2):
            with pytest.raises(Retry, match="cannot be reached or hung up"):
                found.listed()
        found.close()


def test_nothing_is_left_behind_and_nothing_happens_before_it_is_needed(
    server: Server, tmp_path: Path
) -> None:
    threads = threading.active_count()
    unused = opened(server.url(tmp_path), sftp_server.an_access("", ""), variable="X")
    unused.close()
    used = opened(server.url(tmp_path), server.access(), variable="X")
    used.listed()
    assert threading.active_count() > threads
    used.close()
    assert threading.active_count() == threads
    assert used.where == f"127.0.0.1:{server.port}{tmp_path}"
