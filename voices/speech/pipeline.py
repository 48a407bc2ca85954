"""The one way of speech: gate, intent, provider, mark, manifest, and one transaction that confirms,
issues and logs.

Sync calls and jobs come through here alike. Whatever goes wrong, the permit is given back once and
the clip is settled.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, cast

from django.db import transaction

from accounts import organisation_policy
from accounts.principal import Principal
from audio import decoding, encoding
from audio.encoding import Output
from audio.sound import Sound
from consent import gate
from core import canonical_json, ids
from core.canonical_json import Json
from core.clock import Clock
from core.errors import NotFound
from provenance.clips import aigc_label as aigc
from provenance.clips import clip_lifecycle, log_body, verified_marking, watermark_keys
from provenance.clips.audiowmark_layer import AudiowmarkLayer
from provenance.clips.clip_delivery import ClipDelivery
from provenance.clips.errors import MarkFailed
from vault import blobs
from voices.models import Voice, VoiceState
from voices.providers import provider_audio, registry, voice_handles
from voices.providers.base import SpeechLine
from voices.providers.provider_audio import ProviderAudio
from voices.speech import aigc_policy, copy_names, disclosure, manifests
from voices.speech.attempt import Attempt
from voices.speech.disclosure import Disclosure
from voices.synthesis_requests import Providers, SpeechRequest

# Called first in the delivering transaction with (clip id, decision id); raises when the order is
# somebody else's now.
Settle = Callable[[str, str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveredClip:
    """A delivered clip."""

    clip_id: str
    decision_id: str
    sha256: str
    media_type: str
    disclosure: str
    aigc_label: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _RenderedClip:
    """Audio ready to leave: bytes, what they decode to, the mark in them, or why there is none, and
    their manifest.

    `take` is what it was made from.
    """

    take: ProviderAudio
    data: bytes
    heard: Sound
    mark: verified_marking.Marked | None
    mark_failure: str = ""
    credential: manifests.ManifestResult | None = None


def synthesize_clip(
    order: SpeechRequest,
    *,
    principal: Principal,
    now: Clock,
    providers: Providers = registry.get_provider,
    settle: Settle = lambda _clip, _decision: None,
) -> DeliveredClip:
    """Speak one text, or raise with nothing delivered.

    Raises NotFound for a stranger's voice, ConsentDenied, MarkFailed, CredentialFailed,
    UnsupportedField, ProviderDown, Invalid for a disclosure that is too little or cannot be spoken,
    and what `settle` raises.
    """
    voice = voice_of(order.voice_id, principal=principal)
    ask = build_access_request(order, voice, principal)
    permit = gate.check(
        ask, at=now(), actor=principal.actor
    )  # 1. the gate: a permit or an exception
    with Attempt(permit, principal=principal, now=now) as attempt:
        wanted = organisation_policy.get_policy(principal.organisation_id)
        duty = disclosure_of(order, permit, wanted)
        language = permit.language or order.language
        words = disclosure.prepend_disclosure(order.text, language=language, disclosure=duty)
        origin = build_clip_draft(order, voice, permit, duty, principal, wanted)
        intent = clip_lifecycle.reserve_clip(
            origin, at=now()
        )  # 2. the intent, before anything leaves
        attempt.clip_id = intent.clip_id
        line = SpeechLine(text=words, language=language, prosody=order.prosody)
        made = providers(voice.provider).speak(
            voice_handles.open_handle(voice), line
        )  # 3. the provider; no transaction here
        take = provider_audio.read_provider_audio(made)
        names = copy_names.names_of_file(line, voice, take.sound)
        intent = clip_lifecycle.adopt_shared_token(
            intent, names, at=now()
        )  # copies of one sound share it
        second = watermark_keys.get_second_layer(
            intent.clip_id, principal.organisation_id, intent.epoch, at=now()
        )
        cut = _render_clip(
            take, intent, order.output, second, principal=principal
        )  # 4. mark, encode, read the mark back from that
        cut = _label_clip(
            cut, aigc_label_of(origin, intent), order.output
        )  # China's hidden label, where it is wanted
        cut = _sign_clip(
            cut, intent, order.output, permit, principal=principal, at=now()
        )  # 5. the manifest, around the same audio
        return _deliver_clip(
            order, principal, permit, intent, cut, settle=settle, at=now()
        )  # 6. one transaction


def voice_of(voice_id: str, *, principal: Principal) -> Voice:
    """The organisation's voice of this id, whatever its state. Raises NotFound."""
    mine = Voice.objects.filter(
        id=voice_id, organisation_id=principal.organisation_id, livemode=principal.livemode
    )
    voice = mine.first() if ids.is_id(voice_id, "vox") else None
    if voice is None:
        raise NotFound("There is no such voice.")
    return voice


