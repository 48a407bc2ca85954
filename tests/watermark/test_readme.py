"""The README of the package: its example runs as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import watermark
from tests.support.watermark_speech import clip

README = Path(watermark.__file__).with_name("README.md")


class TestTheExample:
    def test_runs_as_it_stands(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (code,) = re.findall(r"```python\n(.*?)```", README.read_text("utf-8"), flags=re.DOTALL)
        np.save(tmp_path / "speech.npy", clip().samples)
        monkeypatch.chdir(tmp_path)

        exec(code, {})  # noqa: S102 - our own README

        assert capsys.readouterr().out.startswith("token 00c0ffee, score ")
