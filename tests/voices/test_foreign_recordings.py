"""A recording of one person is no other person's sample, however it was wrapped, coded, cut or
turned down.
"""

from __future__ import annotations

import io
import itertools
import struct
from collections.abc import Callable
from dataclasses import asdict
from functools import cache
from typing import Any

import numpy as np
import pytest
import soundfile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction

from accounts.models import Organisation
from audio import decoding
from audio.encoding import Output, encode_sound
from audio.sound import Sound
from consent import recording_fingerprints, speaker_erasure, speakers
from consent.models import (
    Consent,
    Decision,
    Reservation,
    SampleFingerprint,
    SampleFingerprintTerm,
    Speaker,
)
from consent.recording_fingerprints import RecordingIdentity
from tests.conftest import NOON
from tests.fixtures.organisations import MakeOrganisation
from tests.voices.conftest import AUDIO, Http, MakeConsent, Reader, reading
from tests.voices.test_races import in_threads
from vault import sealed_values
from voices.models import Voice

pytestmark = pytest.mark.django_db

MINE = ("0870", "0880")
OTHERS = ("0890", "0920")


def file_of(name: str) -> bytes:
    return (AUDIO / f"librivox-austen-{name}.wav").read_bytes()


def wav(sound: Sound, subtype: str = "PCM_16") -> bytes:
    sink = io.BytesIO()
    soundfile.write(sink, sound.samples, sound.rate, format="WAV", subtype=subtype)
    return sink.getvalue()


def upload(client: Http, consent_id: str, *files: bytes) -> Any:
    form = {
        "consent": consent_id,
        "name": "A voice",
        "language": "en",
        "use_case": "entertainment.audiobook",
    }
    samples = [SimpleUploadedFile(f"{number}", data) for number, data in enumerate(files)]
    return client.post("/v1/voices", form | {"samples": samples}, format="multipart")


def codes(answer: Any) -> list[str]:
    return [reason["code"] for reason in answer.json()["reasons"]]


def changed_byte(name: str) -> bytes:
    data = bytearray(file_of(name))
    data[2000] ^= 7
    return bytes(data)


def further_chunk(name: str) -> bytes:
    data = file_of(name) + b"LIST" + struct.pack("<I", 4) + b"INFO"
    return data[:4] + struct.pack("<I", len(data) - 8) + data[8:]


def coded(codec: str, rate: int, bits: int | None = None) -> Callable[[str], bytes]:
    def make(name: str) -> bytes:
        return encode_sound(
            reading(name), Output(codec=codec, sample_rate_hz=rate, bit_rate_bps=bits)
        )

    return make


def scaled(factor: float) -> Callable[[str], bytes]:
    return lambda name: wav(Sound(reading(name).samples * np.float32(factor), reading(name).rate))


def cut(begin: float, end: float) -> Callable[[str], bytes]:
    def make(name: str) -> bytes:
        whole = reading(name)
        first, last = (round(share * len(whole.samples)) for share in (begin, end))
        return wav(Sound(whole.samples[first:last], whole.rate))

    return make


def lengthened(name: str) -> bytes:
    whole = reading(name)
    room = np.random.default_rng(1).normal(0, 1e-4, whole.rate).astype(np.float32)
    return wav(Sound(np.concatenate([room, whole.samples, room]), whole.rate))


def turned_round(name: str) -> bytes:
    return wav(Sound(-reading(name).samples, reading(name).rate))


def band_of_a_telephone(name: str) -> bytes:
    return wav(reading(name).resample(8_000).resample(24_000))


DISGUISES: dict[str, Callable[[str], bytes]] = {
    "the same file": file_of,
    "one byte changed": changed_byte,
    "a chunk behind the sound": further_chunk,
    "32-bit float": lambda name: wav(reading(name), "FLOAT"),
    "flac": coded("flac", 16_000),
    "mp3 64k": coded("mp3", 16_000, 64_000),
    "opus 24k": coded("opus", 48_000, 24_000),
    "ogg vorbis": coded("ogg", 44_100),
    "another rate": coded("wav", 44_100),
    "a tenth of the level": scaled(0.1),
    "1 dB louder": scaled(1.12),
    "the other polarity": turned_round,
    "the band of a telephone": band_of_a_telephone,
    "a second of room before and after": lengthened,
    "cut to its middle": cut(0.2, 0.85),
    "the last two thirds": cut(0.34, 1.0),
}


