"""In which scripts a language is written today.

A language has its usual script. Some have two, by a reviewed list: CLDR also has the historic ones,
and would let Chinese pass for Vietnamese. A script that the tag names counts as well.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import langcodes

from consent.policy import languages

_PARTS: Final = {
    "Hanb": ("Hani", "Bopo"),
    "Hans": ("Hani", "Bopo"),
    "Hant": ("Hani", "Bopo"),
    "Hrkt": ("Hira", "Kana"),
    "Jamo": ("Hang",),
    "Jpan": ("Hani", "Hira", "Kana"),
    "Kore": ("Hang", "Hani"),
}
_WRITTEN_ALSO: Final = {
    "az": "Cyrl Arab", "bs": "Cyrl", "ff": "Adlm", "ha": "Arab", "hi": "Latn", "iu": "Latn",
    "jv": "Java", "kk": "Arab", "kok": "Latn", "ks": "Deva", "ku": "Arab Cyrl", "ky": "Arab",
    "lad": "Hebr Latn", "mn": "Mong", "ms": "Arab", "pa": "Arab", "sd": "Deva", "sr": "Latn",
    "tg": "Arab", "tk": "Cyrl Arab", "ug": "Cyrl", "uz": "Cyrl Arab", "wo": "Arab",
}  # fmt: skip


@lru_cache(maxsize=1024)
def list_written_scripts(tag: str) -> frozenset[str]:
    """Return the scripts of a canonical tag's language, as letters have them.

    It is empty where the usual script of the language is not known.
    """
    language = tag.split("-", maxsplit=1)[0]
    usual = langcodes.get(language).maximize().script
    named = langcodes.get(tag).script
    if usual is None:
        listed = {script for spoken, script in languages.SCRIPTS if spoken == language}
        usual = listed.pop() if len(listed) == 1 else None
    if usual is None:
        return frozenset()

    written = {usual, *_WRITTEN_ALSO.get(language, "").split(), *([named] if named else ())}

    return frozenset(part for script in written for part in _PARTS.get(script, (script,)))
