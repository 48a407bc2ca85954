"""Clips: find them, hand out their audio while the permission lasts, and prove that they were logged."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet

from consent import gate
from provenance import clips, receipts
from provenance.credentials import stored
from provenance.ledger import proofs
from provenance.ledger.queries import Opening
from provenance.models import Clip, ClipState
from voices.orders import Asker


def of(asker: Asker) -> QuerySet[Clip]:
    """The organisation's clips that left, whole or in part, live or test as the asker is."""
    return Clip.objects.heard().filter(organisation_id=asker.organisation_id, livemode=asker.livemode)


def find(clip_id: str, *, asker: Asker) -> Clip:
    """One of them. Raises NotFound, for strangers' ids too."""
    return clips.find(clip_id, organisation_id=asker.organisation_id, livemode=asker.livemode)


def audio(clip_id: str, *, asker: Asker, at: datetime) -> tuple[Clip, bytes]:
    """The clip and the very bytes that were delivered. Raises NotFound, ClipErased, ClipWithdrawn, ConsentDenied."""
    clip = find(clip_id, asker=asker)
    if clip.state == ClipState.ISSUED:
        _confirm(clip, asker=asker, at=at)
    return clip, clips.delivered_bytes(clip.id)


def proof(clip_id: str, *, asker: Asker, at: datetime) -> str:
    """The C2SP tlog-proof of the clip's log entry. `at` is the real time. Raises NotFound."""
    return proofs.tlog_proof(find(clip_id, asker=asker).event_id, at=at)


def receipt(clip_id: str, *, asker: Asker, at: datetime) -> str:
    """The clip's receipt in the compact form of JWS; `at` is the real time. Raises NotFound, ClipErased, NoReceipt."""
    return receipts.compact(find(clip_id, asker=asker), at=at)


def receipt_in_full(clip_id: str, *, asker: Asker, at: datetime) -> str:
    """The same with all its signatures, in the general JSON form of JWS. Raises as `receipt` does."""
    return receipts.general(find(clip_id, asker=asker), at=at)


def opening(clip_id: str, *, asker: Asker, at: datetime) -> Opening:
    """What opens the clip's log entry to a third party. Raises NotFound, ClipErased."""
    return receipts.opening(find(clip_id, asker=asker), at=at)


def manifest(clip_id: str, *, asker: Asker) -> bytes:
    """The C2PA manifest of a clip. Raises NotFound, ClipErased, NoManifest."""
    clip = find(clip_id, asker=asker)
    if clip.state == ClipState.ERASED:
        raise clips.ClipErased("This clip was erased.")
    return stored.manifest(clip)


def _confirm(clip: Clip, *, asker: Asker, at: datetime) -> None:
    """Raise ConsentDenied unless the clip might be made today; that its quota is used up does not speak against it."""
    if gate.still_holds(clip.decision_id, at=at):
        return
    permit = gate.permit_of(clip.decision_id)
    ask = gate.Ask(
        organisation_id=clip.organisation_id,
        livemode=clip.livemode,
        action="synthesize",
        consent_id=clip.consent_id,
        voice_id=clip.voice_id,
        language=permit.language,
        use_case=permit.use_case,
        channel=permit.channel,
        territory=permit.territory,
    )
    decision = gate.preview(ask, at=at, actor=asker.actor)
    against = [reason for reason in decision.reasons if reason["code"] != "quota_exceeded"]
    if against:
        raise gate.ConsentDenied(gate.reasons_of(decision), decision_id=decision.id)
