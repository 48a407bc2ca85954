"""The keyed layout: pinned for ever, and rebuilt here from its description alone."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.watermark_speech import KEY, OTHER_KEY
from watermark.speech.identity_layer import build_identity_layout
from watermark.speech.keyed_pattern import build_layout, derive_start_slot, derive_stream
from watermark.speech.parameters import SPEECH_1


def words_of(key: bytes, label: str, count: int) -> list[int]:
    """The stream as the description says, read with nothing but the standard library."""
    data = hashlib.shake_256(b"sayso-speech/1\0" + label.encode() + b"\0" + key).digest(8 * count)
    return [int.from_bytes(data[at : at + 8], "big") for at in range(0, len(data), 8)]


def bits_of(key: bytes, label: str, count: int) -> list[int]:
    data = hashlib.shake_256(b"sayso-speech/1\0" + label.encode() + b"\0" + key).digest(
        -(-count // 8)
    )
    return [int(bit) for byte in data for bit in f"{byte:08b}"][:count]


class TestLayout:
    def test_is_what_a_second_implementation_gets_from_the_description(self) -> None:
        words = words_of(KEY, "permutation", 85 * 56)
        order = sorted(range(85 * 56), key=lambda cell: words[cell])
        group = [0] * (85 * 56)
        for place, cell in enumerate(order):
            group[cell] = 112 + place % 24 if place < 480 else (place - 480) % 112
        found = build_layout(KEY)
        assert found.group.ravel().tolist() == group
        assert found.chip.ravel().tolist() == [
            1 - 2 * bit for bit in bits_of(KEY, "chips", 85 * 56)
        ]
        assert found.whitening.tolist() == bits_of(KEY, "whitening", 56)
        assert found.sync_sign.tolist() == [1 - 2 * bit for bit in bits_of(KEY, "sync", 24)]

    def test_never_changes_for_a_key(self) -> None:
        """Clips out there were marked with these very bytes."""
        assert derive_stream(KEY, "permutation", 16).hex() == "c44429d7ecbdafe40c77d3c5eac17164"
        found = build_layout(KEY)
        shape = found.group.astype("<i2").tobytes() + found.chip.astype("<i1").tobytes()
        assert (
            hashlib.sha256(shape).hexdigest()
            == "4acaf63f3dd6a7e72b12fc1c2d44e8cb705c1f079eff84521150e13075750866"
        )
        rest = found.sync_sign.astype("<i1").tobytes() + found.whitening.tobytes()
        assert (
            hashlib.sha256(rest).hexdigest()
            == "307e5f8155f0d7b06b22288208f9c8a3ecba44ab137a4674cd84e053230c66c9"
        )

    def test_gives_every_coded_bit_about_the_same_number_of_cells(self) -> None:
        sizes = np.bincount(build_layout(KEY).group.ravel(), minlength=SPEECH_1.groups)
        assert set(sizes[: SPEECH_1.coded_bits].tolist()) == {38, 39}
        assert set(sizes[SPEECH_1.coded_bits :].tolist()) == {20}

    def test_shows_the_known_signs_in_the_sync_cells_alone(self) -> None:
        found = build_layout(KEY)
        known = found.group >= SPEECH_1.coded_bits
        assert np.array_equal(found.sync_pattern != 0, known)

    @settings(max_examples=20, deadline=None)
    @given(st.binary(min_size=16, max_size=64), st.binary(min_size=16, max_size=64))
    def test_tells_nothing_of_one_key_to_another(self, one: bytes, other: bytes) -> None:
        same = np.mean(build_layout(one).group == build_layout(other).group)
        assert same == 1.0 if one == other else same < 0.05

    @pytest.mark.parametrize("label", ["permutation", "chips", "sync", "whitening"])
    def test_has_a_stream_of_its_own_for_each_purpose_and_key(self, label: str) -> None:
        assert derive_stream(KEY, label, 32) != derive_stream(OTHER_KEY, label, 32)
        assert derive_stream(KEY, label, 32) != derive_stream(KEY, f"{label}x", 32)

    def test_cannot_be_changed_by_its_readers(self) -> None:
        with pytest.raises(ValueError, match="read-only"):
            build_layout(KEY).chip[0, 0] = 0.0


class TestStart:
    def test_never_changes_for_a_key(self) -> None:
        word = hashlib.shake_256(b"sayso-speech/1\0start 00c0ffee\0" + KEY).digest(8)
        assert derive_start_slot(KEY, 0x00C0FFEE) == int.from_bytes(word, "big") % 85


class TestIdentityLayout:
    def test_is_what_a_second_implementation_gets_from_the_description(self) -> None:
        words = words_of(KEY, "identity permutation", 85 * 56)
        group = [0] * (85 * 56)
        for place, cell in enumerate(sorted(range(85 * 56), key=lambda cell: words[cell])):
            group[cell] = place % 304
        found = build_identity_layout(KEY)
        assert found.group.ravel().tolist() == group
        assert found.chip.ravel().tolist() == [
            1 - 2 * bit for bit in bits_of(KEY, "identity chips", 85 * 56)
        ]
        assert found.whitening.tolist() == bits_of(KEY, "identity whitening", 152)
