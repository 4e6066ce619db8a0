"""Batches: done in Mailchimp's own time, told in part or not at all, and never done twice."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import stamina

from accord.emulation.faults import Fault, FaultKind
from accord.errors import Retry, Unanswered
from accord.records import Write
from systems.mailchimp.batches import Batches, Operation, Result, unpacked
from systems.mailchimp.emulator import Emulator
from tests.support import mailchimp
from tests.support.mailchimp import KIND, Clock, write

MANY = 12
SLOW = 30.0


@pytest.fixture(autouse=True)
def _two_attempts() -> Iterator[None]:
    stamina.set_testing(True, attempts=2, cap=True)
    yield
    stamina.set_testing(False)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def there(tmp_path: Path, clock: Clock) -> Iterator[Emulator]:
    with mailchimp.emulator(tmp_path, clock, batch_seconds=SLOW) as running:
        yield running


def many(**values: str) -> list[Write]:
    return [write(f"g-{number:02}", **values) for number in range(MANY)]


def once(there: Emulator) -> bool:
    """Tell whether each member is there once and was made once."""
    keys = [item.key for item in many()]
    return all(len(mailchimp.under(there, key)) == 1 for key in keys) and all(
        mailchimp.effects(there, key).count("created") == 1 for key in keys
    )


def test_many_writes_go_as_one_batch_that_is_waited_for(there: Emulator, clock: Clock) -> None:
    with mailchimp.client(there, clock) as client:
        mailchimp.delivered(client, *many())
        assert len(there.batches()) == 1
        assert sum(clock.waits) >= SLOW
        assert clock.waits == sorted(clock.waits)
        found = client.look_up(KIND, [item.key for item in many()])
    assert {key: item.digest for key, item in found.items()} == {
        item.key: item.digest for item in many()
    }


def test_each_effect_of_a_batch_bears_the_name_of_its_write(there: Emulator, clock: Clock) -> None:
    wanted = many()
    with mailchimp.client(there, clock) as client:
        mailchimp.delivered(client, *wanted)
    done = {it.key: it.operation for it in there.journal() if it.operation != "by hand"}
    assert done == {item.key: item.write_id for item in wanted}


def test_each_write_of_a_batch_is_settled_by_its_own_result(there: Emulator, clock: Clock) -> None:
    wrong = [write("g-x", company="x" * 300), write("g-y", email="y@fake.example")]
    with mailchimp.client(there, clock) as client:
        receipts = mailchimp.deliver(client, *many(), *wrong)
    assert receipts.pop("g-x").cause == "merge_field_refused"
    assert receipts.pop("g-y").cause == "email_refused"
    assert {it.outcome for it in receipts.values()} == {"delivered"}


def test_operations_that_failed_on_the_way_are_unknown_and_the_others_settled(
    there: Emulator, clock: Clock
) -> None:
    there.faults.add(Fault("refuse_some", method="POST", path="batches"))
    with mailchimp.client(there, clock) as client:
        assert len(mailchimp.deliver(client, *many())) == MANY // 2
        assert len(client.look_up(KIND, [item.key for item in many()])) == MANY // 2
        mailchimp.delivered(client, *many())
    assert once(there)


def test_an_operation_there_was_no_time_for_is_busy_and_the_others_settled(
    there: Emulator, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = Batches.run

    def run(batches: Batches, operations: Sequence[Operation]) -> dict[str, Result]:
        return {**plain(batches, operations[1:]), operations[0].name: Result(429, {})}

    monkeypatch.setattr(Batches, "run", run)
    with mailchimp.client(there, clock) as client:
        receipts = mailchimp.deliver(client, *many())
    assert Counter(it.outcome for it in receipts.values()) == {"delivered": MANY - 1, "busy": 1}


@pytest.mark.parametrize("kind", ["cut_body", "status_before"])
def test_results_that_cannot_be_fetched_leave_the_writes_to_be_looked_up(
    there: Emulator, clock: Clock, kind: FaultKind
) -> None:
    there.faults.add(Fault(kind, path="results", times=2))
    wanted = many()
    with mailchimp.client(there, clock) as client, pytest.raises(Unanswered):
        mailchimp.deliver(client, *wanted)
    with mailchimp.client(there, clock) as client:
        assert len(client.look_up(KIND, [item.key for item in wanted])) == MANY
    assert once(there)


def test_a_batch_whose_answer_was_lost_is_waited_for_before_anything_is_looked_up(
    there: Emulator, clock: Clock
) -> None:
    there.faults.add(Fault("reset_after", method="POST", path="batches"))
    with mailchimp.client(there, clock) as client:
        with pytest.raises(Unanswered):
            mailchimp.deliver(client, *many())
        assert mailchimp.under(there, "g-00") == []
        assert len(client.look_up(KIND, [item.key for item in many()])) == MANY
        mailchimp.delivered(client, *many(first_name="Ada"))
    assert once(there)


def test_a_batch_of_a_process_that_died_is_waited_for_by_the_next(
    there: Emulator, clock: Clock
) -> None:
    with mailchimp.client(there, clock) as dead:
        there.faults.add(Fault("status_before", method="GET", path="batches/", times=2))
        with pytest.raises(Unanswered):
            mailchimp.deliver(dead, *many())
    with mailchimp.client(there, clock) as client:
        assert len(client.look_up(KIND, [item.key for item in many()])) == MANY


def test_a_batch_that_is_never_finished_is_given_up_and_holds_everything_up(
    tmp_path: Path, clock: Clock
) -> None:
    with (
        mailchimp.emulator(tmp_path, clock, batch_seconds=1e6) as there,
        mailchimp.client(there, clock) as client,
    ):
        with pytest.raises(Unanswered):
            mailchimp.deliver(client, *many())
        with pytest.raises(Retry, match="not finished"):
            client.look_up(KIND, ["g-00"])


def test_too_many_pending_batches_mean_that_nothing_was_sent(there: Emulator, clock: Clock) -> None:
    there.fill_queue()
    with mailchimp.client(there, clock) as client:
        wanted = mailchimp.seen(client, *many())
        assert sum(clock.waits) >= SLOW, "looking waits until all that was under way is done"
        there.fill_queue()
        with pytest.raises(Retry) as raised:
            client.deliver(KIND, wanted)
    assert not isinstance(raised.value, Unanswered)


def test_results_are_taken_out_of_any_number_of_files_and_no_other() -> None:
    one = b'[{"status_code": 200, "operation_id": "a", "response": "{\\"contact_id\\": \\"c\\"}"}]'
    two = b'[{"status_code": 404, "operation_id": "b", "response": ""}]'
    archive = packed({"./x/1.json": one, "./x/2.json": two, "../../etc/passwd": b"[]"})
    results = dict(unpacked(archive))
    assert (results["a"].status, results["a"].content) == (200, {"contact_id": "c"})
    assert (results["b"].status, results["b"].content) == (404, {})
    assert set(results) == {"a", "b"}


@pytest.mark.parametrize(
    "archive",
    [b"", b"no archive", gzip.compress(b"no tar" * 200)],
    ids=["nothing", "not gzipped", "no tar"],
)
def test_results_that_are_no_archive_are_not_whole(archive: bytes) -> None:
    with pytest.raises(Retry):
        dict(unpacked(archive))


def test_results_cut_anywhere_are_not_whole() -> None:
    body = b'[{"status_code": 200, "operation_id": "a", "response": "{}"}]'
    whole = packed({"1.json": body})
    for end in range(0, len(whole) - 12, 3):
        try:
            results = dict(unpacked(whole[:end]))
        except Retry:
            continue
        assert set(results) <= {"a"}


def packed(files: dict[str, bytes]) -> bytes:
    """A gzipped tar of these files."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w:gz") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return written.getvalue()
