"""The specification is enough: a reader that shares no code with the package reads the vectors as the package does."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from provenance import watermark
from tests.provenance.watermark import second_reader
from tests.provenance.watermark.speech import KEY, OTHER_KEY, TOKEN, clip

FOLDER = Path(__file__).resolve().parents[2] / "data" / "watermark"
VECTORS: list[dict[str, Any]] = json.loads((FOLDER / "vectors.json").read_text(encoding="utf-8"))["clips"]


def number(digits: str | None) -> int | None:
    return None if digits is None else int(digits, 16)


class TestVectors:
    @pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: str(vector["file"]))
    def test_are_read_by_the_second_reader(self, vector: dict[str, Any]) -> None:
        samples, _ = soundfile.read(FOLDER / vector["file"], dtype="float64")
        found = second_reader.read(samples, bytes.fromhex(vector["key"]))
        assert found is not None
        assert (found.token, found.identity) == (number(vector["token"]), number(vector["identity"]))

    @pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: str(vector["file"]))
    def test_are_read_by_the_package(self, vector: dict[str, Any]) -> None:
        samples, rate = soundfile.read(FOLDER / vector["file"], dtype="float32")
        found = watermark.detect(samples, rate, key=bytes.fromhex(vector["key"]))
        assert found is not None
        assert (found.token, found.identity) == (number(vector["token"]), number(vector["identity"]))


class TestSecondReader:
    def test_gives_the_score_that_the_package_gives(self) -> None:
        marked = watermark.embed(clip().samples, 16_000, token=TOKEN, key=KEY, margin_db=0.75)
        found, ours = second_reader.read(marked.astype(np.float64), KEY), watermark.detect(marked, 16_000, key=KEY)
        assert found is not None
        assert ours is not None
        assert found.token == TOKEN
        assert found.score == pytest.approx(ours.score, rel=1e-3)

    def test_reads_nothing_with_another_key(self) -> None:
        marked = watermark.embed(clip().samples, 16_000, token=TOKEN, key=KEY, margin_db=0.75)
        assert second_reader.read(marked.astype(np.float64), OTHER_KEY) is None

    def test_shares_no_code_with_the_package(self) -> None:
        tree = ast.parse(Path(second_reader.__file__).read_text(encoding="utf-8"))
        named = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        named |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        assert not any((name or "").split(".")[0] == "provenance" for name in named)
