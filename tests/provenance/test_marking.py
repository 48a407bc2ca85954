"""Marking for delivery: read back from the delivered bytes, or refused with an honest reason."""

from __future__ import annotations

import numpy as np
import pytest

import watermark
from audio.decoding import decode_trusted
from audio.encoding import Output, encode_sound
from audio.sound import Sound
from core.errors import Invalid
from provenance.clips import mark_self_check, verified_marking
from provenance.clips.errors import MarkFailed
from provenance.clips.verified_marking import Marked, mark_sound
from tests.support.watermark_speech import KEY, NAMES, TOKEN, clip
from watermark.speech.embedder import Margins

OUTPUTS = {
    "wav": Output(codec="wav"),
    "flac": Output(codec="flac", sample_rate_hz=16_000),
    "mp3": Output(codec="mp3", bit_rate_bps=64_000),
    "opus": Output(codec="opus", bit_rate_bps=24_000),
    "ogg": Output(codec="ogg"),
    "pcm_s16le": Output(codec="pcm_s16le", sample_rate_hz=22_050),
    "mulaw": Output(codec="mulaw"),
}


TIME = np.arange(64_000) / 16_000
CHORD = sum(np.sin(2 * np.pi * pitch * TIME) for pitch in (220.0, 277.2, 329.6))
NO_SPEECH = {
    "a tone": 0.3 * np.sin(2 * np.pi * 440.0 * TIME),
    "a tone that swells": 0.2
    * np.sin(2 * np.pi * 440.0 * TIME)
    * (1.0 + np.sin(2 * np.pi * 4.0 * TIME)),
    "noise": np.random.default_rng(1).normal(0.0, 0.1, TIME.size),
    "a chord struck twice a second": 0.2 * CHORD * np.exp(-3.0 * (TIME % 0.5)),
}


def marked(sound: Sound, output: Output = OUTPUTS["wav"]) -> Marked:
    return mark_sound(sound, token=TOKEN, key=KEY, output=output)


def reason(sound: Sound) -> object:
    with pytest.raises(MarkFailed) as caught:
        marked(sound)
    return caught.value.facts["reason"]


