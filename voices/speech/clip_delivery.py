"""Delivery of a clip in one transaction, or its abort: what every reservation ends with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.db import transaction

from consent import gate
from core import connection_places
from core.errors import SaysoError
from provenance.c2pa.manifest_signer import CredentialFailed
from provenance.clips import aigc_label, clip_lifecycle
from provenance.clips.errors import MarkFailed, TextTooShort
from provenance.clips.log_body import PartialDelivery
from vault import blobs, opened_keys
from voices.speech import manifests
from voices.speech.preparation import PreparedSpeech
from voices.speech.rendering import RenderedClip
from voices.speech.speaker_check import WrongVoice

# Called first in the delivering transaction with (clip id, decision id). It raises when another
# worker holds the job by now, and so undoes the delivery.
Settle = Callable[[str, str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveredClip:
    """A delivered clip: its bytes, and what its caller is told about them."""

    clip_id: str
    decision_id: str
    sha256: str
    media_type: str
    disclosure: str
    aigc_label: str
    padded_ms: int
    data: bytes = field(repr=False)


# Called last in the delivering transaction with what is delivered: the answer is kept with it.
Conclude = Callable[[DeliveredClip], None]


def settle_nothing(_clip_id: str, _decision_id: str) -> None:
    """Do nothing: a call that belongs to no job."""


def conclude_nothing(_delivered: DeliveredClip) -> None:
    """Do nothing: what no caller waits for."""


def deliver_clip(
    prepared: PreparedSpeech,
    rendered: RenderedClip,
    *,
    at: datetime,
    settle: Settle = settle_nothing,
    conclude: Conclude = conclude_nothing,
) -> DeliveredClip:
    """Confirm the permit, spend the quota, keep the clip and log it, all in one transaction.

    Raises what `settle` and `conclude` raise, ConsentDenied and KeyEnded when the permit has ended,
    and ClipAlreadySettled when the clip was given up in the meantime. After an error nothing is
    delivered. Raises PlacesTaken.
    """
    clip_id, permit = prepared.reservation.clip_id, prepared.permit
    actor = prepared.principal.actor

    # Lock order: the job, then the consent and its quota, then the clip and the log. An erasure
    # ends the consent before it destroys the key, so it waits for this transaction or ends it.
    with (
        connection_places.hold_consent_place(permit.consent_id),
        transaction.atomic(),
        opened_keys.open_keys_once(),
    ):
        settle(clip_id, permit.decision_id)
        blob_id = blobs.store_blob(subject=permit.subject, kind="clip", data=rendered.data, at=at)

        gate.confirm(permit, at=at)
        gate.commit(
            permit,
            characters=len(prepared.request.text),
            milliseconds=rendered.delivery.spoken_ms,
            at=at,
        )

        if not rendered.delivery.scheme:
            clip_lifecycle.note_mark_failed(
                clip_id, reason=rendered.mark_failure, delivered=True, at=at, actor=actor
            )
        manifest_fields = manifests.store_manifest(
            rendered.manifest,
            clip_id=clip_id,
            blob_id=blob_id,
            subject=permit.subject,
            actor=actor,
            at=at,
        )

        # The log's entry is the last statement, so its lock is held for the shortest time.
        delivery = replace(rendered.delivery, blob_id=blob_id, **manifest_fields)
        clip = clip_lifecycle.issue_clip(
            prepared.reservation.clip,
            delivery,
            terms=prepared.logged_terms,
            at=at,
            actor=actor,
        )
        delivered = DeliveredClip(
            clip_id=clip.id,
            decision_id=permit.decision_id,
            sha256=clip.sha256,
            media_type=clip.media_type,
            disclosure=clip.disclosure,
            aigc_label=aigc_label.get_label_json(clip),
            padded_ms=clip.padded_ms,
            data=rendered.data,
        )
        conclude(delivered)

    return delivered


def abort_speech(
    prepared: PreparedSpeech,
    error: BaseException | None,
    *,
    at: datetime,
    partial: PartialDelivery | None = None,
) -> bool:
    """Abort the clip, and give its permit back or charge what has left.

    A clip in another voice, of which nothing has left, is held.

    `error` is why, None when the caller has gone. `partial` is what had left of a stream by then:
    it is hashed, logged and charged. Returns False when the clip was settled before.
    """
    clip_id, actor = prepared.reservation.clip_id, prepared.principal.actor
    delivered = partial is not None

    with transaction.atomic():
        if isinstance(error, MarkFailed | TextTooShort):
            reason = str(error.facts.get("reason", ""))
            clip_lifecycle.note_mark_failed(
                clip_id, reason=reason, delivered=delivered, at=at, actor=actor
            )
        if isinstance(error, CredentialFailed):
            clip_lifecycle.note_c2pa_failed(
                clip_id, reason=error.reason, delivered=delivered, at=at, actor=actor
            )
        if isinstance(error, WrongVoice) and not delivered:
            gate.release(prepared.permit, at=at)
            return clip_lifecycle.hold_clip(clip_id, code=error.stable_code, at=at, actor=actor)

        return abort_reservation(
            clip_id,
            prepared.permit,
            code=get_abort_code(error),
            actor=actor,
            at=at,
            partial=partial,
        )


def abort_reservation(
    clip_id: str,
    permit: gate.Permit,
    *,
    code: str,
    actor: str,
    at: datetime,
    partial: PartialDelivery | None = None,
) -> bool:
    """Abort a clip in the making and settle its permit, once.

    With `partial` the quota is charged for what has left, else the permit is given back. Returns
    False when the clip was settled before: then nothing changes.
    """
    with transaction.atomic():
        if partial is None:
            gate.release(permit, at=at)
        else:
            gate.charge_quota(
                permit,
                characters=partial.characters,
                milliseconds=partial.sent.spoken_ms,
            )
        return clip_lifecycle.abort_clip(clip_id, code=code, at=at, actor=actor, part=partial)


def get_abort_code(error: BaseException | None) -> str:
    """Return the stable code under which an aborted clip is logged."""
    if error is None:
        return "client_gone"

    return error.stable_code if isinstance(error, SaysoError) else "internal"
