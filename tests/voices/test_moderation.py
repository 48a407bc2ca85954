"""The moderation endpoint: what it finds counts for the gate, and its silence too."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django import Settings

from accounts.models import ApiKey, Organisation
from consent.models import Decision
from provenance.models import Clip
from tests.emulators import moderation
from tests.emulators.emulator import Fault
from tests.emulators.moderation import ModerationEmulator
from tests.fixtures.organisations import ClientOf, MakeKey
from tests.voices.conftest import AUDIOBOOK, SENTENCE, Http, MakeVoice, Reader, noon, say
from upstream.account_limits import ACCOUNT_LIMITS
from voices.models import JobItem, ModerationEndpoint, Voice
from voices.providers import registry
from voices.speech import job_queue

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

PATH = "/v1/moderation_endpoint"
ASK = "/v1/moderations"
EXCLUDING: dict[str, Any] = {"exclusions": ["political"], "sensitive_content": ["adult"]}


@pytest.fixture(autouse=True)
def rested() -> Iterator[None]:
    yield
    ACCOUNT_LIMITS.forget_all()


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> Reader:
    """The built-in engine is a reader that speaks every text."""
    made = Reader()
    monkeypatch.setattr(registry, "_BUILT_IN", {"local": lambda: made})
    return made


@pytest.fixture
def running(settings: Settings) -> Iterator[ModerationEmulator]:
    settings.SAYSO_DEVELOPMENT = True
    emulator = ModerationEmulator()
    with emulator.running():
        yield emulator


@pytest.fixture
def endpoint(client: Http, running: ModerationEmulator, reader: Reader) -> ModerationEmulator:
    """An emulated endpoint that judges Acme's texts."""
    answer = client.post(PATH, settings_of(running), format="json")
    assert answer.status_code == 200, answer.json()
    return running


def settings_of(emulator: ModerationEmulator, **changes: Any) -> dict[str, Any]:
    return {"base_url": emulator.base_url, "api_key": moderation.KEY} | changes


def codes_of(answer: Any) -> list[str]:
    return [reason["code"] for reason in answer.json()["reasons"]]


class TestALabelOfTheEndpoint:
    def test_is_judged_as_the_callers_own(
        self, client: Http, endpoint: ModerationEmulator, voice: Voice, reader: Reader
    ) -> None:
        endpoint.words = {"harbour": "sexual"}

        answer = say(client, voice)

        assert (answer.status_code, codes_of(answer)) == (403, ["content_excluded"])
        assert Decision.objects.get().ask["labels"] == ["adult"]
        assert reader.spoken == []

    def test_joins_those_of_the_call(
        self, client: Http, endpoint: ModerationEmulator, make_voice: MakeVoice
    ) -> None:
        endpoint.words = {"harbour": "sexual"}
        voice = make_voice(sensitive_content=["adult", "religious"])

        answer = say(client, voice, labels=["religious"])

        assert answer.status_code == 200, answer.content
        assert sorted(Decision.objects.get().ask["labels"]) == ["adult", "religious"]

    def test_that_no_one_can_exclude_counts_for_nothing(
        self, client: Http, endpoint: ModerationEmulator, voice: Voice
    ) -> None:
        endpoint.words = {"harbour": "violence"}

        assert say(client, voice).status_code == 200

    @pytest.mark.parametrize("category", ["sexual/minors", "something/new"])
    def test_that_nobody_has_described_is_refused(
        self, client: Http, endpoint: ModerationEmulator, voice: Voice, category: str
    ) -> None:
        endpoint.words = {"harbour": category}

        answer = say(client, voice)

        assert (answer.status_code, codes_of(answer)) == (403, ["content_excluded"])

    def test_is_what_the_organisation_says_it_is(
        self, client: Http, running: ModerationEmulator, reader: Reader, make_voice: MakeVoice
    ) -> None:
        labels = {"propaganda": "Political", "something/new": ""}
        client.post(PATH, settings_of(running, labels=labels), format="json")
        voice = make_voice(**EXCLUDING)
        running.words = {"harbour": "something/new"}
        assert say(client, voice).status_code == 200

        running.words = {"harbour": "propaganda"}
        answer = say(client, voice)

        assert (answer.status_code, codes_of(answer)) == (403, ["content_excluded"])


