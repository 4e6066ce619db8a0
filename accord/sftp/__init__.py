"""Reads files that another machine leaves in a folder: here (`file://`) or over SFTP (`sftp://`).

Both look alike to whoever reads; the one that needs a network proves who it is by a key, and goes
on only where the host's own key is one of the known hosts.
"""

from accord.sftp.addresses import opened
from accord.sftp.files import Access, Files, Listed

__all__ = ["Access", "Files", "Listed", "opened"]
