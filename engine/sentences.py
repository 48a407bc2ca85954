"""Sentences: text split into parts short enough to be spoken one by one."""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise
from typing import Final

LONGEST: Final = 400
"""Characters of a part. Longer sentences are split at commas, then at spaces, then anywhere."""
# The end of a sentence: a stop (Latin, CJK, Arabic, Devanagari), closing quotes, then space. CJK
# stops need no space.
_STOP: Final = re.compile(r"(?<=[.!?…؟।])[\"'”’»)\]]*\s+|(?<=[。！？])[」』”’]*|\n\s*\n")
_COMMA: Final = re.compile(r"(?<=[,;:،、，；：])\s*")
_SPACE: Final = re.compile(r"\s+")
# "Dr. Grey at 3 p.m. sharp" is one sentence: titles, single letters, ordinal numbers.
_NOT_AN_END: Final = re.compile(
    r"(?:\b(?:Mr|Mrs|Ms|Dr|Prof|St|No|Nr|Hr|Fr|Sra?|vs|e\.g|i\.e|z\.B)|\b[A-Za-z]|\b\d{1,2})\.$"
)


def split_sentences(text: str) -> tuple[str, ...]:
    """Return the sentences in order, none empty, none over 400 characters.

    Only white space is lost.
    """
    whole: list[str] = []
    for piece in _split_behind(_STOP, _replace_controls(text)):
        if whole and _NOT_AN_END.search(whole[-1]):
            whole[-1] = f"{whole[-1]} {piece}"
        else:
            whole.append(piece)

    return tuple(part for sentence in whole for part in _fit_sentence(sentence))


def _replace_controls(text: str) -> str:
    """Return the text with control characters replaced by spaces.

    NUL would end the text in C, and the others are no speech.
    """
    return "".join(
        " " if unicodedata.category(sign) == "Cc" and sign != "\n" else sign for sign in text
    )


def _split_behind(pattern: re.Pattern[str], text: str) -> list[str]:
    """Cut behind each match. A match's own signs (closing quotes) stay with what precedes them."""
    cuts = [0, *(match.end() for match in pattern.finditer(text)), len(text)]
    pieces = (text[a:b] for a, b in pairwise(cuts))
    return [" ".join(piece.split()) for piece in pieces if piece.strip()]


def _fit_sentence(sentence: str) -> list[str]:
    for pattern in (_COMMA, _SPACE):
        if len(sentence) <= LONGEST:
            return [sentence]

        pieces = _split_behind(pattern, sentence)
        if len(pieces) > 1:
            return [part for piece in _pack_pieces(pieces) for part in _fit_sentence(piece)]

    return [sentence[at : at + LONGEST] for at in range(0, len(sentence), LONGEST)]


def _pack_pieces(pieces: list[str]) -> list[str]:
    """Join neighbours as long as they fit."""
    packed = [pieces[0]]

    for piece in pieces[1:]:
        if len(packed[-1]) + 1 + len(piece) <= LONGEST:
            packed[-1] = f"{packed[-1]} {piece}"
        else:
            packed.append(piece)

    return packed
