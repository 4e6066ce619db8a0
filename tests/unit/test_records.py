"""The values that travel between systems and the engine."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord.records import Window, content_digest

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("first", "last", "inside"),
    [
        (None, None, True),
        (date(2011, 1, 4), date(2011, 1, 4), True),
        (date(2011, 1, 5), None, False),
        (None, date(2011, 1, 3), False),
        (date(2011, 1, 5), date(2011, 1, 3), False),
    ],
)
def test_a_window_holds_both_of_its_ends(
    first: date | None, last: date | None, *, inside: bool
) -> None:
    assert Window(first, last).holds(date(2011, 1, 4)) is inside


@given(st.dictionaries(st.text(max_size=3), JSON, max_size=4))
def test_equal_contents_have_equal_digests_whatever_their_order(content: dict[str, Any]) -> None:
    turned = dict(reversed(content.items()))
    assert content_digest(turned) == content_digest(content)
    assert content_digest(json.loads(json.dumps(content))) == content_digest(content)


@given(st.dictionaries(st.text(max_size=3), JSON), st.dictionaries(st.text(max_size=3), JSON))
def test_different_contents_have_different_digests(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    same_text = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    assert (content_digest(one) == content_digest(other)) is same_text


@given(st.dictionaries(st.text(max_size=3), JSON, max_size=4))
def test_a_digest_is_that_of_the_compact_text_in_the_order_of_its_keys(
    content: dict[str, Any],
) -> None:
    """What was delivered before an upgrade is known by it, and is not delivered again."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert content_digest(content) == hashlib.sha256(text.encode()).hexdigest()
