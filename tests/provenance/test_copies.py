"""Copies of one sentence do not average the mark away, whatever leaves with them; verify names
those that it may be.
"""

from __future__ import annotations

import numpy as np
import pytest
from django.db import transaction

from audio.decoding import decode_untrusted
from audio.encoding import Output, encode_sound
from audio.sound import Sound
from provenance.clips import clip_erasure
from provenance.models import Clip
from provenance.verification import Outcome, VerificationResult, verify
from tests.voices.conftest import Reader, noon, only, order_for, principal_of, reading
from voices.models import Voice
from voices.speech import pipeline

RATE = 24_000
WAV = Output(codec="wav", sample_rate_hz=RATE)
MP3 = Output(codec="mp3", sample_rate_hz=RATE, bit_rate_bps=64_000)


def clip_of(voice: Voice, sound: Sound, output: Output = WAV) -> tuple[str, Sound]:
    """A clip of that sound: its id, and the sound of its bytes."""
    order = order_for(voice, output=output)
    spoken = pipeline.synthesize_clip(
        order, voice, principal=principal_of(voice), now=noon, providers=only(Reader(sound=sound))
    )
    return spoken.clip_id, decode_untrusted(spoken.data).sound


def mean_of(sounds: list[Sound], gains: list[float] | None = None) -> VerificationResult:
    """What verify says of the mean of all, as far as the shortest reaches."""
    size = min(sound.samples.size for sound in sounds)
    weights = np.array(gains or [1.0] * len(sounds), dtype=np.float32)
    mixed = np.average([sound.samples[:size] for sound in sounds], axis=0, weights=weights)
    return verify(encode_sound(Sound(mixed.astype(np.float32), RATE), MP3))


def longer(seconds: float) -> Sound:
    """Readings one after the other, so long."""
    parts = [reading(name).resample(RATE).samples for name in ("0870", "0890", "0920")]
    return Sound(np.concatenate(parts)[: round(seconds * RATE)], RATE)


class TestTheMeanOfCopies:
    @pytest.mark.parametrize("count", [2, 4, 8])
    def test_of_a_sentence_names_them(self, voice: Voice, count: int) -> None:
        made = [clip_of(voice, reading()) for _ in range(count)]

        verdict = mean_of([sound for _, sound in made])

        assert verdict.outcome is Outcome.ALTERED
        assert verdict.clip is not None
        assert verdict.clip.id in dict(made)
        assert {stretch.clip_id for stretch in verdict.stretches} == {
            clip_id for clip_id, _ in made
        }
        assert "watermark.match.copies" in [row.key for row in verdict.evidence]

    def test_in_other_formats_and_at_other_levels_names_them(self, voice: Voice) -> None:
        outputs = (WAV, MP3, WAV, Output(codec="flac", sample_rate_hz=RATE), MP3)
        made = [clip_of(voice, reading(), output) for output in outputs]

        verdict = mean_of([sound for _, sound in made], gains=[1.0, 0.8, 1.2, 0.9, 1.1])

        assert verdict.clip is not None
        assert verdict.clip.id in dict(made)

    def test_of_an_engine_that_is_not_exact_names_them(self, voice: Voice) -> None:
        """Other levels, a sample later, another last bit."""
        samples, random = reading().resample(RATE).samples, np.random.default_rng(1)
        noise = random.integers(-1, 2, samples.size).astype(np.float32) / 32_768
        given = [samples, 0.9 * samples, samples + noise, np.pad(samples, (1, 0)), 0.8 * samples]
        made = [clip_of(voice, Sound(each.astype(np.float32), RATE)) for each in given]

        verdict = mean_of([sound for _, sound in made])

        assert {stretch.clip_id for stretch in verdict.stretches} == {
            clip_id for clip_id, _ in made
        }

    @pytest.mark.parametrize("seconds", [9.0, 17.0])
    def test_with_identities_and_second_marks_of_their_own_names_them(
        self, voice: Voice, seconds: float
    ) -> None:
        made = [clip_of(voice, longer(seconds)) for _ in range(5)]

        verdict = mean_of([sound for _, sound in made])

        assert verdict.clip is not None
        assert verdict.clip.id in dict(made)

    def test_of_which_one_was_erased_names_the_others(self, voice: Voice) -> None:
        made = [clip_of(voice, reading()) for _ in range(3)]
        with transaction.atomic():
            clip_erasure.erase_clips([made[0][0]])

        verdict = mean_of([sound for _, sound in made])

        assert verdict.outcome is Outcome.ALTERED
        assert {stretch.clip_id for stretch in verdict.stretches} == {
            clip_id for clip_id, _ in made[1:]
        }


class TestACopy:
    def test_that_is_long_enough_is_told_from_the_others_by_its_identity(
        self, voice: Voice
    ) -> None:
        made = [clip_of(voice, longer(9.0)) for _ in range(3)]
        assert Clip.objects.values("token").distinct().count() == 1

        for clip_id, sound in made:
            verdict = verify(encode_sound(sound, MP3))

            assert verdict.clip is not None
            assert verdict.clip.id == clip_id
