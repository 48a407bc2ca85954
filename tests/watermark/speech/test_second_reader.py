"""The specification is enough: a reader that shares no code with the package reads the vectors as
the package does.
"""

from __future__ import annotations

import ast
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import soundfile

import watermark
from audio.decoding import decode_trusted
from audio.encoding import Output, encode_sound
from audio.sound import Sound
from tests.support import second_reader, second_reader_code, second_reader_sound
from tests.support.watermark_speech import KEY, NAMES, OTHER_KEY, TOKEN, clip
from tests.watermark.speech.test_watermark import HANDLINGS

FOLDER = Path(__file__).resolve().parents[2] / "data" / "watermark"
IDENTITY = 0x0123456789ABCDEF_FEDCBA9876543210
VECTORS: list[dict[str, Any]] = json.loads((FOLDER / "vectors.json").read_text(encoding="utf-8"))[
    "clips"
]


def number(digits: str | None) -> int | None:
    return None if digits is None else int(digits, 16)


class TestVectors:
    @pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: str(vector["file"]))
    def test_are_read_by_the_second_reader(self, vector: dict[str, Any]) -> None:
        samples, _ = soundfile.read(FOLDER / vector["file"], dtype="float64")
        found = second_reader.read(samples, bytes.fromhex(vector["key"]))
        assert found is not None
        assert (found.token, found.identity) == (
            number(vector["token"]),
            number(vector["identity"]),
        )

    @pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: str(vector["file"]))
    def test_are_read_by_the_package(self, vector: dict[str, Any]) -> None:
        samples, rate = soundfile.read(FOLDER / vector["file"], dtype="float32")
        found = watermark.detect(samples, rate, key=bytes.fromhex(vector["key"]))
        assert found is not None
        assert (found.token, found.identity) == (
            number(vector["token"]),
            number(vector["identity"]),
        )


class TestSecondReader:
    def test_gives_the_score_that_the_package_gives(self) -> None:
        marked = watermark.embed(clip().samples, 16_000, token=TOKEN, key=KEY, margin_db=0.75)
        found, ours = (
            second_reader.read(marked.astype(np.float64), KEY),
            watermark.detect(marked, 16_000, key=KEY),
        )
        assert found is not None
        assert ours is not None
        assert found.token == TOKEN
        assert found.score == pytest.approx(ours.score, rel=1e-3)

    @pytest.mark.parametrize(
        "output",
        [
            Output(codec="opus", sample_rate_hz=24_000, bit_rate_bps=24_000),
            Output(codec="mp3", sample_rate_hz=24_000, bit_rate_bps=64_000),
            Output(codec="mulaw", sample_rate_hz=8_000),
        ],
        ids=["opus", "mp3", "mulaw"],
    )
    @pytest.mark.parametrize("seconds", [3.0, 11.0])
    def test_reads_step_by_step_what_the_package_reads(
        self, seconds: float, output: Output
    ) -> None:
        """After codings, where the steps that a clean clip does not need have something to do."""
        host = np.concatenate([clip(name).samples for name in NAMES])[: round(seconds * 16_000)]
        marked = watermark.embed(
            host, 16_000, token=TOKEN, key=KEY, margin_db=0.75, identity=IDENTITY
        )
        heard = decode_trusted(
            encode_sound(Sound(marked, 16_000), output),
            output.codec,
            rate=output.sample_rate_hz or 0,
        )
        samples = heard.resample(16_000).samples
        found, ours = (
            second_reader.read(samples.astype(np.float64), KEY),
            watermark.detect(samples, 16_000, key=KEY),
        )
        assert found is not None
        assert ours is not None
        assert (found.token, found.identity) == (TOKEN, ours.identity)
        assert found.score == pytest.approx(ours.score, rel=1e-3)

    def test_reads_a_clip_in_a_recording_by_its_windows(self) -> None:
        marked = watermark.embed(
            clip(NAMES[2]).samples, 16_000, token=TOKEN, key=KEY, margin_db=0.6
        )
        others = np.concatenate(
            [2.0 * clip(name).samples for name in (NAMES[0], NAMES[1], NAMES[3])]
        )
        samples = np.concatenate([others, marked, others]).astype(np.float32)
        found, ours = (
            second_reader.read(samples.astype(np.float64), KEY),
            watermark.detect(samples, 16_000, key=KEY),
        )
        assert found is not None
        assert ours is not None
        assert found.token == ours.token == TOKEN
        assert found.score == pytest.approx(ours.score, rel=1e-3)

    @pytest.mark.parametrize("gain", [1.0, -1.0])
    def test_takes_an_echo_off_as_the_package_does(self, gain: float) -> None:
        marked = watermark.embed(clip().samples, 16_000, token=TOKEN, key=KEY, margin_db=0.75)
        samples = np.pad(marked, (0, 192))
        samples[192:] += np.float32(gain) * marked
        found, ours = (
            second_reader.read(samples.astype(np.float64), KEY),
            watermark.detect(samples, 16_000, key=KEY),
        )
        assert found is not None
        assert ours is not None
        assert found.token == ours.token == TOKEN
        assert found.score == pytest.approx(ours.score, rel=1e-2)

    def test_reads_what_was_cut_and_joined_as_the_package_does(self) -> None:
        marked = watermark.embed(
            clip(NAMES[0]).samples, 16_000, token=TOKEN, key=KEY, margin_db=0.75
        )
        pieces = [marked[at : at + 25_000] for at in range(0, 100_000, 32_000)]
        samples = np.concatenate(pieces)
        found, ours = (
            second_reader.read(samples.astype(np.float64), KEY),
            watermark.detect(samples, 16_000, key=KEY),
        )
        assert found is not None
        assert ours is not None
        assert found.token == ours.token == TOKEN
        assert found.score == pytest.approx(ours.score, rel=1e-3)

    @pytest.mark.parametrize(
        "handling",
        ["GSM", "a tape 2 % too fast", "a tape 2 % too slow", "a tempo of 0.95", "a tempo of 1.03"],
    )
    def test_tries_telephones_and_other_paces_as_the_package_does(self, handling: str) -> None:
        marked = watermark.embed(clip().samples, 16_000, token=TOKEN, key=KEY, margin_db=0.75)
        samples = HANDLINGS[handling](Sound(marked, 16_000)).resample(16_000).samples
        found, ours = (
            second_reader.read(samples.astype(np.float64), KEY),
            watermark.detect(samples, 16_000, key=KEY),
        )
        assert found is not None
        assert ours is not None
        assert found.token == ours.token == TOKEN
        assert found.score == pytest.approx(ours.score, rel=1e-3)

    def test_reads_nothing_with_another_key(self) -> None:
        marked = watermark.embed(clip().samples, 16_000, token=TOKEN, key=KEY, margin_db=0.75)
        assert second_reader.read(marked.astype(np.float64), OTHER_KEY) is None

    @pytest.mark.parametrize("module", [second_reader, second_reader_code, second_reader_sound])
    def test_shares_no_code_with_the_package(self, module: ModuleType) -> None:
        tree = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))
        named = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        named |= {
            alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.Import)
            for alias in node.names
        }
        assert not any((name or "").split(".")[0] == "provenance" for name in named)
