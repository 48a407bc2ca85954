"""The most that may leave of a stream before its next note in the database.

Each note covers a few seconds more than what is about to leave, so that notes are few.
"""

from __future__ import annotations

import hashlib
from typing import Final

from provenance.clips.stream_progress import SentAtMost
from voices.speech.streaming.marked_encoder import Chunk

AHEAD_SECONDS: Final = 4.0
# What a codec that compresses, and speech, seldom exceed. A stream that does is noted more often.
_COMPRESSED_BYTES_PER_SECOND: Final = 32_000
_COMPRESSED: Final = frozenset({"mp3", "opus", "ogg", "mulaw"})
_CHARACTERS_PER_SECOND: Final = 20


class SentBound:
    """Counts the pieces of one stream and says when there is more to note.

    `noted` is what the database must know by then.
    """

    def __init__(self, *, codec: str, rate: int, text_length: int) -> None:
        self._text_length = text_length
        self._rate = _COMPRESSED_BYTES_PER_SECOND if codec in _COMPRESSED else 2 * rate
        self._hash = hashlib.sha256()
        self._size = 0
        self.noted = SentAtMost(size=0, hashed_size=0, sha256="", duration_ms=0, characters=0)

    def covers(self, chunk: Chunk) -> bool:
        """Count a piece that is about to leave, and return whether the last note covers it.

        If not, `noted` is a new one.
        """
        self._hash.update(chunk.data)
        self._size += len(chunk.data)
        characters = min(chunk.characters, self._text_length)
        duration_ms = round(1000 * chunk.seconds)
        noted = self.noted
        if (
            self._size <= noted.size
            and duration_ms <= noted.duration_ms
            and characters <= noted.characters
        ):
            return True

        rate = max(self._rate, self._size / chunk.seconds if chunk.seconds else 0)
        self.noted = SentAtMost(
            size=self._size + round(AHEAD_SECONDS * rate),
            hashed_size=self._size,
            sha256=self._hash.hexdigest(),
            duration_ms=duration_ms + round(1000 * AHEAD_SECONDS),
            characters=min(
                characters + round(AHEAD_SECONDS * _CHARACTERS_PER_SECOND), self._text_length
            ),
        )
        return False