class TestMark:
    @pytest.mark.parametrize("codec", OUTPUTS)
    def test_can_be_read_from_the_delivered_bytes(self, codec: str) -> None:
        output = OUTPUTS[codec]
        found = marked(clip(), output)
        heard = decode_trusted(found.data, codec, rate=output.sample_rate_hz or 24_000)
        reading = watermark.detect(heard.samples, heard.rate, key=KEY)
        assert reading is not None
        assert reading.token == TOKEN
        assert np.array_equal(heard.samples, found.sound.samples)

    def test_says_what_was_checked(self) -> None:
        found = marked(clip())
        assert found.checks[:2] == ("delivered", "cut")
        assert found.score_milli >= 700
        assert found.margin_milli_db == round(
            1000 * verified_marking.STRENGTHS[found.attempts - 1].token
        )

    def test_tries_the_codings_that_the_delivered_score_leaves_in_doubt(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(verified_marking, "STRENGTHS", (Margins(token=0.35),))
        assert "opus" in marked(clip()).checks
        assert "opus" not in marked(clip("librivox-austen-0870")).checks

    def test_tries_a_short_line_at_the_promised_bit_rate_and_below_it(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # At 22 kbit/s alone, lines passed whose mark was gone at 24.
        tried: set[tuple[int | None, int | None]] = set()

        def note(sound: Sound, output: Output) -> bytes:
            if output.codec == "opus":
                tried.add((output.bit_rate_bps, output.sample_rate_hz))
            return encode_sound(sound, output)

        monkeypatch.setattr(mark_self_check, "encode_sound", note)
        short = clip("librivox-austen-0870", seconds=2.0).samples[16_000:]

        found = marked(Sound(short, 16_000), Output(codec="wav", sample_rate_hz=16_000))

        assert ("opus" in found.checks, found.margin_milli_db) == (True, 700)
        assert tried == {(24_000, 16_000), (22_000, 16_000)}

    def test_writes_long_clips_so_that_a_telephone_leaves_the_mark(self) -> None:
        assert "gsm" in marked(clip("librivox-austen-0870")).checks

    def test_writes_the_identity_into_clips_of_eight_seconds(self) -> None:
        identity = 0x0123456789ABCDEF0123456789ABCDEF
        parts = [clip(name).samples for name in ("librivox-austen-0870", "librivox-austen-0930")]
        found = mark_sound(
            Sound(np.concatenate(parts), 16_000),
            token=TOKEN,
            key=KEY,
            output=OUTPUTS["mp3"],
            identity=identity,
        )
        reading = watermark.detect(found.sound.samples, found.sound.rate, key=KEY)
        assert found.identity_read
        assert reading is not None
        assert (reading.token, reading.identity) == (TOKEN, identity)

    def test_writes_no_identity_into_shorter_ones(self) -> None:
        found = mark_sound(clip(), token=TOKEN, key=KEY, output=OUTPUTS["wav"], identity=7)
        assert not found.identity_read

    def test_does_not_repeat_the_coding_that_the_output_has_been_through(self) -> None:
        assert "mp3-64k" not in marked(clip(), OUTPUTS["mp3"]).checks
        assert "opus" not in marked(clip(), Output(codec="opus", bit_rate_bps=16_000)).checks

    def test_gives_the_same_bytes_for_the_same_arguments(self) -> None:
        assert marked(clip()).data == marked(clip()).data

    def test_leaves_headroom(self) -> None:
        loud = clip().samples / np.abs(clip().samples).max()
        assert (
            np.abs(marked(Sound(loud, 16_000)).sound.samples).max()
            <= verified_marking.CEILING + 1e-4
        )

    def test_keeps_the_level_of_what_has_headroom(self) -> None:
        before, after = clip().resample(24_000).samples, marked(clip()).sound.samples
        assert np.dot(before, after) / np.dot(before, before) == pytest.approx(1.0, abs=0.05)

    def test_marks_short_clips_when_they_can_be_read(self) -> None:
        assert marked(clip("librivox-austen-0870", seconds=2.0)).score_milli >= 700

    def test_tries_stronger_until_it_is_read(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(
            verified_marking, "STRENGTHS", (Margins(token=0.02), Margins(token=0.75))
        )
        assert marked(clip()).attempts == 2

    def test_refuses_a_mark_that_is_never_read(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(
            verified_marking, "STRENGTHS", (Margins(token=0.01), Margins(token=0.02))
        )
        assert reason(clip()) == "not_read_back"

    @pytest.mark.parametrize("seconds", [0.001, 0.1, 0.2])
    def test_refuses_what_is_too_short(self, seconds: float) -> None:
        assert reason(clip("librivox-austen-0890", seconds=seconds)) == "too_short"

    @pytest.mark.parametrize("level", [0.0, 0.0005])
    def test_refuses_silence(self, level: float) -> None:
        hum = level * np.sin(np.arange(48_000) / 10)
        assert reason(Sound(hum.astype(np.float32), 16_000)) == "silent"

    @pytest.mark.parametrize("name", NO_SPEECH)
    def test_refuses_what_is_no_speech(self, name: str) -> None:
        assert reason(Sound(NO_SPEECH[name].astype(np.float32), 16_000)) == "no_speech"

    def test_refuses_nothing_at_all_as_silent(self) -> None:
        assert reason(Sound(np.zeros(0, dtype=np.float32), 16_000)) == "silent"

    def test_refuses_what_is_no_number_as_silent(self) -> None:
        assert reason(Sound(np.full(32_000, np.nan, dtype=np.float32), 16_000)) == "silent"

    def test_refuses_an_impossible_output(self) -> None:
        with pytest.raises(Invalid):
            marked(clip(), Output(codec="wav", sample_rate_hz=123))


class TestPieces:
    """What is left of a clip of which only a part was kept, or whose parts were joined in another
    way.
    """

    @pytest.mark.parametrize(("seconds", "piece"), [(3.0, 1), (6.0, 1), (9.0, 2)])
    def test_of_a_long_clip_are_read(self, seconds: float, piece: int) -> None:
        """One second is not enough of a clip that carries an identity besides."""
        parts = np.concatenate([clip(name).samples for name in NAMES])[: round(seconds * 16_000)]
        output = Output(codec="wav", sample_rate_hz=16_000)
        made = mark_sound(
            Sound(parts, 16_000), token=TOKEN, key=KEY, output=output, identity=1 << 100
        ).sound
        middle = made.samples[made.samples.size // 2 - 16_000 :][:32_000]
        size = piece * 16_000
        pieces = [
            made.samples[at : at + size] for at in range(0, made.samples.size - size + 1, size)
        ]
        jumping = [made.samples[at : at + 31_200] for at in range(0, made.samples.size, 32_000)]
        for left in (middle, np.concatenate(pieces[::-1]), np.concatenate(jumping)):
            reading = watermark.detect(left, 16_000, key=KEY)
            assert reading is not None
            assert reading.token == TOKEN
