"""Recordings as people make them: let in, or refused for what is true. Numbers are of the cases."""

from __future__ import annotations

import numpy as np
import pytest

from audio.sound import Sound
from tests.support import sample_recordings as r
from tests.support.audio_files import clip
from voices.sample_checks import recording_quality

SPEECH = r.joined(clip("0870"), clip("0890"))
PEAK = SPEECH.samples / np.abs(SPEECH.samples).max()


def of(samples: np.ndarray) -> list[tuple[str | None, str]]:
    return r.faults(r.report_on(r.changed(SPEECH, samples)))


def sine(hertz: float, level: float) -> np.ndarray:
    return level * np.sin(2 * np.pi * hertz * np.arange(len(SPEECH.samples)) / SPEECH.rate)


class TestOffset:
    """18, 19: a cheap microphone's offset, standing or wandering."""

    @pytest.mark.parametrize("offset", [0.02, -0.29])
    def test_of_the_whole_recording_is_taken(self, offset: float) -> None:
        assert of(SPEECH.samples * 0.7 + offset) == []

    @pytest.mark.parametrize(("hertz", "level"), [(0.2, 0.25), (3.0, 0.2), (10.0, 0.1)])
    def test_that_wanders_is_taken(self, hertz: float, level: float) -> None:
        assert of(SPEECH.samples * 0.7 + sine(hertz, level)) == []


class TestClipping:
    """20: flat tops are clipping, at whatever level."""

    @pytest.mark.parametrize("gain", [0.1, 0.5, 1.0])
    def test_is_seen_at_every_level(self, gain: float) -> None:
        assert of(gain * np.clip(6 * PEAK, -1, 1)) == [("samples.0", "sample_clipped")]

    def test_of_one_side_is_seen(self) -> None:
        share = recording_quality.measure_clipped_share(
            r.changed(SPEECH, np.minimum(6 * PEAK, 1) / 6)
        )

        assert share > 0.01

    @pytest.mark.parametrize("level", [1.0, 0.9, 0.05])
    def test_is_not_seen_in_a_take_that_is_whole(self, level: float) -> None:
        assert recording_quality.measure_clipped_share(r.changed(SPEECH, level * PEAK)) < 0.001


class TestQuiet:
    """21."""

    def test_takes_with_enough_of_a_voice_are_taken(self) -> None:
        assert of(PEAK * 10 ** (-40 / 20)) == []

    @pytest.mark.parametrize("decibels", [65, 80])
    def test_takes_with_less_are_told_that_they_are_quiet(self, decibels: int) -> None:
        found = r.report_on(r.changed(SPEECH, PEAK * 10 ** (-decibels / 20)))

        assert r.faults(found) == [("samples.0", "sample_too_quiet")]
        assert "quiet" in found.faults[0].detail


class TestDigitalSilence:
    """22, 23: gates and editors leave it, and it is no sign of a machine."""

    def test_in_front_and_behind_is_taken(self) -> None:
        assert of(np.concatenate((np.zeros(80_000), SPEECH.samples, np.zeros(40_000)))) == []

    def test_between_words_is_taken(self) -> None:
        level = np.convolve(np.abs(SPEECH.samples), np.ones(800) / 800, "same")

        report = r.report_on(r.changed(SPEECH, np.where(level > 0.01, SPEECH.samples, 0)))

        assert report.samples[0].hints == ("digital_silence",)
        assert r.faults(report) == []

    def test_beside_another_weak_sign_is_for_a_person_to_hear(self) -> None:
        smooth = r.somebody_else().resample(16_000)
        gap = np.zeros(8_000)
        parts = np.array_split(smooth.samples, 4)

        report = r.report_on(
            r.changed(smooth, np.concatenate([x for part in parts for x in (part, gap)]))
        )

        assert set(report.samples[0].hints) == {"smooth_pitch", "digital_silence"}
        assert r.faults(report) == [("samples.0", "sample_review_needed")]

    def test_alone_is_silence(self) -> None:
        assert r.faults(r.report_on(r.silence())) == [("samples.0", "sample_silent")]


class TestLead:
    """24: what stands in front of the speech does not hide it."""

    @pytest.mark.parametrize("seconds", [60, 200])
    def test_of_room_noise_is_no_hindrance(self, seconds: int) -> None:
        lead = np.random.default_rng(4).normal(0, 0.001, seconds * SPEECH.rate)

        assert of(np.concatenate((lead, SPEECH.samples))) == []

    def test_of_digital_silence_is_no_hindrance(self) -> None:
        assert of(np.concatenate((np.zeros(200 * SPEECH.rate), SPEECH.samples))) == []


def test_a_short_sound_loses_its_mean() -> None:
    sound = Sound(np.full(50, 0.5, np.float32), 16_000).remove_offset()

    assert np.abs(sound.samples).max() < 1e-6
