"""What a file may be: said in its first line, short, without hidden imports."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from tests.architecture import source

LONGEST = 300
LONGEST_TEST = 400  # a test module is read test by test, not as a whole
EXCUSE = "Longer than 300 lines because"
STILL_LONG = frozenset(
    {
        "tests/consent/test_row_writers.py",
        "tests/transparency_log/attestation/test_witnesses.py",
    }
)
"""Files to be split. This list may only shrink."""
REASONED = re.compile(r"# noqa: .*PLC0415 *(-|#) \w")


def docstring(path: Path) -> str:
    return ast.get_docstring(source.tree(path)) or ""


def says_nothing(path: Path) -> bool:
    """An app's registration has no subject of its own, and an empty file only marks a package."""
    return path.name == "apps.py" or not path.read_text(encoding="utf-8").strip()


def hidden_imports(path: Path) -> list[int]:
    """Lines of imports inside functions that do not say why they must stand there.

    Every `ready` has one reason.
    """
    if path.name == "apps.py":
        return []
    lines = path.read_text(encoding="utf-8").splitlines()
    return [
        line for line in source.imports_in_functions(path) if not REASONED.search(lines[line - 1])
    ]


def _budget(path: Path) -> int:
    return LONGEST_TEST if source.name(path).startswith("tests/") else LONGEST


class TestEveryFile:
    def test_says_its_subject_in_its_first_line(self) -> None:
        silent = [
            path
            for path in source.files(tests=True)
            if not docstring(path).partition("\n")[0].strip()
        ]
        assert [source.name(path) for path in silent if not says_nothing(path)] == []

    def test_keeps_to_its_budget_or_says_why(self) -> None:
        lengths = {
            path: len(path.read_text(encoding="utf-8").splitlines())
            for path in source.files(tests=True)
        }
        long = {
            source.name(path): n
            for path, n in lengths.items()
            if n > _budget(path) and EXCUSE not in docstring(path)
        }
        assert set(long) == STILL_LONG

    def test_hides_no_import_in_a_function_without_a_reason(self) -> None:
        hidden = {source.name(path): hidden_imports(path) for path in source.files(tests=True)}
        assert {name: lines for name, lines in hidden.items() if lines} == {}

    def test_asks_for_no_model_by_its_name_in_a_string(self) -> None:
        asked = [
            source.name(path) for path in source.files() if "get_model" in dict(source.calls(path))
        ]
        assert asked == []


class TestTheReaders:
    """The tests above are only as good as what they read with."""

    def test_find_an_import_inside_a_function(self, tmp_path: Path) -> None:
        bad = tmp_path / "bad.py"
        bad.write_text("def f():\n    if True:\n        import os\n", encoding="utf-8")
        assert hidden_imports(bad) == [3]

    def test_find_a_call_behind_an_attribute(self, tmp_path: Path) -> None:
        bad = tmp_path / "bad.py"
        bad.write_text("gate.Permit(a=1)\n", encoding="utf-8")
        assert list(source.calls(bad)) == [("Permit", 1)]

    def test_see_every_room(self) -> None:
        assert {source.name(path).split("/")[0] for path in source.files()} == set(source.STACK)
