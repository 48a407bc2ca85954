"""Files that are not one clip: spliced, several in one, some of them withdrawn or erased, known by
sound alone.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta

import numpy as np
import pytest
from django.db import transaction

from accounts.models import Organisation
from audio.decoding import decode_untrusted
from audio.encoding import Output, encode_sound
from audio.sound import Sound
from provenance.clips import clip_erasure, watermark_key_search, watermark_keys
from provenance.fingerprint import clip_fingerprints
from provenance.models import Clip
from provenance.verification import Outcome, VerificationResult, verify, watermark_layer
from tests.conftest import NOON
from tests.voices.conftest import (
    MakeConsent,
    MakeVoice,
    Reader,
    noon,
    only,
    order_for,
    principal_of,
    reading,
    revoke,
)
from vault import subject_keys
from voices.models import Voice
from voices.speech import pipeline

RATE = 16_000
OUTPUT = Output(codec="wav", sample_rate_hz=RATE)


@pytest.fixture
def neighbours(make_voice: MakeVoice, make_maras_consent: MakeConsent, bolt: Organisation) -> Voice:
    return make_voice(make_maras_consent(organisation=bolt))


def clip_of(voice: Voice, name: str = "0870") -> tuple[str, Sound]:
    """A clip of that reading: its id, and the sound of its bytes."""
    order = order_for(voice, output=OUTPUT)
    spoken = pipeline.synthesize_clip(
        order,
        voice,
        principal=principal_of(voice),
        now=noon,
        providers=only(Reader(sound=reading(name))),
    )
    return spoken.clip_id, decode_untrusted(spoken.data).sound


def joined(*sounds: Sound) -> VerificationResult:
    return verify(
        encode_sound(Sound(np.concatenate([sound.samples for sound in sounds]), RATE), OUTPUT)
    )


def layers(verdict: VerificationResult) -> dict[str, str]:
    """What bytes and marks said; the files made here carry no manifest."""
    return {
        row.layer: row.result for row in verdict.evidence if row.layer in {"sha256", "watermark"}
    }


FOREIGN = reading("0890").resample(RATE)


class TestASplice:
    def test_of_marked_and_foreign_speech_is_altered_and_says_where(self, voice: Voice) -> None:
        clip_id, ours = clip_of(voice)

        verdict = joined(FOREIGN, ours, FOREIGN)

        assert (verdict.outcome, layers(verdict)) == (
            Outcome.ALTERED,
            {"sha256": "absent", "watermark": "match"},
        )
        (stretch,) = verdict.stretches
        assert stretch.clip_id == clip_id
        assert abs(stretch.start_s - FOREIGN.seconds) < 0.6
        assert abs(stretch.end_s - FOREIGN.seconds - ours.seconds) < 0.6
        assert verdict.seconds == pytest.approx(2 * FOREIGN.seconds + ours.seconds, abs=0.1)

    def test_of_two_clips_names_both_where_they_are(self, voice: Voice) -> None:
        (first, one), (second, two) = clip_of(voice), clip_of(voice, "0920")

        verdict = joined(one, FOREIGN, two)

        assert verdict.outcome is Outcome.ALTERED
        assert [stretch.clip_id for stretch in verdict.stretches] == [first, second]
        assert verdict.evidence[1].key == "watermark.match.several"

    def test_of_two_organisations_clips_names_both(self, voice: Voice, neighbours: Voice) -> None:
        (first, one), (second, two) = clip_of(voice), clip_of(neighbours, "0920")

        verdict = joined(one, two)
        assert {stretch.clip_id for stretch in verdict.stretches} == {first, second}
        named = {
            one.id: one.organisation for one in (verdict.clip, *verdict.others) if one is not None
        }
        assert named == {first: voice.organisation.name, second: neighbours.organisation.name}

    def test_with_a_withdrawn_clip_in_it_is_called_withdrawn(
        self,
        voice: Voice,
        make_voice: MakeVoice,
    ) -> None:
        other = make_voice()
        (_, one), (second, two) = clip_of(voice), clip_of(other, "0920")
        revoke(other.consent_id, other.organisation_id)

        verdict = joined(one, two)

        assert verdict.outcome is Outcome.WITHDRAWN
        assert verdict.clip is not None
        assert verdict.clip.id == second

    def test_with_an_erased_clip_in_it_does_not_name_that(
        self, voice: Voice, make_voice: MakeVoice
    ) -> None:
        other = make_voice()
        (first, one), (second, two) = clip_of(voice), clip_of(other, "0920")
        with transaction.atomic():
            clip_erasure.erase_clips_of_subject(other.subject)

        verdict = joined(one, two)

        assert (verdict.outcome, verdict.clip, verdict.is_erased) == (Outcome.WITHDRAWN, None, True)
        assert [stretch.clip_id for stretch in verdict.stretches] == [first, None]
        assert second not in f"{asdict(verdict)}"
        assert [one.id for one in verdict.others] == [first]


class TestAnExactCopy:
    def test_with_another_clips_mark_says_so(self, voice: Voice) -> None:
        """Two clips whose tokens were exchanged in the database: the bytes say one, the mark
        another.
        """
        (first, one), (second, _) = clip_of(voice), clip_of(voice, "0920")
        tokens = dict(Clip.objects.values_list("id", "token"))
        Clip.objects.filter(id=first).update(token=1)
        Clip.objects.filter(id=second).update(token=tokens[first])

        verdict = joined(one)

        assert layers(verdict) == {"sha256": "match", "watermark": "mismatch"}
        assert verdict.clip is not None
        assert (verdict.clip.id, verdict.outcome) == (first, Outcome.ISSUED)
        assert [stretch.clip_id for stretch in verdict.stretches] == [second]

    def test_with_a_mark_that_no_clip_has_keeps_it_a_candidate(self, voice: Voice) -> None:
        clip_id, sound = clip_of(voice)
        Clip.objects.filter(id=clip_id).update(token=1)

        assert layers(joined(sound, FOREIGN)) == {"sha256": "absent", "watermark": "candidate"}
        assert joined(sound, FOREIGN).outcome is Outcome.NOT_FOUND


class TestTheFingerprint:
    def test_alone_is_a_candidate_and_no_verdict(self, voice: Voice) -> None:
        clip_id, _ = clip_of(voice)
        clip_fingerprints.make_pending_fingerprints(now=lambda: NOON)

        verdict = joined(
            reading().resample(RATE)
        )  # how the provider's voice sounded before it was marked

        assert [row.key for row in verdict.evidence if row.layer != "c2pa"] == [
            "sha256.absent", "watermark.absent", "fingerprint.candidate",
        ]  # fmt: skip
        assert (verdict.outcome, verdict.clip, verdict.stretches) == (Outcome.NOT_FOUND, None, ())
        assert clip_id not in f"{asdict(verdict)}"

    def test_says_when_a_sound_is_too_short_for_it(self, voice: Voice) -> None:
        sound = reading("0880").resample(RATE)
        verdict = joined(Sound(sound.samples[: RATE // 3], RATE))
        assert verdict.evidence[-1].key == "fingerprint.not_looked.short"


class TestManyKeys:
    def many(self, acme: Organisation, count: int) -> None:
        for year in range(count):
            watermark_keys.get_current_key(acme.id, at=NOON - timedelta(days=366 * (year + 1)))

    def test_beyond_what_is_tried_are_spoken_of(
        self, voice: Voice, acme: Organisation, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        clip_of(voice)
        self.many(acme, 3)
        monkeypatch.setattr(watermark_key_search, "MOST_LIVE", 2)

        assert joined(FOREIGN).evidence[1].key == "watermark.absent.partly"

    def test_do_not_hide_a_clip_from_the_quick_search(
        self, voice: Voice, acme: Organisation, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        clip_id, sound = clip_of(voice)
        self.many(acme, 3)
        monkeypatch.setattr(watermark_layer, "THOROUGH", 0.0)

        assert [stretch.clip_id for stretch in joined(FOREIGN, sound).stretches] == [clip_id]

    def test_are_tried_from_the_askers_own_on(self, acme: Organisation, bolt: Organisation) -> None:
        years: list[datetime] = [NOON, NOON + timedelta(days=366)]
        for organisation in (acme, bolt):
            for year in years:
                watermark_keys.get_current_key(organisation.id, at=year)

        for organisation in (acme, bolt):
            assert [
                watermark_keys.parse_key_name(name)[0]
                for name in watermark_keys.list_watermark_keys(
                    prefer_organisation_id=organisation.id
                )
            ][:2] == [organisation.id] * 2
        assert len(watermark_keys.list_watermark_keys()) == 4

    def test_of_an_erased_organisation_are_left_out(
        self, acme: Organisation, bolt: Organisation
    ) -> None:
        for organisation in (acme, bolt):
            watermark_keys.get_current_key(organisation.id, at=NOON)
        with transaction.atomic():
            subject_keys.destroy_key(
                subject_keys.get_organisation_subject(acme.id, at=NOON), at=NOON
            )

        assert list(watermark_keys.list_watermark_keys()) == [f"{bolt.id}|{NOON.year}"]
