"""The one way of speech: gate, intent, provider, mark, manifest, and one transaction that confirms, issues and logs.

Sync calls and jobs come through here alike. Whatever goes wrong, the permit is given back once and the clip is settled.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, cast

from django.db import transaction

from accounts import policy
from consent import gate
from core import canonical, ids
from core.canonical import Json
from core.clock import Clock
from core.errors import NotFound
from provenance import aigc, clips, facts, marking, marks, watermark
from provenance.audio import decoding, encoding
from provenance.audio.encoding import Output
from provenance.audio.sound import Sound
from provenance.deliveries import Delivery
from provenance.second_mark import Second
from vault import blobs
from voices import copies, disclosure, handles, labels, manifests, takes
from voices.attempts import Attempt
from voices.disclosure import Disclosure
from voices.models import Voice, VoiceState
from voices.orders import Asker, Providers, SpeechOrder
from voices.providers import registry
from voices.providers.base import Line
from voices.takes import Take

# Called first in the delivering transaction with (clip id, decision id); raises when the order is somebody else's now.
Settle = Callable[[str, str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """A delivered clip."""

    clip_id: str
    decision_id: str
    sha256: str
    media_type: str
    disclosure: str
    aigc_label: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cut:
    """Audio ready to leave: bytes, what they decode to, the mark in them, or why there is none, and their manifest.

    `take` is what it was made from.
    """

    take: Take
    data: bytes
    heard: Sound
    mark: marking.Marked | None
    mark_failure: str = ""
    credential: manifests.Attached | None = None


def speak(
    order: SpeechOrder,
    *,
    asker: Asker,
    now: Clock,
    providers: Providers = registry.provider,
    settle: Settle = lambda _clip, _decision: None,
) -> Spoken:
    """Speak one text, or raise with nothing delivered.

    Raises NotFound for a stranger's voice, ConsentDenied, MarkFailed, CredentialFailed, UnsupportedField,
    ProviderDown, Invalid for a disclosure that is too little or cannot be spoken, and what `settle` raises.
    """
    voice = voice_of(order.voice_id, asker=asker)
    ask = ask_of(order, voice, asker)
    permit = gate.check(ask, at=now(), actor=asker.actor)  # 1. the gate: a permit or an exception
    with Attempt(permit, asker=asker, now=now) as attempt:
        wanted = policy.of(asker.organisation_id)
        duty = disclosure_of(order, permit, wanted)
        language = permit.language or order.language
        words = disclosure.spoken(order.text, language=language, disclosure=duty)
        origin = origin_of(order, voice, permit, duty, asker, wanted)
        intent = clips.intend(origin, at=now())  # 2. the intent, before anything leaves
        attempt.clip_id = intent.clip_id
        line = Line(text=words, language=language, prosody=order.prosody)
        made = providers(voice.provider).speak(handles.open_handle(voice), line)  # 3. the provider; no transaction here
        take = takes.taken(made)
        names = copies.names_of_file(line, voice, take.sound)
        intent = clips.with_token_of(intent, names, at=now())  # copies of one sound share it
        second = marks.second_of(intent.clip_id, asker.organisation_id, intent.epoch, at=now())
        cut = _cut(take, intent, order.output, second, asker=asker)  # 4. mark, encode, read the mark back from that
        cut = _label(cut, label_of(origin, intent), order.output)  # China's hidden label, where it is wanted
        cut = _sign(cut, intent, order.output, permit, asker=asker, at=now())  # 5. the manifest, around the same audio
        return _deliver(order, asker, permit, intent, cut, settle=settle, at=now())  # 6. one transaction


def voice_of(voice_id: str, *, asker: Asker) -> Voice:
    """The organisation's voice of this id, whatever its state. Raises NotFound."""
    mine = Voice.objects.filter(id=voice_id, organisation_id=asker.organisation_id, livemode=asker.livemode)
    voice = mine.first() if ids.is_id(voice_id, "vox") else None
    if voice is None:
        raise NotFound("There is no such voice.")
    return voice


def disclosure_of(order: SpeechOrder, permit: gate.Permit, wanted: Mapping[str, Json]) -> Disclosure:
    """What has to be said of this call's being synthetic, by the organisation's policy and by the grant.

    Raises Invalid when the caller asks for less.
    """
    return disclosure.duty(
        asked=order.disclosure,
        granted=permit.min_disclosure,
        policy=wanted.get("disclosure"),
        reach=reach_of(order, permit),
    )


def reach_of(order: SpeechOrder, permit: gate.Permit) -> disclosure.Reach:
    """Where the clip may be heard: where the permit says, and where the key says that its calls go."""
    return disclosure.reach(
        channel=permit.channel,
        territory=permit.territory,
        key_channel=order.key_channel,
        key_territory=order.key_territory,
    )


