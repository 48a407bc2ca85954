"""A provider's own Content Credentials: kept as the clip's ingredient, read from a real answer, and
never followed.
"""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from audio.encoding import CODECS, Output
from provenance.c2pa import manifest_reader, manifest_store, signing_authority
from provenance.models import Clip
from provenance.verification import verify
from tests.support.attestor_servers import Asked, Reply, outsider
from tests.support.signed_files import CARRIERS, MANIFEST, look, plain, signed
from tests.voices.conftest import Reader, noon, only, order_for, principal_of
from upstream.upstream_errors import ProviderUnavailable
from voices.models import Voice
from voices.providers import provider_audio
from voices.providers.base import EncodedAudio, ProviderVoice, SpeechLine
from voices.speech import pipeline
from voices.speech.clip_delivery import DeliveredClip

pytestmark = pytest.mark.django_db(transaction=True)


class Afar(Reader):
    """A provider behind HTTP that answers every text with the same file."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url

    def speak(self, voice: ProviderVoice, line: SpeechLine) -> Any:
        # A server of this test.
        with urllib.request.urlopen(self.url, timeout=10) as answer:  # noqa: S310
            return EncodedAudio(data=answer.read())


@pytest.fixture
def answers() -> list[bytes]:
    """What the provider answers: its last item."""
    return [signed("mp3", "provider").data]


@pytest.fixture
def asked() -> list[str]:
    """The paths that the provider's server was asked for."""
    return []


@pytest.fixture
def afar(answers: list[bytes], asked: list[str]) -> Iterator[Afar]:
    def answer(question: Asked) -> Reply:
        asked.append(question.path)
        return Reply(status=200, body=answers[-1], headers={"Content-Type": "audio/mpeg"})

    with outsider(answer) as url:
        yield Afar(url + "/speech")


def say(voice: Voice, provider: Reader, codec: str = "wav") -> DeliveredClip:
    order = order_for(voice, output=Output(codec=codec))
    return pipeline.synthesize_clip(
        order, voice, principal=principal_of(voice), now=noon, providers=only(provider)
    )


class TestAProvidersManifest:
    @pytest.mark.parametrize("codec", CODECS)
    def test_is_kept_as_the_ingredient_of_ours(self, voice: Voice, afar: Afar, codec: str) -> None:
        spoken = say(voice, afar, codec)

        clip = Clip.objects.get(id=spoken.clip_id)
        embedded = clip.manifest_mode == "embedded"
        kind = CARRIERS.get(codec, "application/octet-stream")
        beside = None if embedded else manifest_store.load_manifest_store(clip)
        state, store = look(
            spoken.data, kind, beside, anchors=signing_authority.get_trust_anchors()
        )
        ours = store["manifests"][store["active_manifest"]]
        assert (state, store["active_manifest"]) == ("Trusted", clip.manifest_id)
        assert [(one["relationship"], one["active_manifest"]) for one in ours["ingredients"]] == [
            ("parentOf", MANIFEST)
        ]
        assert MANIFEST in store["manifests"]

    def test_does_not_stand_in_the_way_of_verify(self, voice: Voice, afar: Afar) -> None:
        spoken = say(voice, afar, "mp3")

        verdict = verify(spoken.data)
        found = manifest_reader.read_credentials(spoken.data)
        assert (verdict.outcome, verdict.clip and verdict.clip.id) == ("issued", spoken.clip_id)
        assert (found.ours, found.clip_id, found.ingredients) == (True, spoken.clip_id, (MANIFEST,))

    def test_that_does_not_hold_is_left_out(
        self, voice: Voice, afar: Afar, answers: list[bytes]
    ) -> None:
        whole = answers[-1]
        answers.append(whole[:-500] + bytes(byte ^ 1 for byte in whole[-500:]))

        spoken = say(voice, afar)

        assert manifest_reader.read_credentials(answers[-1]).state == "invalid"
        assert manifest_reader.read_credentials(spoken.data).ingredients == ()

    def test_that_is_only_an_address_is_not_asked_for(
        self, voice: Voice, afar: Afar, answers: list[bytes], asked: list[str]
    ) -> None:
        address = afar.url.replace("/speech", "/manifest.c2pa").encode()
        note = (
            b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf dcterms:provenance='"
            + address
            + b"'/></x:xmpmeta>"
        )
        body = b"XMP\0" + note
        frame = b"PRIV" + bytes((0, 0, len(body) >> 7, len(body) & 127)) + b"\0\0" + body
        answers.append(
            b"ID3\4\0\0" + bytes((0, 0, len(frame) >> 7, len(frame) & 127)) + frame + plain("mp3")
        )

        spoken = say(voice, afar)

        assert asked == ["/speech"]
        assert manifest_reader.read_credentials(spoken.data).ingredients == ()


class TestAnAnswer:
    def test_without_one_makes_a_clip_of_its_own(
        self, voice: Voice, afar: Afar, answers: list[bytes]
    ) -> None:
        answers.append(plain("flac"))

        assert manifest_reader.read_credentials(say(voice, afar).data).ingredients == ()

    def test_that_is_no_audio_is_the_providers_fault(
        self, voice: Voice, afar: Afar, answers: list[bytes]
    ) -> None:
        answers.append(b"<html>Sorry</html>")

        with pytest.raises(ProviderUnavailable):
            say(voice, afar)
        assert Clip.objects.get().code == "provider_unavailable"

    def test_is_taken_as_it_is_when_it_is_sound_already(self) -> None:
        sound = Reader().speak(ProviderVoice(), SpeechLine(text="x", language="en"))

        assert provider_audio.read_provider_audio(sound) == provider_audio.ProviderAudio(
            sound=sound, parent=None
        )
