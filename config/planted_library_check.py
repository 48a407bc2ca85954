"""Refuse to start beside a library that `c2pa` would load instead of its own.

`c2pa` looks into the working folder first.
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
    """A library is where we put none. It ends the process with one line."""


def refuse_libraries(folder: Path) -> None:
    """Check that there is no library below `folder`.

    Raises PlantedLibrary.
    """
    # Such a library would run in this process, which holds our keys.
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
