"""Secrets by reference, and that they do not show."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from accord.errors import Stop
from accord.secrets import Secret, Secrets

HIDDEN = "never-to-be-seen"


def test_a_secret_is_found_in_the_environment_and_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(f"  {HIDDEN}\n", encoding="utf-8")
    secrets = Secrets({"NAME": HIDDEN, "POINTER": f"file:{file}", "TWICE": "env:POINTER"})
    for reference in ("env:NAME", f"file:{file}", "env:POINTER", "env:TWICE"):
        assert secrets.resolve(reference).reveal() == HIDDEN
        found = secrets.find(reference)
        assert found is not None
        assert found.reveal() == HIDDEN


def test_a_secret_does_not_show_itself() -> None:
    secret = Secret(HIDDEN)
    assert HIDDEN not in f"{secret} {secret!r} {[secret]}"
    assert HIDDEN not in str(Secrets({"NAME": HIDDEN}).resolve("env:NAME"))


@pytest.mark.parametrize("reference", ["env:MISSING", "env:EMPTY", "file:/nowhere/at/all"])
def test_a_secret_that_is_not_there_is_refused_by_name_and_with_the_remedy(reference: str) -> None:
    secrets = Secrets({"EMPTY": ""})
    assert secrets.find(reference) is None
    name = reference.partition(":")[2]
    with pytest.raises(Stop, match=f"{reference} is not set.*Remedy: .*{name}"):
        secrets.resolve(reference)


@pytest.mark.parametrize("reference", ["vault:x", "NAME", "env:", "", ":x"])
def test_what_is_no_reference_is_refused_with_the_kinds_there_are(reference: str) -> None:
    with pytest.raises(Stop, match="Remedy: write one of env, file"):
        Secrets({"NAME": HIDDEN}).resolve(reference)


def test_a_pointer_to_nowhere_is_not_taken_for_the_secret_itself() -> None:
    secrets = Secrets({"POINTER": "file:/nowhere/at/all"})
    with pytest.raises(Stop, match="file:/nowhere/at/all is not set"):
        secrets.resolve("env:POINTER")
    with pytest.raises(Stop, match="file:/nowhere/at/all is not set"):
        secrets.find("env:POINTER")


def test_a_further_kind_of_reference_needs_a_reader_only() -> None:
    secrets = Secrets({}, readers={"vault": lambda name: f"{name} from the vault"})
    assert secrets.resolve("vault:tills").reveal() == "tills from the vault"


def test_a_secret_can_still_be_handed_to_another_process() -> None:
    again: Secret = pickle.loads(pickle.dumps(Secret(HIDDEN)))  # noqa: S301 - made here
    assert again.reveal() == HIDDEN
