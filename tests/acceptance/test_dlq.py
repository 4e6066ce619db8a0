"""A steward's morning, by subprocess: find a torn line, look at it, mend it, send it on its way.

And before a large change leaves: see what a run would write, and let it write exactly that.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from accord.settings import Settings
from accord.store import server
from tests.support.command import Home, Told, a_home
from tests.support.day_files import a_file, a_line

pytestmark = pytest.mark.slow

DAY, OTHER = "2011-01-04", "2011-01-05"
CUSTOMER = "307550913428"
TORN = f"540009,41002,TIN BOAT,4,{DAY} 10:00:00,{CUSTOMER}.0".encode()
MENDED = a_line(InvoiceNo="540009", Quantity="4", CustomerID=f"{CUSTOMER}.0")
COMMANDS = ("list", "show", "edit", "replay", "discard", "restore", "rotate-key")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    tills = tmp_path_factory.mktemp("tills")
    (tills / f"{DAY}.csv").write_bytes(a_file(a_line(), TORN))
    (tills / f"{OTHER}.csv").write_bytes(a_file(a_line(OTHER), b"a till test"))
    settings = {"ACCORD_POS_URL": tills.as_uri(), "ACCORD_USER": "ann"}
    with a_home(settings) as made, made.served():
        first = made.accord("run")
        assert first.code == 0, first.err
        yield made


def letter_of(home: Home, day: str, state: str = "waiting") -> str:
    """The id of a day's letter."""
    told = home.accord("dlq", "list", "--partition", day, "--state", state, "--output", "json")
    ((cause),) = told.report["causes"]
    ((letter),) = cause["letters"]
    return str(letter["id"])


def sql(home: Home, statement: str, **values: str) -> None:
    """Change the store behind Accord's back, its guards switched off."""
    address = server.address(Settings(home.folder, None, {}), start=False)
    literals = {name: psycopg.sql.Literal(value) for name, value in values.items()}
    with psycopg.connect(address.conninfo) as connection:
        connection.execute("set session_replication_role = replica")
        connection.execute(psycopg.sql.SQL(statement).format(**literals))


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(home: Home, command: str) -> None:
    assert f"Example: accord dlq {command}" in home.accord("dlq", command, "--help").out


def test_the_letters_are_listed_by_cause_with_count_and_remedy(home: Home) -> None:
    told = home.accord("dlq", "list", "--system", "pos", "--state", "any")
    assert told.code == 0
    assert "wrong_field_count" in told.out
    assert "Remedy: " in told.out
    assert home.accord("dlq", "list", "--cause", "nothing").out.startswith("No dead letter")
    assert home.accord("dlq", "list", "--state", "lost").code == 2


def test_what_a_letter_holds_is_shown_only_when_revealed_which_is_on_record(home: Home) -> None:
    letter = letter_of(home, OTHER)
    plain = home.accord("dlq", "show", letter[-8:])
    assert (plain.code, "a till test" in plain.out) == (0, False)
    shown = home.accord("dlq", "show", letter, "--reveal", "--why", "asked", "--output", "json")
    assert shown.report["versions"][0]["text"] == "a till test"
    assert [(it["who"], it["what"]) for it in shown.report["audit"]] == [("ann", "reveal")]


def test_an_id_that_is_not_there_is_told_with_the_way_to_find_one(home: Home) -> None:
    told = home.accord("dlq", "show", "ffffffff-ffff")
    assert told.code == 3
    assert "accord dlq list" in told.err


def test_a_torn_line_is_mended_replayed_and_delivered(home: Home) -> None:
    letter = letter_of(home, DAY)
    still = home.accord("dlq", "replay", letter, "--output", "json")
    assert still.code == 4
    assert still.report["letters"][0]["outcome"] == "still rejected"
    mended = home.folder / "mended.csv"
    mended.write_bytes(MENDED + b"\n")
    assert home.accord("dlq", "edit", letter, "--file", str(mended)).code == 0
    mended.unlink()
    told = home.accord("dlq", "replay", letter, "--why", "read from the roll", "--output", "json")
    assert (told.code, told.report["still_waiting"]) == (0, 0), told.err
    flows = {flow["name"]: flow for flow in status(home)["flows"]}
    assert flows["pos.sales_lines"]["rejected"] == 1
    assert all(flow["balanced"] for flow in flows.values())
    rec = home.accord("reconcile", "--from", DAY, "--to", DAY, "--output", "json").report
    ((day),) = next(iter(rec["comparisons"].values()))
    assert (day["state"], float(day["found"])) == ("equal", 2 * 3.25 + 4 * 3.25)


def status(home: Home) -> dict[str, list[dict[str, object]]]:
    """How everything stands."""
    found: dict[str, list[dict[str, object]]] = home.accord("status", "--output", "json").report
    return found


def test_the_editor_of_the_stewards_choice_changes_what_is_given_to_it(home: Home) -> None:
    letter = letter_of(home, OTHER)
    editor = "sed -i s/test/trial/"
    assert home.accord("dlq", "edit", letter, EDITOR=editor).code == 0
    shown = home.accord("dlq", "show", letter, "--reveal", "--output", "json").report
    assert [it["text"] for it in shown["versions"]] == ["a till test", "a till trial"]
    assert home.accord("dlq", "edit", letter, EDITOR="true").out.startswith("Nothing")
    for wrong in ({"EDITOR": "false"}, {"EDITOR": "", "VISUAL": ""}):
        told: Told = home.accord("dlq", "edit", letter, **wrong)
        assert (told.code, "Remedy" in told.err) == (3, True)


