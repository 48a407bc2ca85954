"""The life of a clip: intended before the provider is asked, then issued or aborted, later
withdrawn or erased.

Every change is one conditional UPDATE whose row count is the truth: whoever changes `making` first
decides.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from django.db import IntegrityError
from django.db.models import QuerySet

from core import ids, transactions
from core.caller_notes import Notes
from core.canonical_json import Json
from core.errors import Conflict, NotFound, Refused, Unavailable
from provenance.clips import log_body, shared_tokens, watermark_keys
from provenance.clips.clip_delivery import ClipDelivery, PartialDelivery
from provenance.fingerprint import repository as fingerprints
from provenance.models import LEFT, Clip, ClipState, Receipt
from transparency_log import events
from vault import blobs, sealed_notes

_TRIES: Final = 8
_NOBODY: Final[Mapping[str, Any]] = {
    "subject": "", "voice_id": "", "reference_index": "", "blob_id": "", "manifest_blob_id": "",
    **sealed_notes.NONE,
}  # fmt: skip


class ClipGone(Conflict):
    """The clip is not being made any more: somebody else settled it, or a sweep gave it up."""

    code = "clip_settled"


class ClipWithdrawn(Refused):
    """The permission behind the clip has ended: its audio is not given out any more."""

    code = "clip_withdrawn"


class ClipErased(NotFound):
    """The person behind the clip was erased, and the audio with them."""

    code = "clip_erased"


class NoTokenLeft(Unavailable):
    """No free watermark token was found. Eight draws of 32 bits fail when an epoch holds billions
    of clips.
    """

    code = "mark_tokens_exhausted"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipDraft:
    """By whose permit a clip is made, and from what: everything known before the provider is
    asked.
    """

    organisation_id: str
    livemode: bool
    subject: str
    consent_id: str
    grant_id: str
    decision_id: str
    voice_id: str
    record_sha256: str
    policy_version: str
    provider: str
    language: str
    use_case: str
    characters: int
    disclosure: str = "none"
    aigc_producer: str = ""
    notes: Notes = field(default_factory=Notes, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipReservation:
    """A clip in the making, with the token and key of its mark."""

    clip_id: str
    organisation_id: str
    consent_id: str
    token: int
    epoch: int
    key: bytes = field(repr=False)


def generate_clip_id() -> str:
    """A fresh clip id with 128 random bits: unlike other ids it tells nothing, not even the
    time.
    """
    return "clp_" + base64.b32encode(secrets.token_bytes(16)).decode("ascii").rstrip("=").lower()


def reserve_clip(
    draft: ClipDraft, *, at: datetime, draw: watermark_keys.Draw = watermark_keys.draw_token
) -> ClipReservation:
    """Write down that a clip will be made, and draw the token of its watermark.

    The row stands before anything leaves us. Raises NoTokenLeft, KeyDestroyed, and IntegrityError
    for a second clip of one decision.
    """
    for _ in range(_TRIES):
        token = draw()
        try:
            return _insert_reservation(draft, token, at=at)
        except IntegrityError:
            # The constraint decides whether a token is free: two callers may draw the same one.
            if not _is_token_taken(draft.organisation_id, token, at=at):
                raise

    raise NoTokenLeft("No free watermark token was found; try again.")


def adopt_shared_token(
    reservation: ClipReservation, names: Sequence[bytes], *, at: datetime
) -> ClipReservation:
    """Return the reservation with the token of its unmarked sound.

    That is the token of earlier copies, if there are any. `names` of the sound come surest first.
    Raises ClipGone.
    """
    token = shared_tokens.settle_token(
        reservation.clip_id,
        drawn=reservation.token,
        key=reservation.key,
        scope=shared_tokens.SoundScope(
            organisation_id=reservation.organisation_id,
            consent_id=reservation.consent_id,
            epoch=reservation.epoch,
        ),
        names=names,
        at=at,
    )
    if token is None:
        raise ClipGone(
            "This clip was given up in the meantime.", facts={"clip": reservation.clip_id}
        )
    return replace(reservation, token=token)


@transactions.requires_transaction
def issue_clip(
    clip_id: str, delivery: ClipDelivery, *, said: log_body.LoggedTerms, at: datetime, actor: str
) -> Clip:
    """Turn an intent into an issued clip and log it; make it the last call of the delivering
    transaction.

    Raises ClipGone when the clip was settled in the meantime: then nothing may be delivered.
    """
    changed = Clip.objects.filter(id=clip_id, state=ClipState.MAKING).update(
        state=ClipState.ISSUED, issued_at=at, **delivery.columns()
    )
    if changed == 0:
        raise ClipGone("This clip was given up in the meantime.", facts={"clip": clip_id})
    clip = Clip.objects.get(id=clip_id)
    watermark_keys.note_second_mark(clip)
    fingerprints.order_fingerprint(clip)
    clip.event_id = _log_clip_event(
        clip,
        "clip.issued",
        log_body.build_issued_body(clip, said),
        at=at,
        actor=actor,
        script=said.script,
    )
    clip.save(update_fields=["event_id"])
    return clip


@transactions.requires_transaction
def note_mark_failed(
    clip_id: str, *, reason: str, delivered: bool, at: datetime, actor: str
) -> None:
    """Log that a clip could not be marked, and whether it was delivered all the same."""
    clip = Clip.objects.get(id=clip_id)
    _log_clip_event(
        clip, "clip.mark_failed", {"reason": reason, "delivered": delivered}, at=at, actor=actor
    )


@transactions.requires_transaction
def note_c2pa_failed(
    clip_id: str, *, reason: str, delivered: bool, at: datetime, actor: str
) -> None:
    """Log that a clip got no manifest, and whether it was delivered all the same."""
    clip = Clip.objects.get(id=clip_id)
    _log_clip_event(
        clip, "clip.c2pa_failed", {"reason": reason, "delivered": delivered}, at=at, actor=actor
    )


@transactions.requires_transaction
def abort_clip(
    clip_id: str, *, code: str, at: datetime, actor: str, part: PartialDelivery | None = None
) -> bool:
    """Give up a clip in the making; say whether this call did it.

    The one that did settles the permit.

    `part` is what had left of a stream by then: hashed and logged as incomplete, never kept, and
    without a receipt.
    """
    left = {"issued_at": at, "characters": part.characters, **part.sent.columns()} if part else {}
    rows = Clip.objects.filter(id=clip_id, state=ClipState.MAKING)
    changed = rows.update(state=ClipState.ABORTED, code=code, ended_at=at, **left)
    if changed:
        clip = Clip.objects.get(id=clip_id)
        body: dict[str, Json] = (
            {**log_body.build_issued_body(clip, part.said), "complete": False} if part else {}
        )
        clip.event_id = _log_clip_event(
            clip, "clip.aborted", {**body, "code": code}, at=at, actor=actor
        )
        clip.save(update_fields=["event_id"])
    return bool(changed)


@transactions.opens_transaction
def withdraw_clips_of_consent(consent_id: str, *, at: datetime, actor: str, most: int = 200) -> int:
    """Mark up to `most` issued clips of a revoked consent as withdrawn, log each, give their
    number. Call until 0.
    """
    found = Clip.objects.filter(consent_id=consent_id, state=ClipState.ISSUED).order_by("id")[:most]
    withdrawn = [clip for clip in found if _withdraw_clip(clip, at)]
    body: dict[str, Json] = {"code": "consent_revoked"}
    events.append_events(
        [_build_clip_event(clip, "clip.withdrawn", body, at=at, actor=actor) for clip in withdrawn]
    )
    return len(withdrawn)


@transactions.requires_transaction
def erase_clips_of_subject(subject: str) -> int:
    """Cut all clips of an erased person loose from them; give how many.

    The audio goes with the vault's blobs.

    Id, hashes and token stay: they say that this service issued the clip, and lead to nobody.
    """
    mine = Clip.objects.filter(subject=subject)
    Receipt.objects.filter(clip__in=mine).delete()
    shared_tokens.forget_sounds(mine)
    never_left = mine.filter(state__in=(ClipState.MAKING, ClipState.ABORTED)).update(
        state=ClipState.ABORTED, **_NOBODY
    )
    return never_left + mine.update(state=ClipState.ERASED, **_NOBODY)


def list_linked_clips(before: datetime, *, organisation_id: str, livemode: bool) -> QuerySet[Clip]:
    """An organisation's finished clips from before that time that still lead to somebody."""
    mine = Clip.objects.filter(
        organisation_id=organisation_id, livemode=livemode, created_at__lt=before
    )
    return mine.exclude(state=ClipState.MAKING).exclude(subject="")


