"""What the documents name exists: files, folders, and the targets of links between them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture import source

LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
CODE = re.compile(r"`([^`\n]+)`")
WORD = re.compile(r"[\w./<>*{}…-]+")
OPEN = re.compile(r"[<>*{}…]")
"""A path with a place to fill in is none yet."""
MADE = ("var/", ".venv/")
"""Folders that the commands make."""
FOLDERS = (*source.STACK, "bench", "docs", "locale", "requirements", "static", "templates", "tests")


def documents() -> Iterator[Path]:
    yield from sorted(source.ROOT.glob("*.md"))
    for folder in (*source.STACK, "docs", "tests"):
        yield from sorted((source.ROOT / folder).rglob("*.md"))


def missing_places(document: Path, text: str) -> list[str]:
    """Files and folders of ours that the text names and that do not exist."""
    linked = [found for found in LINK.findall(text) if "://" not in found and found[0] != "/"]
    missing = [found for found in linked if not (document.parent / found).exists()]

    for code in CODE.findall(text):
        for word in WORD.findall(code):
            place = word.partition("::")[0].rstrip("./")
            ours = place.partition("/")[0] in FOLDERS and "/" in place
            if ours and not OPEN.search(place) and not (source.ROOT / place).exists():
                missing.append(place)
    return [place for place in missing if not place.startswith(MADE)]


class TestADocument:
    @pytest.mark.parametrize("path", [*documents()], ids=source.name)
    def test_names_only_files_and_folders_that_exist(self, path: Path) -> None:
        assert missing_places(path, path.read_text(encoding="utf-8")) == []

    def test_is_read_with_eyes_that_see_what_is_missing(self) -> None:
        text = (
            "[here](glossary.md) [gone](gone.md#part) `consent/gate.py` `consent/gone.py::TestX`"
            " `voices/providers/<name>/adapter.py` `make test T=tests/gone/test_x.py`"
        )
        found = missing_places(source.ROOT / "docs" / "x.md", text)

        assert found == ["gone.md", "consent/gone.py", "tests/gone/test_x.py"]
