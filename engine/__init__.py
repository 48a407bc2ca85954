"""The built-in engine: espeak-ng in a child process, adapted to a reference voice.

It is not a natural clone, and its description says so.
"""

from engine.language_tags import LanguageUnsupported
from engine.sentences import split_sentences
from engine.synthesizer import (
    Fidelity,
    enrol_speaker,
    list_languages,
    speak_trial,
    stream_speech,
    synthesize_speech,
)

__all__ = [
    "Fidelity",
    "LanguageUnsupported",
    "enrol_speaker",
    "list_languages",
    "speak_trial",
    "split_sentences",
    "stream_speech",
    "synthesize_speech",
]
