"""Letters of another script, which decide by themselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import langcodes

from consent.policy.text_findings import Fit, TextFinding
from voices.text_language.claims import LanguageClaim
from voices.text_language.detectors import score_text
from voices.text_language.text_letters import DENSE, count_scripts, get_script, measure

_LEAST: Final = 6
_ONE_WORD: Final = 9
_LATIN_NAME: Final = 24
_WORDS: Final = 3
_SOME: Final = 12
_RUN: Final = 30
_PART: Final = 60
"""Sizes in letters. Signs, units and names of other scripts stand in texts of any language."""


def judge_scripts(words: Sequence[str], claim: LanguageClaim) -> TextFinding | None:
    """Return a finding where the letters alone decide, or None.

    A text without a letter of its language's scripts is in another one, if it is more than a name.
    Within a text it takes a run of foreign words: names and loan words stand between others.
    """
    counted = count_scripts("".join(words))
    others = {script: times for script, times in counted.items() if script not in claim.scripts}
    own, size = measure(counted) - measure(others), measure(others)
    if not claim.scripts or size < _LEAST:
        return None

    foreign = [word for word in words if any(get_script(char) in others for char in word)]
    if not own:
        if _are_a_few_words(foreign, others, size):
            return TextFinding(fit="too_short")
        return _find("mismatch", foreign, others)

    # Names and loan words in Latin letters fill texts of every script, but in no long run.
    run = _find_longest_run(words, others)
    latin = others.keys() == {"Latn"}
    most = run >= _RUN and len(foreign) > _WORDS if latin else size >= _SOME
    if most and size > own * 2:
        return _find("mismatch", foreign, others)

    return _find("several", foreign, others) if run >= _PART else None


def _are_a_few_words(words: Sequence[str], scripts: Mapping[str, int], size: int) -> bool:
    """Return True for a name, or the name of a product in Latin letters, and no more."""
    if not DENSE.isdisjoint(scripts):
        return False

    if scripts.keys() == {"Latn"} and size <= _LATIN_NAME:
        return len(words) == 1 or (
            len(words) <= _WORDS and all(word[0].isupper() for word in words)
        )

    return len(words) == 1 and size <= _ONE_WORD


def _find_longest_run(words: Iterable[str], others: Mapping[str, int]) -> int:
    """Return the size of the longest run of words that are in other scripts alone."""
    longest = run = 0
    for word in words:
        counted = count_scripts(word)
        run = run + measure(counted) if counted.keys() <= others.keys() else 0
        longest = max(longest, run)

    return longest


def _find(fit: Fit, words: Sequence[str], scripts: Mapping[str, int]) -> TextFinding:
    return TextFinding(fit=fit, languages=(_name_language(words, scripts),))


def _name_language(words: Sequence[str], scripts: Mapping[str, int]) -> str:
    """Return the language of words in another script, or the usual one of that script."""
    scores = score_text(" ".join(words).lower())
    if scores.seen:
        return scores.seen[0]

    script = max(scripts, key=scripts.__getitem__)
    return scores.best or str(langcodes.get(f"und-{script}").maximize().language)
