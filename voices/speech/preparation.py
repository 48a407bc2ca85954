"""Preparation of speech: the permit, the duty to disclose, and the clip's reservation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import cast

from accounts.principal import Principal
from consent import gate
from core.clock import Clock
from provenance.clips import clip_reservation
from provenance.clips.aigc_label import AigcLabel
from provenance.clips.clip_fields import ClipDraft
from provenance.clips.clip_reservation import ClipReservation
from provenance.clips.errors import MarkFailed
from provenance.clips.log_body import LoggedTerms
from voices import voice_expiry
from voices.models import Voice, VoiceState
from voices.moderation import content_moderation
from voices.moderation.content_moderation import ContentFinding
from voices.providers.base import SpeechLine
from voices.speech import aigc_policy, disclosure, unmarked_policy
from voices.speech.disclosure import Disclosure, Reach
from voices.synthesis_requests import SpeechRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedSpeech:
    """All that is settled before the provider is asked.

    `line` is what the provider speaks, disclosure included. `reservation` holds the clip's id and
    the token and key of its watermark. `aigc_label` is China's hidden label, where the clip must
    carry it. It ends with `clip_delivery.deliver_clip` or `clip_delivery.abort_speech`.
    """

    request: SpeechRequest
    voice: Voice
    principal: Principal
    permit: gate.Permit
    disclosure: Disclosure
    line: SpeechLine
    reservation: ClipReservation
    aigc_label: AigcLabel | None

    def allow_unmarked(self, failure: MarkFailed) -> str:
        """Return why the clip may leave without a watermark that can be read back.

        Raises MarkFailed or TextTooShort where the organisation does not want that.
        """
        return unmarked_policy.allow_unmarked(failure, self.permit.policy)

    @property
    def letters(self) -> int:
        """How many letters and digits are spoken, the disclosure included."""
        return sum(character.isalnum() for character in self.line.text)

    @property
    def logged_terms(self) -> LoggedTerms:
        """What the log commits to: the caller's own text, and the terms that allowed it."""
        asked = {"channel": self.permit.channel, "territory": self.permit.territory}
        return LoggedTerms(script=self.request.text, grant=self.permit.terms, asked=asked)


def prepare_speech(
    request: SpeechRequest, voice: Voice, *, principal: Principal, now: Clock
) -> PreparedSpeech:
    """Have the content judged, ask the gate, decide what must be disclosed, reserve the clip.

    Raises ConsentDenied and KeyEnded from the gate, Invalid for a disclosure that is too little or
    cannot be spoken, TokensExhausted and KeyDestroyed. After an error nothing is reserved and the
    permit is given back.
    """
    expired = voice_expiry.has_expired(voice, at=now())
    content = request.judge_content(principal)
    access = build_access_request(request, voice, principal, voice_expired=expired, content=content)
    permit = gate.check(access, at=now(), actor=principal.actor, voice=voice)

    try:
        required = choose_disclosure(request, permit)
        language = permit.language or request.language
        text = disclosure.prepend_disclosure(request.text, language=language, disclosure=required)

        draft = _build_clip_draft(request, voice, permit, required)
        reservation = clip_reservation.reserve_clip(draft, at=now())
    except BaseException:
        gate.release(permit, at=now())
        raise

    return PreparedSpeech(
        request=request,
        voice=voice,
        principal=principal,
        permit=permit,
        disclosure=required,
        line=SpeechLine(
            text=text,
            language=language,
            prosody=request.prosody,
            options=request.list_options(voice.provider),
        ),
        reservation=reservation,
        aigc_label=_build_aigc_label(draft, reservation),
    )


def share_token(
    prepared: PreparedSpeech, names: Sequence[bytes], *, at: datetime
) -> PreparedSpeech:
    """Return `prepared` with the token of earlier copies of the same sound, if there are any.

    `names` of the unmarked sound come surest first (`copy_names`). Raises ClipAlreadySettled.
    """
    shared = clip_reservation.adopt_shared_token(prepared.reservation, names, at=at)
    return replace(prepared, reservation=shared)


def build_access_request(
    request: SpeechRequest,
    voice: Voice,
    principal: Principal,
    *,
    voice_expired: bool = False,
    content: ContentFinding = content_moderation.NOTHING,
) -> gate.AccessRequest:
    """Return what the gate is asked for this text, with what was found in it."""
    return gate.AccessRequest(
        organisation_id=principal.organisation_id,
        livemode=principal.livemode,
        action="synthesize",
        consent_id=voice.consent_id,
        voice_id=voice.id,
        voice_ready=voice.state == VoiceState.READY,
        voice_expired=voice_expired,
        language=request.language,
        use_case=request.use_case,
        channel=request.channel,
        territory=request.territory,
        provider=voice.provider,
        characters=len(request.text),
        labels=(*request.labels, *content.labels),
        text=request.judge_language(),
        content_unjudged=content.is_unjudged,
    )


def choose_disclosure(request: SpeechRequest, permit: gate.Permit) -> Disclosure:
    """Return what must be said of the clip's being synthetic, by grant, policy and caller.

    Raises Invalid when the caller asks for less than the grant or the policy demands.
    """
    return disclosure.decide_disclosure(
        asked=request.disclosure,
        granted=permit.min_disclosure,
        policy=permit.policy.get("disclosure"),
        reach=get_reach(request, permit),
    )


def get_reach(request: SpeechRequest, permit: gate.Permit) -> Reach:
    """Return where the clip may be heard: by the permit, and by the key's own defaults."""
    return disclosure.resolve_reach(
        channel=permit.channel,
        territory=permit.territory,
        key_channel=request.key_channel,
        key_territory=request.key_territory,
    )


def _build_clip_draft(
    request: SpeechRequest, voice: Voice, permit: gate.Permit, required: Disclosure
) -> ClipDraft:
    producer = aigc_policy.resolve_producer(
        permit.policy,
        organisation_id=voice.organisation_id,
        granted=cast("list[str]", permit.terms.get("territories") or []),
        reach=get_reach(request, permit),
    )
    return ClipDraft(
        organisation_id=voice.organisation_id,
        livemode=voice.livemode,
        subject=permit.subject,
        consent_id=permit.consent_id,
        grant_id=permit.grant_id,
        decision_id=permit.decision_id,
        voice_id=voice.id,
        record_sha256=permit.record_sha256,
        policy_version=permit.policy_version,
        provider=voice.provider,
        language=permit.language or request.language,
        use_case=permit.use_case,
        characters=len(request.text),
        disclosure=required.value,
        aigc_producer=producer,
        call_hash=request.call_hash,
        notes=request.notes,
    )


def _build_aigc_label(draft: ClipDraft, reservation: ClipReservation) -> AigcLabel | None:
    if not draft.aigc_producer:
        return None

    return AigcLabel(producer=draft.aigc_producer, clip_id=reservation.clip_id)
