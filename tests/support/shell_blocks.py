"""Shell blocks of a document, run as they stand against a server of the tests.

A document says of each call with what it is answered, in a comment before it: `# 201: …`.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

SECONDS: Final = 120
KEY: Final = "sayso_test_…"
"""The one thing in a block that its reader fills in."""
HOST: Final = "localhost:8000"
"""Where the documents say that the service is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """What the calls of a block were answered: all statuses, and what was printed."""

    statuses: tuple[int, ...]
    printed: str

    @property
    def answers(self) -> tuple[Any, ...]:
        """The JSON documents that were printed one after the other."""
        return tuple(_read_documents(self.printed))


def read_blocks(text: str, language: str) -> list[str]:
    """Return the fenced blocks of this language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE)


def list_promised_statuses(block: str) -> tuple[int, ...]:
    """Return the status that the block promises for each of its calls."""
    return tuple(int(status) for status in re.findall(r"^# (\d{3}): ", block, re.MULTILINE))


def run_block(block: str, *, port: int, key: str, folder: Path) -> Walk:
    """Run the block in `folder` with `key`, at the server of this port."""
    assert block.count(KEY) == 1, "a block names the key once, and has the rest from its answers"
    # What a curl of the block would have to be told beside its own words.
    (folder / ".curlrc").write_text(
        f'connect-to = "{HOST}:127.0.0.1:{port}"\n'
        'write-out = "%{stderr}%{http_code}\\n"\nshow-error\n',
        encoding="ascii",
    )
    done = subprocess.run(
        ["sh", "-eu"],
        input=block.replace(KEY, key),
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C.UTF-8"},
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"
    statuses = tuple(map(int, done.stderr.split()))
    return Walk(statuses=statuses, printed=done.stdout)


def find_differences(shown: Any, found: Any, place: str = "") -> list[str]:
    """Return where `found` is not as it is shown. `…` in a text stands for anything."""
    if isinstance(shown, dict) and isinstance(found, dict):
        return [
            difference
            for name, inner in shown.items()
            for difference in find_differences(inner, found.get(name), f"{place}.{name}")
        ]
    if isinstance(shown, list) and isinstance(found, list) and len(shown) == len(found):
        return [
            difference
            for number, inner in enumerate(shown)
            for difference in find_differences(inner, found[number], f"{place}.{number}")
        ]
    if isinstance(shown, str) and isinstance(found, str):
        pattern = re.escape(shown).replace("…", ".*")
        return [] if re.fullmatch(pattern, found, re.DOTALL) else [f"{place}: {found}"]
    return [] if shown == found else [f"{place}: {found}"]


def _read_documents(printed: str) -> Iterator[Any]:
    decoder, rest = json.JSONDecoder(), printed.strip()
    while rest:
        document, end = decoder.raw_decode(rest)
        yield document
        rest = rest[end:].lstrip()
