"""What somebody took away at a destination since it was read is not made again by a late write."""

from __future__ import annotations

from collections.abc import Sequence

from accord.records import Receipt, Write
from accord.store.database import Store
from tests.support import engine, registers
from tests.support.registers import FIRMS, PEOPLE, Keeper, Member, Register, drop, say


class Hasty(Register):
    """A register in which what is there is taken away before it can be written to."""

    def deliver(self, kind: str, writes: Sequence[Write]) -> Sequence[Receipt]:
        """Find nothing of what was looked up a moment ago."""
        if not self.objects:
            return Register.deliver(self, kind, writes)
        self.objects.clear()
        return [Receipt(write.write_id, "gone") for write in writes]


def the_write(keeper: Keeper) -> dict[str, object]:
    (told,) = engine.rows(
        keeper.store, "select state, cause, detail from ops.outbox where settled_at is null"
    )
    return told


def test_what_was_read_there_and_is_gone_is_not_made_again(keeper: Keeper) -> None:
    its_id = keeper.register.add("Ada")
    say(keeper.store, FIRMS, [Member("A", "Ada Lovelace", destination_id=its_id)])
    del keeper.register.objects[its_id]
    done = keeper.deliver(FIRMS)
    assert (done.counts[""], done.depending, done.trouble) == ({"due": 1, "held": 1}, 1, None)
    assert the_write(keeper) == {
        "state": "held", "cause": "gone",
        "detail": "its object id-1 is not there any more, though it was when the system was last "
        "read",
    }  # fmt: skip
    assert keeper.counts(FIRMS) == {"due": 1, "held": 1}  # and the same again
    assert keeper.register.effects == []


def test_it_is_made_anew_once_the_model_knows_that_it_is_gone_and_wants_it(keeper: Keeper) -> None:
    say(keeper.store, FIRMS, [Member("A", "Ada", destination_id="id-7")])
    keeper.deliver(FIRMS)
    say(keeper.store, FIRMS, [Member("A", "Ada")])
    assert keeper.counts(FIRMS) == {"due": 1, "delivered": 1}
    assert keeper.register.effects == [("created", "A")]


def test_it_is_forgotten_once_the_model_does_not_want_it_any_more(keeper: Keeper) -> None:
    say(keeper.store, FIRMS, [Member("A", "Ada", destination_id="id-7")])
    keeper.deliver(FIRMS)
    drop(keeper.store, FIRMS, "A")
    assert keeper.counts(FIRMS) == {}
    assert keeper.register.effects == []
    told = engine.rows(keeper.store, "select state, cause from ops.outbox")
    assert told == [{"state": "superseded", "cause": ""}]


def test_it_goes_out_when_it_is_there_again(keeper: Keeper) -> None:
    its_id = keeper.register.add("Ada")
    there = keeper.register.objects.pop(its_id)
    say(keeper.store, FIRMS, [Member("A", "Ada Lovelace", destination_id=its_id)])
    keeper.deliver(FIRMS)
    keeper.register.objects[its_id] = there
    assert keeper.counts(FIRMS) == {"due": 1, "delivered": 1}
    assert keeper.register.effects == [("updated", "A")]


def test_a_look_at_everything_makes_nothing_again_either(keeper: Keeper) -> None:
    its_id = keeper.register.add("Ada")
    say(keeper.store, FIRMS, [Member("A", "Ada", destination_id=its_id)])
    keeper.deliver(FIRMS)
    del keeper.register.objects[its_id]
    assert keeper.counts(FIRMS) == {}
    assert keeper.counts(FIRMS, distrust=True) == {"due": 1, "held": 1}
    assert keeper.register.effects == [("updated", "A")]


def test_what_we_made_and_nobody_read_yet_is_made_again(keeper: Keeper) -> None:
    say(keeper.store, FIRMS, [Member("A", "Ada")])
    keeper.deliver(FIRMS)
    keeper.register.objects.clear()
    say(keeper.store, FIRMS, [Member("A", "Ada Lovelace")])
    assert keeper.counts(FIRMS) == {"due": 1, "delivered": 1}
    assert keeper.register.effects == [("created", "A"), ("created", "A")]


def test_what_needs_an_object_that_is_gone_waits_for_it(keeper: Keeper) -> None:
    say(keeper.store, FIRMS, [Member("A", "Ada")])
    keeper.deliver(FIRMS)
    (its_id,) = keeper.register.objects
    keeper.register.objects.clear()
    say(keeper.store, FIRMS, [Member("A", "Ada Lovelace", destination_id=its_id)])
    keeper.deliver(FIRMS)
    say(keeper.store, PEOPLE, [Member("p", "Pia", needs=("firms:A",))])
    assert keeper.counts(PEOPLE) == {"due": 1, "held": 1}
    (told,) = engine.rows(keeper.store, "select detail from ops.outbox where object_key = 'p'")
    assert told == {"detail": "waits for firms:A"}
    say(keeper.store, FIRMS, [Member("A", "Ada Lovelace")])
    keeper.deliver(FIRMS)
    assert keeper.counts(PEOPLE) == {"due": 1, "delivered": 1}


def test_one_that_goes_while_it_is_written_waits_for_the_model_too(installed: Store) -> None:
    keeper = Keeper(engine.emptied(registers.emptied(installed)), Hasty())
    its_id = keeper.register.add("Ada")
    say(keeper.store, FIRMS, [Member("A", "Ada Lovelace", destination_id=its_id)])
    assert keeper.counts(FIRMS) == {"due": 1, "held": 1}
    assert the_write(keeper)["cause"] == "gone"


def test_one_that_was_only_matched_is_looked_up_anew_at_once(installed: Store) -> None:
    keeper = Keeper(engine.emptied(registers.emptied(installed)), Hasty())
    keeper.register.add("Ada")
    say(keeper.store, FIRMS, [Member("A", "Ada")])
    assert keeper.counts(FIRMS) == {"due": 1, "delivered": 1}
    assert keeper.register.effects == [("created", "A")]
