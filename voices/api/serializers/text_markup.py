"""Markup and voices named inside a text. Engines obey them in many spellings, so all are looked at.

A text that names a voice would speak with that of a person who was not asked.
"""

from __future__ import annotations

import html
import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from core import unicode_ranges

_SHOWN: Final = 40
# The elements of SSML 1.1 (W3C), with those of vendors behind a prefix.
_SSML: Final = re.compile(
    r"<\?xml(?=\s)[^<>]*>|</?(?:(?:speak|break|phoneme|say-as|prosody|emphasis|voice|audio|sub|"
    r"lang|mark|p|s|w|token|lexicon|lookup|desc|metadata|meta)|(?:amazon|mstts|google|ibm):[a-z-]+)(?=[\s/>])[^<>]*>",
    re.IGNORECASE,
)
# Some engines take the first two without an end and with blanks, `[voice:name]`, turns such as
# `[S2]`, and control words such as `<|speaker:2|>`.
_VOICE: Final = re.compile(
    r"<\s*/?\s*(?:voice|speak)(?![a-z])|[\[{]\s*/?\s*(?:voice|speaker)(?:_?(?:id|name))?\s*[:=|]"
    r"|\[\s*(?:s|speaker)\s*_?[0-9]{1,3}\s*\]|<\s*\|",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class TextMarkup:
    """What was found: the stable code of the refusal, and the words themselves, cut short."""

    code: str
    words: str


def find_markup(text: str) -> TextMarkup | None:
    """Return the first markup of a text, or the first voice that it names, None without either.

    It is looked for in the text as it is, and as an engine may read it: in compatible letters
    (NFKC), without letters that draw nothing, and with character references read.
    """
    for seen in dict.fromkeys((text, _read_as_engines_do(text))):
        if found := _SSML.search(seen):
            return TextMarkup(code="ssml_unsupported", words=found.group(0)[:_SHOWN])
        if found := _VOICE.search(seen):
            return TextMarkup(code="voice_in_text", words=found.group(0)[:_SHOWN])

    return None


def _read_as_engines_do(text: str) -> str:
    if text.isascii() and "&" not in text:
        return text
    read = unicodedata.normalize("NFKC", html.unescape(text))
    return "".join(char for char in read if not unicode_ranges.is_ignorable(char))
