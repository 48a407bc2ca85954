"""Verify: every verdict of the API, for files as people find them; nothing personal in any
answer.
"""

from __future__ import annotations

import struct
from dataclasses import asdict
from datetime import timedelta

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client

from accounts.models import Organisation
from audio.decoding import decode_untrusted
from audio.encoding import Output, encode_sound
from audio.sound import Sound
from provenance.clips import clip_erasure, watermark_keys
from provenance.models import Clip
from provenance.verification import Outcome, VerificationResult, verify
from tests.conftest import NOON
from tests.support.audio_files import remuxed
from tests.voices.conftest import (
    AUDIO,
    SECONDS,
    Reader,
    noon,
    only,
    order_for,
    principal_of,
    reading,
    revoke,
)
from voices import reconcile
from voices.models import Voice
from voices.speech import pipeline
from voices.speech.clip_delivery import DeliveredClip


def found(data: bytes) -> VerificationResult:
    return verify(data)


def layers(verdict: VerificationResult) -> dict[str, str]:
    """What the layers said, without the fingerprint: these clips are too short for one, or no one
    filed it yet.
    """
    return {row.layer: row.result for row in verdict.evidence if row.layer != "fingerprint"}


def again(data: bytes, **output: object) -> bytes:
    # Spelt at the call.
    return encode_sound(decode_untrusted(data).sound, Output(**output))  # type: ignore[arg-type]


def another_sound() -> Sound:
    """As long as what a Reader speaks: copies of one sound have one mark and the same samples."""
    whole = reading("0920")
    return Sound(whole.samples[: SECONDS * whole.rate], whole.rate)


