"""Reading a long recording takes no more memory than reading a short one, but for the recording itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from provenance.watermark import embed
from provenance.watermark.scheme import Samples
from tests.provenance.watermark.speech import KEY, NAMES, OTHER_KEY, clip

RATE = 16_000
ROOT = Path(__file__).resolve().parents[3]
PROGRAM = """
import sys
import numpy as np
from provenance.watermark import detect, segments
samples, key = np.load(sys.argv[2]), bytes.fromhex(sys.argv[3])
if sys.argv[1] == "detect":
    reading = detect(samples, 16_000, key=key)
    tokens = [reading.token] if reading else []
else:
    tokens = [segment.token for segment in segments(samples, 16_000, keys={"": key})]
peak = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(int(peak) / 1024, *tokens)
"""
TOKEN = 0xC0FFEE42
SHORT, LONG = 2, 12  # minutes
SLACK_MIB = 12
HOUR_MIB = 300


def recording(minutes: int) -> Samples:
    """Tiled speech with one marked clip in it."""
    whole = np.resize(np.concatenate([clip(name).samples for name in NAMES]), minutes * 60 * RATE)
    here = embed(clip().samples, RATE, token=TOKEN, key=KEY, margin_db=0.75)
    whole[whole.size * 2 // 3 :][: here.size] = here
    return whole


def read(verb: str, path: Path, key: bytes) -> tuple[float, list[int]]:
    """The peak in MiB of a process that reads the file, and the tokens that it finds."""
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    words = [sys.executable, "-c", PROGRAM, verb, str(path), key.hex()]
    peak, *tokens = subprocess.run(
        words, check=True, capture_output=True, text=True, cwd=ROOT, env=environment
    ).stdout.split()
    return float(peak), [int(token) for token in tokens]


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the kernel says the peak there")
class TestMemory:
    @pytest.mark.parametrize("verb", ["detect", "segments"])
    @pytest.mark.parametrize(("key", "wanted"), [(KEY, [TOKEN]), (OTHER_KEY, [])], ids=["found", "nothing there"])
    def test_grows_by_no_more_than_the_recording(
        self, verb: str, key: bytes, wanted: list[int], tmp_path: Path
    ) -> None:
        peaks = []
        for minutes in (SHORT, LONG):
            path = tmp_path / f"{minutes}.npy"
            np.save(path, recording(minutes))
            peak, tokens = read(verb, path, key)
            assert tokens == wanted
            peaks.append(peak)
        mib_a_minute = 60 * RATE * 4 / 2**20
        assert peaks[1] - peaks[0] < (LONG - SHORT) * mib_a_minute + SLACK_MIB
        assert peaks[1] + (60 - LONG) * mib_a_minute < HOUR_MIB
