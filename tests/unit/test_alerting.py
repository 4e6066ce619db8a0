"""What is worth an alert, whom it concerns, and what may be said of a channel."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from accord.alerting import Told
from accord.alerting.decide import (
    MAX_ATTEMPTS,
    Raise,
    Recover,
    channels_gone,
    next_attempt,
    outcome_changes,
    routed,
    worded,
)
from accord.alerting.sending import AppriseSender
from accord.contracts.channels import Channel, load_channels
from accord.contracts.outcomes import Outcome, OutcomeState, State
from accord.errors import Stop
from accord.secrets import Secrets
from accord.settings import CHECKOUT
from accord.store.alerts import Kind, Notice, Severity, Standing, change
from sensors.alerts import said
from sensors.failures import Ended, days_of, still_failed

NOW = datetime(2011, 3, 9, 7, tzinfo=UTC)
TUESDAY = date(2011, 3, 8)
TOPIC = "outcome:takings"
FINANCE = "finance@company.example"
OUTCOME = Outcome(
    name="takings",
    says="Accounting holds the takings",
    owner=FINANCE,
    flow="takings",
    reconciliation="rec",
    deadline=time(6),
    timezone="UTC",
    acceptable_latency=timedelta(hours=2),
    measure="the difference",
)


def a_state(state: State, detail: str = "It differs.", *, day: date = TUESDAY) -> OutcomeState:
    return OutcomeState(outcome="takings", state=state, day=day, due_at=NOW, detail=detail)


def raised(severity: Severity, message: str = "It differs.") -> dict[str, Standing]:
    return {TOPIC: Standing(TOPIC, severity, message, NOW)}


def changes(
    state: OutcomeState, standing: dict[str, Standing] | None = None, since: date | None = TUESDAY
) -> list[Raise | Recover]:
    return outcome_changes([state], {"takings": OUTCOME}, standing or {}, since=since)


def a_notice(kind: Kind = "raised", **changes: str) -> Notice:
    values = {
        "topic": TOPIC, "severity": "warning", "reach": "warning", "owner": FINANCE,
        "subject": "Takings: late", "message": "It differs.", "run_id": "",
    } | changes  # fmt: skip
    return Notice(notice_id=1, kind=kind, noticed_at=NOW, **values)


def a_channel(name: str = "finance", **changes: object) -> Channel:
    return Channel(**{"name": name, "url": "env:ADDRESS", **changes})


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        (None, "warning", "raised"),
        ("warning", "warning", None),
        ("warning", "error", "changed"),
        ("error", "warning", "changed"),
        ("error", None, "recovered"),
        (None, None, None),
    ],
)
def test_only_a_change_of_state_is_told(
    before: Severity | None, after: Severity | None, kind: Kind | None
) -> None:
    assert change(before, after) == kind


@pytest.mark.parametrize(("state", "severity"), [("late", "warning"), ("missed", "error")])
def test_an_outcome_that_is_not_met_is_raised_to_its_owner(state: State, severity: str) -> None:
    assert changes(a_state(state)) == [
        Raise(TOPIC, severity, f"Accounting holds the takings: {state}", "It differs.", FINANCE)
    ]


def test_an_outcome_that_stands_as_told_is_not_told_again() -> None:
    assert changes(a_state("missed"), raised("error")) == []


def test_an_outcome_missed_for_another_reason_is_stored_again() -> None:
    (found,) = changes(a_state("missed", "It has not arrived."), raised("error"))
    assert isinstance(found, Raise)
    assert found.message == "It has not arrived."


def test_an_outcome_recovers_when_it_is_met_again() -> None:
    assert changes(a_state("met", "Held."), raised("error")) == [Recover(TOPIC, "Held.")]


def test_an_outcome_met_all_along_is_not_worth_a_word() -> None:
    assert changes(a_state("met")) == []


@pytest.mark.parametrize("standing", [{}, raised("error")])
def test_while_a_day_is_pending_nothing_changes(standing: dict[str, Standing]) -> None:
    assert changes(a_state("pending"), standing) == []


@pytest.mark.parametrize("since", [None, TUESDAY + timedelta(days=1)])
def test_nothing_is_owed_for_days_before_the_first(since: date | None) -> None:
    assert changes(a_state("missed"), since=since) == []


def test_the_alert_of_an_outcome_no_longer_declared_ends() -> None:
    (found,) = outcome_changes([], {}, raised("error"), since=TUESDAY)
    assert isinstance(found, Recover)
    assert found.topic == TOPIC


def test_a_notice_goes_to_the_channels_of_its_owner_and_to_those_of_everybody() -> None:
    channels = [
        a_channel("finance", owners=(FINANCE,)),
        a_channel("warehouse", owners=("warehouse@company.example",)),
        a_channel("operations"),
    ]
    assert routed(a_notice(), channels) == ["finance", "operations"]


def test_a_notice_below_a_channels_least_severity_passes_it_by() -> None:
    channels = [a_channel("finance"), a_channel("pager", least_severity="error")]
    assert routed(a_notice(), channels) == ["finance"]


def test_a_recovery_reaches_everybody_whom_the_worst_of_its_episode_reached() -> None:
    notice = a_notice("recovered", severity="warning", reach="error")
    assert routed(notice, [a_channel("pager", least_severity="error")]) == ["pager"]


def test_a_channels_own_failure_is_told_on_the_others_only() -> None:
    notice = a_notice(topic="alert_channel:finance", reach="error")
    assert routed(notice, [a_channel("finance"), a_channel("operations")]) == ["operations"]


def test_the_trouble_of_a_channel_taken_away_is_over() -> None:
    topics = ["alert_channel:gone", "alert_channel:finance", TOPIC]
    assert channels_gone(topics, ["finance"]) == ["alert_channel:gone"]


def test_attempts_come_ever_later_and_end() -> None:
    waits = [next_attempt(attempts, NOW) for attempts in range(1, MAX_ATTEMPTS)]
    assert [wait - NOW for wait in waits if wait] == [
        timedelta(minutes=minutes) for minutes in (1, 2, 4, 8, 15, 15, 15, 15, 15)
    ]
    assert next_attempt(MAX_ATTEMPTS, NOW) is None


@pytest.mark.parametrize(
    ("kind", "title"),
    [
        ("raised", "[Accord: warning] Takings: late"),
        ("changed", "[Accord: now warning] Takings: late"),
        ("recovered", "[Accord: recovered] Takings: late"),
    ],
)
def test_a_message_begins_with_what_has_happened(kind: Kind, title: str) -> None:
    message = worded(a_notice(kind, run_id="r-1"))
    assert message.title == title
    assert message.is_recovery is (kind == "recovered")
    assert message.body.splitlines() == [
        "It differs.", "", f"Topic: {TOPIC}", f"Owner: {FINANCE}", "Run: r-1",
        "At: 2011-03-09 07:00 UTC",
    ]  # fmt: skip


def test_the_declared_channels_are_off_until_their_address_is_set() -> None:
    channels = load_channels(CHECKOUT / "contracts" / "alerts.yaml")
    assert sorted(channels) == ["finance", "operations"]
    sender = AppriseSender(Secrets({"ACCORD_ALERT_FINANCE_URL": "json://hooks.example/x"}))
    assert [name for name, channel in channels.items() if sender.is_on(channel)] == ["finance"]


def test_without_a_file_there_are_no_channels(tmp_path: Path) -> None:
    assert load_channels(tmp_path / "alerts.yaml") == {}


@pytest.mark.parametrize(
    "text",
    [
        "channels: {finance: {url: 'json://token@hooks.example'}}",
        "channels: {finance: {url: 'env:X', least_severity: fatal}}",
        "channels: {finance: {url: 'env:X', ownr: x}}",
        "channels: {'Fi nance': {url: 'env:X'}}",
        "channels: {? [",
    ],
)
def test_unusable_channels_are_refused_with_a_remedy(tmp_path: Path, text: str) -> None:
    path = tmp_path / "alerts.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Stop, match="Remedy: ") as refused:
        load_channels(path)
    assert "token" not in str(refused.value)


@pytest.mark.parametrize(
    ("address", "scheme"),
    [("JSONS://u:p@h", "jsons"), ("s3cr3t-token", ""), ("s3cr3t-token://x", ""), ("", "")],
)
def test_of_an_address_only_the_scheme_is_told(address: str, scheme: str) -> None:
    assert AppriseSender(Secrets({"ADDRESS": address})).scheme(a_channel()) == scheme


@pytest.mark.parametrize("address", ["nonsense", "no-such-service://x", "file:/no/such/file"])
def test_an_address_nobody_understands_fails_instead_of_raising(address: str) -> None:
    sender = AppriseSender(Secrets({"ADDRESS": address}))
    assert sender.is_on(a_channel())
    assert not sender.is_usable(a_channel())
    assert sender.send(a_channel(), worded(a_notice())) == "address_unusable"


def test_a_flow_is_mended_when_each_failed_day_was_run_well_since() -> None:
    newest_first = [
        Ended(frozenset({"2011-03-08"}), succeeded=True),
        Ended(frozenset({"2011-03-07", "2011-03-08"}), succeeded=False),
        Ended(frozenset({"2011-03-07"}), succeeded=True),
    ]
    assert still_failed(newest_first) == ["2011-03-07"]
    assert still_failed([Ended(frozenset({"2011-03-07"}), succeeded=True), *newest_first]) == []


def test_a_runs_days_are_those_of_its_range_or_its_partition() -> None:
    span = {
        "dagster/asset_partition_range_start": "2011-02-28",
        "dagster/asset_partition_range_end": "2011-03-01",
    }
    assert days_of(span) == {"2011-02-28", "2011-03-01"}
    assert days_of({"dagster/partition": "2011-03-08"}) == {"2011-03-08"}


def test_a_tick_says_what_it_did() -> None:
    assert said([], Told(0, {})) == "Nothing has changed."
    assert said([TOPIC], Told(2, {"finance": "timeout"})) == (
        "messages sent: 2; finance takes no messages (timeout); outcome:takings changed"
    )