@cache
def heard(data: bytes) -> RecordingIdentity:
    """Return what the service hears of a file, heard once: most tests begin with the same two."""
    return recording_fingerprints.identify_recording(decoding.decode_untrusted(data).sound)


def foreign(speaker: Speaker, *files: bytes) -> tuple[int, ...]:
    """The places of those files that are other people's."""
    return recording_fingerprints.find_foreign(
        [heard(data) for data in files], speaker=speaker, at=NOON
    )


@pytest.fixture
def make_consent(make_maras_consent: MakeConsent) -> MakeConsent:
    """Makes consents of people of different names: in the sandbox those of one name are one
    person.
    """
    numbers = itertools.count()

    def make(**options: Any) -> Consent:
        consent = make_maras_consent(**options)
        rename(consent.speaker, f"Person {next(numbers)}")
        return consent

    return make


def rename(speaker: Speaker, name: str) -> None:
    personal = speakers.open_personal(speaker)
    assert personal is not None
    value = {**asdict(personal), "name": name}
    speaker.sealed = sealed_values.seal(
        speaker.subject, speakers._seal_context(speaker.subject), value
    )
    speaker.save(update_fields=["sealed"])


@pytest.fixture
def anns(make_consent: MakeConsent) -> Consent:
    """The consent of Ann, which is bound to two recordings."""
    consent = make_consent()
    with transaction.atomic():
        recording_fingerprints.keep_fingerprints(
            consent, [heard(file_of(name)) for name in MINE], at=NOON
        )
    return consent


class TestARecordingOfAnotherPerson:
    @pytest.mark.parametrize("disguise", DISGUISES)
    def test_is_known_in_every_disguise(
        self, anns: Consent, make_consent: MakeConsent, disguise: str
    ) -> None:
        assert foreign(
            make_consent().speaker, file_of(OTHERS[0]), DISGUISES[disguise](MINE[0])
        ) == (1,)

    def test_is_known_by_two_seconds_of_it(self, anns: Consent, make_consent: MakeConsent) -> None:
        assert foreign(make_consent().speaker, cut(0.3, 0.95)("0880"), cut(0.5, 0.8)("0870")) == (
            0,
            1,
        )

    def test_is_known_inside_a_longer_one(self, anns: Consent, make_consent: MakeConsent) -> None:
        own, taken = reading(OTHERS[0]), reading(MINE[0])
        joined = wav(Sound(np.concatenate([own.samples, taken.samples[20_000:68_000]]), own.rate))

        assert foreign(make_consent().speaker, joined) == (0,)

    def test_is_refused_by_the_api_before_anything_reaches_the_provider(
        self, client: Http, anns: Consent, make_consent: MakeConsent, reader: Reader
    ) -> None:
        reached: list[str] = []
        reader.meanwhile = lambda: reached.append("provider")
        coras = make_consent().id

        answer = upload(client, coras, changed_byte(MINE[0]), file_of(OTHERS[0]))

        assert (answer.status_code, codes(answer)) == (403, ["sample_not_covered"])
        assert answer.json()["reasons"][0]["required"] == "samples.0"
        assert (reached, Voice.objects.filter(consent_id=coras).exists()) == ([], False)
        decision = Decision.objects.get(id=answer.json()["decision"])
        assert (decision.allowed, [reason["code"] for reason in decision.reasons]) == (
            False,
            ["sample_not_covered"],
        )
        assert not Reservation.objects.filter(state=Reservation.State.HELD).exists()

    def test_is_refused_on_delivery_when_it_was_bound_in_the_meantime(
        self, client: Http, make_consent: MakeConsent, reader: Reader
    ) -> None:
        ann, cora = make_consent(), make_consent()

        def ann_first() -> None:
            with transaction.atomic():
                recording_fingerprints.keep_fingerprints(ann, [heard(file_of(MINE[0]))], at=NOON)

        reader.meanwhile = ann_first
        answer = upload(client, cora.id, file_of(MINE[0]))

        assert (answer.status_code, codes(answer)) == (403, ["sample_not_covered"])
        assert not Voice.objects.filter(consent_id=cora.id, state="ready").exists()


