"""What lower rooms learn of voices: the gate's question about a voice is answered from its row."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import Organisation
from core import clock
from core.api.serializers import Rendered
from tests.conftest import NOON
from tests.fixtures.organisations import ClientOf, MakeKey
from tests.voices.conftest import AUDIOBOOK, MakeVoice
from voices.models import Voice, VoiceState

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def at_noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock stands still."""
    monkeypatch.setattr(clock, "now", lambda: NOON)


def decided(client_of: ClientOf, key: Any, voice: Voice) -> tuple[int, Rendered]:
    body = {"voice": voice.id, "language": "en", "use_case": AUDIOBOOK}
    answer = client_of(key).post("/v1/decisions", body, format="json")
    return answer.status_code, answer.data


class TestADecisionAboutAVoice:
    def test_rests_on_the_voices_consent(
        self, client_of: ClientOf, make_key: MakeKey, voice: Voice
    ) -> None:
        status, answer = decided(client_of, make_key(live=voice.livemode), voice)
        assert (status, answer["allowed"], answer["consent"]) == (200, True, voice.consent_id)

    def test_says_when_the_voice_is_not_ready(
        self, client_of: ClientOf, make_key: MakeKey, make_voice: MakeVoice
    ) -> None:
        voice = make_voice(state=VoiceState.TRAINING)
        _, answer = decided(client_of, make_key(live=voice.livemode), voice)
        assert [reason["code"] for reason in answer["reasons"]] == ["voice_not_ready"]

    def test_finds_no_voice_of_a_stranger(
        self, client_of: ClientOf, make_key: MakeKey, voice: Voice, bolt: Organisation
    ) -> None:
        for key in (
            make_key(organisation=bolt, live=voice.livemode),
            make_key(live=not voice.livemode),
        ):
            assert decided(client_of, key, voice)[0] == 404
