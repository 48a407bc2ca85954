"""The paths that the SDKs in JavaScript name, with `{}` for what a call fills in."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

PathFinder = Callable[[Path], Iterable[str]]
"""Gives the paths that the files of a package name, as they are written there."""

_GENERATED: Final = re.compile(
    r"""["`](v[0-9]/[^"` ]*)["`]|(?:path\)? ?`|\._client\.\w+\(["'`])(/[a-z][^"'`]*)["'`]"""
    r"""|\bconst path = '(/[a-z/]+)'"""
)
_FISH: Final = re.compile(
    r"""Environment\.Production, ["`]([^"`]+)["`]|\$\{wsUrl\}(/[^`]+)`""", re.DOTALL
)
_INWORLD: Final = re.compile(r"\$\{config\._baseUrl\}([^`]+)`")
_RESEMBLE: Final = re.compile(
    r"""(?:UtilV2\.(?:get|post|put|delete)\(|endpoint\('v2', )\s*['`]([^'`?]+)""", re.DOTALL
)
_RESEMBLE_SYNTHESIS: Final = frozenset({"synthesize", "stream"})


def find_generated(folder: Path) -> Iterator[str]:
    """The paths of an SDK that a generator wrote."""
    for file in folder.rglob("*.js"):
        for versioned, rooted, socket in _GENERATED.findall(file.read_text()):
            yield versioned or rooted or socket


def find_fish(folder: Path) -> Iterator[str]:
    """Those of Fish Audio's."""
    for file in folder.rglob("*.js"):
        for path, socket in _FISH.findall(file.read_text()):
            yield path or socket


def find_inworld(folder: Path) -> Iterator[str]:
    """Those of Inworld's."""
    for file in folder.rglob("*.js"):
        for path in _INWORLD.findall(file.read_text()):
            yield path.replace("${VOICES_PATH}", "voices/v1/voices")


def find_resemble(folder: Path) -> Iterator[str]:
    """Those of Resemble's, from the sources beside its minified file."""
    sources = json.loads((folder / "resemble.modern.js.map").read_text())["sourcesContent"]
    for text in sources:
        for found in _RESEMBLE.findall(text):
            path = found.strip("/").replace("${uuid}${queryParams}", "${uuid}")
            yield path if path in _RESEMBLE_SYNTHESIS else f"api/v2/{path}"


def find_javascript_paths(find: PathFinder, folder: Path) -> set[str]:
    """All paths, with `{}` in the gaps and without a query."""
    named = (re.sub(r"\$\{[^}]*\}", "{}", path) for path in find(folder))
    return {path.partition("?")[0].strip("/") for path in named}
