"""Languages that are too near to one another to be told apart by a short text.

They are told as a doubt. The members of a macro language of ISO 639-3 are relatives, and reviewed
pairs whose texts the detectors confuse.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from langcodes.data_dicts import MACROLANGUAGES

from consent.policy.languages import MAIN_MEMBERS

_GROUPS: Final = (
    {"no", "nn", "nb", "da"},
    {"hr", "sr", "bs", "sh", "cnr"},
    {"gl", "pt"},
    {"id", "ms"},
    {"cs", "sk"},
    {"af", "nl"},
    {"fa", "prs", "tg"},
    {"hi", "ur"},
)


@lru_cache(maxsize=1024)
def list_relatives(language: str) -> frozenset[str]:
    """Return a language with its near relatives, by their codes without region and script."""
    macro = MACROLANGUAGES.get(language, MAIN_MEMBERS.get(language, language))
    members = {member for member, above in MACROLANGUAGES.items() if above == macro}
    found = {language, macro, *(members if language != "id" else ())}

    for group in _GROUPS:
        if not group.isdisjoint({language, macro}):
            found |= group

    return frozenset(found)


_NEAR: Final = (
    {"es", "gl", "ca", "pt"},
    {"sl", "hr", "sr", "bs", "mk"},
    {"bg", "mk", "sr", "ru"},
    {"ru", "uk", "be"},
    {"da", "no", "nn", "sv"},
    {"et", "fi"},
    {"az", "tr"},
    {"hi", "mr", "ne"},
    {"fr", "ca"},
    {"it", "ca"},
)


@lru_cache(maxsize=1024)
def list_near_languages(language: str) -> frozenset[str]:
    """Return languages that a longer text tells apart, and a short one only where it is clear."""
    return frozenset().union(*(group for group in _NEAR if language in group))
