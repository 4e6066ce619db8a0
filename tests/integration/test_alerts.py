"""Alerts stored in PostgreSQL and sent through apprise to real HTTP servers on loopback."""

from __future__ import annotations

import io
import logging
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accord.alerting import AppriseSender, Told, deliver_pending, watch_outcomes
from accord.contracts.channels import Channel
from accord.contracts.outcomes import load_outcomes
from accord.emulation.server import Request, Response, Server, json_response, route
from accord.secrets import Secrets
from accord.settings import CHECKOUT
from accord.store import alerts
from accord.store.alerts import Severity
from accord.store.database import Role, Store
from accord.store.landing import note_first_day
from tests.support.engine import rows

TOKEN = "t0k3n-of-the-hook"
STATES = st.lists(st.sampled_from(["info", "warning", "error", None]), max_size=12)


@dataclass
class Hook:
    """A chat service's web hook that answers with `status` and keeps what it took."""

    status: int = 200
    taken: list[Mapping[str, str]] = field(default_factory=list)
    sending: Callable[[], None] = lambda: None

    def __post_init__(self) -> None:
        self.server = Server([route("POST", "/.*", self.answer)]).start()

    @property
    def address(self) -> str:
        return f"json://hook:{TOKEN}@127.0.0.1:{self.server.port}/hook"

    def answer(self, request: Request) -> Response:
        self.sending()
        if self.status == 200:
            self.taken.append(request.json())
        return json_response(self.status, {})

    @property
    def titles(self) -> list[str]:
        return [message["title"] for message in self.taken]


@dataclass
class Clock:
    now: datetime = field(default_factory=lambda: datetime.now(UTC) + timedelta(seconds=1))

    def __call__(self) -> datetime:
        return self.now

    def wait(self, **span: float) -> None:
        self.now += timedelta(**span)


@pytest.fixture
def hooks() -> Iterator[Callable[[], Hook]]:
    with ExitStack() as stack:

        def made() -> Hook:
            hook = Hook()
            stack.callback(hook.server.stop)
            return hook

        yield made


def channels(*names: str, **changes: object) -> dict[str, Channel]:
    return {name: Channel(name=name, url=f"env:{name}", **changes) for name in names}


def deliver(store: Store, clock: Clock, **addresses: str) -> Told:
    sender = AppriseSender(Secrets(addresses))
    return deliver_pending(store, channels(*addresses), sender, clock=clock)


def raise_(store: Store, topic: str = "run_failed:takings", severity: Severity = "error") -> None:
    with store.transaction(Role.DELIVERER) as connection:
        alerts.raise_alert(
            connection, topic=topic, severity=severity, subject="A run failed", message="Why."
        )


def recover(store: Store, topic: str = "run_failed:takings") -> bool:
    with store.transaction(Role.DELIVERER) as connection:
        return alerts.recover(connection, topic, message="It runs again.")


def standing(store: Store) -> Mapping[str, alerts.Standing]:
    with store.session(Role.READER) as connection:
        return alerts.standing(connection)


def nobody_listens() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"json://hook:{TOKEN}@127.0.0.1:{probe.getsockname()[1]}/hook"


def test_an_alert_arrives_once_however_often_it_is_raised_and_delivered(
    store: Store, hooks: Callable[[], Hook]
) -> None:
    hook, clock = hooks(), Clock()
    for _ in range(3):
        raise_(store)
        deliver(store, clock, finance=hook.address)
    assert hook.titles == ["[Accord: error] A run failed"]
    (stored,) = rows(store, "select repeats, state from ops.alerts")
    assert stored == {"repeats": 2, "state": "raised"}


