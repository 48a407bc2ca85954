"""The sound of a stream as it was sent: decoded again, and why no mark was read in it."""

from __future__ import annotations

from audio import stream_encoder
from audio.encoding import Output
from audio.sound import Sound
from provenance.clips.errors import MarkFailed
from provenance.clips.verified_marking import SHORT_SECONDS
from watermark.speech.features import measure_speech_seconds


def explain_unread_mark(sound: Sound | None) -> MarkFailed:
    """Return why no mark was read in this sound."""
    speech = measure_speech_seconds(sound.samples, sound.rate) if sound else 0.0
    # What cannot be decoded is the beginning of a stream, or holds next to nothing.
    return MarkFailed(
        "The mark could not be read back from the stream.",
        facts={"reason": "too_short" if speech < SHORT_SECONDS else "not_read_back"},
    )


def decode_sent(data: bytes, output: Output) -> Sound | None:
    """Return the sound of bytes that have left, or None for a beginning too short to decode."""
    try:
        return stream_encoder.decode_sent_bytes(data, output)
    except ValueError:
        return None
