"""Sample checks: every code is reached by a recording that deserves it, and real speech passes."""

from __future__ import annotations

import json
from itertools import permutations

import numpy as np
import pytest

import watermark
from audio.containers import UnreadableAudio
from audio.sound import Sound
from core import canonical_json
from engine import Fidelity
from tests.support import sample_recordings as r
from tests.support.audio_files import clip
from voices.sample_checks import build_unreadable_fault, examine_samples
from voices.sample_checks.sample_report import DETAILS


class TestRealSpeech:
    @pytest.mark.parametrize("pair", tuple(permutations(("0870", "0890", "0920"), 2)))
    def test_of_one_reader_passes_in_any_two_clips(self, pair: tuple[str, str]) -> None:
        report = r.report_on(*(clip(number) for number in pair))

        assert report.faults == ()
        assert [one.verdict for one in report.pairs] == ["same"]

    def test_of_one_reader_passes_in_all_five_clips(self) -> None:
        assert (
            r.report_on(
                *(clip(number) for number in ("0870", "0880", "0890", "0920", "0930"))
            ).faults
            == ()
        )

    @pytest.mark.parametrize("number", ["0920", "0930"])
    def test_passes_beside_the_spoken_statement(self, number: str) -> None:
        assert r.report_on(clip("0870"), clip("0890"), statement=clip(number)).faults == ()

    def test_passes_through_the_telephone_on_both_sides(self) -> None:
        assert r.report_on(r.telephone(clip("0870")), r.telephone(clip("0890"))).faults == ()


class TestOneSample:
    @pytest.mark.parametrize(
        "sound", [r.silence(), r.noise(), r.hum(), r.silence(0), r.silence(0.01)]
    )
    def test_without_speech_is_silent(self, sound: Sound) -> None:
        assert r.faults(r.report_on(sound)) == [("samples.0", "sample_silent")]

    def test_of_three_seconds_is_too_short(self) -> None:
        assert r.faults(r.report_on(clip("0880"))) == [("samples.0", "sample_too_short")]

    def test_of_three_seconds_is_long_enough_beside_another(self) -> None:
        assert r.report_on(clip("0870"), clip("0880")).faults == ()

    def test_of_a_second_is_too_short_even_beside_others(self) -> None:
        report = r.report_on(clip("0870"), clip("0890"), r.cut(clip("0920"), 1.2))

        assert r.faults(report) == [("samples.2", "sample_too_short")]

    def test_over_five_minutes_is_too_long(self) -> None:
        sound = r.changed(clip("0870"), np.tile(clip("0870").samples, 43))

        assert r.faults(r.report_on(sound)) == [("samples.0", "sample_too_long")]

    def test_cut_off_at_full_scale_is_clipped(self) -> None:
        assert r.faults(r.report_on(r.clipped(clip("0870")))) == [("samples.0", "sample_clipped")]

    def test_with_two_people_taking_turns_is_not_passed(self) -> None:
        report = r.report_on(r.joined(clip("0870"), r.flite(), clip("0890")))

        assert report.faults[0].code in {"sample_several_speakers", "sample_synthetic"}
        assert "sample_several_speakers" in report.samples[0].codes

    def test_with_two_similar_people_needs_review_at_least(self) -> None:
        report = r.report_on(r.joined(clip("0870"), r.cut(r.somebody_else(), 6)))

        assert report.faults[0].code in {"sample_several_speakers", "sample_review_needed"}

    def test_of_a_person_with_an_unusually_smooth_pitch_is_passed_with_a_hint(self) -> None:
        report = r.report_on(r.somebody_else())

        assert report.samples[0].hints == ("smooth_pitch",)
        assert report.faults == ()


class TestSyntheticSpeech:
    def test_of_espeak_is_refused(self) -> None:
        assert r.faults(r.report_on(r.espeak())) == [("samples.0", "sample_synthetic")]

    def test_of_flite_is_refused(self) -> None:
        assert r.faults(r.report_on(r.flite())) == [("samples.0", "sample_synthetic")]

    @pytest.mark.parametrize("fidelity", ["clear", "close"])
    def test_of_our_own_engine_is_refused_even_without_its_mark(self, fidelity: Fidelity) -> None:
        assert r.faults(r.report_on(r.cloned(fidelity))) == [("samples.0", "sample_synthetic")]

    def test_between_real_samples_is_named_at_its_place(self) -> None:
        report = r.report_on(clip("0870"), r.flite(), clip("0890"))

        assert r.faults(report) == [("samples.1", "sample_synthetic")]
        assert "sample_speaker_mismatch" in report.samples[1].codes

    def test_as_the_statement_is_refused(self) -> None:
        report = r.report_on(clip("0870"), clip("0890"), statement=r.espeak())

        assert r.faults(report) == [("statement", "sample_synthetic")]

    @pytest.mark.django_db  # whose manifest it is, is looked up
    @pytest.mark.parametrize(
        "kind", ["trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia"]
    )
    def test_that_says_so_itself_is_refused(self, kind: str) -> None:
        raw = b"RIFF....jumb....c2pa...digitalSourceType" + kind.encode()

        assert r.faults(r.report_on(clip("0870"), raw=(raw,))) == [
            ("samples.0", "sample_synthetic")
        ]

    @pytest.mark.django_db  # as above
    def test_is_not_inferred_from_a_manifest_alone(self) -> None:
        report = r.report_on(clip("0870"), raw=(b"....jumb....c2pa....",))

        assert report.samples[0].hints == ("has_manifest",)
        assert report.faults == ()

    @pytest.mark.django_db  # as above
    def test_with_a_manifest_and_another_weak_sign_needs_review(self) -> None:
        report = r.report_on(r.somebody_else(), raw=(b"....jumb....c2pa....",))

        assert r.faults(report) == [("samples.0", "sample_review_needed")]


