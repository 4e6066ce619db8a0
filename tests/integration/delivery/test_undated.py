"""Objects without days: what changed is due, and nothing that is due is ever forgotten."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from accord.delivery.courier import Approved
from accord.store.database import Connection, Role, Store
from accord.store.outbox import Outbox
from accord.store.verification import verify
from tests.support import engine, registers
from tests.support.engine import Crashed
from tests.support.registers import FIRMS, PEOPLE, Keeper, Member, Register, say


def members(*names: str) -> list[Member]:
    """Members whose key is the beginning of their name."""
    return [Member(name[0], name) for name in names]


def test_only_what_changed_since_the_last_run_is_due(keeper: Keeper) -> None:
    say(keeper.store, FIRMS, members("Ada", "Bob", "Cyd"))
    assert keeper.counts(FIRMS) == {"due": 3, "delivered": 3}
    assert keeper.counts(FIRMS) == {}
    say(keeper.store, FIRMS, members("Bill"))
    assert keeper.counts(FIRMS) == {"due": 1, "delivered": 1}
    assert keeper.register.names() == {"A": "Ada", "B": "Bill", "C": "Cyd"}


def test_what_could_not_be_sent_is_due_again_though_it_has_not_changed(keeper: Keeper) -> None:
    say(keeper.store, FIRMS, members("Ada", "Bob"))
    keeper.register.moods = ["is down"]
    assert keeper.counts(FIRMS) == {"due": 2, "waiting": 2}
    assert keeper.counts(FIRMS) == {"due": 2, "delivered": 2}


def test_a_write_that_waits_stays_the_same_write(keeper: Keeper) -> None:
    """Its identity is its idempotency key."""
    say(keeper.store, FIRMS, members("Ada"))
    keeper.register.moods = ["is down", "is down"]
    for _ in range(3):
        keeper.deliver(FIRMS)
    assert engine.rows(keeper.store, "select state from ops.outbox") == [{"state": "delivered"}]


def test_what_the_gate_held_is_due_again_once_it_opens(keeper: Keeper) -> None:
    say(keeper.store, FIRMS, members("Ada", "Bob"))
    assert keeper.counts(FIRMS, approve=registers.approve_none) == {"due": 2, "held": 2}
    assert keeper.register.names() == {}
    assert keeper.counts(FIRMS) == {"due": 2, "delivered": 2}


def test_what_was_refused_stays_due_until_it_is_mended(keeper: Keeper) -> None:
    say(keeper.store, FIRMS, members("Ada"))
    keeper.register.moods = ["refuses"]
    assert keeper.counts(FIRMS) == {"due": 1, "rejected": 1}
    assert keeper.counts(FIRMS) == {"due": 1, "rejected": 1}
    say(keeper.store, FIRMS, members("Anna"))
    assert keeper.counts(FIRMS) == {"due": 1, "delivered": 1}
    assert keeper.counts(FIRMS) == {}
    assert engine.letters(keeper.store) == []


def test_a_row_that_the_gate_kept_back_is_due_when_it_passes_without_a_change(
    keeper: Keeper,
) -> None:
    """Another row may have been what was wrong with it, such as a number they shared."""
    say(keeper.store, FIRMS, members("Ada", "Bob"))
    engine.rows(keeper.store, _JUDGED, {"keys": ["B"]})
    _hide_rejected(keeper.store)
    assert keeper.counts(FIRMS) == {"due": 1, "delivered": 1}
    engine.rows(keeper.store, _JUDGED, {"keys": []})
    assert keeper.counts(FIRMS) == {"due": 1, "delivered": 1}
    assert keeper.register.names() == {"A": "Ada", "B": "Bob"}


def test_another_definition_of_the_model_makes_everything_due(keeper: Keeper) -> None:
    say(keeper.store, FIRMS, members("Ada", "Bob"))
    keeper.deliver(FIRMS)
    _hide_rejected(keeper.store, remark="'again'")
    assert keeper.counts(FIRMS) == {"due": 2, "unchanged": 2}
    assert keeper.counts(FIRMS) == {}


def test_on_request_everything_is_looked_up_again(keeper: Keeper) -> None:
    say(keeper.store, FIRMS, members("Ada", "Bob"))
    keeper.deliver(FIRMS)
    keeper.register.objects.popitem()
    assert keeper.counts(FIRMS) == {}
    assert keeper.counts(FIRMS, distrust=True) == {"due": 2, "unchanged": 1, "delivered": 1}


def test_what_somebody_else_notes_meanwhile_is_seen_and_ends_no_run(keeper: Keeper) -> None:
    """A consolidation beside it may ask for a copy to be sent again."""
    say(keeper.store, FIRMS, members("Ada", "Bob"))
    keeper.deliver(FIRMS)
    asked = []

    def approve(connection: Connection, days: Sequence[str]) -> Approved:
        if not asked:
            engine.rows(keeper.store, "update ops.crosswalk set digest = '' where object_key = 'A'")
        asked.append(days)
        return registers.approve_all(connection, days)

    found = keeper.counts(FIRMS, distrust=True, approve=approve)
    assert found == {"due": 2, "unchanged": 2}
    assert len(asked) == 2


def test_a_lost_answer_is_looked_up_before_anything_is_repeated(keeper: Keeper) -> None:
    say(keeper.store, FIRMS, members("Ada", "Bob"))
    keeper.register.moods = ["loses its answer", "is lost on the way"]
    assert keeper.counts(FIRMS) == {"due": 2, "delivered": 2}
    assert sorted(keeper.register.effects) == [("created", "A"), ("created", "B")]


@pytest.mark.parametrize("seen", ["by the next run", "by the same run"])
def test_what_changed_while_the_last_write_was_unknown_is_not_forgotten(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch, seen: str
) -> None:
    """Nothing may follow a write that nobody knows the fate of; but it has to come after that."""
    say(keeper.store, FIRMS, members("Ada", "Bob"))
    keeper.deliver(FIRMS)
    engine.rows(
        keeper.store,
        "update ops.outbox set state = 'sending', settled_at = null where object_key = 'A'",
    )
    say(keeper.store, FIRMS, members("Anna", "Bill"))
    times = 1 if seen == "by the same run" else 9
    with monkeypatch.context() as patched:
        patched.setattr(Register, "look_up", registers.unseen(times))
        keeper.deliver(FIRMS)
    for _ in range(2):
        keeper.deliver(FIRMS)
    assert keeper.register.names() == {"A": "Anna", "B": "Bill"}


def test_a_run_counts_what_it_learned_of_a_killed_one(keeper: Keeper) -> None:
    """Its objects are not due again, but their writes have become its own."""
    say(keeper.store, FIRMS, members("Ada", "Bob"))
    keeper.deliver(FIRMS)
    engine.rows(
        keeper.store,
        "update ops.outbox set state = 'sending', settled_at = null where object_key = 'A'",
    )
    say(keeper.store, FIRMS, members("Cyd"))
    assert keeper.counts(FIRMS) == {"due": 2, "delivered": 2}
    with keeper.store.session(Role.READER) as connection:
        wrong = [it for check in verify(connection) for it in check.discrepancies]
    assert [it for it in wrong if it.run_id == keeper.runs[-1]] == []


def test_a_run_that_was_killed_before_it_counted_its_last_deliveries_is_balanced(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(keeper.store, FIRMS, members("Ada"))
    say(keeper.store, PEOPLE, members("Bob", "Cyd"))
    keeper.deliver(FIRMS)
    keeper.runs.clear()  # the same run delivers both
    monkeypatch.setattr(Outbox, "post", _killed)
    with pytest.raises(Crashed):
        keeper.deliver(PEOPLE)
    with keeper.store.session(Role.READER) as connection:
        assert [it for check in verify(connection) for it in check.discrepancies] == []


def test_what_was_delivered_by_a_run_that_never_told_is_found_missing(keeper: Keeper) -> None:
    say(keeper.store, FIRMS, members("Ada"))
    keeper.deliver(FIRMS)
    engine.rows(keeper.store, "delete from ops.ledger")
    with keeper.store.session(Role.READER) as connection:
        wrong = [it for check in verify(connection) for it in check.discrepancies]
    assert [(it.check, it.posted, it.found) for it in wrong] == [("posted", 0, 1)]


@pytest.mark.parametrize("same", [True, False], ids=["the same run again", "another run"])
def test_what_a_killed_run_delivered_is_in_the_ledger_once_it_is_over(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch, same: bool
) -> None:
    """A run is killed after its writes were settled and before it posted any."""
    say(keeper.store, FIRMS, members("Ada", "Bob"))
    with monkeypatch.context() as patched:
        patched.setattr(Outbox, "post", _killed)
        with pytest.raises(Crashed):
            keeper.deliver(FIRMS)
    if same:
        keeper.runs.clear()
    say(keeper.store, FIRMS, members("Cyd"))
    keeper.deliver(FIRMS)
    posted = engine.rows(keeper.store, "select sum(delivered) as delivered from ops.ledger")
    assert posted == [{"delivered": 3}]
    with keeper.store.session(Role.READER) as connection:
        assert [it for check in verify(connection) for it in check.discrepancies] == []
    keeper.deliver(FIRMS)
    assert engine.rows(keeper.store, "select sum(delivered) as delivered from ops.ledger") == posted


def _killed(*_: object) -> None:
    raise Crashed("before outbox.post")


def test_what_was_never_sent_of_an_object_that_is_no_more_is_withdrawn(keeper: Keeper) -> None:
    say(keeper.store, FIRMS, members("Ada", "Bob"))
    keeper.register.moods = ["refuses"]
    keeper.deliver(FIRMS)
    registers.drop(keeper.store, FIRMS, "A")
    assert keeper.counts(FIRMS) == {"due": 1, "rejected": 1}
    assert [letter["record_key"] for letter in engine.letters(keeper.store)] == ["B"]


_JUDGED = """
    with verdict as (
        insert into ops.verdicts (
            entity, partition_key, data_version, contract_digest, passed, checked, rejected, run_id
        )
        values ('member', '', 'as it is', 'test', true, 2, 1, 'test') returning verdict_id
    )
    insert into ops.verdict_rows (verdict_id, row_key, rules)
    select verdict_id, key, '{test}' from verdict, unnest(%(keys)s::text[]) as key
"""


def _hide_rejected(store: Store, *, remark: str = "''") -> None:
    """Let the view leave out what the gate keeps back, as publish models do."""
    with store.transaction(Role.MODELER) as connection:
        connection.execute("drop view publish.pub_register__firms")
        connection.execute(
            "create view publish.pub_register__firms as select f.*, " + remark + " as remark"
            " from canonical.firms as f where not exists (select from ops.rejected_rows as r"
            " where r.entity = 'member' and r.row_key = f.object_key)"
        )
