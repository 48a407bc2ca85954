"""The languages that both detectors know well enough to refuse a text that claims one."""

from __future__ import annotations

from typing import Final

JUDGED: Final = frozenset(
    {
        "af", "am", "ar", "az", "be", "bg", "bn", "bs", "ca", "cs", "cy", "da", "de", "el", "en",
        "eo", "es", "et", "eu", "fa", "fi", "fil", "fr", "ga", "gl", "gu", "he", "hi", "hr", "hu",
        "hy", "id", "is", "it", "ja", "ka", "kk", "km", "kn", "ko", "lo", "lt", "lv", "mk", "ml",
        "mn", "mr", "ms", "my", "ne", "nl", "nn", "no", "or", "pa", "pl", "pt", "ro", "ru", "si",
        "sk", "sl", "sq", "sr", "sv", "sw", "ta", "te", "th", "tr", "uk", "ur", "uz", "vi", "yi",
        "zh",
    }
)  # fmt: skip
"""Canonical codes without region and script. A text in any other one is a doubt at most."""
ACCENTED: Final = frozenset(
    {
        "az", "bs", "ca", "cs", "da", "de", "eo", "es", "et", "fi", "fr", "ga", "gl", "hr", "hu",
        "is", "lt", "lv", "nn", "no", "pl", "pt", "ro", "sk", "sl", "sq", "sr", "sv", "tr", "vi",
    }
)  # fmt: skip
"""Languages of Latin letters whose texts have accents, which a short one may leave out."""
UNSURE_WHEN_SHORT: Final = frozenset({"ga"})
"""Languages in whose short texts both detectors see another one."""
TRANSCRIBED: Final = frozenset({"hi", "kok"})
"""Languages that are also written in Latin letters, in which the detectors do not know them."""
