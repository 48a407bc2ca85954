"""The verdict: does a text speak the language that it claims?

1. Letters of another script decide by themselves.
2. Of the same script, two detectors judge the text, and each of its passages, so that a part in
   another language is found.
3. Names, loan words and short lines are the same in many languages. They refuse nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from consent.policy import languages
from consent.policy.text_findings import TextFinding
from voices.text_language.claims import LanguageClaim, read_claim
from voices.text_language.passage_check import Judged, judge_passage
from voices.text_language.passages import TextPassage, make_passage, split_passages
from voices.text_language.script_check import judge_scripts
from voices.text_language.text_letters import keep_language, keep_words

_WHOLE: Final = 600
"""So many letters are judged in one piece. The passages of a longer text are all judged."""
_NEARLY_ALL: Final = 0.8
_PART: Final = 60
_RUN: Final = 80
_SHARE: Final = 0.15


def find_text_language(text: str, language: str) -> TextFinding | None:
    """Return how well a text fits a language in the caller's spelling, or None for an unknown one.

    The gate refuses that by itself. Raises DetectorBroken.
    """
    try:
        return judge_text(text, languages.parse_language(language))
    except languages.UnknownLanguage:
        return None


def judge_text(text: str, tag: str) -> TextFinding:
    """Return how well a text fits the language of a canonical tag. Raises DetectorBroken."""
    claim = read_claim(tag)
    plain = keep_language(text)
    words = keep_words(plain)

    return judge_scripts(words, claim) or _judge_words(words, split_passages(plain), claim)


def _judge_words(
    words: Sequence[str], passages: Sequence[TextPassage], claim: LanguageClaim
) -> TextFinding:
    whole = judge_passage(_take_first(words, _WHOLE), claim)
    if len(passages) < 2:
        return _to_finding(whole)

    parts = [judge_passage(one, claim) for one in passages]
    judged = [one for one in parts if one.kind != "too_short"]
    total = sum(one.size for one in judged)
    sizes: Counter[str] = Counter()
    for one in judged:
        if one.kind == "plain":
            sizes[one.language] += one.size

    found = tuple(language for language, _ in sizes.most_common()) or (whole.language,)
    if not any(one.kind == "surely_fits" for one in judged) and (
        whole.kind == "plain" or sizes.total() > total * _NEARLY_ALL
    ):
        return TextFinding(fit="mismatch", languages=found)

    parted = tuple(
        language
        for language, size in sizes.most_common()
        if size >= max(_PART, total * _SHARE) or _find_longest_run(judged, language) >= _RUN
    )
    if parted or whole.kind == "plain":
        return TextFinding(fit="several", languages=parted or (whole.language,))

    return _to_finding(whole)


def _find_longest_run(parts: Iterable[Judged], language: str) -> int:
    """Return the size of the longest run of passages that are plainly in one language."""
    longest = run = 0
    for one in parts:
        run = run + one.size if one.kind == "plain" and one.language == language else 0
        longest = max(longest, run)

    return longest


def _to_finding(judged: Judged) -> TextFinding:
    if judged.kind == "plain":
        return TextFinding(fit="mismatch", languages=(judged.language,))

    if judged.kind == "doubt":
        return TextFinding(fit="doubt", languages=(judged.language,))

    return TextFinding(fit="too_short" if judged.kind == "too_short" else "fits")


def _take_first(words: Sequence[str], size: int) -> TextPassage:
    """Return the first words, of about so many letters."""
    taken: list[str] = []
    for word in words:
        taken.append(word)
        size -= len(word)
        if size <= 0:
            break

    return make_passage(taken)
