"""The bound of a stream: nothing leaves that the last note does not cover, and notes are few."""

from __future__ import annotations

import hashlib

import pytest

from voices.speech.streaming.marked_encoder import Chunk
from voices.speech.streaming.sent_bound import SentBound

TEXT_LENGTH = 5_000


@pytest.mark.parametrize(
    ("bytes_per_second", "per_second"), [(96_000, 15), (8_000, 15), (2_000, 30), (150_000, 2)]
)
def test_covers_all_that_leaves_with_few_notes(bytes_per_second: int, per_second: int) -> None:
    bound = SentBound(codec="wav", rate=16_000, text_length=TEXT_LENGTH)
    sent, notes, seconds = bytearray(), 0, 0.0
    for number in range(150):
        step = 0.35 if number < 20 else 2.0
        seconds += step
        piece = bytes([number]) * round(step * bytes_per_second)
        characters = min(round(seconds * per_second), 2 * TEXT_LENGTH)

        covered = bound.covers(Chunk(data=piece, characters=characters, seconds=seconds))
        sent += piece
        notes += not covered

        noted = bound.noted
        assert len(sent) <= noted.size <= len(sent) + 4 * max(bytes_per_second, 32_000) + 1
        assert 1000 * seconds <= noted.duration_ms + 1
        assert min(characters, TEXT_LENGTH) <= noted.characters <= TEXT_LENGTH
        if not covered:
            assert hashlib.sha256(sent[: noted.hashed_size]).hexdigest() == noted.sha256
    assert notes <= seconds / 3 + 1
