"""Ids: 16 bytes in lower-case base32, there and back, as the standard library spells them."""

from __future__ import annotations

import base64
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import ids


class TestIds:
    @given(st.binary(min_size=16, max_size=16))
    def test_are_base32_of_their_bytes(self, raw: bytes) -> None:
        spelt = ids.from_bytes("evt", raw)

        assert spelt == f"evt_{base64.b32encode(raw).decode().rstrip('=').lower()}"
        assert ids.is_id(spelt, "evt")
        assert ids.to_bytes(spelt) == raw

    @pytest.mark.parametrize("length", [0, 15, 17])
    def test_have_16_bytes(self, length: int) -> None:
        with pytest.raises(ValueError, match="16 bytes"):
            ids.from_bytes("evt", bytes(length))

    def test_are_fresh_version_7(self) -> None:
        fresh = {ids.new("evt") for _ in range(1000)}

        assert len(fresh) == 1000
        assert {uuid.UUID(bytes=ids.to_bytes(each)).version for each in fresh} == {7}
