"""Net speech is found in a recording of any length."""

from __future__ import annotations

import numpy as np
import pytest

from audio.sound import Sound
from tests.support.sample_recordings import somebody_else
from voices.sample_checks import voice_activity


class TestARecording:
    @pytest.mark.parametrize("frames", range(9))
    def test_that_is_shorter_than_the_hangover_is_read_like_any_other(self, frames: int) -> None:
        speech = voice_activity.detect_speech(somebody_else()).speech
        short = Sound(
            np.ascontiguousarray(speech.samples[: frames * voice_activity.FRAME + 7]), speech.rate
        )

        found = voice_activity.detect_speech(short)

        assert found.seconds <= short.seconds
        assert 0 <= found.share <= 1
