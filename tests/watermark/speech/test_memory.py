"""Reading a long recording takes no more memory than reading a short one, but for the recording
itself.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.support.watermark_speech import KEY, NAMES, OTHER_KEY, clip
from watermark import embed
from watermark.speech.parameters import Samples

RATE = 16_000
ROOT = Path(__file__).resolve().parents[3]
PROGRAM = """
import sys
import numpy as np
from watermark import detect, find_segments
samples, key = np.load(sys.argv[1]), bytes.fromhex(sys.argv[2])
reading = detect(samples, 16_000, key=key)
tokens = [reading.token] if reading else []
tokens += [segment.token for segment in find_segments(samples, 16_000, keys={"": key})]
peak = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(int(peak) / 1024, *tokens)
"""
TOKEN = 0xC0FFEE42
SHORT, LONG = 2, 6  # minutes
SLACK_MIB = 12
HOUR_MIB = 300


def recording(minutes: int) -> Samples:
    """Tiled speech with one marked clip in it."""
    whole = np.resize(np.concatenate([clip(name).samples for name in NAMES]), minutes * 60 * RATE)
    here = embed(clip().samples, RATE, token=TOKEN, key=KEY, margin_db=0.75)
    whole[whole.size * 2 // 3 :][: here.size] = here
    return whole


def read(path: Path, key: bytes) -> tuple[float, list[int]]:
    """The peak in MiB of a process that reads the file in both ways, and the tokens that either
    finds.
    """
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    words = [sys.executable, "-c", PROGRAM, str(path), key.hex()]
    peak, *tokens = subprocess.run(
        words, check=True, capture_output=True, text=True, cwd=ROOT, env=environment
    ).stdout.split()
    return float(peak), [int(token) for token in tokens]


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the kernel says the peak there")
class TestMemory:
    def test_grows_by_no_more_than_the_recording(self, tmp_path: Path) -> None:
        """With another key, so that every stage is asked to its end."""
        peaks = []
        for minutes in (SHORT, LONG):
            path = tmp_path / f"{minutes}.npy"
            np.save(path, recording(minutes))
            peak, tokens = read(path, OTHER_KEY)
            assert tokens == []
            peaks.append(peak)
        mib_a_minute = 60 * RATE * 4 / 2**20
        assert peaks[1] - peaks[0] < (LONG - SHORT) * mib_a_minute + SLACK_MIB
        assert peaks[1] + (60 - LONG) * mib_a_minute < HOUR_MIB

    def test_is_enough_to_find_a_clip_in_both_ways(self, tmp_path: Path) -> None:
        np.save(tmp_path / "here.npy", recording(SHORT))
        peak, tokens = read(tmp_path / "here.npy", KEY)
        assert tokens == [TOKEN, TOKEN]
        assert peak + (60 - SHORT) * 60 * RATE * 4 / 2**20 < HOUR_MIB
