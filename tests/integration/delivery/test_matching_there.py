"""Before anything is created at a destination, what may be the same there is looked for."""

from __future__ import annotations

from tests.support import engine
from tests.support.registers import FIRMS, PEOPLE, Keeper, Member, say


def test_an_object_that_is_the_same_is_adopted_and_not_created_again(keeper: Keeper) -> None:
    its_id = keeper.register.add("Ada")
    say(keeper.store, FIRMS, [Member("A", "Ada")])
    assert keeper.counts(FIRMS) == {"due": 1, "delivered": 1}
    assert keeper.register.effects == [("updated", "A")]
    known = engine.rows(keeper.store, "select object_key, destination_id from ops.crosswalk")
    assert known == [{"object_key": "A", "destination_id": its_id}]


def test_an_object_that_came_from_there_is_adopted_by_its_own_id(keeper: Keeper) -> None:
    its_id = keeper.register.add("Ada as it was")
    say(keeper.store, FIRMS, [Member("A", "Ada", destination_id=its_id)])
    keeper.deliver(FIRMS)
    assert keeper.register.effects == [("updated", "A")]
    assert keeper.register.objects[its_id] == {"name": "Ada", "key": "A"}


def test_an_adoption_whose_answer_is_lost_is_not_made_twice(keeper: Keeper) -> None:
    keeper.register.add("Ada")
    keeper.register.moods = ["is lost on the way", "loses its answer"]
    say(keeper.store, FIRMS, [Member("A", "Ada")])
    assert keeper.counts(FIRMS) == {"due": 1, "delivered": 1}
    assert keeper.register.effects == [("updated", "A")]


def test_several_objects_that_may_be_meant_are_left_to_a_person(keeper: Keeper) -> None:
    for _ in range(2):
        keeper.register.add("Ada")
    say(keeper.store, FIRMS, [Member("A", "Ada"), Member("B", "Bob")])
    assert keeper.counts(FIRMS) == {"due": 2, "rejected": 1, "delivered": 1}
    assert keeper.register.effects == [("created", "B")]
    (letter,) = engine.letters(keeper.store)
    assert (letter["cause"], letter["record_key"]) == ("ambiguous_match", "A")


def test_what_the_destination_owns_is_sent_once_with_a_new_object(keeper: Keeper) -> None:
    say(keeper.store, FIRMS, [Member("A", "Ada", seed={"consent": "yes"})])
    keeper.deliver(FIRMS)
    (there,) = keeper.register.objects.values()
    assert there["consent"] == "yes"
    there["consent"] = "no"
    say(keeper.store, FIRMS, [Member("A", "Anna", seed={"consent": "yes"})])
    keeper.deliver(FIRMS)
    assert (there["name"], there["consent"]) == ("Anna", "no")


def test_a_missing_dependency_holds_says_so_and_goes_out_by_itself_later(keeper: Keeper) -> None:
    say(keeper.store, PEOPLE, [Member("p", "Pia", needs=("firms:A",)), Member("q", "Quin")])
    done = keeper.deliver(PEOPLE)
    assert (done.counts[""], done.depending) == ({"due": 2, "held": 1, "delivered": 1}, 1)
    held = engine.rows(keeper.store, "select object_key, detail from ops.outbox where state='held'")
    assert held == [{"object_key": "p", "detail": "waits for firms:A"}]
    assert engine.letters(keeper.store) == []
    say(keeper.store, FIRMS, [Member("A", "Ada")])
    keeper.deliver(FIRMS)
    assert keeper.counts(PEOPLE) == {"due": 1, "delivered": 1}


def test_what_needs_its_own_kind_is_sent_after_it_in_the_same_run(keeper: Keeper) -> None:
    say(
        keeper.store,
        PEOPLE,
        [Member("a", "Ann", needs=("people:b",)), Member("b", "Ben", needs=("people:c",)),
         Member("c", "Cid")],
    )  # fmt: skip
    assert keeper.counts(PEOPLE) == {"due": 3, "delivered": 3}
    assert [key for _, key in keeper.register.effects] == ["c", "b", "a"]


def test_new_content_of_what_is_held_takes_the_place_of_the_old(keeper: Keeper) -> None:
    for name in ("Pia", "Paula"):
        say(keeper.store, PEOPLE, [Member("p", name, needs=("firms:A",))])
        keeper.deliver(PEOPLE)
    states = engine.rows(keeper.store, "select state from ops.outbox order by write_id")
    assert [row["state"] for row in states] == ["superseded", "held"]


def test_what_was_adopted_is_told_from_what_we_made(keeper: Keeper) -> None:
    its_id = keeper.register.add("Ada")
    say(keeper.store, FIRMS, [Member("A", "Ada"), Member("B", "Bob")])
    keeper.deliver(FIRMS)
    told = engine.rows(
        keeper.store, "select object_key, adopted_id from ops.outbox order by object_key"
    )
    assert told == [
        {"object_key": "A", "adopted_id": its_id},
        {"object_key": "B", "adopted_id": ""},
    ]


def test_that_something_was_adopted_is_known_though_its_answer_was_lost(keeper: Keeper) -> None:
    its_id = keeper.register.add("Ada")
    keeper.register.moods = ["is lost on the way", "loses its answer"]
    say(keeper.store, FIRMS, [Member("A", "Ada")])
    keeper.deliver(FIRMS)
    (told,) = engine.rows(keeper.store, "select adopted_id from ops.outbox")
    assert told["adopted_id"] == its_id
