"""How often a text is refused that should not be, and the other way round, on fixed texts."""

from __future__ import annotations

import random
from collections import Counter
from functools import cache

import pytest

from tests.support import language_samples
from voices.text_language.relatives import list_near_languages, list_relatives
from voices.text_language.text_check import judge_text
from voices.text_language.text_letters import count_scripts, keep_words, measure
from voices.text_language.written_scripts import list_written_scripts

MOST_REFUSED = 0.005
LEAST_FOUND = {20: 0.80, 60: 0.99, 200: 0.99}
LEAST_OF_ONE_SCRIPT = {20: 0.75, 60: 0.98, 200: 0.98}
REFUSED = {"mismatch", "several"}
SOURCES = {
    "declaration": language_samples.read_declaration,
    "catalogs": language_samples.read_catalogs,
}


@cache
def samples_of(source: str, length: int) -> list[tuple[str, str]]:
    return language_samples.cut_samples(SOURCES[source](), length, most=14)


@pytest.mark.parametrize("length", language_samples.LENGTHS)
@pytest.mark.parametrize("source", SOURCES)
class TestTexts:
    def test_in_their_own_language_are_hardly_ever_refused(self, source: str, length: int) -> None:
        samples = samples_of(source, length)
        refused = [text for tag, text in samples if judge_text(text, tag).fit in REFUSED]

        assert len(samples) > 300
        assert len(refused) <= MOST_REFUSED * len(samples), refused

    def test_in_another_language_are_nearly_always_refused(self, source: str, length: int) -> None:
        every: Counter[bool] = Counter()
        of_one_script: Counter[bool] = Counter()
        for tag, text, claimed in claim_others(samples_of(source, length)):
            refused = judge_text(text, claimed).fit == "mismatch"
            every[refused] += 1
            if not list_written_scripts(claimed).isdisjoint(list_written_scripts(tag)):
                of_one_script[refused] += 1

        assert of_one_script.total() > 400
        assert every[True] >= LEAST_FOUND[length] * every.total()
        assert of_one_script[True] >= LEAST_OF_ONE_SCRIPT[length] * of_one_script.total()

    def test_in_another_script_are_always_refused(self, source: str, length: int) -> None:
        missed = [
            (text, claimed)
            for tag, text, claimed in claim_others(samples_of(source, length))
            if list_written_scripts(claimed).isdisjoint(list_written_scripts(tag))
            and is_written_in(text, list_written_scripts(tag))
            and judge_text(text, claimed).fit != "mismatch"
        ]

        assert missed == []


def is_written_in(text: str, scripts: frozenset[str]) -> bool:
    """Return True for a text that is more than a name, and nearly all in these scripts."""
    counted = count_scripts(text)
    own = {script: times for script, times in counted.items() if script in scripts}

    words = keep_words(text)
    named = all(word[0].isupper() for word in words) or len(words) < 2

    return measure(own) >= 0.8 * measure(counted) and not named


def claim_others(samples: list[tuple[str, str]]) -> list[tuple[str, str, str]]:
    """Each text with three languages that it is not in, near neighbours left out."""
    dice = random.Random(1)
    known = sorted({tag for tag, _ in samples})
    return [
        (tag, text, claimed)
        for tag, text in samples
        for claimed in dice.sample(known, 3)
        if claimed not in list_relatives(tag) | list_near_languages(tag)
    ]
