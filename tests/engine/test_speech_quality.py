"""Speaking: likeness rises with adaptation, settings are honoured, and nothing silent, clipped or
guessed comes out.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

import engine
from audio.sound import Sound
from core.errors import Invalid
from engine import Fidelity, pitch, profiles
from engine.espeak_process import TextNotSpeakable
from engine.voice_statistics import NotEnoughSpeech
from tests.support import audio_files
from voices.sample_checks import speaker_encoder

TEXT = (
    "The committee met on a Tuesday, and nobody wanted to be the first to speak about the bridge."
)
GERMAN = (
    "Der Ausschuss tagte an einem Dienstag, und niemand wollte als Erster über die Brücke sprechen."
)


@cache
def profile() -> bytes:
    return engine.enrol_speaker((audio_files.clip("0870"), audio_files.clip("0890")))


@cache
def spoken(
    *,
    adapted: bool,
    text: str = TEXT,
    language: str = "en",
    fidelity: Fidelity = "clear",
    speed: float = 1.0,
    pitch: float = 0.0,
) -> Sound:
    voice = profile() if adapted else None
    return engine.synthesize_speech(
        voice, text=text, language=language, speed=speed, pitch_semitones=pitch, fidelity=fidelity
    )


def likeness(sound: Sound) -> float:
    """To speech of the reader that the profile was not made from."""
    return float(
        np.mean(
            [
                speaker_encoder.compute_embedding(sound)
                @ speaker_encoder.compute_embedding(audio_files.clip(n))
                for n in ("0920", "0930")
            ]
        )
    )


def median_pitch(sound: Sound) -> float:
    f0 = pitch.track_pitch(sound)
    return float(np.median(f0[f0 > 0]))


class TestLikeness:
    @pytest.mark.parametrize(("language", "text"), [("en", TEXT), ("de-AT", GERMAN)])
    def test_rises_by_a_clear_margin(self, language: str, text: str) -> None:
        plain, clear, close = (
            likeness(spoken(adapted=adapted, text=text, language=language, fidelity=fidelity))
            for adapted, fidelity in ((False, "clear"), (True, "clear"), (True, "close"))
        )

        assert clear > plain + 0.08
        assert close > clear

    def test_brings_the_reference_pitch(self) -> None:
        reference = profiles.load_profile(profile()).pitch_hz

        assert median_pitch(spoken(adapted=True)) == pytest.approx(reference, rel=0.06)


class TestSpeak:
    @pytest.mark.parametrize("adapted", [False, True])
    def test_neither_clips_nor_whispers(self, adapted: bool) -> None:
        sound = spoken(adapted=adapted)

        assert sound.rate == 24_000
        assert np.abs(sound.samples).max() <= 0.951
        assert 0.02 < np.sqrt(np.mean(sound.samples**2)) < 0.2

    @pytest.mark.parametrize("fidelity", ["clear", "close"])
    def test_gives_the_same_sound_for_the_same_words(self, fidelity: Fidelity) -> None:
        first = engine.synthesize_speech(profile(), text=TEXT, language="en", fidelity=fidelity)
        second = engine.synthesize_speech(profile(), text=TEXT, language="en", fidelity=fidelity)

        assert first.pcm16() == second.pcm16()

    @pytest.mark.parametrize(("speed", "factor"), [(0.5, 2.0), (2.0, 0.5)])
    @pytest.mark.parametrize("adapted", [False, True])
    def test_honours_the_speed(self, adapted: bool, speed: float, factor: float) -> None:
        normal = spoken(adapted=adapted).seconds

        assert spoken(adapted=adapted, speed=speed).seconds == pytest.approx(
            normal * factor, rel=0.15
        )

    @pytest.mark.parametrize("semitones", [-9.0, -5.0, 5.0, 12.0])
    @pytest.mark.parametrize("adapted", [False, True])
    def test_honours_the_pitch(self, adapted: bool, semitones: float) -> None:
        normal, moved = (
            median_pitch(spoken(adapted=adapted)),
            median_pitch(spoken(adapted=adapted, pitch=semitones)),
        )

        assert 12 * np.log2(moved / normal) == pytest.approx(semitones, abs=1.5)

    @pytest.mark.parametrize(
        ("setting", "attr"),
        [
            ({"speed": 0.49}, "prosody.speed"),
            ({"speed": 2.01}, "prosody.speed"),
            ({"speed": float("nan")}, "prosody.speed"),
            ({"pitch_semitones": 12.1}, "prosody.pitch_semitones"),
            ({"pitch_semitones": -12.1}, "prosody.pitch_semitones"),
        ],
    )
    def test_refuses_settings_out_of_range(self, setting: dict[str, float], attr: str) -> None:
        with pytest.raises(Invalid) as caught:
            engine.synthesize_speech(
                None,
                text=TEXT,
                language="en",
                speed=setting.get("speed", 1.0),
                pitch_semitones=setting.get("pitch_semitones", 0.0),
            )

        assert [(fault.code, fault.attr) for fault in caught.value.faults] == [
            ("out_of_range", attr)
        ]

    @pytest.mark.parametrize("text", ["", "   ", "\x00\x07", "...", "\u200b"])
    def test_refuses_text_without_speech_rather_than_deliver_silence(self, text: str) -> None:
        with pytest.raises(TextNotSpeakable):
            engine.synthesize_speech(None, text=text, language="en")

    def test_refuses_a_language_that_it_does_not_speak(self) -> None:
        with pytest.raises(engine.LanguageUnsupported):
            engine.synthesize_speech(None, text=TEXT, language="xx")

    def test_refuses_text_beyond_its_limit(self) -> None:
        with pytest.raises(Invalid):
            engine.synthesize_speech(None, text="a " * 10_001, language="en")

    def test_speaks_every_sentence_of_a_long_text(self) -> None:
        one = engine.synthesize_speech(None, text=TEXT, language="en").seconds

        assert engine.synthesize_speech(
            None, text=" ".join([TEXT] * 10), language="en"
        ).seconds == pytest.approx(10 * one, rel=0.1)

    @pytest.mark.parametrize(
        ("language", "text"),
        [("ja", "今日はいい天気です。"), ("ar", "صباح الخير"), ("zh-TW", "你好，世界")],
    )
    def test_speaks_other_scripts_in_the_adapted_voice(self, language: str, text: str) -> None:
        sound = engine.synthesize_speech(profile(), text=text, language=language)

        assert sound.seconds > 0.5
        assert np.isfinite(sound.samples).all()


class TestStream:
    SENTENCES = "The harbour lay still. Nobody spoke! Was anybody there?"

    def test_gives_each_sentence_when_it_is_asked_for(self) -> None:
        pieces = engine.stream_speech(profile(), text=self.SENTENCES, language="en")
        assert [next(pieces)[0] for _ in range(3)] == [
            "The harbour lay still.",
            "Nobody spoke!",
            "Was anybody there?",
        ]
        assert next(pieces, None) is None

    def test_says_what_the_whole_text_says(self) -> None:
        whole = engine.synthesize_speech(profile(), text=self.SENTENCES, language="en")
        pieces = [
            sound.samples
            for _, sound in engine.stream_speech(profile(), text=self.SENTENCES, language="en")
        ]
        together = np.concatenate(pieces)
        assert len(together) == len(whole.samples)
        assert np.corrcoef(together, whole.samples)[0, 1] > 0.99

    def test_leaves_room_for_a_mark(self) -> None:
        loud = (
            sound for _, sound in engine.stream_speech(None, text=self.SENTENCES, language="en")
        )
        assert all(float(np.abs(sound.samples).max()) <= 0.86 for sound in loud)

    def test_refuses_wrong_arguments_at_once(self) -> None:
        with pytest.raises(Invalid):
            engine.stream_speech(profile(), text="x", language="en", speed=9.0)

    def test_of_nothing_that_can_be_spoken_is_an_error(self) -> None:
        with pytest.raises(TextNotSpeakable):
            list(engine.stream_speech(profile(), text="…", language="en"))


class TestEnrol:
    def test_makes_a_small_profile_without_audio(self) -> None:
        assert len(profile()) < 200_000

    def test_is_deterministic(self) -> None:
        assert (
            engine.enrol_speaker((audio_files.clip("0870"), audio_files.clip("0890"))) == profile()
        )

    @pytest.mark.parametrize(
        "samples", [np.zeros(16_000), np.zeros(0), np.random.default_rng(1).normal(0, 0.1, 16_000)]
    )
    def test_refuses_recordings_without_a_voice(self, samples: np.ndarray) -> None:
        with pytest.raises(NotEnoughSpeech) as refusal:
            engine.enrol_speaker((Sound(samples.astype(np.float32), 16_000),))

        assert [fault.attr for fault in refusal.value.faults] == ["samples"]

    @pytest.mark.parametrize("seconds", [61, 200])
    @pytest.mark.parametrize("level", [0.0, 0.001, 0.01])
    def test_finds_the_voice_behind_a_long_lead(self, seconds: int, level: float) -> None:
        """Case 24: the checks heard it, and the engine listened to the first minute alone."""
        noise = np.random.default_rng(4).normal(0, level, seconds * 16_000).astype(np.float32)
        noise[16_000:16_040] = 0.9  # a microphone is put down
        speech = audio_files.clip("0870").resample(16_000)

        late = profiles.load_profile(
            engine.enrol_speaker((Sound(np.concatenate((noise, speech.samples)), 16_000),))
        )

        prompt = profiles.load_profile(engine.enrol_speaker((speech,)))
        assert late.pitch_hz == pytest.approx(prompt.pitch_hz, rel=0.05)

    def test_leaves_what_a_telephone_recording_does_not_hold_unmapped(self) -> None:
        narrow = engine.enrol_speaker(
            (audio_files.clip("0870").resample(8_000), audio_files.clip("0890").resample(8_000))
        )

        assert profiles.load_profile(narrow).bands < profiles.load_profile(profile()).bands
        assert np.isfinite(engine.synthesize_speech(narrow, text=TEXT, language="en").samples).all()


class TestProfile:
    def test_survives_being_stored(self) -> None:
        first = profiles.load_profile(profile())

        assert profiles.dump_profile(first) == profile()

    @pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"\x80\x04K\x01.", bytes(100)])
    def test_that_is_damaged_is_refused(self, data: bytes) -> None:
        with pytest.raises(profiles.ProfileUnusable):
            profiles.load_profile(data)

    def test_of_another_version_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        stored = profile()
        monkeypatch.setattr(profiles, "VERSION", 2)

        with pytest.raises(profiles.ProfileUnusable):
            profiles.load_profile(stored)