class TestOwnWatermark:
    KEYS = {"old": bytes(range(32)), "new": bytes(range(32, 64))}

    @pytest.mark.parametrize("key", ["old", "new"])
    def test_is_always_refused(self, key: str) -> None:
        marked = watermark.embed(
            clip("0870").samples, 16_000, token=0xC0FFEE, key=self.KEYS[key], margin_db=3.0
        )

        report = examine_samples(
            [Sound(marked, 16_000)], statement=None, watermark_keys=self.KEYS, raw=[b""]
        )

        assert r.faults(report) == [("samples.0", "sample_watermarked")]

    def test_of_a_stranger_is_no_matter(self) -> None:
        marked = watermark.embed(
            clip("0870").samples, 16_000, token=0xC0FFEE, key=bytes(32), margin_db=3.0
        )

        assert (
            not examine_samples([Sound(marked, 16_000)], statement=None, watermark_keys=self.KEYS)
            .samples[0]
            .watermarked
        )


class TestOtherSpeaker:
    def test_among_two_is_refused(self) -> None:
        report = r.report_on(clip("0870"), r.somebody_else())

        assert r.faults(report) == [("samples.1", "sample_speaker_mismatch")]

    @pytest.mark.parametrize("place", [0, 1, 2])
    def test_among_three_is_named_wherever_it_stands(self, place: int) -> None:
        sounds = [clip("0870"), clip("0890")]
        sounds.insert(place, r.somebody_else())

        assert r.faults(r.report_on(*sounds)) == [(f"samples.{place}", "sample_speaker_mismatch")]

    def test_in_the_statement_is_refused(self) -> None:
        report = r.report_on(clip("0870"), clip("0890"), statement=r.somebody_else())

        assert r.faults(report) == [("statement", "sample_speaker_mismatch")]

    def test_in_much_noise_is_never_refused_by_machine(self) -> None:
        report = r.report_on(clip("0870"), r.noisy(r.somebody_else(), 10))

        assert [one.verdict for one in report.pairs] == ["review"]
        assert "sample_speaker_mismatch" not in report.samples[1].codes

    def test_through_another_channel_is_never_refused_by_machine(self) -> None:
        report = r.report_on(clip("0870"), r.telephone(r.somebody_else()))

        assert [one.verdict for one in report.pairs] == ["review"]
        assert r.faults(report) == [("samples.1", "sample_review_needed")]

    def test_beside_samples_too_short_to_tell_is_not_compared(self) -> None:
        report = r.report_on(clip("0870"), r.cut(r.somebody_else(), 1.5))

        assert report.pairs == ()
        assert r.faults(report) == [("samples.1", "sample_too_short")]


class TestStatement:
    def test_of_under_three_seconds_is_too_short(self) -> None:
        report = r.report_on(clip("0870"), statement=r.cut(clip("0890"), 2.5))

        assert r.faults(report) == [("statement", "sample_too_short")]

    def test_does_not_count_as_sample_speech(self) -> None:
        report = r.report_on(clip("0880"), statement=clip("0870"))

        assert r.faults(report) == [("samples.0", "sample_too_short")]


class TestReport:
    def test_is_stored_as_whole_numbers(self) -> None:
        report = r.report_on(clip("0870"), r.somebody_else(), statement=clip("0930"))

        stored = canonical_json.dump(report.as_json())  # refuses floats

        assert json.loads(stored)["faults"] == [
            {"attr": "samples.1", "code": "sample_speaker_mismatch"},
        ]

    def test_gives_each_sample_one_fault_the_gravest(self) -> None:
        spoken = r.espeak()
        loud = 4 * spoken.samples / np.abs(spoken.samples).max()

        report = r.report_on(r.changed(spoken, np.clip(loud, -1, 1)))

        assert "sample_clipped" in report.samples[0].codes
        assert r.faults(report) == [("samples.0", "sample_synthetic")]

    def test_measures_the_same_twice(self) -> None:
        assert r.report_on(clip("0870"), clip("0890")) == r.report_on(clip("0870"), clip("0890"))

    def test_of_nothing_is_empty(self) -> None:
        assert r.report_on().faults == ()

    @pytest.mark.parametrize(
        ("reason", "code"), [("truncated", "sample_unreadable"), ("too_long", "sample_too_long")]
    )
    def test_names_undecodable_files_in_the_same_words(self, reason: str, code: str) -> None:
        fault = build_unreadable_fault(2, UnreadableAudio(reason))

        assert (fault.attr, fault.code) == ("samples.2", code)
        assert fault.code in DETAILS
