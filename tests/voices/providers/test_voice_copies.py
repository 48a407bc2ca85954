"""A voice made again at another provider: from the person's recordings, if the consent says so."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from accounts.models import Organisation
from tests.conftest import NOON
from tests.emulators import cartesia
from tests.emulators.cartesia import CartesiaEmulator
from tests.emulators.inworld import InworldEmulator
from tests.fixtures.consents import MakeConsent
from tests.fixtures.organisations import ClientOf, MakeKey
from tests.voices.conftest import Http, revoke
from tests.voices.providers.conftest import READING, Connect, speak
from tests.voices.test_background_cloning import ask
from vault import blobs
from voices import voice_deletion
from voices.models import Sample, Voice, VoiceState

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]
CLONE = "/voices/v1/voices:clone"


@pytest.fixture
def other(connect: Connect) -> CartesiaEmulator:
    """An emulated Cartesia that Acme is connected to, beside Inworld."""
    emulator = CartesiaEmulator()
    connect("cartesia", emulator, cartesia.KEY)
    return emulator


@pytest.fixture
def source(
    client: Http, provider: InworldEmulator, other: CartesiaEmulator, make_consent: MakeConsent
) -> str:
    """The id of a voice at Inworld whose consent covers Cartesia too."""
    consent = make_consent(providers=["cartesia", "inworld"])
    answer = ask(client, consent.id, provider="inworld", delivery={"mode": "sync"})
    assert answer.status_code == 201, answer.json()
    return str(answer.json()["id"])


def copy(client: Http, source: str, provider: str = "cartesia", **changes: Any) -> Any:
    body = {"from_voice": source, "provider": provider, "delivery": {"mode": "sync"}}
    return client.post("/v1/voices", body | changes, format="json")


def consent_of(voice_id: str) -> str:
    return Voice.objects.get(id=voice_id).consent_id


class TestAVoiceMadeAgain:
    def test_is_made_from_the_recordings_and_speaks(
        self, client: Http, source: str, provider: InworldEmulator, other: CartesiaEmulator
    ) -> None:
        speak(client, source)

        answer = copy(client, source)

        made = answer.json()
        assert (answer.status_code, made["provider"], made["name"]) == (201, "cartesia", "Mara")
        assert made["consent"] == consent_of(source)
        cloned = next(one for one in other.asked if one.path == "/voices/clone")
        assert READING in cloned.body
        assert made["samples"][0]["sha256"] == Sample.objects.get(voice=source).sha256
        assert speak(client, made["id"]).status_code == 200
        assert len(provider.voices) == len(other.voices) == 1

    def test_asks_the_gate_for_a_clone_again(self, client: Http, source: str) -> None:
        made = copy(client, source).json()

        decision = client.get(f"/v1/decisions/{made['decision']}").json()
        asked = decision["ask"]
        assert (asked["action"], asked["provider"]) == ("clone", "cartesia")
        assert made["decision"] != Voice.objects.get(id=source).decision_id

    def test_is_one_voice_however_often_it_is_asked(
        self, client: Http, source: str, other: CartesiaEmulator
    ) -> None:
        first, again = (copy(client, source).json()["id"] for _ in range(2))

        assert first == again
        assert (len(other.voices), Voice.objects.count()) == (1, 2)

    def test_may_have_a_name_of_its_own(self, client: Http, source: str) -> None:
        made = copy(client, source, name="Mara at Cartesia", metadata={"for": "phone"}).json()

        assert (made["name"], made["metadata"]) == ("Mara at Cartesia", {"for": "phone"})

    def test_may_be_made_once_its_provider_let_the_first_one_go(
        self, client: Http, source: str
    ) -> None:
        Voice.objects.filter(id=source).update(state=VoiceState.EXPIRED)

        assert copy(client, source).status_code == 201


class TestACopyThatIsRefused:
    @pytest.fixture(autouse=True)
    def nothing_reaches_anyone(self, other: CartesiaEmulator) -> Any:
        yield
        assert not [one for one in other.asked if one.path == "/voices/clone"]

    def test_at_a_provider_that_no_one_signed_for(
        self,
        client: Http,
        provider: InworldEmulator,
        other: CartesiaEmulator,
        make_consent: MakeConsent,
    ) -> None:
        consent = make_consent(providers=["inworld"])
        made = ask(client, consent.id, provider="inworld", delivery={"mode": "sync"}).json()["id"]

        answer = copy(client, made)

        codes = [reason["code"] for reason in answer.json()["reasons"]]
        assert (answer.status_code, codes) == (403, ["provider_not_covered"])

    def test_of_another_organisations_voice(
        self,
        source: str,
        make_key: MakeKey,
        client_of: ClientOf,
        bolt: Organisation,
    ) -> None:
        stranger = client_of(make_key(organisation=bolt))

        assert copy(stranger, source).status_code == 404

    def test_after_the_consent_was_withdrawn(
        self, client: Http, source: str, acme: Organisation
    ) -> None:
        revoke(consent_of(source), acme.id)

        answer = copy(client, source)

        codes = [reason["code"] for reason in answer.json()["reasons"]]
        assert (answer.status_code, codes) == (403, ["consent_revoked"])

    @pytest.mark.usefixtures("clock_at_noon")
    def test_after_the_consent_ended(
        self, client: Http, source: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        later = NOON + timedelta(days=3_000)
        monkeypatch.setattr("core.clock.now", lambda: later)

        answer = copy(client, source)

        codes = [reason["code"] for reason in answer.json()["reasons"]]
        assert (answer.status_code, codes) == (403, ["consent_expired"])

    def test_of_a_voice_that_is_being_deleted(self, client: Http, source: str) -> None:
        voice_deletion.begin_deletion(source, code="requested")

        answer = copy(client, source)

        assert (answer.status_code, answer.json()["code"]) == (409, "voice_ending")

    def test_of_a_voice_whose_recordings_are_gone(self, client: Http, source: str) -> None:
        blobs.delete_blob(Sample.objects.get(voice=source).blob_id)

        answer = copy(client, source)

        assert (answer.status_code, answer.json()["code"]) == (409, "samples_gone")

    @pytest.mark.parametrize(
        ("state", "code"),
        [
            (VoiceState.FAILED, "samples_gone"),
            (VoiceState.TRAINING, "source_not_ready"),
            (VoiceState.CHECKING, "source_not_ready"),
        ],
    )
    def test_of_a_voice_that_was_not_made(
        self, client: Http, source: str, state: VoiceState, code: str
    ) -> None:
        Voice.objects.filter(id=source).update(state=state, code="x")

        answer = copy(client, source)

        assert (answer.status_code, answer.json()["code"]) == (409, code)

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"provider": "inworld"}, "same_provider"),
            ({"provider": "nobody"}, "provider_unknown"),
            ({"provider": "fish"}, "provider_not_connected"),
            ({"transcripts": ["a", "b"]}, "invalid"),
            ({"samples": []}, "unknown_field"),
        ],
    )
    def test_for_what_the_call_says(
        self, client: Http, source: str, changes: dict[str, Any], code: str
    ) -> None:
        answer = copy(client, source, **changes)

        told = answer.json()
        codes = {told["code"], *(fault["code"] for fault in told["errors"])}
        assert answer.status_code == 422
        assert code in codes
