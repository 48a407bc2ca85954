"""Languages of the built-in engine: espeak's voice codes as BCP-47 tags, and the look-up of a
wanted tag.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import langcodes
from langcodes.tag_parser import LanguageTagError

from core.errors import Invalid

# Codes that read as another region than they mean (Balearic, North-western, Valencian, "classic"),
# or as none.
_MISNAMED: Final = frozenset({"ca-ba", "ca-nw", "ca-va", "ru-cl", "en-us-nyc"})
# What else a code stands for: espeak's plain English is British, its `cmn` what everybody calls
# `zh`.
_ALSO: Final = {"en-gb": "en", "fr-fr": "fr", "cmn": "zh", "nb": "no"}


class LanguageUnsupported(Invalid):
    """The built-in engine does not speak this language."""

    code = "language_unsupported"

    def __init__(self) -> None:
        super().__init__("The built-in engine does not speak this language.")


def map_language_tags(voices: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Map canonical tags to voice identifiers, from the codes and identifiers that the self-test
    passed.

    Made-up and unregistered codes, misnamed ones and private-use tags are left out; the first voice
    of a tag wins.
    """
    found: dict[str, str] = {}
    for code, identifier in voices:
        for name in (code, _ALSO.get(code)):
            tag = (
                canonicalize_tag(name)
                if name and code not in _MISNAMED and "-x-" not in code
                else None
            )
            if tag:
                found.setdefault(tag, identifier)
    return found


def lookup_voice(wanted: str, available: Mapping[str, str]) -> str:
    """Find the voice for a tag by RFC 4647 look-up: `de-AT` falls back to `de`.

    Raises LanguageUnsupported.
    """
    tag = canonicalize_tag(wanted)
    while tag:
        if tag in available:
            return available[tag]
        tag = tag.rpartition("-")[0]
        if tag[-2:-1] == "-":  # section 3.4: a single letter goes together with what followed it
            tag = tag[:-2]
    raise LanguageUnsupported


def canonicalize_tag(tag: str) -> str | None:
    """The canonical form of a registered tag, None for anything else."""
    try:
        standard = langcodes.standardize_tag(tag)
        return standard if langcodes.Language.get(standard).is_valid() else None
    except (LanguageTagError, ValueError):
        return None
