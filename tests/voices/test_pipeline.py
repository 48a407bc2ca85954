"""The way of speech: nothing leaves without a permit that still holds, a mark that was read back,
and a log entry.
"""

from __future__ import annotations

import numpy as np
import pytest

import watermark
from accounts.models import Organisation
from accounts.principal import Principal
from audio.decoding import decode_untrusted
from audio.encoding import Output
from audio.sound import Sound
from consent import gate
from consent import services as consents
from consent.gate import ConsentDenied
from consent.models import GrantUsage, Reservation
from core import canonical_json
from core.errors import NotFound
from provenance.clips import watermark_keys
from provenance.clips.errors import ClipAlreadySettled, MarkFailed
from provenance.models import Clip, ClipState
from tests.conftest import NOON
from tests.support.spoken_sentences import SENTENCES
from tests.voices.conftest import (
    MakeConsent,
    MakeVoice,
    Reader,
    noon,
    only,
    order_for,
    principal_of,
    revoke,
)
from transparency_log import proofs
from upstream.upstream_errors import ProviderUnavailable
from vault import blobs
from voices.models import Voice, VoiceState
from voices.providers.base import ProviderVoice, SpeechLine
from voices.speech import clip_delivery, dispatch, pipeline
from voices.speech.clip_delivery import DeliveredClip
from voices.synthesis_requests import SpeechRequest

pytestmark = pytest.mark.both_databases

SILENCE = Sound(np.zeros(48_000, dtype=np.float32), 16_000)


def say(voice: Voice, reader: Reader | None = None, **changes: object) -> DeliveredClip:
    order: SpeechRequest = order_for(voice, **changes)
    return pipeline.synthesize_clip(
        order, voice, principal=principal_of(voice), now=noon, providers=only(reader or Reader())
    )


def kinds(clip: Clip) -> list[str]:
    return [event.kind for event in proofs.list_history(clip.organisation_id, clip.id)]


class TestSpeak:
    def test_delivers_bytes_whose_hash_and_audio_are_on_record(self, make_voice: MakeVoice) -> None:
        voice = make_voice()

        spoken = say(voice)

        clip = Clip.objects.get(id=spoken.clip_id)
        assert clip.state == ClipState.ISSUED
        assert canonical_json.sha256_hex(spoken.data) == spoken.sha256 == clip.sha256
        assert blobs.get_blob(clip.blob_id) == spoken.data
        assert clip.sha256_pcm == canonical_json.sha256_hex(
            decode_untrusted(spoken.data).sound.pcm16()
        )
        assert clip.sha256_provider == canonical_json.sha256_hex(
            Reader().speak(ProviderVoice(), _line()).pcm16()
        )

    @pytest.mark.parametrize("codec", ["wav", "mp3", "flac", "ogg", "opus"])
    def test_writes_the_token_of_the_clip_into_the_delivered_bytes(
        self, make_voice: MakeVoice, codec: str
    ) -> None:
        spoken = say(make_voice(), output=Output(codec=codec))

        clip = Clip.objects.get(id=spoken.clip_id)
        heard = decode_untrusted(spoken.data).sound
        current = watermark_keys.get_current_key(
            clip.organisation_id, at=NOON, livemode=clip.livemode
        )
        found = watermark.detect(heard.samples, heard.rate, key=current.key)
        assert found is not None
        assert (found.token, current.epoch) == (clip.token, clip.epoch)

    def test_logs_the_clip_in_the_delivering_transaction(self, make_voice: MakeVoice) -> None:
        spoken = say(make_voice())

        clip = Clip.objects.get(id=spoken.clip_id)
        issued = proofs.list_history(clip.organisation_id, clip.id)[-1]
        assert (issued.kind, issued.event_id) == ("clip.issued", clip.event_id)
        assert issued.body is not None
        assert issued.body["sha256"] == spoken.sha256
        assert issued.refs == {
            "clip": clip.id,
            "consent": clip.consent_id,
            "decision": clip.decision_id,
        }

    def test_spends_what_was_really_used(self, make_voice: MakeVoice) -> None:
        say(
            make_voice(quota={"characters": 500, "seconds": 60, "clips": 3}),
            text="Good evening to you all.",
        )

        usage = GrantUsage.objects.get()
        assert (
            usage.used_characters,
            usage.used_clips,
            usage.held_characters,
            usage.held_clips,
        ) == (24, 1, 0, 0)
        assert 2900 <= usage.used_milliseconds <= 3100

    def test_asks_the_provider_for_nothing_without_a_permit(self, make_voice: MakeVoice) -> None:
        reader = Reader()

        with pytest.raises(ConsentDenied) as denied:
            say(make_voice(), reader, language="ja", text=SENTENCES["ja"])

        assert [reason.code for reason in denied.value.reasons] == ["language_not_covered"]
        assert reader.spoken == []
        assert not Clip.objects.exists()

    def test_refuses_a_voice_that_is_not_ready(self, make_voice: MakeVoice) -> None:
        with pytest.raises(ConsentDenied) as denied:
            say(make_voice(state=VoiceState.REVOKING))
        assert [reason.code for reason in denied.value.reasons] == ["voice_not_ready"]

    def test_knows_no_voice_of_a_neighbour(self, make_voice: MakeVoice, bolt: Organisation) -> None:
        voice = make_voice()
        stranger = Principal(organisation_id=bolt.id, livemode=False, actor="key:bolt")

        with pytest.raises(NotFound):
            dispatch.speak_text(
                order_for(voice), principal=stranger, now=noon, providers=only(Reader())
            )

    def test_writes_the_intent_down_before_the_provider_is_asked(
        self, make_voice: MakeVoice
    ) -> None:
        seen: list[tuple[str, str]] = []
        reader = Reader(lambda: seen.extend(Clip.objects.values_list("state", "sha256")))

        say(make_voice(), reader)

        assert seen == [("making", "")]


