"""Answers of children, read as hostile input: a child that was taken over writes what it likes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, NoReturn

_LONGEST_LINE: Final = 2**18
_LONGEST_TEXT: Final = 200
_MOST_TEXTS: Final = 64


class AnswerForged(Exception):
    """The answer has a form that no program of ours writes."""


def split_answer(output: bytes) -> tuple[dict[str, Any], int]:
    """Return the object of the first line, and where the bytes behind that line begin.

    Raises AnswerForged.
    """
    end = output.find(b"\n", 0, _LONGEST_LINE)
    if end < 1:
        raise AnswerForged("no line")

    try:
        found = json.loads(output[:end], parse_constant=_refuse_constant)
    # ValueError for what is no JSON or no text, and for a number that is too long.
    except (ValueError, RecursionError) as error:
        raise AnswerForged("no JSON") from error
    if not isinstance(found, dict):
        raise AnswerForged("no object")

    return found, end + 1


def read_whole_number(facts: Mapping[str, Any], name: str, least: int, most: int) -> int:
    """Return the number `name`, which is from `least` to `most`.

    Raises AnswerForged.
    """
    found = facts.get(name)
    if type(found) is not int or not least <= found <= most:
        raise AnswerForged(name)

    return found


def read_short_text(facts: Mapping[str, Any], name: str) -> str:
    """Return the text `name`.

    Raises AnswerForged.
    """
    found = facts.get(name)
    if not isinstance(found, str) or len(found) > _LONGEST_TEXT:
        raise AnswerForged(name)

    return found


def read_short_texts(facts: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """Return the list of texts `name`.

    Raises AnswerForged.
    """
    return tuple(read_short_text({name: one}, name) for one in _read_list(facts, name))


def read_objects(facts: Mapping[str, Any], name: str) -> tuple[dict[str, Any], ...]:
    """Return the list of objects `name`.

    Raises AnswerForged.
    """
    found = _read_list(facts, name)
    if not all(isinstance(one, dict) for one in found):
        raise AnswerForged(name)

    return tuple(found)


def _read_list(facts: Mapping[str, Any], name: str) -> list[Any]:
    found = facts.get(name)
    if not isinstance(found, list) or len(found) > _MOST_TEXTS:
        raise AnswerForged(name)

    return found


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)
