"""Dead letters at rest: any value, sealed, in one transaction with the cursor; keys that change."""

from __future__ import annotations

import base64
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

from accord.errors import Stop
from accord.sealing import VARIABLE, SealingKeys
from accord.secrets import Secrets
from accord.store import dead_letters, sealed, stewardship
from accord.store.database import MIGRATIONS, Role, Store
from accord.store.dead_letters import about, as_payload
from accord.store.queries import script
from accord.store.server import PSYCOPG_3, parsed
from tests.support import engine, postgres
from tests.support.day_files import DAY, a_file, a_line
from tests.support.letters import (
    a_rejected,
    deliver,
    edit,
    land,
    letters,
    take,
    the_letter,
)  # fmt: skip

NEW = "YW5vdGhlciBrZXkgZm9yIHRlc3RzLCAzMiBieXRlcyE="
OLD = "c2VhbHMgZm9yIHRlc3RzIG9ubHksIDMyIGJ5dGVzISE="


@pytest.fixture
def store(installed: Store) -> Store:
    """An empty store whose key in use is the tests' own again."""
    rotate(engine.emptied(installed))
    return installed


def keys(*texts: str) -> SealingKeys:
    """Keys as a reference gives them, the newest first."""
    return SealingKeys(Secrets({VARIABLE: " ".join(texts)}), Path("/nowhere"))


def with_keys(store: Store, *texts: str) -> Store:
    """The same store, opened with other keys."""
    return Store(store.address, sealing=keys(*texts))


def rotate(store: Store, *, lost: bool = False) -> int:
    """Bring everything to the newest of the store's keys."""
    assert store.sealing is not None
    with store.transaction(Role.STEWARD) as connection:
        new = store.sealing.ring().newest
        return sealed.rotate(connection, new, lambda it: about(*it), lost=lost)


def held(store: Store) -> bytes:
    """What the only waiting letter holds, as the store opens it."""
    with store.session(Role.STEWARD) as connection:
        letter = the_letter(store)
        (original,) = stewardship.originals(connection, [letter.dead_letter_id]).values()
    return original.payload


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\0",
        b"NUL \0 in the midst",
        b"\xff\xfe no UTF-8 \xc3\x28",
        bytes(range(256)) * 3,
        "Zoë 𝄞 \u2028".encode(),
        b"x" * 20_000_000,
        as_payload(
            {
                "at": datetime(2026, 11, 23, 6, tzinfo=UTC), "on": date(2026, 11, 23),
                "amount": Decimal("1234567890.000000001"), "scan": b"\0\xff", "half": "\ud800",
            }
        ),
    ],
    ids=["empty", "NUL", "NUL inside", "no UTF-8", "all bytes", "Unicode", "20 MB", "values"],
)  # fmt: skip
def test_a_record_of_any_value_is_kept_as_it_was(store: Store, payload: bytes) -> None:
    landed = land(store, a_rejected(payload))
    assert landed.rejected.total() == 1
    assert held(store) == payload


def test_values_that_json_has_no_form_for_are_kept_as_text() -> None:
    found = json.loads(
        as_payload({"at": datetime(2026, 1, 2, tzinfo=UTC), "sum": Decimal("1.10"), "b": b"\0\xff"})
    )
    assert found == {
        "at": "2026-01-02 00:00:00+00:00", "sum": "1.10", "b": base64.b64encode(b"\0\xff").decode(),
    }  # fmt: skip
    assert as_payload(b"\0\xff as it is") == b"\0\xff as it is"


def test_a_row_with_times_decimals_and_bytes_that_the_gate_rejects_is_kept(store: Store) -> None:
    with store.transaction(Role.GATEKEEPER) as connection:
        ((row,),) = connection.execute(
            "select convert_to(to_jsonb(t)::text, 'UTF8') from (select timestamptz"
            " '2026-11-23 06:00+00' as at, 1234567890.000000001 as amount, '\\x00ff'::bytea as scan"
            ") as t"
        ).fetchall()
        dead_letters.put(
            connection, [a_rejected(row)], dead_letters.Origin("gate", "sale", "", "run")
        )
    assert json.loads(held(store), parse_float=Decimal)["amount"] == Decimal("1234567890.000000001")


def test_a_key_that_no_text_column_can_hold_does_not_stop_the_landing(store: Store) -> None:
    land(store, a_rejected(key="NUL \0", detail="half \ud800"), a_rejected(key="\ud83d half"))
    assert sorted(it.record_key for it in letters(store)) == ["NUL \\0", "\\ud83d half"]
    with store.session(Role.STEWARD) as connection:
        found = stewardship.originals(connection, [it.dead_letter_id for it in letters(store)])
    assert {it.payload for it in found.values()} == {b"torn"}


def test_nothing_of_a_record_rests_in_plain_anywhere(store: Store, tmp_path: Path) -> None:
    deliver(tmp_path, a_file(a_line(CustomerID="30077.0", Quantity="none")))
    take(store, tmp_path)
    edit(store, a_line(CustomerID="30088.0"))
    rested = str(engine.everything_stored(store))
    for shown in ("30077", "30088"):
        assert shown not in rested
        assert shown.encode().hex() not in rested


