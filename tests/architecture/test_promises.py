"""`docs/promises.md` names tests that exist, for every promise."""

from __future__ import annotations

import ast
import re

from tests.architecture import source

TABLE = source.ROOT / "docs" / "promises.md"
TEST = re.compile(r"`(tests/[\w/]+\.py)::(?:(\w+)::)?(\w+)`")


def named() -> list[tuple[str, str, str]]:
    """File, class and name of each test; the class is empty for a function of the module."""
    return [
        (found[1], found[2] or "", found[3])
        for found in TEST.finditer(TABLE.read_text(encoding="utf-8"))
    ]


def methods(file: str, unit: str) -> set[str]:
    if not unit:
        return {
            node.name
            for node in source.tree(source.ROOT / file).body
            if isinstance(node, ast.FunctionDef)
        }
    classes = (
        node for node in source.tree(source.ROOT / file).body if isinstance(node, ast.ClassDef)
    )
    bodies = (node.body for node in classes if node.name == unit)
    return {
        method.name for body in bodies for method in body if isinstance(method, ast.FunctionDef)
    }


class TestTheTable:
    def test_names_tests_that_exist(self) -> None:
        assert [row for row in named() if row[2] not in methods(row[0], row[1])] == []

    def test_has_a_test_in_every_row(self) -> None:
        rows = [
            line for line in TABLE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")
        ]
        assert len(named()) == len(rows) - 2

    def test_speaks_of_all_eight(self) -> None:
        text = TABLE.read_text(encoding="utf-8")
        assert [number for number in range(1, 9) if f"| **{number} " not in text] == []
