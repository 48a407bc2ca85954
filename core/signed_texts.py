"""Texts that people sign: JSON files with a version, and a hash for each language.

A text is `<name>.<version>.<locale>.json`. `SHA256SUMS` beside it holds its hash, in the format of
`sha256sum`. A text never changes. A new wording is a file of a higher version.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, cast

SUMS: Final = "SHA256SUMS"


class TextAltered(RuntimeError):
    """A text is not the one that was released: edited in place, or without a hash."""


@cache
def load_text(folder: Path, name: str, *, version: int, locale: str) -> Mapping[str, Any]:
    """Return a text of a folder.

    Raises TextAltered.
    """
    return read_text_file(folder / f"{name}.{version}.{locale}.json")


def read_text_file(path: Path) -> Mapping[str, Any]:
    """Return the content of a text file after a look at its hash.

    Raises TextAltered.
    """
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != _read_sums(path.parent).get(path.name):
        raise TextAltered(f"{path.name} is not the text that was released.")

    return cast("Mapping[str, Any]", json.loads(data))


@cache
def _read_sums(folder: Path) -> Mapping[str, str]:
    """Return file name -> SHA-256."""
    lines = (folder / SUMS).read_text(encoding="utf-8").splitlines()
    return {name: sha256 for sha256, _, name in (line.partition("  ") for line in lines)}
