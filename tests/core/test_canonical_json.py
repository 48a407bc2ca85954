"""JSON read strictly: what two readers could take for two things is refused."""

from __future__ import annotations

import json

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from core import canonical_json
from core.errors import Malformed

texts = st.text(st.characters(exclude_categories=["Cs"]))
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)

records = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | texts
    | st.text(st.characters(max_codepoint=160)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)


def nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


class TestLoad:
    @given(values)
    def test_reads_what_json_can_say(self, value: object) -> None:
        assert canonical_json.load(json.dumps(value).encode()) == value

    @pytest.mark.parametrize(
        "data",
        [
            b"",
            b"{",
            b"NaN",
            b"-Infinity",
            b"1e999",
            b"-1e999",
            b'{"a":1,"a":1}',
            b'[{"b":{"a":1,"a":2}}]',
            b'"\xff"',
            b'"\\ud800"',
            b'"\\udc00\\ud800"',
            b'{"\\udfff":1}',
            b"\xef\xbb\xbf{}",
            b"9" * 5000,
            nested(10_000),
        ],
        ids=lambda data: repr(data[:24]),
    )
    def test_refuses_what_readers_differ_about(self, data: bytes) -> None:
        with pytest.raises(Malformed):
            canonical_json.load(data)

    def test_takes_a_whole_surrogate_pair(self) -> None:
        assert canonical_json.load(b'"\\ud83d\\ude00"') == "\N{GRINNING FACE}"

    def test_is_as_deep_as_it_says(self) -> None:
        assert canonical_json.load(nested(canonical_json.DEEPEST))
        with pytest.raises(Malformed):
            canonical_json.load(nested(canonical_json.DEEPEST + 1))


class TestDump:
    @given(records)
    def test_gives_the_bytes_of_another_implementation(self, value: canonical_json.Json) -> None:
        assert canonical_json.dump(value) == rfc8785.dumps(canonical_json._normalise_value(value))

    @pytest.mark.parametrize(
        "value", [0.5, {"a": [1.0]}, {1: 2}, 2**53, -(2**53), [{"a": 2**60}], "\ud800"]
    )
    def test_refuses_what_would_not_read_alike_everywhere(self, value: canonical_json.Json) -> None:
        with pytest.raises(ValueError, match=r"."):
            canonical_json.dump(value)
