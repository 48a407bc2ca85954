"""Refuse to start beside a library that `c2pa` would load before its own: it looks into the working
folder first.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

LIBRARIES: Final = ("libc2pa_c.so", "libc2pa_c.dylib", "c2pa_c.dll")
FOLDERS: Final = ("", "artifacts", "libs")
PLATFORMS: Final = (
    "",
    *("unknown-linux-gnu", "x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"),
    *("apple-darwin", "x86_64-apple-darwin", "aarch64-apple-darwin", "universal-apple-darwin"),
    *("pc-windows-msvc", "x86_64-pc-windows-msvc", "aarch64-pc-windows-msvc"),
)


class PlantedLibrary(SystemExit):
    """A library lies where nobody of ours put one; ends the process with one line."""


def refuse_libraries(folder: Path) -> None:
    """Raise PlantedLibrary for a library below `folder`.

    It would run in this process, beside its keys.
    """
    named = os.environ.get("C2PA_LIBRARY_NAME")
    for below in FOLDERS:
        for platform in PLATFORMS:
            for name in (*LIBRARIES, *((named,) if named else ())):
                found = folder / below / platform / name
                if os.path.lexists(found):
                    raise PlantedLibrary(
                        f"sayso: {found} would be loaded in the place of c2pa's own library; "
                        "remove it"
                    )