def ask_of(order: SpeechOrder, voice: Voice, asker: Asker) -> gate.Ask:
    """What the gate is asked for this order."""
    return gate.Ask(
        organisation_id=asker.organisation_id,
        livemode=asker.livemode,
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


def origin_of(
    order: SpeechOrder,
    voice: Voice,
    permit: gate.Permit,
    duty: Disclosure,
    asker: Asker,
    wanted: Mapping[str, Json],
) -> clips.Origin:
    """Say by whose permit the clip is made, from what, and under the organisation's policy `wanted`."""
    return clips.Origin(
        organisation_id=asker.organisation_id,
        livemode=asker.livemode,
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
        aigc_producer=labels.producer(
            wanted,
            organisation_id=asker.organisation_id,
            granted=cast("list[str]", permit.terms.get("territories") or []),
            reach=reach_of(order, permit),
        ),
        notes=order.notes,
    )


def _cut(take: Take, intent: clips.Intent, output: Output, second: Second | None, *, asker: Asker) -> _Cut:
    try:
        token, identity = intent.token, int.from_bytes(ids.to_bytes(intent.clip_id), "big")
        marked = marking.mark(take.sound, token=token, key=intent.key, output=output, identity=identity, second=second)
    except watermark.MarkFailed as failure:
        if not may_leave_unmarked(policy.of(asker.organisation_id)):
            raise
        wanted = encoding.check(output)
        data = encoding.encode(take.sound, wanted)
        heard = decoding.decode_trusted(data, wanted.codec, rate=wanted.sample_rate_hz or take.sound.rate)
        return _Cut(take=take, data=data, heard=heard, mark=None, mark_failure=str(failure.facts.get("reason", "")))
    return _Cut(take=take, data=marked.data, heard=marked.sound, mark=marked)


def label_of(origin: clips.Origin, intent: clips.Intent) -> aigc.Label | None:
    """China's hidden label for the clip, where it must carry one."""
    return aigc.Label(producer=origin.aigc_producer, clip_id=intent.clip_id) if origin.aigc_producer else None


def _label(cut: _Cut, label: aigc.Label | None, output: Output) -> _Cut:
    return cut if label is None else replace(cut, data=aigc.labelled(cut.data, output.codec, label, heard=cut.heard))


def _sign(cut: _Cut, intent: clips.Intent, output: Output, permit: gate.Permit, *, asker: Asker, at: datetime) -> _Cut:
    attached = manifests.attach(
        cut.data,
        output.codec,
        clip_id=intent.clip_id,
        marked=cut.mark is not None,
        permit=permit,
        policy=policy.of(asker.organisation_id),
        at=at,
        parent=cut.take.parent,
    )
    return replace(cut, data=attached.data, credential=attached)


def may_leave_unmarked(wanted: Mapping[str, Json]) -> bool:
    """Whether an organisation of this policy wants clips even when their mark cannot be read back."""
    return wanted.get("mark_failed") == "deliver"


def _deliver(
    order: SpeechOrder,
    asker: Asker,
    permit: gate.Permit,
    intent: clips.Intent,
    cut: _Cut,
    *,
    settle: Settle,
    at: datetime,
) -> Spoken:
    delivery = _delivery(order.output, cut)
    with transaction.atomic():  # locks: job, then consent and its quota, then clip and log
        settle(intent.clip_id, permit.decision_id)
        blob_id = blobs.put(subject=permit.subject, kind="clip", data=cut.data, at=at)
        confirm(permit, at=at)
        gate.commit(permit, characters=len(order.text), milliseconds=delivery["duration_ms"], at=at)
        if cut.mark is None:
            clips.note_mark_failed(intent.clip_id, reason=cut.mark_failure, delivered=True, at=at, actor=asker.actor)
        if cut.credential is not None:
            keys = {"clip_id": intent.clip_id, "blob_id": blob_id, "subject": permit.subject}
            delivery |= manifests.keep(cut.credential, **keys, actor=asker.actor, at=at)
        sent = Delivery(blob_id=blob_id, **delivery)
        clip = clips.issue(intent.clip_id, sent, said=said(order, permit), at=at, actor=asker.actor)
    return Spoken(
        clip_id=clip.id,
        decision_id=permit.decision_id,
        sha256=clip.sha256,
        media_type=clip.media_type,
        disclosure=clip.disclosure,
        aigc_label=aigc.of(clip),
        data=cut.data,
    )


def said(order: SpeechOrder, permit: gate.Permit) -> facts.Said:
    """What the log commits to of an order: its text as the caller sent it, and the terms that allowed it."""
    asked = {"channel": permit.channel, "territory": permit.territory}
    return facts.Said(script=order.text, grant=permit.terms, asked=asked)


def confirm(permit: gate.Permit, *, at: datetime) -> None:
    """Confirm the permit in the caller's transaction. Raises ConsentDenied that names the decision it ends."""
    try:
        gate.confirm(permit, at=at)
    except gate.ConsentDenied as denied:
        raise gate.ConsentDenied(denied.reasons, decision_id=permit.decision_id) from denied


def _delivery(output: Output, cut: _Cut) -> dict[str, Any]:
    mark = cut.mark
    return {
        "sha256_provider": canonical.sha256(cut.take.sound.pcm16()),
        "sha256": canonical.sha256(cut.data),
        "sha256_pcm": canonical.sha256(cut.heard.pcm16()),
        "codec": output.codec,
        "media_type": encoding.media_type(output.codec),
        "size": len(cut.data),
        "duration_ms": round(1000 * cut.heard.seconds),
        **(mark.columns() if mark else {}),
    }