def disclosure_of(
    order: SpeechRequest, permit: gate.Permit, wanted: Mapping[str, Json]
) -> Disclosure:
    """What has to be said of this call's being synthetic, by the organisation's policy and by the
    grant.

    Raises Invalid when the caller asks for less.
    """
    return disclosure.decide_disclosure(
        asked=order.disclosure,
        granted=permit.min_disclosure,
        policy=wanted.get("disclosure"),
        reach=reach_of(order, permit),
    )


def reach_of(order: SpeechRequest, permit: gate.Permit) -> disclosure.Reach:
    """Where the clip may be heard: where the permit says, and where the key says that its calls
    go.
    """
    return disclosure.resolve_reach(
        channel=permit.channel,
        territory=permit.territory,
        key_channel=order.key_channel,
        key_territory=order.key_territory,
    )


def build_access_request(
    order: SpeechRequest, voice: Voice, principal: Principal
) -> gate.AccessRequest:
    """What the gate is asked for this order."""
    return gate.AccessRequest(
        organisation_id=principal.organisation_id,
        livemode=principal.livemode,
        action="synthesize",
        consent_id=voice.consent_id,
        voice_id=voice.id,
        voice_ready=voice.state == VoiceState.READY,
        language=order.language,
        use_case=order.use_case,
        channel=order.channel,
        territory=order.territory,
        characters=len(order.text),
        labels=order.labels,
    )


def build_clip_draft(
    order: SpeechRequest,
    voice: Voice,
    permit: gate.Permit,
    duty: Disclosure,
    principal: Principal,
    wanted: Mapping[str, Json],
) -> clip_lifecycle.ClipDraft:
    """Say by whose permit the clip is made, from what, and under the organisation's policy
    `wanted`.
    """
    return clip_lifecycle.ClipDraft(
        organisation_id=principal.organisation_id,
        livemode=principal.livemode,
        subject=permit.subject,
        consent_id=permit.consent_id,
        grant_id=permit.grant_id,
        decision_id=permit.decision_id,
        voice_id=voice.id,
        record_sha256=permit.record_sha256,
        policy_version=permit.policy_version,
        provider=voice.provider,
        language=permit.language or order.language,
        use_case=permit.use_case,
        characters=len(order.text),
        disclosure=duty.value,
        aigc_producer=aigc_policy.resolve_producer(
            wanted,
            organisation_id=principal.organisation_id,
            granted=cast("list[str]", permit.terms.get("territories") or []),
            reach=reach_of(order, permit),
        ),
        notes=order.notes,
    )


def _render_clip(
    take: ProviderAudio,
    intent: clip_lifecycle.ClipReservation,
    output: Output,
    second: AudiowmarkLayer | None,
    *,
    principal: Principal,
) -> _RenderedClip:
    try:
        token, identity = intent.token, int.from_bytes(ids.to_bytes(intent.clip_id), "big")
        marked = verified_marking.mark_sound(
            take.sound, token=token, key=intent.key, output=output, identity=identity, second=second
        )
    except MarkFailed as failure:
        if not may_leave_unmarked(organisation_policy.get_policy(principal.organisation_id)):
            raise
        wanted = encoding.check_output(output)
        data = encoding.encode_sound(take.sound, wanted)
        heard = decoding.decode_trusted(
            data, wanted.codec, rate=wanted.sample_rate_hz or take.sound.rate
        )
        return _RenderedClip(
            take=take,
            data=data,
            heard=heard,
            mark=None,
            mark_failure=str(failure.facts.get("reason", "")),
        )
    return _RenderedClip(take=take, data=marked.data, heard=marked.sound, mark=marked)


def aigc_label_of(
    origin: clip_lifecycle.ClipDraft, intent: clip_lifecycle.ClipReservation
) -> aigc.AigcLabel | None:
    """China's hidden label for the clip, where it must carry one."""
    return (
        aigc.AigcLabel(producer=origin.aigc_producer, clip_id=intent.clip_id)
        if origin.aigc_producer
        else None
    )