class TestEveryWayOfSpeech:
    def test_asks_once_with_the_text_and_nothing_else(
        self, client: Http, endpoint: ModerationEmulator, voice: Voice
    ) -> None:
        say(client, voice)

        (asked,) = endpoint.asked
        assert json.loads(asked.body) == {"input": SENTENCE}

    def test_of_a_job_asks_when_its_turn_comes(
        self, client: Http, endpoint: ModerationEmulator, voice: Voice
    ) -> None:
        endpoint.words = {"harbour": "sexual"}
        asked = say(client, voice, delivery={"mode": "job"})
        assert endpoint.asked == []

        job_queue.run_job_items(asked.json()["id"], wall_clock=noon)

        item = JobItem.objects.get()
        assert (item.state, item.reasons[0]["code"]) == ("refused", "content_excluded")

    def test_asks_for_each_text_of_a_batch(
        self, client: Http, endpoint: ModerationEmulator, voice: Voice
    ) -> None:
        endpoint.words = {"boats": "sexual"}
        items = [{"text": SENTENCE}, {"text": "Then the boats came home at last that evening."}]
        common = {"voice": voice.id, "language": "en", "use_case": AUDIOBOOK}
        asked = client.post("/v1/speech/batch", {"items": items, **common}, format="json")

        job_queue.run_job_items(asked.json()["id"], wall_clock=noon)

        states = [item.state for item in JobItem.objects.order_by("position")]
        assert states == ["done", "refused"]

    def test_of_a_proxy_asks_too(
        self, client: Http, endpoint: ModerationEmulator, voice: Voice
    ) -> None:
        ApiKey.objects.update(default_use_case=AUDIOBOOK)
        endpoint.words = {"harbour": "sexual"}
        body = {"text": SENTENCE, "language_code": "en"}

        answer = client.post(f"/proxy/elevenlabs/v1/text-to-speech/{voice.id}", body, format="json")

        reasons = [reason["code"] for reason in answer.json()["detail"]["reasons"]]
        assert (answer.status_code, reasons) == (403, ["content_excluded"])


FAULTS = [
    Fault(status=500, times=None),
    Fault(status=429, times=None),
    Fault(status=401, times=None),
    Fault(answer=b"not JSON", times=None),
    Fault(answer=b'{"results": []}', times=None),
    Fault(answer=b'{"results": [{"categories": {"sexual": "no"}}]}', times=None),
    Fault(answer=b'{"results": [{"flagged": false}]}', times=None),
]