def test_a_recovery_arrives_after_what_it_recovers_from_and_a_new_episode_is_told_anew(
    store: Store, hooks: Callable[[], Hook]
) -> None:
    hook = hooks()
    raise_(store)
    assert recover(store)
    assert not recover(store)
    raise_(store)
    deliver(store, Clock(), finance=hook.address)
    assert hook.titles == [
        "[Accord: error] A run failed",
        "[Accord: recovered] A run failed",
        "[Accord: error] A run failed",
    ]
    assert [message["type"] for message in hook.taken] == ["failure", "success", "failure"]


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(states=STATES)
def test_exactly_the_changes_of_state_are_noticed(
    installed: Store, states: list[Severity | None]
) -> None:
    topic = f"any:{uuid4()}"
    for severity in states:
        if severity:
            raise_(installed, topic, severity)
        else:
            recover(installed, topic)
    noticed = rows(
        installed,
        "select case kind when 'recovered' then null else severity::text end as state"
        " from ops.alert_notices where topic = %(topic)s order by notice_id",
        {"topic": topic},
    )
    kept = [state for state, _ in groupby([None, *states])]
    assert [row["state"] for row in noticed] == kept[1:]
    assert (topic in standing(installed)) is (kept[-1] is not None)


def test_two_processes_that_see_the_same_trouble_make_one_alert(store: Store) -> None:
    with store.transaction(Role.DELIVERER) as first:
        about = {"topic": "run_failed:takings", "severity": "error", "subject": "s", "message": "m"}
        alerts.raise_alert(first, **about)
        with store.session(Role.DELIVERER) as second:
            second.execute("set lock_timeout = '10ms'")
            with pytest.raises(Exception, match="lock timeout"):
                alerts.raise_alert(second, **about)
    raise_(store)
    assert rows(store, "select repeats from ops.alerts") == [{"repeats": 1}]


@pytest.mark.parametrize(("status", "error"), [(500, "refused_500"), (403, "refused_403")])
def test_a_channel_that_refuses_is_told_on_the_others_and_its_messages_wait(
    store: Store, hooks: Callable[[], Hook], status: int, error: str
) -> None:
    finance, operations, clock = hooks(), hooks(), Clock()
    finance.status = status
    addresses = {"finance": finance.address, "operations": operations.address}
    raise_(store)
    assert deliver(store, clock, **addresses) == Told(sent=2, failing={"finance": error})
    assert operations.titles == [
        "[Accord: error] A run failed",
        "[Accord: error] The alert channel finance takes no messages",
    ]
    finance.status = 200
    assert deliver(store, clock, **addresses).sent == 0
    clock.wait(minutes=1)
    deliver(store, clock, **addresses)
    assert finance.titles == ["[Accord: error] A run failed"]
    assert operations.titles[2:] == [
        "[Accord: recovered] The alert channel finance takes no messages"
    ]


def test_an_unreachable_channel_costs_one_attempt_a_call_and_is_given_up_in_the_end(
    store: Store,
) -> None:
    clock, address = Clock(), nobody_listens()
    raise_(store)
    raise_(store, "run_failed:stock")
    for attempt in range(1, 11):
        assert deliver(store, clock, finance=address).failing == {"finance": "no_connection"}
        (first, second) = rows(store, "select * from ops.alert_deliveries order by notice_id")
        assert (first["attempts"], second["attempts"]) == (attempt, 0)
        clock.wait(minutes=15)
    assert (first["state"], first["last_error"]) == ("failed", "no_connection")
    assert second["state"] == "pending"
    assert standing(store)["alert_channel:finance"].severity == "error"


def test_neither_the_store_nor_the_log_holds_a_channels_address(store: Store) -> None:
    heard, root = logging.StreamHandler(io.StringIO()), logging.getLogger()
    root.addHandler(heard)
    raise_(store)
    deliver(store, Clock(), finance=nobody_listens())
    root.removeHandler(heard)
    stored = repr(
        rows(store, "select a, n, d from ops.alerts a, ops.alert_notices n, ops.alert_deliveries d")
    )
    assert "no_connection" in stored
    assert TOKEN not in stored
    assert "127.0.0.1" not in stored + heard.stream.getvalue()


def test_secrets_in_a_message_are_blotted_out_before_they_are_stored(store: Store) -> None:
    with store.transaction(Role.DELIVERER) as connection:
        alerts.raise_alert(
            connection,
            topic="t",
            severity="error",
            subject="https://ann:hunter2@x.example failed",
            message="Authorization: Bearer abc.def refused",
        )
    stored = repr(rows(store, "select subject, message from ops.alert_notices"))
    assert "hunter2" not in stored
    assert "abc.def" not in stored


