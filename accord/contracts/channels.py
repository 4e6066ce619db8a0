"""Declared alert channels: who is told through which, from which severity on.

A channel's address is a secret of its own, so only the reference to it is written down. What a
channel is reached by, and whether it works, is not known here.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from accord.errors import Stop
from accord.names import checked
from accord.store.alerts import Severity


class Channel(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One way to tell people: `owners` restricts it to their alerts, none means everybody's."""

    name: str = ""
    url: str
    owners: tuple[str, ...] = ()
    least_severity: Severity = "warning"


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    channels: dict[str, Channel] = {}


def load_channels(path: Path) -> dict[str, Channel]:
    """Read the declared channels by name; none where there is no file.

    Raises Stop, naming the fault and the remedy.
    """
    import yaml

    try:
        found = msgspec.convert(yaml.safe_load(path.read_bytes()) or {}, _File).channels
    except FileNotFoundError:
        return {}
    except (OSError, yaml.YAMLError, msgspec.ValidationError) as error:
        fault = str(error) if isinstance(error, msgspec.ValidationError) else type(error).__name__
        raise Stop(
            f"The alert channels in {path.name} cannot be used: {fault}",
            remedy="mend the entry; each channel has a url, owners and a least_severity",
        ) from error
    for channel in found.values():
        if not channel.url.startswith(("env:", "file:")):
            raise Stop(
                f"The url of an alert channel in {path.name} is no reference to a secret",
                remedy="write env:NAME or file:/path there, and put the address behind it",
            )
    return {
        checked(name, what="channel"): msgspec.structs.replace(channel, name=name)
        for name, channel in found.items()
    }
