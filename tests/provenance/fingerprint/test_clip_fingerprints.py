"""Filing fingerprints: ordered with the clip, made in the background, found, sealed, and gone with
the person.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from django.db import IntegrityError, transaction
from pytest_django import Settings

from audio.decoding import decode_untrusted
from audio.encoding import Output, encode_sound
from audio.sound import Sound
from core import clock, leases
from erasure import erasure_requests, execution
from provenance.clips import clip_erasure
from provenance.fingerprint import blind_index, clip_fingerprints, line_search
from provenance.fingerprint.chromagram import Samples
from provenance.fingerprint.clip_fingerprints import MOST_ATTEMPTS
from provenance.fingerprint.subfingerprints import SILENT, Words, compute_words
from provenance.models import Clip, Fingerprint, FingerprintTerm
from provenance.tasks import fingerprint_pending
from tests.conftest import NOON
from tests.voices.conftest import (
    AUDIO,
    Reader,
    noon,
    only,
    order_for,
    principal_of,
    reading,
)
from vault import subject_keys
from voices.models import Voice
from voices.speech import pipeline
from voices.speech.clip_delivery import DeliveredClip

LATER = clock.now() + timedelta(days=365)


def say(voice: Voice, name: str = "0870", **output: object) -> DeliveredClip:
    # Spelt at the call.
    order = order_for(voice, output=Output(**({"codec": "wav"} | output)))  # type: ignore[arg-type]
    return pipeline.synthesize_clip(
        order,
        voice,
        principal=principal_of(voice),
        now=noon,
        providers=only(Reader(sound=reading(name))),
    )


def file_all() -> int:
    return clip_fingerprints.make_pending_fingerprints(now=lambda: NOON)


def found(sound: Sound) -> list[str]:
    return [candidate.clip.id for candidate in clip_fingerprints.search_similar_clips(sound)]


def erase(voice: Voice) -> None:
    erasure = erasure_requests.request_erasure(
        voice.speaker_id, organisation=voice.organisation, livemode=False, reason="requested",
        actor="member:test", at=NOON, wall_time=NOON,
    )  # fmt: skip
    execution.continue_erasure(erasure.id, now=noon)


def _days_later(days: int) -> datetime:
    return LATER + timedelta(days=days)


class TestAClip:
    @pytest.mark.parametrize("codec", ["wav", "mp3", "flac", "opus", "ogg", "pcm_s16le", "mulaw"])
    def test_is_found_by_how_it_sounds(self, voice: Voice, codec: str) -> None:
        spoken = say(voice, codec=codec)

        assert found(reading()) == []
        assert file_all() == 1
        assert found(reading()) == [spoken.clip_id]

    def test_is_told_from_others_of_the_same_voice(self, voice: Voice) -> None:
        spoken, other = say(voice), say(voice, "0920")
        file_all()

        assert found(reading()) == [spoken.clip_id]
        assert found(reading("0920")) == [other.clip_id]
        assert (
            found(decode_untrusted((AUDIO / "librivox-austen-0890.wav").read_bytes()).sound) == []
        )

    def test_is_found_in_part(self, voice: Voice) -> None:
        spoken = say(voice)
        file_all()
        sound = reading()

        assert found(Sound(sound.samples[round(1.3 * sound.rate) :], sound.rate)) == [
            spoken.clip_id
        ]

    def test_is_found_after_an_encoding(self, voice: Voice) -> None:
        spoken = say(voice)
        file_all()
        again = encode_sound(
            reading(), Output(codec="mp3", sample_rate_hz=16_000, bit_rate_bps=32_000)
        )

        assert found(decode_untrusted(again).sound) == [spoken.clip_id]

    def test_under_five_seconds_is_found_as_a_line(self, voice: Voice) -> None:
        spoken = say(voice, "0880")
        file_all()

        (line,) = line_search.search_lines(reading("0880"))
        assert (line.clip.id, found(reading("0880"))) == (spoken.clip_id, [])

    @pytest.mark.parametrize(("duration_ms", "method"), [(4_999, "line"), (5_000, "whole")])
    def test_is_kept_as_a_line_below_five_seconds(
        self, voice: Voice, duration_ms: int, method: str
    ) -> None:
        say(voice, "0880")
        Fingerprint.objects.all().delete()
        clip = Clip.objects.get()
        clip.duration_ms = duration_ms
        with transaction.atomic():
            clip_fingerprints.order_fingerprint(clip)

        assert Fingerprint.objects.get().method == method

    def test_that_was_never_issued_has_none(self, voice: Voice) -> None:
        with pytest.raises(RuntimeError), transaction.atomic():
            say(voice)
            raise RuntimeError("the delivery fails")

        assert not Fingerprint.objects.exists()


@pytest.mark.both_databases
class TestTheFile:
    def test_is_sealed_and_the_index_blind(self, voice: Voice) -> None:
        spoken = say(voice)
        file_all()
        row = Fingerprint.objects.get()
        plain = compute_words(*_audio(spoken))

        assert row.words == len(plain)
        assert plain.astype("<u4").tobytes() not in bytes(row.sealed or b"")
        terms = set(FingerprintTerm.objects.values_list("term", flat=True))
        assert terms
        assert not terms & {int(word) for word in plain}
        assert not terms & {int(word) - 2**32 for word in plain}

    def test_holds_no_silence_and_no_more_than_it_must(self) -> None:
        some = compute_words(reading().samples, reading().rate)
        long = list(range(5_000))
        assert len(blind_index.build_term_rows(1, _words(long), b"key")) == blind_index.MOST_TERMS
        assert blind_index.build_term_rows(1, _words([SILENT] * 40), b"key") == []
        assert len(blind_index.build_term_rows(1, some, b"key")) <= blind_index.MOST_TERMS

    def test_is_made_again_when_the_secret_changes(self, voice: Voice, settings: Settings) -> None:
        spoken = say(voice)
        file_all()
        assert file_all() == 0
        settings.SECRET_KEY = "another secret that nobody knows but the service"

        assert found(reading()) == []
        assert clip_fingerprints.make_pending_fingerprints(now=lambda: LATER) == 1
        assert found(reading()) == [spoken.clip_id]

    def test_waits_longer_after_each_failure_and_then_gives_up(
        self, voice: Voice, data_folder: Path
    ) -> None:
        say(voice)
        for file in (data_folder / "blobs").rglob("*"):
            if file.is_file():
                file.write_bytes(b"")

        tries = [
            clip_fingerprints.make_pending_fingerprints(now=partial(_days_later, day))
            for day in range(MOST_ATTEMPTS + 2)
        ]

        assert (set(tries), Fingerprint.objects.get().attempt) == ({0}, MOST_ATTEMPTS)

    def test_is_made_once_by_two_workers_with_one_list(
        self, voice: Voice, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        say(voice)
        say(voice)
        make, made = clip_fingerprints._make_fingerprint, list[int]()

        def make_beside_another(row: Fingerprint, key: bytes, *, at: datetime) -> bool:
            made.append(row.id)
            if len(made) == 1:
                clip_fingerprints.make_pending_fingerprints(now=lambda: at)
            return make(row, key, at=at)

        monkeypatch.setattr(clip_fingerprints, "_make_fingerprint", make_beside_another)
        clip_fingerprints.make_pending_fingerprints(now=lambda: LATER)

        assert len(made) == len(set(made)) == 2

    def test_is_made_by_the_beat(self, voice: Voice) -> None:
        say(voice)

        fingerprint_pending()

        assert Fingerprint.objects.get().words > 0

    def test_leads_to_a_person_or_is_not_there(self, voice: Voice) -> None:
        say(voice)
        for wrong in ({"subject": ""}, {"under": "0123456789abcdef"}):
            with pytest.raises(IntegrityError), transaction.atomic():
                Fingerprint.objects.update(**wrong)


@pytest.mark.both_databases
class TestErasure:
    def test_deletes_every_row(self, voice: Voice) -> None:
        say(voice)
        file_all()

        erase(voice)

        assert (Fingerprint.objects.count(), FingerprintTerm.objects.count()) == (0, 0)
        assert found(reading()) == []

    def test_is_not_undone_by_work_in_hand(self, voice: Voice) -> None:
        say(voice)
        rows = Fingerprint.objects.select_related("clip")
        row = leases.claim(rows, at=NOON)
        assert row is not None

        erase(voice)

        assert not clip_fingerprints._make_fingerprint(row, blind_index.get_index_key(), at=NOON)
        assert (Fingerprint.objects.count(), FingerprintTerm.objects.count()) == (0, 0)

    def test_of_the_key_alone_closes_what_is_left(self, voice: Voice) -> None:
        """A row that came back with a backup opens no more."""
        say(voice)
        file_all()
        with transaction.atomic():
            subject_keys.destroy_key(voice.subject, at=NOON)

        assert found(reading()) == []

    def test_of_single_clips_takes_theirs_alone(self, voice: Voice) -> None:
        gone, kept = say(voice), say(voice, "0920")
        file_all()

        with transaction.atomic():
            clip_erasure.erase_clips([gone.clip_id])

        assert [row.clip_id for row in Fingerprint.objects.all()] == [kept.clip_id]
        assert Clip.objects.get(id=gone.clip_id).state == "erased"


def _audio(spoken: DeliveredClip) -> tuple[Samples, int]:
    sound = decode_untrusted(spoken.data).sound
    return sound.samples, sound.rate


def _words(values: list[int]) -> Words:
    return np.array(values, dtype=np.uint32)