class TestAnEndpointThatFails:
    @pytest.mark.parametrize("fault", FAULTS)
    def test_has_texts_refused_where_something_is_excluded(
        self, client: Http, endpoint: ModerationEmulator, make_voice: MakeVoice, fault: Fault
    ) -> None:
        endpoint.fail(ASK, fault)

        answer = say(client, make_voice(**EXCLUDING))

        assert (answer.status_code, codes_of(answer)) == (403, ["content_unjudged"])
        assert Decision.objects.get().ask["content_unjudged"] is True
        assert endpoint.count("POST", ASK) == 1

    def test_lets_others_be_spoken(
        self, client: Http, endpoint: ModerationEmulator, voice: Voice
    ) -> None:
        endpoint.fail(ASK, FAULTS[0])

        assert say(client, voice).status_code == 200
        decision = client.get(f"/v1/decisions/{Decision.objects.get().id}").json()
        assert decision["ask"]["content_unjudged"] is True

    @pytest.mark.parametrize(
        ("policy", "statuses"), [("refuse", [403, 403]), ("deliver", [200, 200])]
    )
    def test_does_what_the_policy_says(
        self,
        client: Http,
        endpoint: ModerationEmulator,
        acme: Organisation,
        make_voice: MakeVoice,
        policy: str,
        statuses: list[int],
    ) -> None:
        Organisation.objects.filter(id=acme.id).update(policy={"unjudged_content": policy})
        endpoint.fail(ASK, FAULTS[0])
        voices = (make_voice(), make_voice(**EXCLUDING))

        assert [say(client, voice).status_code for voice in voices] == statuses

    def test_is_left_alone_after_a_while(
        self, client: Http, endpoint: ModerationEmulator, voice: Voice
    ) -> None:
        endpoint.fail(ASK, FAULTS[0])

        answers = [say(client, voice, text=f"{SENTENCE} {n}.").status_code for n in range(8)]

        assert answers == [200] * 8
        assert endpoint.count("POST", ASK) == 5

    def test_says_nothing_of_the_text_anywhere(
        self,
        client: Http,
        endpoint: ModerationEmulator,
        voice: Voice,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        with caplog.at_level(logging.DEBUG, logger="voices"):
            say(client, voice)
            endpoint.fail(ASK, FAULTS[0])
            say(client, voice, text=f"{SENTENCE} Again.")

        told = " ".join(f"{record.getMessage()} {vars(record)}" for record in caplog.records)
        assert "moderation failed" in told
        assert "harbour" not in told
        assert moderation.KEY not in told


class TestTheEndpointItself:
    def test_is_shown_without_its_key(self, client: Http, endpoint: ModerationEmulator) -> None:
        shown = client.get(PATH).json()

        assert (shown["base_url"], shown["has_api_key"]) == (endpoint.base_url, True)
        assert moderation.KEY not in json.dumps(shown)
        sealed = ModerationEndpoint.objects.get().sealed_key
        assert sealed is not None
        assert moderation.KEY.encode() not in bytes(sealed)

    def test_keeps_its_key_at_the_same_address_alone(
        self, client: Http, endpoint: ModerationEmulator, voice: Voice
    ) -> None:
        again = client.post(PATH, {"base_url": endpoint.base_url, "model": "m"}, format="json")
        moved = client.post(PATH, {"base_url": "http://127.0.0.1:9"}, format="json")

        assert (again.status_code, moved.status_code) == (200, 422)
        assert moved.json()["errors"][0]["attr"] == "api_key"
        assert say(client, voice).status_code == 200
        assert json.loads(endpoint.asked[-1].body)["model"] == "m"

    def test_takes_no_stored_key_from_a_cloud_into_a_private_network(
        self, client: Http, endpoint: ModerationEmulator
    ) -> None:
        """The same name may lead to a private address once it is an engine's."""
        moved = client.post(
            PATH, {"base_url": endpoint.base_url, "self_hosted": True}, format="json"
        )

        assert (moved.status_code, moved.json()["errors"][0]["attr"]) == (422, "api_key")

    @pytest.mark.parametrize(
        ("changes", "attr"),
        [
            ({"base_url": "http://example.com"}, "base_url"),
            ({"base_url": "https://192.168.0.1"}, "base_url"),
            ({"base_url": "https://10.1.2.3", "self_hosted": True}, "base_url"),
            ({"api_key": "a b"}, "api_key"),
            ({"labels": {"x": "nonsense"}}, "labels.x"),
        ],
    )
    def test_is_not_set_to_what_cannot_be(
        self, client: Http, running: ModerationEmulator, changes: dict[str, Any], attr: str
    ) -> None:
        answer = client.post(PATH, settings_of(running, **changes), format="json")

        assert (answer.status_code, answer.json()["errors"][0]["attr"]) == (422, attr)
        assert not ModerationEndpoint.objects.exists()

    def test_is_cleared_with_its_key(
        self, client: Http, endpoint: ModerationEmulator, voice: Voice
    ) -> None:
        shown = client.get(PATH).json()
        assert client.delete(PATH).json() == shown

        assert (client.get(PATH).status_code, client.delete(PATH).status_code) == (404, 404)
        assert not ModerationEndpoint.objects.exists()
        assert say(client, voice).status_code == 200
        assert endpoint.asked == []

    def test_is_no_one_elses(
        self,
        endpoint: ModerationEmulator,
        make_key: MakeKey,
        client_of: ClientOf,
        bolt: Organisation,
        acme: Organisation,
    ) -> None:
        for key in (make_key(organisation=bolt), make_key(organisation=acme, live=True)):
            assert client_of(key).get(PATH).status_code == 404

    def test_of_an_unset_one_changes_nothing(
        self, client: Http, reader: Reader, voice: Voice
    ) -> None:
        assert say(client, voice).status_code == 200
        assert "content_unjudged" not in Decision.objects.get().ask
        assert Clip.objects.get().state == "issued"
