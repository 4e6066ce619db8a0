"""Finds out what an address means, and opens the folder that it names."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from accord.errors import Stop
from accord.privacy import redacted
from accord.sftp.files import Access, Files
from accord.sftp.local import LocalFiles
from accord.sftp.remote import Host, RemoteFiles


def opened(url: str, access: Access, *, variable: str) -> Files:
    """Return the files at `file:///folder` or `sftp://user@host:port/folder`, touching nothing yet.

    `variable` is the name of the environment variable that holds the address, for the remedy.
    Raises Stop for any other address.
    """
    remedy = f"set {variable}=sftp://user@host:22/folder, or file:///folder"
    try:
        parts = urlsplit(url)
        port = parts.port or 22
    except ValueError as error:
        raise Stop(f"The address in {variable} is no address", remedy=remedy) from error
    path = unquote(parts.path)
    if "\0" in path or not path.startswith("/"):
        raise Stop(f"The address {redacted(url)} names no whole path", remedy=remedy)
    if parts.scheme == "file" and parts.netloc in ("", "localhost"):
        return LocalFiles(Path(path), variable)
    if parts.scheme != "sftp":
        raise Stop(f"The address {redacted(url)} is neither sftp:// nor file:///", remedy=remedy)
    return RemoteFiles(_host(parts, port, remedy), path, access)


def _host(parts: SplitResult, port: int, remedy: str) -> Host:
    if parts.password is not None:
        raise Stop(
            "The address holds a password",
            remedy=f"sign in with a key, take the password out, change it, and {remedy}",
        )
    if not parts.hostname or not parts.username:
        raise Stop("The address names no user or no host", remedy=remedy)
    return Host(parts.hostname, port, unquote(parts.username))
