"""Files that are whole or as they were: on a disk that fills up, beside a writer that died, and
with many writers.

The disk that fills up is RLIMIT_FSIZE in a process of its own. It takes a part of a write and says
so, as a full disk does, and the next byte is an error.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core import durable_files

APPEND = """
import resource, sys
from pathlib import Path
from core import durable_files
limit = int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    getattr(durable_files, sys.argv[3])(Path(sys.argv[1]), b"x" * 220)
except OSError as error:
    print(error.strerror)
"""


def write_on_full_disk(path: Path, *, limit: int, how: str = "append_line") -> str:
    """Write 220 bytes where the file may have so many bytes, and return the error."""
    command = [sys.executable, "-c", APPEND, str(path), str(limit), how]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.strip()


class TestALineOnAFullDisk:
    def test_is_refused_and_leaves_no_part(self, tmp_path: Path) -> None:
        path = tmp_path / "records"
        durable_files.append_line(path, b"first")

        # 136 bytes of it have room, as L-B13 had it.
        assert write_on_full_disk(path, limit=6 + 136) == "File too large"

        assert path.read_bytes() == b"first\n"

    def test_may_be_the_first(self, tmp_path: Path) -> None:
        path = tmp_path / "records"

        assert write_on_full_disk(path, limit=136) == "File too large"
        durable_files.append_line(path, b"second try")

        assert path.read_bytes() == b"second try\n"

    @pytest.mark.parametrize("how", ["write_file", "write_new"])
    def test_is_refused_for_a_whole_file_too(self, tmp_path: Path, how: str) -> None:
        path = tmp_path / "whole"

        assert write_on_full_disk(path, limit=136, how=how) == "File too large"

        assert list(tmp_path.iterdir()) == []


class TestATornLine:
    def test_of_a_dead_writer_stays_a_line_of_its_own(self, tmp_path: Path) -> None:
        path = tmp_path / "records"
        path.write_bytes(b'first\n{"torn')

        durable_files.append_line(path, b"next")

        assert path.read_bytes() == b'first\n{"torn\nnext\n'

    def test_that_is_not_what_was_written_is_refused(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "records"
        durable_files.append_line(path, b"first")
        write = os.write
        monkeypatch.setattr(os, "write", lambda at, data: write(at, bytes(len(data))))

        with pytest.raises(OSError, match="not what stands there"):
            durable_files.append_line(path, b"second")

        assert path.read_bytes() == b"first\n"

    def test_is_not_made_by_short_writes(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write = os.write
        monkeypatch.setattr(os, "write", lambda at, data: write(at, data[:7]))

        durable_files.append_line(tmp_path / "records", b"a line longer than seven bytes")
        durable_files.shred_file(tmp_path / "records")

        assert not (tmp_path / "records").exists()


class TestManyWriters:
    def test_never_mix_their_lines(self, tmp_path: Path) -> None:
        path, lines = tmp_path / "records", [f"{n:03}".encode() * 200 for n in range(40)]

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda line: durable_files.append_line(path, line), lines))

        assert sorted(path.read_bytes().splitlines()) == lines

    def test_that_are_killed_leave_whole_lines_and_torn_ones_apart(self, tmp_path: Path) -> None:
        path = tmp_path / "records"
        code = (
            "from core import durable_files\nfrom pathlib import Path\nimport sys\n"
            "while True: durable_files.append_line(Path(sys.argv[1]), b'w' * 5000)"
        )
        for _ in range(3):
            writer = subprocess.Popen([sys.executable, "-c", code, str(path)])
            ends = time.monotonic() + 20
            before = path.stat().st_size if path.exists() else 0
            while time.monotonic() < ends and not (path.exists() and path.stat().st_size > before):
                time.sleep(0.01)
            writer.send_signal(signal.SIGKILL)
            writer.wait()
            durable_files.append_line(path, b"after the kill")

        lines = path.read_bytes().splitlines()
        assert lines.count(b"after the kill") == 3
        assert b"w" * 5000 in lines