def test_without_its_key_nothing_lands_rather_than_a_letter_in_plain(
    store: Store, tmp_path: Path
) -> None:
    deliver(tmp_path, a_file(a_line(), b"torn"))
    before = engine.everything_stored(store)
    for other in (Store(store.address), with_keys(store, NEW)):
        with pytest.raises(Stop, match="key.*Remedy: "):
            take(other, tmp_path)
        assert engine.everything_stored(store) == before
    take(store, tmp_path)
    assert the_letter(store).cause == "wrong_field_count"


def test_what_needs_no_letter_needs_no_key(store: Store, tmp_path: Path) -> None:
    deliver(tmp_path, a_file(a_line()))
    take(with_keys(store, NEW), tmp_path)
    assert letters(store) == []


def test_after_a_rotation_the_new_key_alone_opens_everything(store: Store) -> None:
    land(store, a_rejected(b"one"))
    edit(store, b"two")
    assert rotate(with_keys(store, NEW, OLD)) == 2
    assert held(with_keys(store, NEW)) == b"two"
    with pytest.raises(Stop, match="not here"):
        held(store)


def test_the_same_record_rejected_again_after_a_rotation_stays_one_letter(store: Store) -> None:
    land(store, a_rejected())
    rotate(with_keys(store, NEW, OLD))
    land(with_keys(store, NEW), a_rejected())
    assert len(letters(store)) == 1


def test_a_process_from_before_a_rotation_keeps_nothing_under_the_retired_key(
    store: Store,
) -> None:
    rotate(with_keys(store, NEW, OLD))
    with pytest.raises(Stop, match="not here.*Remedy: "):
        land(store, a_rejected())
    assert letters(store) == []


def test_a_process_that_has_both_keys_goes_on_through_a_rotation(store: Store) -> None:
    both = with_keys(store, OLD, NEW)
    land(both, a_rejected(key="a"))
    rotate(with_keys(store, NEW, OLD))
    land(both, a_rejected(key="b"), complete=False)
    assert len({it.key_id for it in letters(store)}) == 1


def test_a_transaction_from_before_a_rotation_fails_rather_than_use_the_old_key(
    store: Store,
) -> None:
    origin = dead_letters.Origin("gate", "sale", "", "run")
    with (
        store.session(Role.LANDER) as connection,
        pytest.raises(psycopg.errors.SerializationFailure),
        connection.transaction(),
    ):
        connection.execute("set transaction isolation level repeatable read")
        connection.execute("select 1 from ops.sealing_keys")
        rotate(with_keys(store, NEW, OLD))
        dead_letters.put(connection, [a_rejected()], origin)
    assert letters(store) == []


def test_a_rotation_that_fails_midway_leaves_everything_under_the_old_key(store: Store) -> None:
    land(store, a_rejected(key="a"), a_rejected(key="b"))
    broken = letters(store)[-1]
    engine.rows(
        store,
        "update ops.dead_letters set payload = payload || '\\x00' where dead_letter_id = %(id)s",
        {"id": broken.dead_letter_id},
    )
    before = engine.everything_stored(store)
    with pytest.raises(Stop, match="altered"):
        rotate(with_keys(store, NEW, OLD))
    assert engine.everything_stored(store) == before


def test_a_lost_key_is_an_error_until_somebody_says_that_it_is_lost(store: Store) -> None:
    land(store, a_rejected(key="a"))
    alone = with_keys(store, NEW)
    with pytest.raises(Stop, match="not here"):
        rotate(alone)
    assert rotate(alone, lost=True) == 0
    land(alone, a_rejected(key="b"), complete=False)
    assert len(letters(store)) == 2
    with pytest.raises(Stop, match="not here"):
        held_of(alone, "a")
    assert held_of(alone, "b") == b"torn"


def held_of(store: Store, record: str) -> bytes:
    """What the letter of a record holds."""
    (letter,) = [it for it in letters(store) if it.record_key == record]
    with store.session(Role.STEWARD) as connection:
        (original,) = stewardship.originals(connection, [letter.dead_letter_id]).values()
    return original.payload


def test_a_payload_put_into_another_letter_does_not_open(store: Store) -> None:
    land(store, a_rejected(key="a", payload=b"1"), a_rejected(key="b", payload=b"2"))
    engine.rows(
        store,
        "update ops.dead_letters set payload = (select payload from ops.dead_letters"
        " where record_key = 'b')",
    )
    with pytest.raises(Stop, match="altered"):
        held_of(store, "a")


def test_a_store_from_before_is_sealed_when_it_is_upgraded(postgres_url: str) -> None:
    """Its plain payloads are gone from the table's files too, and repeats are still recognised."""
    secret = b"card of customer 30077"
    with postgres.fresh_database(postgres_url) as url:
        made = create_engine(parsed(url).url(PSYCOPG_3))
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(script("roles"))
        with made.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "0004")
        made.dispose()
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(
                "insert into ops.dead_letters (stage, name, piece, partition_key, record_key,"
                " cause, detail, remedy, payload, first_run_id, last_run_id) values ('landing',"
                " 'pos.sales_lines', %s, %s, 'a', 'wrong', 'd', 'r', %s, 'run', 'run')",
                (f"{DAY}.csv", DAY, secret),
            )
        store = engine.a_store(url)
        assert held(store) == secret
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("checkpoint")
            ((content,),) = connection.execute(
                "select pg_read_binary_file(pg_relation_filepath('ops.dead_letters'))"
            ).fetchall()
        assert content
        assert secret not in content
        land(store, a_rejected(secret))
        assert len(letters(store)) == 1
