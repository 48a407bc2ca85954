"""A data folder with little room, which a test fills up under a running process and clears again.

It is a file system of its own, which only the process and its children see. Where the kernel lets
no one make one, the process may write no file beyond one page (RLIMIT_FSIZE), which it meets in the
same way: a short write, then an error. So no test is skipped for it.
"""

from __future__ import annotations

import resource
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.support import processes

MEGABYTES: Final = 24
PAGE: Final = 4096
_BALLAST: Final = ".ballast"
_ALONE: Final = ("unshare", "--mount", "--propagation", "private")
_WAYS: Final = (_ALONE, (*_ALONE, "--map-root-user"))
_MOUNT: Final = (
    f'mount -t tmpfs -o size={MEGABYTES}m,mode=0700 sayso "$1" && cp -a "$2/." "$1" '
    '&& shift 2 && "$@"; exit'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SmallDisk:
    """The data folder of a process, as the test sees it, and how it is filled and cleared."""

    folder: Path
    fill: Callable[[], None]
    clear: Callable[[], None]


@contextmanager
def run_on_small_disk(
    command: Sequence[str], environment: Mapping[str, str], log: Path, *, disk: Path
) -> Iterator[SmallDisk]:
    """Run a command whose data folder, a copy of the one it would have, is the folder `disk`."""
    disk.mkdir()
    old = environment["SAYSO_DATA_DIR"]
    own = {**environment, "SAYSO_DATA_DIR": str(disk)}
    way = next(filter(_can_mount, _WAYS), None)
    if way is None:
        subprocess.run(["cp", "-a", f"{old}/.", str(disk)], check=True)
        with processes.process([*command], own, log) as started:
            yield _limit_files(started.pid, disk)
        return

    mounting = [*way, "sh", "-c", _MOUNT, "sh", str(disk), old, *command]
    with processes.process(mounting, own, log) as started:
        # The mount is in the process's own table of mounts.
        yield _fill_up(Path(f"/proc/{started.pid}/root{disk}"))


def _can_mount(way: tuple[str, ...]) -> bool:
    trial = [*way, "mount", "-t", "tmpfs", "sayso", "/mnt"]
    try:
        return subprocess.run(trial, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _fill_up(folder: Path) -> SmallDisk:
    ballast = folder / _BALLAST

    def fill() -> None:
        with ballast.open("wb", buffering=0) as file:
            for size in (PAGE * 64, PAGE):
                try:
                    while file.write(bytes(size)) == size:
                        pass
                except OSError:
                    pass

    return SmallDisk(folder=folder, fill=fill, clear=ballast.unlink)


def _limit_files(pid: int, folder: Path) -> SmallDisk:
    usual = resource.prlimit(pid, resource.RLIMIT_FSIZE)

    def fill() -> None:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (PAGE, usual[1]))

    def clear() -> None:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, usual)

    return SmallDisk(folder=folder, fill=fill, clear=clear)