class TestWhatGoesWrong:
    def test_consent_withdrawn_midway_lets_no_audio_out(self, make_voice: MakeVoice) -> None:
        voice = make_voice()
        reader = Reader(lambda: revoke(voice.consent_id, voice.organisation_id))

        with pytest.raises(ConsentDenied) as denied:
            say(voice, reader)
        assert [reason.code for reason in denied.value.reasons] == ["consent_revoked"]

        clip = Clip.objects.get()
        assert (clip.state, clip.code, clip.sha256, clip.blob_id) == (
            "aborted",
            "consent_denied",
            "",
            "",
        )
        assert denied.value.decision_id == clip.decision_id
        assert kinds(clip) == ["clip.aborted"]

    def test_suspending_and_resuming_midway_ends_the_permit_too(
        self, make_voice: MakeVoice
    ) -> None:
        voice = make_voice()
        whose = {
            "organisation_id": voice.organisation_id,
            "livemode": False,
            "actor": "key:acme",
            "at": NOON,
        }

        def pause() -> None:
            consents.suspend_consent(voice.consent_id, reason="check", **whose)  # type: ignore[arg-type]  # spelt once
            consents.resume_consent(voice.consent_id, **whose)  # type: ignore[arg-type]  # as above

        with pytest.raises(ConsentDenied):
            say(voice, Reader(pause))

    def test_a_provider_that_is_down_costs_no_quota(self, make_voice: MakeVoice) -> None:
        def fall() -> None:
            raise ProviderUnavailable("The provider does not answer.")

        with pytest.raises(ProviderUnavailable):
            say(make_voice(), Reader(fall))

        usage = GrantUsage.objects.get()
        assert (usage.used_characters, usage.held_characters, usage.held_clips) == (0, 0, 0)
        assert Reservation.objects.get().state == "released"
        assert Clip.objects.get().code == "provider_unavailable"

    def test_a_bug_in_the_provider_gives_the_permit_back_too(self, make_voice: MakeVoice) -> None:
        def stumble() -> None:
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            say(make_voice(), Reader(stumble))

        assert Reservation.objects.get().state == "released"
        assert Clip.objects.get().code == "internal"

    def test_a_clip_given_up_by_the_sweep_is_not_delivered_late(
        self, make_voice: MakeVoice
    ) -> None:
        def sweep() -> None:
            clip = Clip.objects.get()
            permit = gate.get_permit(clip.decision_id)
            clip_delivery.abort_reservation(
                clip.id, permit, code="interrupted", actor="system:sweep", at=NOON
            )

        with pytest.raises((ClipAlreadySettled, ConsentDenied)):
            say(make_voice(), Reader(sweep))

        assert Clip.objects.get().state == "aborted"
        assert Reservation.objects.get().state == "released"

    def test_what_the_order_needs_settled_is_undone_with_the_delivery(
        self, make_voice: MakeVoice
    ) -> None:
        def lost(clip_id: str, decision_id: str) -> None:
            raise ProviderUnavailable("Somebody else has it.")

        voice = make_voice()
        with pytest.raises(ProviderUnavailable):
            pipeline.synthesize_clip(
                order_for(voice),
                voice,
                principal=principal_of(voice),
                now=noon,
                providers=only(Reader()),
                settle=lost,
            )

        assert Clip.objects.get().state == "aborted"


class TestUnmarked:
    def test_a_clip_that_cannot_be_marked_is_refused(self, make_voice: MakeVoice) -> None:
        with pytest.raises(MarkFailed):
            say(make_voice(), Reader(sound=SILENCE))

        clip = Clip.objects.get()
        assert (clip.state, clip.code) == ("aborted", "mark_failed")
        assert kinds(clip) == ["clip.mark_failed", "clip.aborted"]
        assert GrantUsage.objects.get().held_characters == 0

    def test_leaves_where_the_policy_says_so_and_the_log_says_it(
        self, make_voice: MakeVoice, acme: Organisation
    ) -> None:
        voice = make_voice()
        Organisation.objects.filter(id=acme.id).update(policy={"mark_failed": "deliver"})

        spoken = say(voice, Reader(sound=SILENCE))

        clip = Clip.objects.get(id=spoken.clip_id)
        assert (clip.state, clip.scheme, clip.self_checks) == ("issued", "", [])
        assert kinds(clip) == ["clip.mark_failed", "clip.issued"]


class TestQuota:
    def test_the_last_characters_are_given_once(
        self, make_consent: MakeConsent, make_voice: MakeVoice
    ) -> None:
        voice = make_voice(quota={"characters": 30})
        say(voice, text="Good evening to you all.")

        with pytest.raises(ConsentDenied) as denied:
            say(voice, text="Good evening to you all.")
        assert [reason.code for reason in denied.value.reasons] == ["quota_exceeded"]


def _line() -> SpeechLine:
    return SpeechLine(text="", language="en")