def _label_clip(cut: _RenderedClip, label: aigc.AigcLabel | None, output: Output) -> _RenderedClip:
    return (
        cut
        if label is None
        else replace(cut, data=aigc.add_label(cut.data, output.codec, label, heard=cut.heard))
    )


def _sign_clip(
    cut: _RenderedClip,
    intent: clip_lifecycle.ClipReservation,
    output: Output,
    permit: gate.Permit,
    *,
    principal: Principal,
    at: datetime,
) -> _RenderedClip:
    attached = manifests.attach_manifest(
        cut.data,
        output.codec,
        clip_id=intent.clip_id,
        marked=cut.mark is not None,
        permit=permit,
        policy=organisation_policy.get_policy(principal.organisation_id),
        at=at,
        parent=cut.take.parent,
    )
    return replace(cut, data=attached.data, credential=attached)


def may_leave_unmarked(wanted: Mapping[str, Json]) -> bool:
    """Whether an organisation of this policy wants clips even when their mark cannot be read
    back.
    """
    return wanted.get("mark_failed") == "deliver"


def _deliver_clip(
    order: SpeechRequest,
    principal: Principal,
    permit: gate.Permit,
    intent: clip_lifecycle.ClipReservation,
    cut: _RenderedClip,
    *,
    settle: Settle,
    at: datetime,
) -> DeliveredClip:
    delivery = _build_delivery(order.output, cut)
    with transaction.atomic():  # locks: job, then consent and its quota, then clip and log
        settle(intent.clip_id, permit.decision_id)
        blob_id = blobs.store_blob(subject=permit.subject, kind="clip", data=cut.data, at=at)
        confirm_permit(permit, at=at)
        gate.commit(permit, characters=len(order.text), milliseconds=delivery["duration_ms"], at=at)
        if cut.mark is None:
            clip_lifecycle.note_mark_failed(
                intent.clip_id,
                reason=cut.mark_failure,
                delivered=True,
                at=at,
                actor=principal.actor,
            )
        if cut.credential is not None:
            keys = {"clip_id": intent.clip_id, "blob_id": blob_id, "subject": permit.subject}
            delivery |= manifests.store_manifest(
                cut.credential, **keys, actor=principal.actor, at=at
            )
        sent = ClipDelivery(blob_id=blob_id, **delivery)
        clip = clip_lifecycle.issue_clip(
            intent.clip_id,
            sent,
            said=build_logged_terms(order, permit),
            at=at,
            actor=principal.actor,
        )
    return DeliveredClip(
        clip_id=clip.id,
        decision_id=permit.decision_id,
        sha256=clip.sha256,
        media_type=clip.media_type,
        disclosure=clip.disclosure,
        aigc_label=aigc.get_label_json(clip),
        data=cut.data,
    )


def build_logged_terms(order: SpeechRequest, permit: gate.Permit) -> log_body.LoggedTerms:
    """What the log commits to of an order: its text as the caller sent it, and the terms that
    allowed it.
    """
    asked = {"channel": permit.channel, "territory": permit.territory}
    return log_body.LoggedTerms(script=order.text, grant=permit.terms, asked=asked)


def confirm_permit(permit: gate.Permit, *, at: datetime) -> None:
    """Confirm the permit in the caller's transaction.

    Raises ConsentDenied that names the decision it ends.
    """
    try:
        gate.confirm(permit, at=at)
    except gate.ConsentDenied as denied:
        raise gate.ConsentDenied(denied.reasons, decision_id=permit.decision_id) from denied


def _build_delivery(output: Output, cut: _RenderedClip) -> dict[str, Any]:
    mark = cut.mark
    return {
        "sha256_provider": canonical_json.sha256_hex(cut.take.sound.pcm16()),
        "sha256": canonical_json.sha256_hex(cut.data),
        "sha256_pcm": canonical_json.sha256_hex(cut.heard.pcm16()),
        "codec": output.codec,
        "media_type": encoding.get_media_type(output.codec),
        "size": len(cut.data),
        "duration_ms": round(1000 * cut.heard.seconds),
        **(mark.columns() if mark else {}),
    }