@transactions.requires_transaction
def erase_clips(clip_ids: Sequence[str]) -> int:
    """Delete the audio of finished clips and cut them loose from their person, as
    `erase_clips_of_subject` does; give how many.
    """
    found = Clip.objects.filter(id__in=clip_ids).exclude(state=ClipState.MAKING)
    fingerprints.forget_clips(clip_ids)
    held = found.values_list("blob_id", "manifest_blob_id")
    for blob_id in sorted(
        {blob_id for pair in held for blob_id in pair if blob_id}
    ):  # an embedded one shares its blob
        with suppress(NotFound):  # an erasure may have been faster
            blobs.delete_blob(blob_id)
    Receipt.objects.filter(clip__in=found).delete()
    return found.filter(state=ClipState.ABORTED).update(**_NOBODY) + found.filter(
        state__in=LEFT
    ).update(state=ClipState.ERASED, **_NOBODY)


def get_clip(clip_id: str, *, organisation_id: str, livemode: bool) -> Clip:
    """The organisation's clip that left the house under this id, whole or in part.

    Raises NotFound.
    """
    mine = Clip.objects.delivered_in_any_part().filter(
        id=clip_id, organisation_id=organisation_id, livemode=livemode
    )
    clip = mine.first() if ids.is_id(clip_id, "clp") else None
    if clip is None:
        raise NotFound("There is no such clip.")
    return clip


