"""What the text itself says of its language, beside what the call says.

Plainly another language than the call names is refused, also where a grant covers it: the call, the
log and the receipt would name a language that is not spoken. Pure.
"""

from __future__ import annotations

from typing import Final

from langcodes.data_dicts import MACROLANGUAGES

from consent.policy import languages
from consent.policy.types import (
    AccessRequest,
    ConsentView,
    GrantView,
    PolicyContext,
    Reason,
    make_reason,
)

PLAIN: Final = "The text plainly is in another language than the call names."
DOUBTFUL: Final = (
    "The text may be in another language than the call names, and your organisation's policy "
    "refuses that."
)
PART: Final = "A part of the text is in another language."


def check_text_language(
    request: AccessRequest, grant: GrantView, consent: ConsentView, facts: PolicyContext
) -> list[Reason]:
    """Return what the text of a call speaks against: its own language, or those of its parts."""
    found = request.text
    if found is None:
        return []

    if found.fit == "mismatch" or (found.fit == "doubt" and facts.refuses_doubtful_text):
        detail = PLAIN if found.fit == "mismatch" else DOUBTFUL
        return [
            make_reason("language_mismatch", detail, consent, grant, language, grant.spelt)
            for language in found.languages
        ]

    if found.fit != "several":
        return []

    return [
        make_reason("language_not_covered", PART, consent, grant, language, grant.spelt)
        for language in found.languages
        if not any(_reaches(one, language) for one in grant.languages)
    ]


def _reaches(language_range: str, language: str) -> bool:
    """Return True if a range covers some form of a language, or another one of its macro language.

    What is found in a text has no region, and written Chinese does not say which one is spoken.
    """
    named = language_range.split("-", maxsplit=1)[0]
    if named == languages.ANY or languages.covers_language(named, language):
        return True

    return _get_macro_language(named) == _get_macro_language(language)


def _get_macro_language(language: str) -> str:
    return MACROLANGUAGES.get(language, language)