class TestTwoSpeakersOfOneName:
    def test_are_one_person_in_the_sandbox(self, anns: Consent, make_consent: MakeConsent) -> None:
        again = make_consent().speaker
        rename(again, "PERSON  0")

        assert foreign(again, *map(file_of, MINE)) == ()

    def test_are_two_people_where_it_is_live(
        self, anns: Consent, make_consent: MakeConsent
    ) -> None:
        again = make_consent().speaker
        rename(again, "Person 0")
        assert not speakers.are_two_people(anns.speaker, again)

        again.livemode = True

        assert speakers.are_two_people(anns.speaker, again)

    def test_are_judged_alike_by_the_file_and_by_its_sound(
        self, client: Http, make_consent: MakeConsent, reader: Reader
    ) -> None:
        first, again, other = make_consent(), make_consent(), make_consent()
        rename(again.speaker, "Person 0")
        assert upload(client, first.id, file_of(MINE[0])).status_code == 201

        for data in (file_of(MINE[0]), changed_byte(MINE[0])):
            assert upload(client, again.id, data).status_code == 201
            assert codes(upload(client, other.id, data)) == ["sample_not_covered"]


class TestOtherRecordings:
    def test_of_the_same_person_are_no_others(self, anns: Consent) -> None:
        assert foreign(anns.speaker, *map(file_of, MINE)) == ()

    def test_by_a_voice_that_is_the_same_are_no_others(
        self, client: Http, anns: Consent, make_consent: MakeConsent, reader: Reader
    ) -> None:
        consent = make_consent()

        assert upload(client, consent.id, *map(file_of, OTHERS)).status_code == 201
        assert SampleFingerprint.objects.filter(consent=consent).count() == 2
        # They are bound now, and are refused to everyone else.
        assert foreign(make_consent().speaker, *map(file_of, OTHERS)) == (0, 1)

    def test_of_a_neighbour_say_nothing_here(
        self, anns: Consent, make_consent: MakeConsent, make_organisation: MakeOrganisation
    ) -> None:
        bolt: Organisation = make_organisation("Bolt")

        assert foreign(make_consent(organisation=bolt).speaker, *map(file_of, MINE)) == ()

    def test_are_not_silence_and_not_noise(self, anns: Consent, make_consent: MakeConsent) -> None:
        noise = np.random.default_rng(2).normal(0, 0.1, 80_000).astype(np.float32)

        assert (
            foreign(
                make_consent().speaker, wav(Sound(noise, 16_000)), wav(Sound(noise * 0, 16_000))
            )
            == ()
        )


class TestWhatIsKept:
    def test_is_sealed_and_its_index_keyed(self, anns: Consent) -> None:
        row = SampleFingerprint.objects.order_by("id").first()
        assert row is not None
        bits = heard(file_of(MINE[0])).bits

        assert bits.astype("<u4").tobytes()[:64] not in bytes(row.sealed)
        known = {value - 2**32 if value >= 2**31 else value for value in bits.tolist()}
        terms = set(
            SampleFingerprintTerm.objects.filter(fingerprint=row).values_list("term", flat=True)
        )
        assert len(terms) > 50
        assert len(terms & known) < 2

    def test_is_kept_once(self, anns: Consent) -> None:
        with transaction.atomic():
            assert (
                recording_fingerprints.keep_fingerprints(anns, [heard(file_of(MINE[0]))], at=NOON)
                == 0
            )

        assert SampleFingerprint.objects.count() == len(MINE)

    def test_goes_with_the_person(self, anns: Consent, make_consent: MakeConsent) -> None:
        with transaction.atomic():
            speaker_erasure.freeze_speaker(
                anns.speaker_id, reason="requested", actor="system:test", at=NOON
            )
            speaker_erasure.erase_speaker(anns.speaker_id, at=NOON)

        assert not SampleFingerprint.objects.exists()
        assert not SampleFingerprintTerm.objects.exists()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
class TestTwoPeopleAtOnce:
    def test_never_bind_one_recording_both(self, make_consent: MakeConsent) -> None:
        recording = heard(file_of(MINE[0]))
        consents = [make_consent() for _ in range(6)]

        def bind(number: int) -> bool:
            consent = consents[number]
            with transaction.atomic():
                recording_fingerprints.lock_register(consent.speaker)
                if recording_fingerprints.find_foreign(
                    [recording], speaker=consent.speaker, at=NOON
                ):
                    return False
                recording_fingerprints.keep_fingerprints(consent, [recording], at=NOON)
                return True

        assert sorted(map(bool, in_threads(bind, len(consents)))) == [False] * 5 + [True]
