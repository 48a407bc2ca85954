"""Cross-check with the audiowmark program itself; collected only where `AUDIOWMARK` or the path
leads to it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
import soundfile

from tests.support.audiowmark_vectors import DATA, KEY, MESSAGE, sound
from watermark.audiowmark import detect, key_files
from watermark.audiowmark.audiowmark_embedder import compute_difference
from watermark.audiowmark.peak_limiter import cut_to_16_bits, limit_peaks

PROGRAM = os.environ.get("AUDIOWMARK") or shutil.which("audiowmark")

if PROGRAM:

    class TestTheProgram:
        @pytest.mark.parametrize("masked", [False, True])
        def test_reads_what_we_write(self, tmp_path: Path, *, masked: bool) -> None:
            host, rate = sound("mono24_30.original")
            key_file, marked, answer = (
                tmp_path / "our.key",
                tmp_path / "marked.wav",
                tmp_path / "rows.json",
            )
            key_file.write_text(key_files.format_key_file(KEY), encoding="utf-8")
            made = limit_peaks(
                host + compute_difference(host, rate, key=KEY, message=MESSAGE, masked=masked), rate
            )
            soundfile.write(marked, cut_to_16_bits(made), rate)
            _run("get", "--key", key_file, "--json", answer, marked)
            assert json.loads(answer.read_text(encoding="utf-8"))["matches"][0]["bits"] == MESSAGE

        def test_writes_what_we_read(self, tmp_path: Path) -> None:
            message, marked = "00112233445566778899aabbccddeeff", tmp_path / "marked.wav"
            _run(
                "add",
                "--key",
                DATA / "vectors.key",
                DATA / "mono24_30.original.flac",
                marked,
                message,
            )
            samples, rate = soundfile.read(marked, dtype="float64", always_2d=True)
            assert message in {
                row.message for row in detect(samples, rate, keys=[KEY]) if row.believable
            }


def _run(*words: str | Path) -> None:
    subprocess.run([str(PROGRAM), *map(str, words)], check=True, capture_output=True, timeout=120)
