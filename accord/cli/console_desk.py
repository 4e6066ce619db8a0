"""What `accord console` does."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import asdict
from typing import Any
from urllib.parse import urlsplit

from rich.console import Console

from accord.cli.entities import golden_entity
from accord.cli.exits import Exit
from accord.cli.letters import who
from accord.cli.show import table
from accord.cli.world import opened
from accord.errors import Stop
from accord.settings import Settings
from accord.store import sign_ins
from accord.store.audit import By
from accord.store.database import Role, Store

ENTITY = "customer"


def serve(console: Console, *, port: int) -> None:
    """Serve until asked to stop. Raises Stop when the port is taken."""
    from accord.cli import faults
    from accord.console import Desk, console_app, serving

    entity = golden_entity(ENTITY)
    with serving.bound(port) as listening, opened() as world, world.company() as company:
        address = address_of(world.settings)
        client_of = _in_turn(company.client)
        desk = Desk(world.store, world.systems, client_of, entity, faults.kept, address=address)
        here = f"http://127.0.0.1:{listening.getsockname()[1]}"
        console.print(f"The console is at [bold]{address or here}[/]", highlight=False)
        console.print("Sign in with a token of `accord console grant NAME`. Stop with Ctrl-C.")
        serving.serve(console_app(desk), listening)


def _in_turn(client_of: Callable[[str], object]) -> Callable[[str], object]:
    """Let requests ask for clients one after the other, so that each client is made once."""
    lock = threading.Lock()

    def found(system: str) -> object:
        with lock:
            return client_of(system)

    return found


def address_of(settings: Settings) -> str:
    """Where people reach the console when that is through a proxy, or "".

    Raises Stop when it is not a plain https address.
    """
    address = settings.environment.get("ACCORD_CONSOLE_URL") or ""
    parts = urlsplit(address)
    plain = parts.hostname and not (parts.username or parts.path.strip("/") or parts.query)
    if address and not (parts.scheme == "https" and plain):
        raise Stop(
            "ACCORD_CONSOLE_URL is no address for the console",
            remedy="write https://host of the proxy, without a path",
        )
    return address.rstrip("/")


def first_token(settings: Settings, store: Store) -> tuple[str, str] | None:
    """A token for whoever starts the console, with their name, if nobody may sign in yet."""
    with store.transaction(Role.STEWARD) as connection:
        if sign_ins.standing(connection):
            return None
        name = who(settings)
        return name, sign_ins.grant(connection, name, By(name))


def grant(console: Console, name: str) -> tuple[Exit, dict[str, Any]]:
    """Make a token for a person and show it, this once."""
    with opened() as world, world.store.transaction(Role.STEWARD) as connection:
        token = sign_ins.grant(connection, name, By(who(world.settings)))
    said = f"{name} signs in with this token; it is not shown again:\n\n  {token}\n"
    console.print(said, markup=False, highlight=False)
    return Exit.OK, {"who": name, "token": token}


def revoke(console: Console, name: str) -> tuple[Exit, dict[str, Any]]:
    """End a person's sign-in; whoever is signed in with it is so no more."""
    with opened() as world, world.store.transaction(Role.STEWARD) as connection:
        sign_ins.revoke(connection, name, By(who(world.settings)))
    console.print(f"{name} cannot sign in any more.", markup=False, highlight=False)
    return Exit.OK, {"who": name}


def listed(console: Console) -> tuple[Exit, list[dict[str, Any]]]:
    """List who may sign in."""
    with opened() as world, world.store.session(Role.STEWARD) as connection:
        found = sign_ins.standing(connection)
    rows = [
        (
            it.who,
            f"{it.granted_at:%Y-%m-%d %H:%M}",
            f"{it.last_used_at:%Y-%m-%d %H:%M}" if it.last_used_at else "never",
        )
        for it in found
    ]
    if rows:
        console.print(table("", ("who", "since", "last signed in"), rows))
    else:
        console.print("Nobody may sign in yet; `accord console grant NAME` makes a token.")
    return Exit.OK, [asdict(item) for item in found]