class TestVerify:
    def test_delivered_bytes_are_issued(self, spoken: DeliveredClip, acme: Organisation) -> None:
        verdict = found(spoken.data)

        assert (verdict.outcome, layers(verdict)) == (
            Outcome.ISSUED, {"sha256": "match", "watermark": "match", "c2pa": "match"},
        )  # fmt: skip
        assert verdict.clip is not None
        assert (verdict.clip.id, verdict.clip.organisation, verdict.clip.consent_state) == (
            spoken.clip_id, acme.name, "active",
        )  # fmt: skip

    def test_the_same_samples_in_another_container_are_issued(self, spoken: DeliveredClip) -> None:
        assert (
            found(again(spoken.data, codec="flac", sample_rate_hz=24_000)).outcome is Outcome.ISSUED
        )

    @pytest.mark.parametrize(
        "output",
        [
            {"codec": "mp3", "sample_rate_hz": 24_000, "bit_rate_bps": 64_000},
            {"codec": "ogg"},
            {"codec": "wav", "sample_rate_hz": 16_000},
        ],
        ids=["mp3", "ogg", "16kHz"],
    )
    def test_a_changed_file_is_found_by_its_mark(
        self, spoken: DeliveredClip, output: dict[str, object]
    ) -> None:
        verdict = found(again(spoken.data, **output))

        assert (verdict.outcome, layers(verdict)) == (
            Outcome.ALTERED, {"sha256": "absent", "watermark": "match", "c2pa": "absent"},
        )  # fmt: skip
        assert verdict.clip is not None
        assert verdict.clip.id == spoken.clip_id

    def test_a_mark_of_an_ended_year_is_found(
        self, spoken: DeliveredClip, acme: Organisation
    ) -> None:
        for year in (1, 2):
            watermark_keys.get_current_key(acme.id, at=NOON + timedelta(days=366 * year))

        verdict = found(again(spoken.data, codec="mp3"))

        assert verdict.clip is not None
        assert (verdict.outcome, verdict.clip.id) == (Outcome.ALTERED, spoken.clip_id)

    def test_a_cut_file_is_found_by_its_mark(self, spoken: DeliveredClip) -> None:
        sound = decode_untrusted(spoken.data).sound
        cut = Sound(sound.samples[sound.rate // 3 :], sound.rate)

        assert found(encode_sound(cut, Output(codec="wav"))).outcome is Outcome.ALTERED

    @pytest.mark.parametrize(
        ("codec", "container"), [("wav", "wav"), ("mp3", "mp3"), ("flac", "flac"), ("m4a", "mp4")]
    )
    def test_a_remux_that_strips_the_manifest_leaves_the_mark(
        self, voice: Voice, codec: str, container: str
    ) -> None:
        order = order_for(voice, output=Output(codec=codec))
        made = pipeline.synthesize_clip(
            order, voice, principal=principal_of(voice), now=noon, providers=only(Reader())
        )

        verdict = found(remuxed(made.data, container))

        assert (layers(verdict)["c2pa"], layers(verdict)["watermark"]) == ("absent", "match")
        assert verdict.clip is not None
        assert verdict.clip.id == made.clip_id

    def test_our_manifest_in_another_file_does_not_make_it_ours(
        self, spoken: DeliveredClip
    ) -> None:
        """Nor does it say which clip it was taken from."""
        foreign = encode_sound(
            decode_untrusted((AUDIO / "librivox-austen-0880.wav").read_bytes()).sound,
            Output(codec="wav"),
        )
        size = len(again(spoken.data, codec="wav"))
        chunk = spoken.data[size:]
        assert chunk[:4] == b"C2PA"
        moved = foreign[:4] + struct.pack("<I", len(foreign) + len(chunk) - 8) + foreign[8:] + chunk

        verdict = found(moved)

        assert (verdict.outcome, verdict.clip) == (Outcome.NOT_FOUND, None)
        assert layers(verdict)["c2pa"] == "mismatch"

    def test_another_clips_manifest_is_not_this_ones(
        self, voice: Voice, spoken: DeliveredClip
    ) -> None:
        order = order_for(voice, output=Output(codec="wav"))
        other = pipeline.synthesize_clip(
            order,
            voice,
            principal=principal_of(voice),
            now=noon,
            providers=only(Reader(sound=another_sound())),
        )
        size = len(again(spoken.data, codec="wav"))
        assert (spoken.data[size:][:4], other.data[size:][:4]) == (b"C2PA", b"C2PA")

        verdict = found(spoken.data[:size] + other.data[size:])

        assert (verdict.outcome, layers(verdict)["c2pa"]) == (Outcome.ISSUED, "mismatch")
        assert verdict.clip is not None
        assert verdict.clip.id == spoken.clip_id

    def test_a_changed_byte_of_padding_changes_the_hash_and_nothing_else(
        self, spoken: DeliveredClip
    ) -> None:
        at = spoken.data.rindex(b"\0" * 200) + 100
        verdict = found(spoken.data[:at] + b"\1" + spoken.data[at + 1 :])

        assert (verdict.outcome, layers(verdict)["c2pa"]) == (Outcome.ISSUED, "match")
        assert [row.why for row in verdict.evidence if row.layer == "sha256"] == ["samples"]

    def test_a_foreign_recording_is_not_found(self, spoken: DeliveredClip) -> None:
        verdict = found((AUDIO / "librivox-austen-0880.wav").read_bytes())

        assert (verdict.outcome, verdict.clip) == (Outcome.NOT_FOUND, None)

    @pytest.mark.parametrize("data", [b"", b"not audio at all", b"RIFF\x00\x00\x00\x00WAVE"])
    def test_what_is_no_audio_is_unreadable(self, db: None, data: bytes) -> None:
        assert found(data).outcome is Outcome.UNREADABLE

    def test_what_cannot_be_listened_to_says_why(self, db: None) -> None:
        """Who sends a recording of six minutes must not be told that it is no audio."""
        long = encode_sound(
            Sound(np.zeros(8_000 * 301, dtype=np.float32), 8_000),
            Output(codec="wav", sample_rate_hz=8_000),
        )

        assert [
            (found(data).outcome, found(data).why) for data in (long, long[:9_000], b"", b"words")
        ] == [
            (Outcome.UNREADABLE, why)
            for why in ("too_long", "truncated", "empty", "unknown_format")
        ]

    def test_headerless_bytes_are_found_by_their_hash(self, voice: Voice) -> None:
        order = order_for(voice, output=Output(codec="mulaw"))
        spoken = pipeline.synthesize_clip(
            order, voice, principal=principal_of(voice), now=noon, providers=only(Reader())
        )

        assert found(spoken.data).outcome is Outcome.ISSUED


class TestWithdrawn:
    def test_counts_from_the_revocation_and_not_from_the_sweep(
        self, spoken: DeliveredClip, voice: Voice
    ) -> None:
        revoke(voice.consent_id, voice.organisation_id)

        verdict = found(spoken.data)

        assert verdict.outcome is Outcome.WITHDRAWN
        assert verdict.clip is not None
        assert verdict.clip.consent_state == "withdrawn"

    def test_stays_after_the_sweep(self, spoken: DeliveredClip, voice: Voice) -> None:
        revoke(voice.consent_id, voice.organisation_id)
        reconcile.sweep_pending_work(at=NOON)

        assert Clip.objects.get().state == "withdrawn"
        assert found(again(spoken.data, codec="mp3")).outcome is Outcome.WITHDRAWN


class TestErased:
    def test_says_only_that_it_was_issued_here(self, spoken: DeliveredClip, voice: Voice) -> None:
        with transaction.atomic():
            clip_erasure.erase_clips_of_subject(voice.subject)

        for data in (spoken.data, again(spoken.data, codec="mp3")):
            verdict = found(data)
            assert (verdict.outcome, verdict.clip) == (Outcome.WITHDRAWN, None)
            assert spoken.clip_id not in f"{asdict(verdict)}"


class TestNeverDelivered:
    def test_a_clip_that_was_given_up_is_not_called_issued(self, spoken: DeliveredClip) -> None:
        Clip.objects.update(
            state="aborted",
            sha256="",
            sha256_pcm="",
            sha256_provider="",
            blob_id="",
            size=0,
            issued_at=None,
            event_id="",
        )

        verdict = found(spoken.data)

        assert (verdict.outcome, verdict.clip) == (Outcome.WITHDRAWN, None)


class TestTestData:
    """No person agreed to it: a consent of the test data may be signed by a call."""

    def test_says_so(self, spoken: DeliveredClip, stranger: Client) -> None:
        answer = stranger.post(
            "/v1/verify", {"file": SimpleUploadedFile("clip.wav", spoken.data)}
        ).json()

        assert (answer["verdict"], answer["clip"]["livemode"]) == ("issued", False)
        assert "test data" in answer["detail"]

    def test_is_not_said_of_live_clips(self, spoken: DeliveredClip, stranger: Client) -> None:
        Clip.objects.update(livemode=True)
        answer = stranger.post(
            "/v1/verify", {"file": SimpleUploadedFile("clip.wav", spoken.data)}
        ).json()

        assert (answer["clip"]["livemode"], "test data" in answer["detail"]) == (True, False)


class TestNames:
    def test_no_answer_names_a_person(self, spoken: DeliveredClip) -> None:
        text = f"{asdict(found(spoken.data))}"

        assert not any(
            word in text for word in ("Mara", "mara-", "example.org", "vox_", "spk_", "con_")
        )


class TestTheEndpoint:
    def test_answers_strangers(self, spoken: DeliveredClip, stranger: Client) -> None:
        answer = stranger.post("/v1/verify", {"file": SimpleUploadedFile("clip.wav", spoken.data)})

        assert answer.status_code == 200
        assert (answer.json()["verdict"], answer.json()["clip"]["id"]) == ("issued", spoken.clip_id)

    @pytest.mark.parametrize("fields", [{}, {"file": "not a file"}, {"other": "x"}])
    def test_wants_one_file(self, db: None, stranger: Client, fields: dict[str, str]) -> None:
        answer = stranger.post("/v1/verify", fields)

        assert answer.status_code == 422
        assert answer.json()["errors"][0]["code"] in {"required", "unknown_field"}

    def test_says_what_to_do_when_the_name_of_a_file_comes_for_the_file(
        self, db: None, stranger: Client
    ) -> None:
        answer = stranger.post("/v1/verify", {"file": "recording.wav"})

        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "required")
        assert "`-F file=@recording.wav`" in answer.json()["detail"]

    def test_takes_no_json_and_says_what_it_takes(self, db: None, stranger: Client) -> None:
        answer = stranger.post("/v1/verify", {}, content_type="application/json")

        assert answer.status_code == 415
        assert "`multipart/form-data`" in answer.json()["detail"]

    def test_refuses_what_is_over_the_limit(
        self, db: None, stranger: Client, settings: object
    ) -> None:
        # Pytest-django's wrapper.
        settings.SAYSO_MAX_UPLOAD_BYTES = 65_536  # type: ignore[attr-defined]

        answer = stranger.post("/v1/verify", {"file": SimpleUploadedFile("big.wav", b"R" * 65_537)})

        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")

    def test_a_broken_multipart_body_is_malformed(self, db: None, stranger: Client) -> None:
        answer = stranger.post("/v1/verify", b"--x\r\n", content_type="multipart/form-data")

        assert (answer.status_code, answer.json()["code"]) == (400, "malformed")

    def test_says_what_to_do_with_a_file_that_cannot_be_listened_to(
        self, db: None, stranger: Client
    ) -> None:
        answer = stranger.post(
            "/v1/verify", {"file": SimpleUploadedFile("clip.wav", b"words")}
        ).json()

        assert (answer["verdict"], answer["reason"]) == ("unreadable", "unknown_format")
        assert "Save it as WAV or MP3" in answer["detail"]

    def test_an_address_has_thirty_questions_a_minute(self, db: None, stranger: Client) -> None:
        *_, last = answers = [stranger.post("/v1/verify", {"other": "x"}) for _ in range(32)]

        assert 429 in [answer.status_code for answer in answers[-3:]]
        assert "key" not in last.json()["detail"]
        assert int(last["Retry-After"]) >= 1
