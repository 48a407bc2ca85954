"""The speaker encoder: what its embeddings mean, and that the weights are the ones we name."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from audio.sound import Sound
from tests.support import sample_recordings as r
from tests.support.audio_files import clip
from voices.sample_checks import speaker_encoder, voice_activity

PEAKS = [16, 25, 58, 63, 89, 103, 119, 162, 177, 196, 212, 218, 225, 236, 243]
SHA256 = "2f79a81e8eecb1d70be5298d52f03932100090e619b799df0676657b9664dfad"
WEIGHTS = Path(speaker_encoder.__file__).with_name("weights")


class TestEmbedding:
    def test_has_length_one(self) -> None:
        assert np.linalg.norm(speaker_encoder.compute_embedding(clip())) == pytest.approx(
            1, abs=1e-5
        )

    def test_keeps_one_reader_together_and_others_apart(self) -> None:
        one, same, other = (
            speaker_encoder.compute_embedding(s) for s in (clip("0870"), clip("0890"), r.flite())
        )

        assert one @ same > 0.85
        assert one @ other < 0.65

    def test_hardly_depends_on_loudness(self) -> None:
        quiet = r.changed(clip(), 0.05 * clip().samples)

        assert (
            speaker_encoder.compute_embedding(quiet) @ speaker_encoder.compute_embedding(clip())
            > 0.93
        )

    def test_agrees_with_the_published_network(self) -> None:
        """First numbers for the first excerpt, computed with the original package's network."""
        found = speaker_encoder.compute_embedding(clip())

        assert np.flatnonzero(found > 0.15).tolist() == PEAKS

    @pytest.mark.parametrize("samples", [0, 1, 399, 16_000])
    def test_takes_sounds_shorter_than_its_window(self, samples: int) -> None:
        assert np.isfinite(speaker_encoder.compute_embedding(r.cut(clip(), samples / 16_000))).all()

    def test_takes_only_some_windows_of_a_long_recording(self) -> None:
        long = Sound(np.tile(clip().samples, 20), 16_000)

        assert len(speaker_encoder.embed_windows(long)) == 48
        assert (
            speaker_encoder.compute_embedding(long) @ speaker_encoder.compute_embedding(clip())
            > 0.98
        )


class TestWeights:
    def test_are_shipped_with_licence_and_origin(self) -> None:
        assert "Apache License" in (WEIGHTS / "LICENSE-Apache-2.0").read_text()
        assert "Resemblyzer 0.1.4" in (WEIGHTS / "ORIGIN.md").read_text()

    def test_are_the_ones_we_checked(self) -> None:
        digest = hashlib.sha256((WEIGHTS / "speaker_encoder_f16.npz").read_bytes()).hexdigest()

        assert digest == SHA256


class TestActivity:
    def test_finds_the_speech_between_pauses(self) -> None:
        sound = r.joined(r.silence(2), clip("0890"), r.silence(3))

        assert voice_activity.detect_speech(sound).seconds == pytest.approx(
            clip("0890").seconds, abs=0.5
        )

    def test_finds_none_in_noise_or_hum(self) -> None:
        assert (
            voice_activity.detect_speech(r.noise()).seconds
            == voice_activity.detect_speech(r.hum()).seconds
            == 0
        )

    def test_finds_quiet_speech(self) -> None:
        quiet = r.changed(clip(), 0.02 * clip().samples)

        assert voice_activity.detect_speech(quiet).seconds == pytest.approx(
            voice_activity.detect_speech(clip()).seconds, abs=0.5
        )

    @pytest.mark.parametrize("snr_db", [10, 20])
    def test_reads_the_noise_level(self, snr_db: int) -> None:
        assert voice_activity.detect_speech(r.noisy(clip(), snr_db)).snr_db == pytest.approx(
            snr_db, abs=3
        )
