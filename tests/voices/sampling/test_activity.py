"""Net speech is found in a recording of any length."""

from __future__ import annotations

import numpy as np
import pytest

from provenance.audio.sound import Sound
from tests.voices.sampling.recordings import somebody_else
from voices.sampling import activity


class TestARecording:
    @pytest.mark.parametrize("frames", range(9))
    def test_that_is_shorter_than_the_hangover_is_read_like_any_other(self, frames: int) -> None:
        speech = activity.found(somebody_else()).speech
        short = Sound(np.ascontiguousarray(speech.samples[: frames * activity.FRAME + 7]), speech.rate)

        found = activity.found(short)

        assert found.seconds <= short.seconds
        assert 0 <= found.share <= 1
