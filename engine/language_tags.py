"""Languages of the built-in engine: espeak's voice codes as BCP-47 tags, and their look-up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import langcodes
from langcodes.tag_parser import LanguageTagError

from core.errors import Invalid

# Codes that read as another region than they mean (Balearic, North-western, Valencian, "classic"),
# or as none.
_MISNAMED: Final = frozenset({"ca-ba", "ca-nw", "ca-va", "ru-cl", "en-us-nyc"})
# Further tags of a code: espeak's plain English is British, and its `cmn` is the usual `zh`.
_ALSO: Final = {"en-gb": "en", "fr-fr": "fr", "cmn": "zh", "nb": "no"}


class LanguageUnsupported(Invalid):
    """The built-in engine does not speak this language."""

    code = "language_unsupported"

    def __init__(self) -> None:
        super().__init__(
            "The built-in engine does not speak this language. `GET /v1/languages` says who speaks "
            "which."
        )


def map_language_tags(voices: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Map canonical tags to voice identifiers, from the voices that passed the self-test.

    Made-up, unregistered and misnamed codes and private-use tags are left out. The first voice of a
    tag is used.
    """
    found: dict[str, str] = {}
    for code, identifier in voices:
        if code in _MISNAMED or "-x-" in code:
            continue

        for name in (code, _ALSO.get(code)):
            tag = canonicalize_tag(name) if name else None
            if tag:
                found.setdefault(tag, identifier)

    return found


def lookup_voice(language: str, available: Mapping[str, str]) -> str:
    """Return the voice for a tag by RFC 4647 look-up: `de-AT` falls back to `de`.

    Raises LanguageUnsupported.
    """
    tag = canonicalize_tag(language)
    while tag:
        if tag in available:
            return available[tag]

        # Section 3.4: a single letter is removed together with what followed it.
        tag = tag.rpartition("-")[0]
        if tag[-2:-1] == "-":
            tag = tag[:-2]

    raise LanguageUnsupported


def canonicalize_tag(tag: str) -> str | None:
    """Return the canonical form of a registered tag, or None for any other text."""
    try:
        standard = langcodes.standardize_tag(tag)
        return standard if langcodes.Language.get(standard).is_valid() else None
    except (LanguageTagError, ValueError):
        return None
