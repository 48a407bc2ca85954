"""A comment that silences a tool names the rule and says why.

Whether it is still needed is known to the tools themselves: ruff by RUF100, mypy by
`warn_unused_ignores`.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.architecture import source

SUPPRESSION = re.compile(r"# (ruff: )?noqa\b|# type: ignore\b|# nosec\b|# pragma: no")
NAMED = re.compile(
    r"# (?:ruff: )?noqa: [A-Z]+\d+(?:, [A-Z]+\d+)*|# type: ignore\[[a-z-]+(?:,[a-z-]+)*\]"
)
WORD = re.compile(r"[a-z]{2}")


def _first_lines(path: Path) -> Mapping[int, int]:
    """Return the first line of the innermost statement or argument, by the line within it."""
    first: dict[int, int] = {}
    for node in ast.walk(source.tree(path)):
        if isinstance(node, ast.stmt | ast.arg | ast.excepthandler):
            for line in range(node.lineno, (node.end_lineno or node.lineno) + 1):
                first[line] = max(first.get(line, 0), node.lineno)
    return first


def unexplained_suppressions(path: Path) -> list[int]:
    """Lines whose suppression lacks a code or a reason, on the line or in a comment above it."""
    text = path.read_text(encoding="utf-8")
    lines, first = text.splitlines(), _first_lines(path)

    found = []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type != tokenize.COMMENT or not SUPPRESSION.match(token.string):
            continue

        line = token.start[0]
        above = {line - 1, first.get(line, line) - 1} - {0}
        explained = WORD.search(NAMED.sub("", token.string)) or any(
            lines[number - 1].lstrip().startswith("#") for number in above
        )
        if not (NAMED.match(token.string) and explained):
            found.append(line)
    return found


class TestASuppression:
    def test_names_its_rule_and_its_reason(self) -> None:
        found = {
            source.name(path): unexplained_suppressions(path) for path in source.files(tests=True)
        }
        assert {name: lines for name, lines in found.items() if lines} == {}

    @pytest.mark.parametrize(
        ("text", "lines"),
        [
            ("x = 1  # noqa\n", [1]),
            ("x = 1  # noqa: S101\n", [1]),
            ("x = 1  # type: ignore[misc]\n", [1]),
            ("x = 1  # type: ignore  # the theme has no types\n", [1]),
            ("x = 1  # noqa: S101 - stdout=PIPE above\n", []),
            ("x = 1  # type: ignore[misc]  # noqa: S101  # the theme has no types\n", []),
            ("# The theme has no types.\nx = 1  # type: ignore[misc]\n", []),
        ],
    )
    def test_is_found_without_them(self, tmp_path: Path, text: str, lines: list[int]) -> None:
        path = tmp_path / "read.py"
        path.write_text(text, encoding="utf-8")

        assert unexplained_suppressions(path) == lines
