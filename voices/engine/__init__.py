"""The built-in engine: espeak-ng in a child process, adapted to a reference voice. Not a natural clone, and says so."""

from voices.engine.sentences import sentences
from voices.engine.speaking import Fidelity, enrol, languages, speak, stream
from voices.engine.tags import LanguageUnsupported

__all__ = ["Fidelity", "LanguageUnsupported", "enrol", "languages", "sentences", "speak", "stream"]