def open_notes(clip: Clip) -> Notes:
    """Open what the caller wrote beside the clip; nothing once its person has been erased."""
    return sealed_notes.open_notes(clip, subjects=(clip.subject,))


def read_delivered_bytes(clip_id: str) -> bytes:
    """The very bytes that were delivered.

    Raises ClipErased, ClipWithdrawn, NotFound; asks no gate: its caller does.
    """
    clip = Clip.objects.delivered_in_full().filter(id=clip_id).first()
    if clip is None:
        raise NotFound("There is no such clip.")
    if clip.state == ClipState.ERASED or not clip.blob_id:
        raise ClipErased("This clip was erased.")
    if clip.state == ClipState.WITHDRAWN:
        raise ClipWithdrawn("The permission behind this clip has ended.")
    return blobs.get_blob(clip.blob_id)


def _build_draft(origin: ClipDraft, token: int, epoch: int, at: datetime) -> Clip:
    clip_id, organisation_id, written = generate_clip_id(), origin.organisation_id, origin.notes
    fields = {name: getattr(origin, name) for name in origin.__slots__ if name != "notes"}
    sealed = sealed_notes.seal_notes(
        written, subjects=(origin.subject,), row_id=clip_id, organisation_id=organisation_id, at=at
    )
    reference = sealed_notes.index_note(
        "client_reference", written.client_reference, organisation_id=organisation_id, at=at
    )
    return Clip(
        id=clip_id,
        token=token,
        epoch=epoch,
        created_at=at,
        reference_index=reference,
        **sealed,
        **fields,
    )


@transactions.opens_transaction
def _insert_reservation(draft: ClipDraft, token: int, *, at: datetime) -> ClipReservation:
    current = watermark_keys.get_current_key(draft.organisation_id, at=at)
    clip = _build_draft(draft, token, current.epoch, at)
    clip.save(force_insert=True)
    return ClipReservation(
        clip_id=clip.id,
        organisation_id=draft.organisation_id,
        consent_id=draft.consent_id,
        token=token,
        epoch=current.epoch,
        key=current.key,
    )


def _is_token_taken(organisation_id: str, token: int, *, at: datetime) -> bool:
    epoch = watermark_keys.get_epoch(at)
    rows = Clip.objects.filter(organisation_id=organisation_id, epoch=epoch, token=token)
    return rows.exists()


def _withdraw_clip(clip: Clip, at: datetime) -> bool:
    rows = Clip.objects.filter(id=clip.id, state=ClipState.ISSUED)
    return bool(rows.update(state=ClipState.WITHDRAWN, ended_at=at))


def _log_clip_event(
    clip: Clip, kind: str, body: Mapping[str, Json], *, at: datetime, actor: str, script: str = ""
) -> str:
    keyed = {"script": script} if script else {}
    return events.append_events(
        [_build_clip_event(clip, kind, body, at=at, actor=actor, keyed=keyed)]
    )[0]


def _build_clip_event(
    clip: Clip,
    kind: str,
    body: Mapping[str, Json],
    *,
    at: datetime,
    actor: str,
    keyed: Mapping[str, str] | None = None,
) -> events.LogEvent:
    return events.LogEvent(
        organisation_id=clip.organisation_id,
        livemode=clip.livemode,
        kind=kind,
        at=at,
        actor=actor,
        subject=clip.subject or None,
        refs={"clip": clip.id, "consent": clip.consent_id, "decision": clip.decision_id},
        body=body,
        keyed=keyed or {},
    )
