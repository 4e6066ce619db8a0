"""The way out: messages through apprise, to whatever address a channel's secret holds.

An address is a secret as a whole: only its scheme is ever said, and what apprise itself logs about
it stays unsaid.
"""

from __future__ import annotations

import logging
import re
import warnings
from typing import Any

from accord.alerting.decide import Message
from accord.contracts.channels import Channel
from accord.errors import Stop
from accord.secrets import Secrets

SECONDS = 20.0
"""The longest a channel may take for one message."""
_STATUS = re.compile(r"\berror=(\d{3})\b")


class AppriseSender:
    """Sends through apprise; a channel's connection is made once and keeps the service's pace."""

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets
        self._services: dict[str, Any] = {}

    def is_on(self, channel: Channel) -> bool:
        """Whether anything is set as the channel's address, usable or not."""
        try:
            return self._secrets.find(channel.url) is not None
        except Stop:
            return True

    def scheme(self, channel: Channel) -> str:
        """The kind of service behind a channel, such as slack; empty when it is none.

        What is no address may be a secret from its first letter on.
        """
        service = self._service(channel)
        return service[0].url(privacy=True).partition("://")[0] if service else ""

    def is_usable(self, channel: Channel) -> bool:
        """Whether apprise understands the channel's address."""
        return self._service(channel) is not None

    def send(self, channel: Channel, message: Message) -> str:
        """Send one message; return the class of the error, empty when the service took it."""
        service = self._service(channel)
        if not service:
            return "address_unusable"
        from apprise import NotifyType

        kinds = {
            "info": NotifyType.INFO, "warning": NotifyType.WARNING, "error": NotifyType.FAILURE,
        }  # fmt: skip
        answer = service.notify(
            message.body,
            title=message.title,
            notify_type=NotifyType.SUCCESS if message.is_recovery else kinds[message.severity],
            body_format="text",
            timeout=SECONDS,
        )
        return "" if answer else _class_of(answer)

    def _address(self, channel: Channel) -> str:
        try:
            secret = self._secrets.find(channel.url)
        except Stop:
            return ""
        return secret.reveal() if secret else ""

    def _service(self, channel: Channel) -> Any:
        if channel.name not in self._services:
            self._services[channel.name] = _made(self._address(channel))
        return self._services[channel.name]


def _made(address: str) -> Any:
    from apprise import Apprise, AppriseAsset

    # Its log names hosts and, when debugging, whole addresses.
    logger = logging.getLogger("apprise")
    logger.propagate = False
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    asset = AppriseAsset(
        app_id="Accord", app_desc="Accord", app_url="", image_url_mask="", image_url_logo=""
    )
    service = Apprise(asset=asset)
    with warnings.catch_warnings():
        # Its services are imported by the first address, one of them with a module of old.
        warnings.filterwarnings("ignore", message="'imghdr'", category=DeprecationWarning)
        is_added = bool(address) and service.add(address)
    return service if is_added and len(service) == 1 else None


def _class_of(answer: Any) -> str:
    """Class a failure by what apprise noted, of which only a status may be said."""
    if answer.status.name == "TIMEOUT":
        return "timeout"
    noted = " ".join(str(entry.message) for entry in answer.logs())
    if match := _STATUS.search(noted):
        return f"refused_{match[1]}"
    return "no_connection" if "onnection" in noted else "not_sent"
