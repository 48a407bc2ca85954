"""The passages of a text: sentences, joined until there is enough in each to judge."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from voices.text_language.text_letters import count_scripts, keep_words, measure

_ENDS: Final = re.compile(
    r"(?<=[.!?…])[\s'\"”»)]+|(?<=[。！？।۔؟])|[\n\r;:\"“”„«»「」『』()\[\]{}<>]+|\s[–—-]\s"
)
_LEAST: Final = 24
_MOST: Final = 120
_LONG: Final = re.compile(r".{1,200}(?:\s|$)|.{1,200}")
_PARTICLE: Final = 3
_PARTICLES: Final = 2
_PASSAGES: Final = 16
"""A long text is cut into about so many, but into none of more than `_MOST` letters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextPassage:
    """Some sentences. `words` are spelt as they are, `size` is in letters.

    A letter of a dense script counts three times, because it says as much.
    """

    words: tuple[str, ...]
    size: int

    @property
    def in_lower_case(self) -> str:
        """Return the words as the detectors read them."""
        return " ".join(self.words).lower()

    @property
    def dense(self) -> bool:
        """Return True if most letters are of a dense script."""
        return self.size > sum(map(len, self.words)) * 2

    @property
    def ascii(self) -> bool:
        """Return True if no letter has an accent."""
        return all(word.isascii() for word in self.words)

    @property
    def without_names(self) -> TextPassage:
        """Return the passage without what may be names, which are the same in every language.

        These are words that begin with a capital, but for the first word and words in capitals
        alone, and short words between two of them, as in `López de la Torre`.
        """
        named = [at > 0 and _may_be_name(word) for at, word in enumerate(self.words)]
        for begin, end in pairwise(at for at, name in enumerate(named) if name or at == 0):
            between = self.words[begin + 1 : end]
            if len(between) <= _PARTICLES and all(len(word) <= _PARTICLE for word in between):
                named[begin + 1 : end] = [True] * len(between)

        return make_passage(
            [word for word, name in zip(self.words, named, strict=True) if not name]
        )


def _may_be_name(word: str) -> bool:
    return word[0].isupper() and not (word.isupper() and len(word) > 1)


def make_passage(words: list[str]) -> TextPassage:
    """Return words as a passage."""
    return TextPassage(words=tuple(words), size=measure(count_scripts("".join(words))))


def split_passages(text: str) -> list[TextPassage]:
    """Return a text's sentences, neighbours joined until each passage has a fair size."""
    sentences = [
        make_passage(words) for part in _split_sentences(text) if (words := keep_words(part))
    ]
    wanted = min(max(_LEAST, sum(one.size for one in sentences) // _PASSAGES), _MOST)

    return _join(sentences, wanted)


def _split_sentences(text: str) -> Iterator[str]:
    """Split at the ends of sentences, and those that never end after some words."""
    for sentence in _ENDS.split(text):
        yield from _LONG.findall(sentence)


def _join(sentences: list[TextPassage], wanted: int) -> list[TextPassage]:
    joined: list[TextPassage] = []
    for sentence in sentences:
        if joined and joined[-1].size < wanted:
            joined[-1] = _add(joined[-1], sentence)
        else:
            joined.append(sentence)

    if len(joined) > 1 and joined[-1].size < wanted:
        last = joined.pop()
        joined[-1] = _add(joined[-1], last)

    return joined


def _add(one: TextPassage, other: TextPassage) -> TextPassage:
    return TextPassage(words=one.words + other.words, size=one.size + other.size)
