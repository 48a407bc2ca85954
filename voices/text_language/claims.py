"""The language that a call names, with what the checks need to know of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from voices.text_language.judged_languages import ACCENTED, JUDGED, TRANSCRIBED, UNSURE_WHEN_SHORT
from voices.text_language.relatives import list_near_languages, list_relatives
from voices.text_language.written_scripts import list_written_scripts


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageClaim:
    """A claimed language.

    `relatives` cannot be told from it, and `near` languages only by more text. `scripts` are those
    that it is written in, none where they are not known. `judged`: both detectors know it.
    `accented`: its texts have accents, which a short one may leave out. `transcribed`: it is also
    written in Latin letters, in which the detectors do not know it, as `aap kaise hain`.
    `unsure_when_short`: the detectors take its short texts for another language.
    """

    relatives: frozenset[str]
    near: frozenset[str]
    scripts: frozenset[str]
    judged: bool
    accented: bool
    transcribed: bool
    unsure_when_short: bool


@lru_cache(maxsize=1024)
def read_claim(tag: str) -> LanguageClaim:
    """Return the claim of a canonical tag."""
    language = tag.split("-", maxsplit=1)[0]

    return LanguageClaim(
        relatives=list_relatives(language),
        near=list_near_languages(language),
        scripts=list_written_scripts(tag),
        judged=language in JUDGED,
        accented=language in ACCENTED,
        transcribed=language in TRANSCRIBED,
        unsure_when_short=language in UNSURE_WHEN_SHORT,
    )
