"""An allowed answer is replayed to its `Idempotency-Key` only while the permit behind it stands."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import IdempotencyRecord
from config.middleware import idempotency
from consent.models import Grant, GrantUsage
from core import clock
from provenance.models import Clip
from tests.voices.conftest import AUDIOBOOK, SENTENCE, Http, Reader
from voices.models import Voice

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("clock_at_noon"),
    pytest.mark.both_databases,
]


def say(client: Http, voice: Voice, **changes: Any) -> Any:
    words = {"voice": voice.id, "text": SENTENCE, "language": "en", "use_case": AUDIOBOOK} | changes
    return client.post("/v1/speech", words, format="json", HTTP_IDEMPOTENCY_KEY="once")


class TestAudio:
    def test_is_replayed_while_the_permit_stands(
        self, client: Http, voice: Voice, reader: Reader
    ) -> None:
        first, second = say(client, voice), say(client, voice)

        assert (first.content, first["Sayso-Clip"]) == (second.content, second["Sayso-Clip"])
        assert (second["Idempotent-Replayed"], len(reader.spoken)) == ("true", 1)

    def test_is_replayed_with_all_that_its_head_said_of_the_clip(
        self, client: Http, voice: Voice, reader: Reader
    ) -> None:
        wanted = {"territory": "CN", "output": {"codec": "mulaw"}, "disclosure": "label"}
        first, second = say(client, voice, **wanted), say(client, voice, **wanted)

        said = [
            {name: value for name, value in one.items() if name.startswith("Sayso-")}
            for one in (first, second)
        ]
        assert said[0] == said[1]
        assert {"Sayso-Disclosure", "Sayso-Aigc-Label"} <= set(said[1])

    @pytest.mark.parametrize(
        ("end", "body"),
        [
            ("revoke", {"reason": "requested_by_person"}),
            ("suspend", {"reason": "dispute"}),
            ("narrow", {"grants": [{"languages": ["de"]}]}),
        ],
    )
    def test_is_decided_again_once_it_has_ended(
        self, end: str, body: dict[str, Any], client: Http, voice: Voice, reader: Reader
    ) -> None:
        assert say(client, voice).status_code == 200
        for grant in body.get("grants", []):
            grant["id"] = Grant.objects.get().id
        assert (
            client.post(f"/v1/consents/{voice.consent_id}/{end}", body, format="json").status_code
            == 200
        )

        again = say(client, voice)

        assert (again.status_code, again.json()["code"]) == (403, "consent_denied")
        assert len(reader.spoken) == 1

    def test_is_decided_again_when_it_ended_in_between_and_stands_again(
        self, client: Http, voice: Voice, reader: Reader
    ) -> None:
        first = say(client, voice)
        for act in ("suspend", "resume"):
            assert (
                client.post(f"/v1/consents/{voice.consent_id}/{act}", format="json").status_code
                == 200
            )

        again = say(client, voice)

        assert again.status_code == 200
        assert again["Sayso-Decision"] != first["Sayso-Decision"]

    def test_is_charged_once_when_the_first_call_stood_still_while_its_repeat_ran(
        self, client: Http, voice: Voice, reader: Reader
    ) -> None:
        answers: list[Any] = []

        def stand_still() -> None:
            # As long as its lease and longer: the client sends the call again meanwhile.
            reader.meanwhile = lambda: None
            IdempotencyRecord.objects.update(lease_until=clock.now())
            answers.append(say(client, voice))

        reader.meanwhile = stand_still
        first = say(client, voice)

        assert (first.status_code, first.json()["code"]) == (409, "idempotency_running")
        assert answers[0].status_code == 200
        assert sorted(clip.state for clip in Clip.objects.all()) == ["aborted", "issued"]
        usage = GrantUsage.objects.get()
        assert (usage.used_clips, usage.held_clips, usage.held_characters) == (1, 0, 0)
        assert say(client, voice).content == answers[0].content

    def test_is_kept_with_the_clip_though_the_process_died_before_its_answer(
        self, client: Http, voice: Voice, reader: Reader, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(idempotency, "store_answer", lambda *_: None)
        first, second = say(client, voice), say(client, voice)

        assert second["Idempotent-Replayed"] == "true"
        assert (first.content, first["Content-Type"]) == (second.content, second["Content-Type"])
        assert (len(reader.spoken), GrantUsage.objects.get().used_clips) == (1, 1)

    def test_of_test_data_ends_by_the_test_clock(
        self, client: Http, voice: Voice, reader: Reader
    ) -> None:
        assert say(client, voice).status_code == 200
        assert client.post("/v1/test/clock", {"advance": "P1Y"}, format="json").status_code == 200

        assert say(client, voice).status_code == 403
