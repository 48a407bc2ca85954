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
        gate.may_still(clip.decision_id, at=at)
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
