"""How similar a clone sounds to its recordings is measured when it is made (A12)."""

from __future__ import annotations

import numpy as np
import pytest

from audio.sound import Sound
from tests.voices.conftest import reading
from voices import sample_checks
from voices.providers.base import Clone, ReferenceRecording
from voices.providers.local.adapter import Local


class TestLikeness:
    def test_of_a_clone_of_the_engine_is_between_a_stranger_and_the_person(self) -> None:
        sound = reading()
        report = sample_checks.examine_samples([sound], statement=None, watermark_keys={})
        assert report.voice is not None and report.voice.shape == (256,)
        made = Local().clone(
            Clone(
                reference="vox_a",
                consent_id="con_a",
                language="en",
                recordings=[ReferenceRecording(data=b"", sound=sound)],
            )
        )
        assert made.trial is not None

        likeness = sample_checks.measure_likeness(made.trial, report.voice)

        assert likeness is not None and 550 < likeness < 1000
        own = sample_checks.measure_likeness(sound, report.voice)
        assert own is not None and own > likeness

    def test_of_silence_is_none(self) -> None:
        silence = Sound(np.zeros(48_000, dtype=np.float32), 24_000)
        assert sample_checks.measure_likeness(silence, np.ones(256, dtype=np.float32)) is None

    @pytest.mark.parametrize(
        ("milli", "verdict"), [(810, "same"), (800, "same"), (750, "review"), (699, "different")]
    )
    def test_means_what_it_means_between_recordings(self, milli: int, verdict: str) -> None:
        assert sample_checks.judge_likeness(milli) == verdict
