"""The rows of a voice in the making: itself and its recordings."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from django.db import transaction

from accounts.principal import Principal
from consent import gate
from core import canonical_json, ids, leases
from core.canonical_json import Json
from core.errors import NotFound
from vault import blobs, sealed_notes, sealed_values
from voices.models import Sample, Voice, VoiceState
from voices.providers import account_access
from voices.synthesis_requests import CloneRequest
from voices.voice_events import Row
from voices.voice_labels import label_context


@transaction.atomic
def insert_voice(
    order: CloneRequest,
    permit: gate.Permit,
    principal: Principal,
    *,
    at: datetime,
    in_background: bool = False,
    state: VoiceState = VoiceState.TRAINING,
) -> Voice:
    """Write down that a voice is being made: by this call, or `in_background`.

    Without a lease a worker may begin at once, unless it is in `checking`. From here on the account
    at the provider stays, because it is needed to delete the voice there.

    Raises ProviderNotConnected.
    """
    account_access.hold_account_row(order.provider, principal)

    voice_id = ids.new("vox")
    label: dict[str, Json] = {"name": order.name, "description": order.description}
    if in_background:
        label |= {
            "transcripts": list(order.transcripts),
            "denoise": order.denoise,
            "statement": order.statement_id,
            "options": dict(order.options),
        }
    return Voice.objects.create(
        id=voice_id,
        organisation_id=principal.organisation_id,
        livemode=principal.livemode,
        consent_id=permit.consent_id,
        speaker_id=permit.speaker_id,
        subject=permit.subject,
        decision_id=permit.decision_id,
        provider=order.provider,
        language=permit.language or order.language,
        use_case=permit.use_case,
        state=state,
        sealed_label=sealed_values.seal(permit.subject, label_context(voice_id), label),
        lease_until=None if in_background else at + leases.LEASE,
        in_background=in_background,
        repeat_key=order.repeat_key,
        created_at=at,
        **sealed_notes.seal_notes(
            order.notes,
            subjects=(permit.subject,),
            row_id=voice_id,
            organisation_id=principal.organisation_id,
            at=at,
        ),
    )


def store_sample(voice: Voice, position: int, data: bytes, report: Row, *, at: datetime) -> None:
    """Store a recording of a voice, with what was measured in it."""
    Sample.objects.create(
        id=ids.new("smp"),
        voice=voice,
        position=position,
        sha256=canonical_json.sha256_hex(data),
        blob_id=blobs.store_blob(subject=voice.subject, kind="sample", data=data, at=at),
        report=report,
        created_at=at,
    )


def delete_recordings(voice: Voice) -> None:
    """Delete the recordings of a voice that is not made, inside the caller's transaction."""
    samples = Sample.objects.filter(voice=voice)
    for blob_id in samples.values_list("blob_id", flat=True):
        with suppress(NotFound):
            blobs.delete_blob(blob_id)
    samples.delete()
