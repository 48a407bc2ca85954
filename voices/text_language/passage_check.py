"""What one passage is: in its language, in another one, or a doubt.

Both detectors must speak against the claim before a passage is plainly in another language. One has
the claim far behind, and the other does not see it at all. How far depends on the length.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Final, Literal

from voices.text_language.claims import LanguageClaim
from voices.text_language.detectors import Scores, score_text
from voices.text_language.passages import TextPassage

_LEAST_SIZE: Final = 12
_LEAST_WORDS: Final = 3
_TWO_WORDS_SIZE: Final = 16
_TWO_WORDS_MARGIN: Final = 6.0
_MARGINS: Final = ((16, 6.0), (30, 3.0), (50, 2.0), (90, 1.0))
"""How far ahead another language must be, as a natural logarithm, up to which size in letters."""
_SHORT: Final = 50
_NO_ACCENTS_MARGIN: Final = 1.5
"""A short text whose accents were left out looks like one in another language."""
_UNSURE_MARGIN: Final = 7.0
_NEAR_MARGIN: Final = 2.5
_TRANSCRIBED: Final = ((50, 0.6), (inf, 0.4))
"""How likely another language must be, against one that is also written in Latin letters."""
_NAMES_SIZE: Final = 50
_NAMES_MARGIN: Final = 4.0
_SURE: Final = -1.0

Kind = Literal["surely_fits", "fits", "too_short", "doubt", "plain"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What one passage is, and the other language that it is or may be in.

    `surely_fits`: both detectors see the claimed language. `plain`: it plainly is another one.
    """

    kind: Kind
    language: str
    size: int


def judge_passage(passage: TextPassage, claim: LanguageClaim) -> Judged:
    """Return whether a passage is in the claimed language."""
    two_words = len(passage.words) == 2 and not passage.dense
    least = _TWO_WORDS_SIZE if two_words else _LEAST_SIZE
    if passage.size < least or (len(passage.words) < 2 and not passage.dense):
        return Judged(kind="too_short", language="", size=passage.size)

    scores = score_text(passage.in_lower_case)
    margin, best = scores.compute_margin(claim.relatives)
    seen = not claim.relatives.isdisjoint(scores.seen)
    wanted = _get_margin(passage, claim)

    kind: Kind
    if margin < _SURE and (seen or not scores.seen):
        kind = "surely_fits"
    elif (margin <= 0 or seen) and margin <= wanted:
        kind = "fits"
    elif seen or margin <= wanted or not _is_plain(passage, claim, scores):
        kind = "doubt"
    else:
        kind = "plain"

    return Judged(kind=kind, language=best, size=passage.size)


def _get_margin(passage: TextPassage, claim: LanguageClaim) -> float:
    """Return how far ahead another language must be to be plain."""
    if claim.unsure_when_short and passage.size < _SHORT:
        return _UNSURE_MARGIN

    if len(passage.words) == 2:
        return _TWO_WORDS_MARGIN

    margin = next((margin for most, margin in _MARGINS if passage.size < most), 0.0)
    if passage.size < _SHORT and claim.accented and passage.ascii:
        return margin + _NO_ACCENTS_MARGIN

    return margin


def _is_plain(passage: TextPassage, claim: LanguageClaim, scores: Scores) -> bool:
    """Return True if a passage in another language is so without its names, and no near one."""
    margin, best = scores.compute_margin(claim.relatives)
    agreed = scores.seen[:1] == (best,)
    if not claim.judged or (best in claim.near and not (agreed and margin > _NEAR_MARGIN)):
        return False

    chance = next(chance for most, chance in _TRANSCRIBED if passage.size < most)
    if claim.transcribed and not (agreed and scores.likely[best] > chance):
        return False

    bare = passage.without_names
    clear = passage.size >= _NAMES_SIZE and margin > _NAMES_MARGIN
    if len(bare.words) == len(passage.words) or (agreed and clear):
        return True

    if len(bare.words) < _LEAST_WORDS:
        return clear

    rest = score_text(bare.in_lower_case)
    return rest.compute_margin(claim.relatives)[0] > 0 and claim.relatives.isdisjoint(rest.seen)
