"""The project's own Python files as syntax trees, for the tests that read them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
STACK: Final = (
    "core",
    "watermark",
    "upstream",
    "audio",
    "engine",
    "accounts",
    "vault",
    "transparency_log",
    "provenance",
    "consent",
    "voices",
    "erasure",
    "proxies",
    "config",
)


@cache
def files(*, tests: bool = False) -> tuple[Path, ...]:
    """Every Python file of ours below the stack's folders (and `tests/`), without migrations."""
    folders = (*STACK, "tests", "bench") if tests else STACK
    found = (path for folder in folders for path in sorted((ROOT / folder).rglob("*.py")))
    return tuple(path for path in found if "migrations" not in path.parts)


@cache
def tree(path: Path) -> ast.Module:
    """The file's syntax tree."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def name(path: Path) -> str:
    """The file as a reader names it: `consent/gate.py`."""
    return path.relative_to(ROOT).as_posix()


def calls(path: Path) -> Iterator[tuple[str, int]]:
    """Every call in the file: the last word of what is called, and the line."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            match node.func:
                case ast.Name(id=word) | ast.Attribute(attr=word):
                    yield word, node.lineno
                case _:
                    pass


def imports_in_functions(path: Path) -> Iterator[int]:
    """Lines on which something is imported inside a function."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for inner in ast.walk(node):
                if isinstance(inner, ast.Import | ast.ImportFrom):
                    yield inner.lineno
