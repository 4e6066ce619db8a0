"""Where Accord lives and what the environment overrides."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from accord.settings import CHECKOUT, load


def test_the_environment_is_read_once_and_passed_in() -> None:
    environment = {"ACCORD_HOME": "/srv/accord", "ACCORD_XERO_URL": "http://127.0.0.1:1"}
    settings = load(environment)
    environment["ACCORD_XERO_URL"] = "http://127.0.0.1:2"
    assert settings.url_of("xero") == "http://127.0.0.1:1"
    assert settings.home == Path("/srv/accord")
    assert settings.sandbox == Path("/srv/accord/sandbox")


def test_what_is_set_to_nothing_is_not_set() -> None:
    settings = load({"DATABASE_URL": "", "ACCORD_POS_URL": "", "ACCORD_XERO_TOKEN_URL": ""})
    assert settings.database_url is None
    assert settings.url_of("pos") is None
    assert settings.token_url_of("xero") is None


def test_a_home_may_be_given_relative_to_here_or_to_the_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/someone")
    assert load({"ACCORD_HOME": "here"}).home == tmp_path / "here"
    assert load({"ACCORD_HOME": "~/accord"}).home == Path("/home/someone/accord")


@pytest.mark.parametrize(("user", "below"), [(0, Path("/var/lib/accord")), (1000, CHECKOUT)])
def test_without_a_home_root_gets_one_that_the_server_can_reach(
    user: int, below: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user)
    home = load({}).home
    assert below in home.parents
    assert load({}).home == home
