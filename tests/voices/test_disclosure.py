"""Saying that a voice is synthetic: the strictest of grant, policy and caller decides, and a
sentence is said.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Organisation
from audio.sound import Sound
from consent.models import Reservation
from core.errors import Invalid
from provenance.models import Clip
from tests.conftest import NOON
from tests.voices.conftest import MakeVoice, Reader, only, order_for, principal_of
from transparency_log import proofs
from voices.models import Voice
from voices.providers.base import ProviderVoice, SpeechLine
from voices.speech import disclosure, pipeline
from voices.speech.clip_delivery import DeliveredClip
from voices.speech.disclosure import (
    SENTENCES,
    Disclosure,
    Reach,
    decide_disclosure,
    prepend_disclosure,
    resolve_reach,
)

MODES = [mode.value for mode in Disclosure]
ONLY_PHONE = [{"channels": ["telephone"], "territories": ["CN"], "mode": "spoken"}]


class Stenographer(Reader):
    """A provider that writes down what it was given to say."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def speak(self, voice: ProviderVoice, line: SpeechLine) -> Sound:
        self.texts.append(line.text)
        return super().speak(voice, line)


def say(voice: Voice, provider: Reader, **changes: Any) -> DeliveredClip:
    order = order_for(voice, **changes)
    return pipeline.synthesize_clip(
        order, voice, principal=principal_of(voice), now=lambda: NOON, providers=only(provider)
    )


def of(policy: object, *, channel: str | None = None, territory: str | None = None) -> Disclosure:
    return decide_disclosure(
        asked=None,
        granted="none",
        policy=policy,
        reach=resolve_reach(channel=channel, territory=territory),
    )


class TestDuty:
    @given(st.sampled_from(MODES), st.sampled_from(MODES), st.sampled_from([*MODES, None]))
    def test_is_never_less_than_any_of_the_three(
        self, granted: str, wanted: str, asked: str | None
    ) -> None:
        policy = [{"mode": wanted}]
        bound = max(granted, wanted, key=MODES.index)
        try:
            found = decide_disclosure(asked=asked, granted=granted, policy=policy, reach=Reach())
        except Invalid as refusal:
            assert asked is not None
            assert MODES.index(asked) < MODES.index(bound)
            assert refusal.faults[0].code == "disclosure_required"
        else:
            assert found == (asked or bound)
            assert MODES.index(found) >= MODES.index(bound)

    @pytest.mark.parametrize(
        ("channel", "territory", "expected"),
        [
            ("telephone", "CN", "spoken"), ("telephone", "DE", "none"), ("app", "CN", "none"),
            (None, "CN", "spoken"), (None, None, "spoken"),
        ],
    )  # fmt: skip
    def test_of_the_policy_is_by_channel_and_territory_and_an_unnamed_one_may_be_any(
        self, channel: str | None, territory: str | None, expected: str
    ) -> None:
        assert of(ONLY_PHONE, channel=channel, territory=territory) == expected

    @pytest.mark.parametrize(
        "policy", ["spoken", {"mode": "none"}, [7], [{"mode": "whispered"}], [{}], [{"mode": []}]]
    )
    def test_of_a_policy_that_cannot_be_read_is_the_strictest(self, policy: object) -> None:
        assert of(policy) == Disclosure.SPOKEN

    @pytest.mark.parametrize("policy", [None, [], {}])
    def test_of_no_policy_is_none(self, policy: object) -> None:
        assert of(policy) == Disclosure.NONE


class TestSpoken:
    @pytest.mark.parametrize("language", ["en", "de-AT", "zh-Hant-TW", "PT"])
    def test_says_it_first_in_the_language_of_the_text(self, language: str) -> None:
        said = prepend_disclosure("Hello.", language=language, disclosure=Disclosure.SPOKEN)

        assert said.startswith(SENTENCES[language[:2].lower()])
        assert said.endswith("Hello.")

    @pytest.mark.parametrize("mode", [Disclosure.NONE, Disclosure.LABEL])
    def test_says_nothing_unless_it_must(self, mode: Disclosure) -> None:
        assert prepend_disclosure("Hello.", language="en", disclosure=mode) == "Hello."

    def test_is_refused_where_no_sentence_is_known(self) -> None:
        with pytest.raises(Invalid) as refusal:
            prepend_disclosure("Saluton.", language="eo", disclosure=Disclosure.SPOKEN)
        assert refusal.value.stable_code == "disclosure_unavailable"


@pytest.mark.django_db
class TestACall:
    def test_says_what_the_voice_owner_wanted_said_without_being_asked_to(
        self, make_voice: MakeVoice
    ) -> None:
        provider = Stenographer()

        told = say(make_voice(min_disclosure="spoken"), provider, text="Good evening.")

        clip = Clip.objects.get(id=told.clip_id)
        assert provider.texts == [f"{SENTENCES['en']}\n\nGood evening."]
        assert (told.disclosure, clip.disclosure, clip.characters) == (
            "spoken",
            "spoken",
            len("Good evening."),
        )
        issued = proofs.list_history(clip.organisation_id, clip.id)[-1]
        assert issued.body is not None
        assert issued.body["disclosure"] == "spoken"

    def test_follows_the_policy_of_the_organisation(
        self, make_voice: MakeVoice, acme: Organisation
    ) -> None:
        Organisation.objects.filter(id=acme.id).update(policy={"disclosure": [{"mode": "label"}]})
        provider = Stenographer()

        told = say(make_voice(), provider, text="Good evening.")

        assert (told.disclosure, provider.texts) == ("label", ["Good evening."])

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"disclosure": "none"}, "disclosure_required"),
            ({"disclosure": "label"}, "disclosure_required"),
        ],
    )
    def test_that_asks_for_less_is_refused_before_anything_is_said_and_gives_its_permit_back(
        self, make_voice: MakeVoice, changes: dict[str, Any], code: str
    ) -> None:
        provider = Stenographer()

        with pytest.raises(Invalid) as refusal:
            say(make_voice(min_disclosure="spoken"), provider, **changes)

        assert (refusal.value.stable_code, provider.texts) == (code, [])
        assert not Reservation.objects.filter(state="held").exists()
        assert not Clip.objects.exists()

    def test_in_a_language_without_a_sentence_is_refused(
        self, make_voice: MakeVoice, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(disclosure, "SENTENCES", {})
        provider = Stenographer()

        with pytest.raises(Invalid) as refusal:
            say(make_voice(min_disclosure="spoken"), provider)

        assert (refusal.value.stable_code, provider.texts) == ("disclosure_unavailable", [])
