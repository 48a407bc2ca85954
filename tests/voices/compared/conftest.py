"""Ann and Cora, two people of the register who are one reader, and an owner who compares voices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction

from accounts import organisation_policy
from accounts.models import Organisation
from audio.encoding import Output, encode_sound
from audio.sound import Sound
from consent import services as consents
from consent.models import Consent
from core import canonical_json, ids
from tests.conftest import NOON
from tests.voices.conftest import AUDIOBOOK, Http, Reader, grant_of, noon, reading, voice_of
from transparency_log.formats import log_entry
from transparency_log.models import Outbox
from vault import blobs
from voices import reconcile, voice_comparison
from voices.models import Sample, Voice
from voices.sample_checks import voice_embedding
from voices.sample_checks.voice_embedding import Embedding

COMPARED, ORDINARY = "voice-cloning-compared", "voice-cloning"
ANNS, CORAS = ("0870", "0880"), ("0890", "0920")
REVIEW = {"state": "open", "code": "voice_resembles_another"}
MakeSigned = Callable[..., Consent]
MEASURED: dict[tuple[int, ...], Embedding] = {}
MEASURED_NOW: list[Embedding] = []


@cache
def coded(name: str, codec: str = "wav") -> bytes:
    return encode_sound(
        reading(name), Output(codec=codec, sample_rate_hz=24_000 if codec != "opus" else 48_000)
    )


def upload(client: Http, consent: Consent, *files: bytes) -> Any:
    form = {"consent": consent.id, "name": "A voice", "language": "en", "use_case": AUDIOBOOK}
    samples = [SimpleUploadedFile(f"{number}", data) for number, data in enumerate(files)]
    return client.post("/v1/voices", form | {"samples": samples}, format="multipart")


def switch(organisation: Organisation, *, on: bool) -> None:
    organisation_policy.change_policy(
        organisation.id, {"compare_voices": on}, actor="member:x", at=NOON
    )


def work() -> None:
    """What the worker does with the messages, or the sweep without them."""
    for voice_id in reconcile.sweep_pending_work(at=NOON).comparisons:
        voice_comparison.run_comparison(voice_id, actor="system:test", wall_clock=noon)


def review_of(client: Http, voice_id: str) -> Any:
    return client.get(f"/v1/voices/{voice_id}").json()["review"]


def made(consent: Consent, *files: bytes) -> Voice:
    """A voice as the cloning leaves it, without its work, and compared."""
    with transaction.atomic():
        voice = voice_of(consent, "ready")
        for position, data in enumerate(files):
            Sample.objects.create(
                id=ids.new("smp"), voice=voice, position=position,
                sha256=canonical_json.sha256_hex(data), created_at=NOON,
                blob_id=blobs.store_blob(subject=voice.subject, kind="sample", data=data, at=NOON),
            )  # fmt: skip
        voice_comparison.plan_comparison(voice, at=NOON)
    work()
    return voice


def anns(consent: Consent) -> Voice:
    """Ann's voice, compared."""
    return made(consent, *map(coded, ANNS))


def coras(consent: Consent) -> Voice:
    """Other recordings of the same reader, in another codec, under another person's consent."""
    return made(consent, *(coded(name, "opus") for name in CORAS))


def asked(client: Http, notice: str = COMPARED) -> Any:
    """Ask a person for consent."""
    speaker = client.post(
        "/v1/speakers", {"name": "Ann", "email": "ann@example.org"}, format="json"
    ).json()["id"]
    form = {
        "speaker": speaker,
        "notice": notice,
        "duration": "P1Y",
        "jurisdictions": ["EU"],
        "grants": [grant_of()],
    }
    return client.post("/v1/consents", form, format="json")


def codes(answer: Any) -> list[str]:
    assert answer.status_code == 201, answer.content
    return [one["code"] for one in answer.json()["warnings"]]


def kinds() -> list[str]:
    return [log_entry.read_entry(bytes(row.payload)).kind for row in Outbox.objects.order_by("id")]


@pytest.fixture(autouse=True)
def _measured_once(monkeypatch: pytest.MonkeyPatch, reader: Reader) -> None:
    """Each set of recordings is measured once for the whole module: the network takes a second for
    it.
    """
    measure = voice_embedding.measure_embedding
    MEASURED_NOW.clear()

    def cached(sounds: Sequence[Sound]) -> Embedding:
        name = tuple(hash(sound.samples.tobytes()) for sound in sounds)
        if name not in MEASURED:
            found = measure(sounds)
            assert found is not None
            MEASURED[name] = found
        MEASURED_NOW.append(MEASURED[name])
        return MEASURED[name]

    monkeypatch.setattr(voice_embedding, "measure_embedding", cached)


@pytest.fixture
def make_signed(acme: Organisation) -> MakeSigned:
    """Makes consents of fresh people, signed under the notice that speaks of the comparison unless
    told otherwise.
    """

    def make(
        organisation: Organisation = acme, notice: str = COMPARED, speaker: str = ""
    ) -> Consent:
        speaker = (
            speaker
            or consents.create_speaker(
                organisation=organisation,
                livemode=False,
                name="Ann",
                email="ann@example.org",
                actor="system:test",
                at=NOON,
            ).id
        )
        asked = consents.request_consent(
            organisation=organisation, livemode=False, speaker_id=speaker, grants=[grant_of()],
            duration="P1Y", jurisdictions=["EU"], notice=notice, actor="system:test", at=NOON,
        ).consent  # fmt: skip
        return consents.sign_as_test(
            asked.id, organisation_id=organisation.id, actor="system:test", at=NOON
        )

    return make


@pytest.fixture
def compared(acme: Organisation) -> Organisation:
    """Acme, whose owner switched the comparison on."""
    switch(acme, on=True)
    return acme
