"""The canary's two voices, which are the built-in engine's own and no person's, and its sentences.

Everything here is made once in a process and kept.
"""

from __future__ import annotations

from functools import lru_cache
from types import MappingProxyType
from typing import Final, Literal

from audio import encoding
from audio.encoding import Output
from audio.sound import Sound
from voices.providers.base import Prosody, ReferenceRecording, SpeechLine, SpokenStatement
from voices.providers.local.adapter import Local
from voices.sample_checks import speaker_encoder, voice_activity
from voices.sample_checks.speaker_encoder import Real

Which = Literal["first", "second"]
BOTH: Final[tuple[Which, Which]] = ("first", "second")
LANGUAGE: Final = "en"
"""The language of their recordings."""
PITCH: Final[MappingProxyType[Which, float]] = MappingProxyType({"first": 0.0, "second": 12.0})
"""Semitones above the engine's usual pitch. The second one is its other voice."""
RECORDED: Final = (
    "The harbour was quiet when the last boat came in, and nobody was waiting at the stairs. "
    "A lamp was burning in the window of the small house, as on every evening. "
    "Whoever goes up the hill from there sees the whole bay, the islands, and the open water."
)
STATEMENT: Final = (
    "I am the owner of this voice, and I consent to a synthetic voice being made of it."
)
SENTENCES: Final[MappingProxyType[str, str]] = MappingProxyType(
    {
        "en": "The hotel on the market square has 27 rooms, and the radio said it opened in 1984.",
        "de": "Das Hotel am Marktplatz hat 27 Zimmer, und im Radio hieß es, es sei 1984 eröffnet.",
        "fr": "L'hôtel de la place a 27 chambres, et la radio disait qu'il avait ouvert en 1984.",
        "es": "El hotel de la plaza tiene 27 habitaciones, y la radio dijo que abrió en 1984.",
    }
)
"""One sentence for each language that the canary listens for."""


@lru_cache(maxsize=len(BOTH))
def make_recording(which: Which) -> ReferenceRecording:
    """Return the recording that a voice of the canary is cloned from."""
    sound = read_aloud(RECORDED, LANGUAGE, which=which)
    data = encoding.encode_sound(sound, Output(codec="wav"))
    return ReferenceRecording(data=data, sound=sound, transcript=RECORDED)


@lru_cache(maxsize=len(BOTH))
def make_statement(which: Which) -> SpokenStatement:
    """Return the sentence of consent for a provider that wants one. The service speaks it."""
    sound = read_aloud(STATEMENT, LANGUAGE, which=which)
    data = encoding.encode_sound(sound, Output(codec="wav"))
    return SpokenStatement(data=data, sound=sound, language=LANGUAGE)


@lru_cache(maxsize=len(BOTH))
def embed_recording(which: Which) -> Real:
    """Return the direction of a voice of the canary, shape (256,)."""
    speech = voice_activity.detect_speech(make_recording(which).sound)
    return speaker_encoder.compute_embedding(speech.speech)


@lru_cache(maxsize=len(SENTENCES) ** 2)
def read_sentence(language: str, pronounced: str) -> Sound:
    """Return the built-in engine's reading of a language's sentence, `pronounced` as another's."""
    return read_aloud(SENTENCES[language], pronounced, which="first")


def read_aloud(text: str, language: str, *, which: Which) -> Sound:
    """Return a text in one of the canary's voices."""
    prosody = Prosody(pitch_semitones=PITCH[which])
    return Local().read_aloud(SpeechLine(text=text, language=language, prosody=prosody))