def test_a_discard_wants_to_know_which_and_why(home: Home) -> None:
    letter = letter_of(home, OTHER)
    assert home.accord("dlq", "discard", letter).code == 2
    assert home.accord("dlq", "discard", "--why", "no sale").code == 2
    assert home.accord("dlq", "replay").code == 2
    assert home.accord("dlq", "discard", letter, "--why", "no sale").code == 0
    kept = home.accord("dlq", "show", letter, "--output", "json").report
    assert (kept["state"], kept["discarded_by"], kept["discarded_why"]) == (
        "discarded", "ann", "no sale",
    )  # fmt: skip
    assert home.accord("dlq", "restore", letter, "--why", "a sale after all").code == 0
    assert letter_of(home, OTHER) == letter
    assert home.accord("dlq", "discard", letter, "--why", "no sale").code == 0


def test_a_new_key_seals_everything_again_and_the_old_one_is_gone(home: Home) -> None:
    file = home.folder / "sealing.key"
    old = file.read_text()
    told = home.accord("dlq", "rotate-key", "--output", "json")
    assert told.report["sealed_again"] >= 2
    assert (file.read_text() != old, len(file.read_text().split())) == (True, 1)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    shown = home.accord("dlq", "show", letter_of(home, DAY, "resolved"), "--reveal")
    assert CUSTOMER in shown.out


def test_the_ledger_is_verified_and_a_missing_row_is_found(home: Home) -> None:
    told = home.accord("ledger", "verify", "--output", "json")
    assert (told.code, told.report["verified"]) == (0, True)
    assert "Example: accord ledger verify" in home.accord("ledger", "verify", "--help").out
    sql(home, "create table ops.aside as select * from landing.pos__sales_lines limit 1")
    sql(
        home,
        "delete from landing.pos__sales_lines where version in (select version from ops.aside)",
    )
    told = home.accord("ledger", "verify")
    assert (told.code, "records landed" in told.out) == (5, True)
    sql(home, "insert into landing.pos__sales_lines overriding system value table ops.aside")
    sql(home, "drop table ops.aside")
    assert home.accord("ledger", "verify").code == 0


def planned(home: Home, file: Path, *options: str) -> Told:
    """A plan of the takings, kept in a file."""
    return home.accord("plan", "--flow", "takings", "--save", str(file), *options)


def remember_otherwise(home: Home, digest: str) -> None:
    """Let the store believe that a day's document was sent with a remark."""
    sql(
        home,
        "with sent as (update ops.crosswalk set digest = {digest} where object_key = {key}"
        " returning write_id) update ops.outbox set content = content || {remark}"
        " where write_id in (select write_id from sent)",
        digest=digest, key=f"POS-{DAY}", remark='{"remark": "as before"}',
    )  # fmt: skip


def test_a_plan_lists_each_field_and_is_made_once_and_only_as_it_was_seen(home: Home) -> None:
    seen, later = home.folder / "seen.json", home.folder / "later.json"
    remember_otherwise(home, "one")
    text = planned(home, seen)
    assert (text.code, f"update xero.documents POS-{DAY}" in text.out) == (0, True), text.err
    assert 'remark: "•••" → nothing' in text.out
    assert "as before" not in text.out + seen.read_text()
    remember_otherwise(home, "another")
    stale = home.accord("apply", str(seen))
    assert (stale.code, "The world has changed" in stale.err) == (3, True)
    told = planned(home, later, "--reveal", "--why", "asked", "--output", "json")
    ((change,),) = [it["changes"] for it in told.report["deliveries"]]
    assert (change["object"], change["write"]) == (f"POS-{DAY}", "update")
    assert change["fields"] == {"remark": {"old": "as before", "new": None}}
    made = home.accord("apply", str(later), "--why", "as it was", "--output", "json")
    assert made.code == 0, made.err
    ((done),) = made.report["deliveries"]
    assert (done["delivery"], done["due"], done["unchanged"]) == ("xero.documents", 2, 2)
    assert home.accord("apply", str(later)).code == 3
    assert planned(home, seen, "--output", "json").report["deliveries"][0]["writes"] == {}


def test_what_is_no_plan_is_refused_with_a_remedy(home: Home) -> None:
    other = home.folder / "other.json"
    other.write_text('{"version": 99}')
    for told in (
        home.accord("apply", str(other)),
        home.accord("apply", str(home.folder / "nowhere.json")),
        home.accord("plan", "--flow", "nonsense"),
    ):
        assert (told.code, "Remedy: " in told.err) == (3, True)


def test_no_value_of_a_letter_is_in_any_file_but_the_stores(home: Home) -> None:
    """The records lie in landing; what a steward reveals goes to the screen and nowhere else."""
    assert [path for path, text in home.logs() if CUSTOMER in text] == []
    assert not list(Path("/dev/shm").glob("accord-*/record.txt"))  # noqa: S108
