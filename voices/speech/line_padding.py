"""Room tone for short lines: that of the voice's own recordings, or else that of a quiet room."""

from __future__ import annotations

import logging
from functools import cache
from typing import Final

from django.conf import settings

from audio import decoding, room_tone
from audio.containers import UnreadableAudio
from audio.room_tone import RoomTone
from audio.sound import Sound
from core.errors import SaysoError
from provenance.clips.verified_marking import Lengthen
from vault import blobs
from voices.models import Sample, Voice
from voices.synthesis_requests import SpeechRequest

logger = logging.getLogger(__name__)

SHORT_TEXT: Final = 80
"""Longer texts take more than `verified_marking.SHORT_SECONDS` at the highest speed."""


def choose_lengthening(request: SpeechRequest, voice: Voice) -> Lengthen | None:
    """Return how a short line is lengthened, or None where the caller forbids it.

    The tone is read when a line is found to be short, and once.
    """
    if not request.padding:
        return None

    @cache
    def load_once() -> RoomTone:
        return load_room_tone(voice)

    def lengthen(sound: Sound, seconds: float) -> Sound:
        return load_once().lengthen(sound, seconds)

    return lengthen


def load_lengthening(request: SpeechRequest, voice: Voice) -> Lengthen | None:
    """Return as `choose_lengthening` does, with the tone read now if the text may be short.

    A stream needs this, because its steps have no connection to the database.
    """
    if not request.padding:
        return None

    short = len(request.text) <= SHORT_TEXT
    return (load_room_tone(voice) if short else room_tone.USUAL_TONE).lengthen


def load_room_tone(voice: Voice) -> RoomTone:
    """Return the tone of the voice's first recording.

    Where there is none that can be read, the tone of a quiet room is as good. Only the tone's
    levels are kept of the recording.
    """
    sample = Sample.objects.filter(voice_id=voice.id).order_by("position").first()
    if sample is None:
        return room_tone.USUAL_TONE

    try:
        data = blobs.get_blob(sample.blob_id)
        heard = decoding.decode_untrusted(data, most_bytes=settings.SAYSO_MAX_UPLOAD_BYTES)
    except (SaysoError, UnreadableAudio) as error:
        logger.warning("no room tone", extra={"voice": voice.id, "error": type(error).__name__})
        return room_tone.USUAL_TONE

    return room_tone.measure_room_tone(heard.sound)
