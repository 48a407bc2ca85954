"""What a writer of rows gains by moving a voice to another consent or another person: nothing."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection, transaction

from consent import gate
from consent import services as consents
from consent.models import Consent, Decision
from tests.conftest import NOON
from tests.voices.conftest import MakeConsent, MakeVoice, grant_of, order_for, principal_of
from voices import voice_macs
from voices.models import Voice
from voices.speech import preparation

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def codes(voice: Voice) -> list[str]:
    """Why the gate refuses this voice to speak; empty when it does not.

    It says the same of the voice's row as of its id alone.
    """
    fresh = Voice.objects.get(id=voice.id)
    ask = preparation.build_access_request(order_for(fresh), fresh, principal_of(fresh))
    by_id, by_row = (refusals(ask, row) for row in (None, fresh))
    assert by_id == by_row
    return by_id


def refusals(ask: gate.AccessRequest, row: Voice | None) -> list[str]:
    """Why the gate refuses, with the voice's row or without."""
    try:
        with transaction.atomic():
            gate.check(ask, at=NOON, actor="key:test", voice=row)
    except gate.ConsentDenied as denied:
        return [reason.code for reason in denied.reasons]
    return []


def write(voice: Voice, **columns: Any) -> None:
    """Change columns of one voice, past all code."""
    said = ", ".join(f"{name} = %s" for name in columns)
    with connection.cursor() as cursor:
        statement = f"UPDATE voices_voice SET {said} WHERE id = %s"
        cursor.execute(statement, (*columns.values(), voice.id))
        assert cursor.rowcount == 1


def other_of(consent_id: str) -> Consent:
    """Another consent of the same person, signed today."""
    first = Consent.objects.select_related("organisation").get(id=consent_id)
    made = consents.request_consent(
        organisation=first.organisation, livemode=False, speaker_id=first.speaker_id,
        duration="P1Y", grants=[grant_of()], actor="key:test", at=NOON,
    ).consent  # fmt: skip
    return consents.sign_as_test(
        made.id, organisation_id=made.organisation_id, actor="key:test", at=NOON
    )


class TestTheGate:
    def test_lets_a_voice_speak_that_no_one_moved(self, make_voice: MakeVoice) -> None:
        assert codes(make_voice()) == []

    def test_refuses_the_row_of_another_voice(self, make_voice: MakeVoice) -> None:
        asked, other = make_voice(), make_voice()
        ask = preparation.build_access_request(order_for(asked), asked, principal_of(asked))

        assert refusals(ask, other) == ["internal_doubt"]

    def test_refuses_a_voice_moved_to_another_persons_consent(
        self, make_voice: MakeVoice, make_consent: MakeConsent
    ) -> None:
        voice, other = make_voice(), make_consent()
        write(voice, consent_id=other.id)
        assert codes(voice) == ["internal_doubt"]

    def test_refuses_a_voice_that_was_given_another_speaker(
        self, make_voice: MakeVoice, make_consent: MakeConsent
    ) -> None:
        voice, other = make_voice(), make_consent()
        write(
            voice, consent_id=other.id, speaker_id=other.speaker_id, subject=other.speaker.subject
        )
        assert codes(voice) == ["internal_doubt"]

    def test_refuses_the_binding_of_another_voice(self, make_voice: MakeVoice) -> None:
        voice, other = make_voice(), make_voice()
        write(
            voice,
            consent_id=other.consent_id,
            speaker_id=other.speaker_id,
            subject=other.subject,
            binding_mac=other.binding_mac,
        )
        assert codes(voice) == ["internal_doubt"]

    def test_refuses_a_voice_moved_to_another_consent_of_the_same_person(
        self, make_voice: MakeVoice
    ) -> None:
        voice = make_voice()
        write(voice, consent_id=other_of(voice.consent_id).id)
        assert codes(voice) == ["internal_doubt"]

    @pytest.mark.parametrize("mac", ["", "0" * 64])
    def test_refuses_a_voice_without_its_binding(self, make_voice: MakeVoice, mac: str) -> None:
        voice = make_voice()
        write(voice, binding_mac=mac)
        assert codes(voice) == ["internal_doubt"]

    def test_refuses_a_voice_that_was_given_other_columns(
        self, make_voice: MakeVoice, make_consent: MakeConsent
    ) -> None:
        voice = make_voice(make_consent(providers=["inworld", "local"]))
        other = make_voice()
        for column, value in {
            "profile_blob_id": other.profile_blob_id,  # it would speak with another person's sound
            "provider": "inworld",
            "decision_id": other.decision_id,
            "speaker_id": other.speaker_id,
            "subject": other.subject,
        }.items():
            write(voice, **{column: value})
            assert codes(voice) == ["internal_doubt"], column
            write(voice, **{column: getattr(voice, column)})
        assert codes(voice) == []

    def test_gives_no_audio_of_a_voice_that_was_moved(self, make_voice: MakeVoice) -> None:
        voice = make_voice()
        ask = preparation.build_access_request(order_for(voice), voice, principal_of(voice))
        permit = gate.check(ask, at=NOON, actor="key:test")
        write(voice, consent_id=other_of(voice.consent_id).id)
        with pytest.raises(gate.ConsentDenied, match="doubt"):
            gate.may_still(permit.decision_id, at=NOON)


class TestADecisionThatWasChangedByHand:
    def test_is_no_permission_for_another_voice(self, make_voice: MakeVoice) -> None:
        voice, other = make_voice(), make_voice()
        ask = preparation.build_access_request(order_for(voice), voice, principal_of(voice))
        permit = gate.check(ask, at=NOON, actor="key:test")
        Decision.objects.filter(id=permit.decision_id).update(voice_id=other.id)
        with pytest.raises(gate.ConsentDenied, match="doubt"):
            gate.may_still(permit.decision_id, at=NOON)

    def test_is_no_yes_where_it_was_a_no(self, make_voice: MakeVoice) -> None:
        voice = make_voice()
        ask = preparation.build_access_request(
            order_for(voice, language="ja"), voice, principal_of(voice)
        )
        with pytest.raises(gate.ConsentDenied) as denied:
            gate.check(ask, at=NOON, actor="key:test")
        decision_id = str(denied.value.decision_id)
        given = Consent.objects.get(id=voice.consent_id).grants.get()
        Decision.objects.filter(id=decision_id).update(allowed=True, grant=given, reasons=[])

        with pytest.raises(gate.ConsentDenied, match="was not agreed to"):
            gate.may_still(decision_id, at=NOON)
        with pytest.raises(gate.ConsentDenied, match="was not agreed to"), transaction.atomic():
            gate.confirm(gate.get_permit(decision_id), at=NOON)


class TestCarryingOver:
    def test_binds_a_voice_to_the_consent_that_took_its_place(self, make_voice: MakeVoice) -> None:
        voice = make_voice()
        newer = other_of(voice.consent_id)
        assert voice_macs.carry_over(Voice.objects.get(id=voice.id), newer.id)
        assert voice_macs.has_valid_mac(Voice.objects.get(id=voice.id))

    def test_makes_no_moved_voice_good_again(
        self, make_voice: MakeVoice, make_consent: MakeConsent
    ) -> None:
        voice, newer = make_voice(), make_consent()
        write(voice, consent_id=newer.id)
        assert voice_macs.carry_over(Voice.objects.get(id=voice.id), newer.id)
        assert not voice_macs.has_valid_mac(Voice.objects.get(id=voice.id))
