"""Which files can hold tests with a mark, told by their text.

A step of a few dozen tests need not import the other files, which takes as long as many of its
tests. Every run of all files checks that the text names each mark (`find_unnamed`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from tests.support.databases import TESTS

ALONE: Final = "alone"
REDIS: Final = "redis"
BROWSER: Final = "browser"
MARKS: Final = (ALONE, REDIS, BROWSER)


@cache
def names_mark(path: Path, mark: str) -> bool:
    """Return whether a file, or any test file below a folder, can hold tests with this mark.

    It can when `mark.<name>` stands in it, or when a folder of the mark's name holds it.
    """
    if path.is_dir():
        return any(names_mark(file, mark) for file in path.rglob("test_*.py"))

    folders = path.relative_to(TESTS).parts[:-1]
    return mark in folders or f"mark.{mark}" in path.read_text(encoding="utf-8")


def find_unnamed(items: Iterable[pytest.Item]) -> Iterator[str]:
    """Yield each test whose mark does not stand in its file: a step would miss it."""
    for item in items:
        for mark in {mark.name for mark in item.iter_markers()}.intersection(MARKS):
            if not names_mark(item.path, mark):
                yield f"{item.nodeid}: mark.{mark}"
