"""Samples that are our own output, or say of themselves that a model made them: refused, whatever
was washed off.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from audio.encoding import Output, encode_sound
from audio.sound import Sound
from core import ids
from provenance.c2pa import manifest_reader as credentials
from provenance.c2pa import manifest_signer
from provenance.clips import audiowmark_layer, watermark_keys
from provenance.models import Clip, MarkKey
from tests.conftest import NOON
from tests.support.sandbox_programs import build_sandbox
from tests.support.signed_files import fresh, signer, statement
from tests.voices.conftest import Http, MakeConsent, Reader, reading, say
from voices.models import Voice

pytestmark = pytest.mark.django_db(transaction=True)


def upload(client: Http, consent_id: str, data: bytes) -> Any:
    form = {
        "consent": consent_id,
        "name": "Mara",
        "language": "en",
        "use_case": "entertainment.audiobook",
    }
    return client.post(
        "/v1/voices", form | {"samples": [SimpleUploadedFile("a", data)]}, format="multipart"
    )


def long_reading() -> Sound:
    whole = reading().resample(24_000)
    return Sound(np.tile(whole.samples, 1 + int(16 * whole.rate / len(whole.samples))), whole.rate)


@pytest.fixture
def consent_id(make_consent: MakeConsent, reader: Reader) -> str:
    return make_consent().id


class TestASample:
    @pytest.mark.parametrize("codec", ["wav", "mp3", "flac"])
    def test_whose_manifest_says_that_a_model_made_it_is_refused(
        self, client: Http, consent_id: str, codec: str
    ) -> None:
        plain = encode_sound(reading(), Output(codec=codec, sample_rate_hz=16_000))
        theirs = manifest_signer.sign_manifest(
            plain, codec, statement(manifest_id=fresh()), signer=signer("provider")
        ).data

        assert upload(client, consent_id, plain).status_code == 201
        answer = upload(client, consent_id, theirs)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "sample_synthetic")

    def test_is_believed_by_the_reader_and_not_by_its_letters(
        self, client: Http, consent_id: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("voices.sample_checks.synthetic_speech_indicators._SYNTHETIC_TYPES", ())
        plain = encode_sound(reading(), Output(codec="wav", sample_rate_hz=16_000))
        theirs = manifest_signer.sign_manifest(
            plain, "wav", statement(manifest_id=fresh()), signer=signer("provider")
        ).data

        assert upload(client, consent_id, theirs).json()["errors"][0]["code"] == "sample_synthetic"

    def test_is_not_read_while_the_reader_is_away(
        self, client: Http, consent_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        away = build_sandbox(tmp_path, "", load="raise SystemExit(1)")
        monkeypatch.setattr(credentials, "_SANDBOX", away)
        plain = encode_sound(reading(), Output(codec="wav", sample_rate_hz=16_000))

        answer = upload(client, consent_id, plain + b"jumb")
        assert (answer.status_code, answer.json()["code"]) == (503, "c2pa_reader_unavailable")
        assert not Voice.objects.exists()

    def test_that_carries_the_second_mark_alone_is_refused(
        self, client: Http, consent_id: str, voice: Voice, reader: Reader
    ) -> None:
        clip_id = say(client, voice)["Sayso-Clip"]
        clip = Clip.objects.get(id=clip_id)
        MarkKey.objects.update(second=True)
        key = watermark_keys.derive_audiowmark_key(voice.organisation_id, clip.epoch, at=NOON)
        second = audiowmark_layer.AudiowmarkLayer(
            clip_id=clip_id, key=audiowmark_layer.to_audiowmark_key(key, "ours")
        )
        unknown = audiowmark_layer.AudiowmarkLayer(
            clip_id=ids.from_bytes("clp", bytes(16)), key=second.key
        )

        answers = [
            upload(
                client,
                consent_id,
                encode_sound(
                    audiowmark_layer.write_mark(long_reading(), mark), Output(codec="wav")
                ),
            )
            for mark in (unknown, second)
        ]

        assert answers[0].status_code == 201  # a message that names no clip is no mark of ours
        assert answers[1].json()["errors"][0]["code"] == "sample_watermarked"
