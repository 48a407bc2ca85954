"""How rare false answers are: for how many messages the check is asked, and what a wrong message
has to get past.
"""

from __future__ import annotations

import numpy as np
import pytest

from tests.support.watermark_speech import KEY, NAMES, clip
from watermark import detect, find_segments
from watermark.speech import echo_removal, error_correction, pattern_search, segmentation
from watermark.speech.keyed_pattern import build_layout
from watermark.speech.parameters import SPEECH_1, Bits

LEAST_ACCEPTED_RATE = 1e-6


STATED = 10  # messages asked for one file and key, in docs/watermark.md


class Counter:
    """Stands before the check and counts the messages."""

    def __init__(self) -> None:
        self.messages = 0

    def __call__(self, bits: Bits) -> Bits:
        self.messages += 1
        return CRC24(bits)


CRC24 = error_correction.compute_crc24


class TestBudget:
    def test_at_most_ten_messages_are_checked(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Unmarked speech goes through all stages, and nothing is held back for being unclear."""
        monkeypatch.setattr(pattern_search, "CLEARNESS_LEAST", -np.inf)
        monkeypatch.setattr(echo_removal, "PEAK_LEAST", 0.0)
        found = []
        for name in NAMES:
            counter = Counter()
            monkeypatch.setattr(error_correction, "compute_crc24", counter)
            assert detect(clip(name).samples, 16_000, key=KEY) is None
            found.append(counter.messages)
        assert set(found) == {STATED}

    def test_keeps_the_rate_below_one_in_a_million(self) -> None:
        assert STATED / 2**SPEECH_1.check_bits < LEAST_ACCEPTED_RATE
        assert 4 * segmentation.HYPOTHESES / 2**SPEECH_1.check_bits < LEAST_ACCEPTED_RATE


class TestCheck:
    def test_lets_one_wrong_message_in_two_to_the_24_pass(self) -> None:
        """With 12 of the 24 bits of the check forced right, one in 2^12 of random messages passes
        the rest.
        """
        random = np.random.default_rng(5)
        messages = random.integers(0, 2, (40_000, SPEECH_1.message_bits), dtype=np.uint8)
        right = 0
        for message in messages:
            bits = message ^ build_layout(KEY).whitening
            right += np.array_equal(error_correction.compute_crc24(bits[:32])[:12], bits[32:44])
        assert 1 <= right <= 30  # 9.8 expected; outside once in ten thousand runs of another seed

    def test_is_uniform_over_messages_whatever_the_sound(self) -> None:
        """Under many keys, half of the bits that one clip decodes to are ones."""
        ones = []
        for number in range(40):
            key = bytes([number]) * 32
            soft = np.random.default_rng(1).normal(
                size=(1, SPEECH_1.coded_bits)
            )  # the same for every key
            ones.append(
                (error_correction.decode_messages(soft)[0] ^ build_layout(key).whitening).mean()
            )
        assert np.mean(ones) == pytest.approx(0.5, abs=0.05)


class TestScores:
    def test_of_wrong_messages_stay_below_what_windows_ask(self) -> None:
        soft = np.random.default_rng(7).normal(size=(400, SPEECH_1.coded_bits))
        messages = error_correction.decode_messages(soft)
        scores = [
            float(row @ error_correction.encode_message(message)) / SPEECH_1.coded_bits
            for row, message in zip(soft, messages, strict=True)
        ]
        assert max(scores) < segmentation.SCORE_LEAST

    def test_are_not_given_for_unmarked_speech_under_many_keys(self) -> None:
        host = np.concatenate([clip(name).samples for name in NAMES[:2]])
        assert (
            find_segments(
                host, 16_000, keys={str(number): bytes([number]) * 32 for number in range(12)}
            )
            == []
        )
