"""The mainframe's extracts read over SFTP from OpenSSH's own server."""

from __future__ import annotations

import os
import pwd
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from accord.errors import Retry, Stop
from accord.records import Window
from systems.mainframe.client import STREAM, MainframeClient
from tests.support import debian, mainframe, sftp_server
from tests.support.mainframe import account, extract, put

pytestmark = pytest.mark.real
HOSTS, KEY = "ACCORD_MAINFRAME_KNOWN_HOSTS", "ACCORD_MAINFRAME_PRIVATE_KEY"
# Not as root, who would need a privileged user of sshd. With PAM, as an account without a shadow
# entry that this user may read counts as locked otherwise.
USER = "nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name


@dataclass(frozen=True, slots=True)
class Host:
    """A running sshd, the folder that it serves, and the secrets of who may sign in."""

    port: int
    folder: Path
    secrets: Mapping[str, str]
    process: subprocess.Popen[str]

    def client(self, **secrets: str) -> MainframeClient:
        """The mainframe's client, with other secrets where given."""
        url = f"sftp://{USER}@127.0.0.1:{self.port}{self.folder}"
        return mainframe.client(url, {**self.secrets, **secrets})


def config(home: Path, port: int) -> str:
    return f"""
ListenAddress 127.0.0.1
Port {port}
HostKey {home / "host_key"}
AuthorizedKeysFile {home / "authorized_keys"}
PidFile none
StrictModes no
UsePAM yes
PasswordAuthentication no
KbdInteractiveAuthentication no
Subsystem sftp internal-sftp
"""


@contextmanager
def serving(home: Path) -> Iterator[Host]:
    """Run an sshd for one user and one key until the block ends."""
    program = debian.sshd().copied(home)
    host_key, user_key = sftp_server.a_key(), sftp_server.a_key()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (home / "host_key").write_bytes(host_key.export_private_key())
    (home / "authorized_keys").write_bytes(user_key.export_public_key())
    (home / "sshd_config").write_text(config(home, port), encoding="ascii")
    folder = home / "LOYALTY"
    folder.mkdir()
    for path in (home, *home.iterdir()):
        path.chmod(0o700 if path.is_dir() or path == program.path else 0o600)
        os.chown(path, pwd.getpwnam(USER).pw_uid, -1)
    process = subprocess.Popen(
        [program.path, "-D", "-e", "-f", home / "sshd_config"],
        env=program.environment(), stderr=subprocess.PIPE, text=True,
        **({"user": USER, "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}),
    )  # fmt: skip
    public = host_key.export_public_key().decode()
    secrets = {
        KEY: user_key.export_private_key().decode(),
        HOSTS: f"[127.0.0.1]:{port} {public}",
    }
    assert process.stderr is not None
    with process, process.stderr:
        try:
            assert any("Server listening" in line for line in process.stderr)
            yield Host(port, folder, secrets, process)
        finally:
            process.terminate()
            process.wait(60)


@pytest.fixture
def host() -> Iterator[Host]:
    with tempfile.TemporaryDirectory() as home, serving(Path(home)) as running:
        yield running


def leave(host: Host, content: bytes, night: date) -> None:
    """Leave an extract where the host serves it."""
    put(host.folder, content, night).chmod(0o644)


def test_the_newest_complete_extract_is_read_over_sftp(host: Host) -> None:
    accounts = [account(f"{number:08}") for number in range(1, 20_001)]
    leave(host, extract(*accounts), date(2026, 3, 8))
    leave(host, extract(account("0002"))[:-10], date(2026, 3, 9))
    client = host.client()
    first, again = client.slices(STREAM, Window()), client.slices(STREAM, Window())
    assert first == again
    reading, page = mainframe.reading(client)
    assert [record.key for record in page.records] == [f"{it:08}" for it in range(1, 20_001)]
    assert reading.complete
    assert [it.name for it in client.health() if not it.healthy] == ["unfinished extract"]
    client.close()


def test_a_host_with_another_key_is_not_spoken_to(host: Host) -> None:
    other = sftp_server.a_key().export_public_key().decode()
    client = host.client(**{HOSTS: f"[127.0.0.1]:{host.port} {other}"})
    with pytest.raises(Stop, match="not one of the known hosts"):
        client.slices(STREAM, Window())
    [finding] = client.health()
    assert HOSTS in finding.remedy
    client.close()


def test_a_key_that_may_not_sign_in_is_refused_and_never_shown(host: Host) -> None:
    wrong = sftp_server.a_key().export_private_key().decode()
    client = host.client(**{KEY: wrong})
    with pytest.raises(Stop, match="refused the sign-in") as raised:
        client.slices(STREAM, Window())
    assert wrong.split("\n")[1] not in f"{raised.value!r}{raised.value.__cause__!r}"
    client.close()


def test_missing_secrets_are_named(host: Host) -> None:
    for name in (KEY, HOSTS):
        client = host.client(**{name: ""})
        [finding] = client.health()
        assert name in finding.remedy
        client.close()


def test_a_key_and_known_hosts_may_lie_in_files(host: Host, tmp_path: Path) -> None:
    leave(host, extract(account()), date(2026, 3, 8))
    references = {}
    for name, text in host.secrets.items():
        (tmp_path / name).write_text(f"{text}\n", encoding="ascii")
        references[name] = f"file:{tmp_path / name}"
    client = host.client(**references)
    assert len(mainframe.read(client).records) == 1
    client.close()


def test_a_host_that_went_down_is_tried_again_later(host: Host) -> None:
    leave(host, extract(account()), date(2026, 3, 8))
    client = host.client()
    assert client.slices(STREAM, Window())
    host.process.terminate()
    host.process.wait(60)
    other = host.client()
    with pytest.raises(Retry, match="cannot be reached"):
        other.slices(STREAM, Window())
    client.close()
    other.close()
