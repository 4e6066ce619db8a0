"""What may be said aloud."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord.privacy import redacted

HIDDEN = "s3cr3t-value"


@pytest.mark.parametrize(
    "text",
    [
        f"Authorization: Bearer {HIDDEN}",
        f"authorization=Basic {HIDDEN}",
        f"sent bearer {HIDDEN} away",
        f'{{"access_token": "{HIDDEN}"}}',
        f"client_secret={HIDDEN}&grant_type=x",
        f"password: {HIDDEN}",
        f"postgresql://user:{HIDDEN}@host/db",
        f"https://{HIDDEN}@host/",
        f"'refresh_token': '{HIDDEN}'",
    ],
)
def test_tokens_passwords_and_users_of_addresses_are_blotted_out(text: str) -> None:
    told = redacted(text)
    assert HIDDEN not in told
    assert "***" in told


@pytest.mark.parametrize(
    "text",
    ["", "2011-01-04: 3 of 7 lines", "https://host:8080/path?day=1", "the secret of success"],
)
def test_what_holds_nothing_secret_stays_as_it_is(text: str) -> None:
    assert redacted(text) == text


@given(st.text(alphabet="abcXYZ0189._-~+/", min_size=8))
def test_no_token_gets_through_whatever_it_is_made_of(token: str) -> None:
    assert f"={token}" not in redacted(f"x=1&access_token={token}")
