"""A library that lies in the working folder is never loaded: the service does not start beside
it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from config import planted_library_check

ROOT = Path(__file__).parents[2]
WAYS = {
    "manage.py": [str(ROOT / "manage.py"), "check"],
    "asgi": ["-c", "import config.asgi.application"],
    "celery": ["-c", "import django; from config.celery import app"],
}


def started(way: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    command = [sys.executable, *WAYS[way]]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


class TestALibraryInTheWorkingFolder:
    @pytest.mark.parametrize("way", WAYS)
    def test_stops_the_start_with_one_line(self, way: str, tmp_path: Path) -> None:
        (tmp_path / "libc2pa_c.so").write_bytes(b"not even a library")
        done = started(way, tmp_path)
        assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
        assert done.stderr.startswith(f"sayso: {tmp_path / 'libc2pa_c.so'} ")

    @pytest.mark.parametrize(
        "place",
        [
            "libc2pa_c.so",
            "artifacts/libc2pa_c.so",
            "libs/libc2pa_c.so",
            "x86_64-unknown-linux-gnu/libc2pa_c.so",
            "libs/unknown-linux-gnu/libc2pa_c.so",
            "artifacts/aarch64-apple-darwin/libc2pa_c.dylib",
        ],
    )
    def test_is_found_wherever_c2pa_looks(self, place: str, tmp_path: Path) -> None:
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).symlink_to("/nowhere")
        with pytest.raises(planted_library_check.PlantedLibrary):
            planted_library_check.refuse_libraries(tmp_path)

    def test_is_found_by_another_name_that_the_environment_gives(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("C2PA_LIBRARY_NAME", "other.so")
        (tmp_path / "other.so").write_bytes(b"")
        with pytest.raises(planted_library_check.PlantedLibrary):
            planted_library_check.refuse_libraries(tmp_path)

    def test_stops_nothing_when_it_is_another(self, tmp_path: Path) -> None:
        (tmp_path / "libsndfile.so").write_bytes(b"")
        planted_library_check.refuse_libraries(tmp_path)