def test_a_killed_sender_leaves_its_message_to_be_sent_again_and_nothing_overtakes_it(
    store: Store, hooks: Callable[[], Hook]
) -> None:
    hook, clock = hooks(), Clock()
    raise_(store)
    with pytest.raises(KeyboardInterrupt):
        deliver_pending(store, channels("finance"), Killed(), clock=clock)
    recover(store)
    assert deliver(store, clock, finance=hook.address).sent == 0
    clock.wait(minutes=2)
    deliver(store, clock, finance=hook.address)
    assert hook.titles == ["[Accord: error] A run failed", "[Accord: recovered] A run failed"]


class Killed:
    """A sender whose process ends while it sends."""

    def is_on(self, channel: Channel) -> bool:
        return True

    def send(self, channel: Channel, message: object) -> str:
        raise KeyboardInterrupt


def test_two_processes_at_once_send_a_message_once(store: Store, hooks: Callable[[], Hook]) -> None:
    hook, clock = hooks(), Clock()
    others: list[Told] = []
    hook.sending = lambda: others.append(deliver(store, clock, finance=hook.address))
    raise_(store)
    assert deliver(store, clock, finance=hook.address).sent == 1
    assert others == [Told(0, {})]
    assert len(hook.taken) == 1


def test_a_process_without_the_address_leaves_the_message_to_one_that_has_it(
    store: Store, hooks: Callable[[], Hook]
) -> None:
    hook, clock = hooks(), Clock()
    raise_(store)
    assert deliver_pending(
        store, channels("finance"), AppriseSender(Secrets({})), clock=clock
    ) == Told(0, {})
    assert deliver(store, clock, finance=hook.address).sent == 1


def test_what_is_a_day_old_is_not_sent_any_more(store: Store, hooks: Callable[[], Hook]) -> None:
    hook, clock = hooks(), Clock()
    raise_(store)
    deliver_pending(store, channels("finance"), AppriseSender(Secrets({})), clock=clock)
    clock.wait(days=1, minutes=1)
    assert deliver(store, clock, finance=hook.address).sent == 0
    (stored,) = rows(store, "select state, last_error from ops.alert_deliveries")
    assert stored == {"state": "failed", "last_error": "expired"}


def test_an_acknowledged_alert_keeps_who_saw_it_until_it_gets_worse(store: Store) -> None:
    raise_(store, severity="warning")
    with store.transaction(Role.DELIVERER) as connection:
        assert alerts.acknowledge(connection, "run_failed:takings", by="ann")
        assert not alerts.acknowledge(connection, "run_failed:stock", by="ann")
    raise_(store, severity="warning")
    assert rows(store, "select acknowledged_by from ops.alerts") == [{"acknowledged_by": "ann"}]
    raise_(store, severity="error")
    (stored,) = rows(store, "select acknowledged_by, acknowledged_at from ops.alerts")
    assert stored == {"acknowledged_by": "", "acknowledged_at": None}


def test_a_missed_outcome_is_raised_once_and_recovers_when_it_is_met(store: Store) -> None:
    outcomes = load_outcomes(CHECKOUT / "contracts" / "outcomes.yaml")
    now = datetime.now(UTC).replace(hour=12)
    day = (now - timedelta(days=1)).date()
    with store.transaction(Role.LANDER) as connection:
        note_first_day(connection, day - timedelta(days=1))
    topic = "outcome:takings_in_accounting"
    assert watch_outcomes(store, outcomes, {}, now) == [topic]
    assert watch_outcomes(store, outcomes, {}, now + timedelta(minutes=1)) == []
    assert standing(store)[topic].severity == "error"
    rows(
        store,
        "insert into ops.reconciliations"
        " (name, partition_key, state, difference, records, run_id, compared_at)"
        " values ('rec_takings__pos_vs_xero', %(day)s, 'equal', 0, 1, 'r', %(at)s)",
        {"day": day.isoformat(), "at": now.replace(hour=3)},
    )
    assert watch_outcomes(store, outcomes, {}, now + timedelta(minutes=2)) == [topic]
    assert standing(store) == {}
    (noticed,) = rows(store, "select owner from ops.alert_notices where kind = 'recovered'")
    assert noticed == {"owner": "finance@company.example"}
