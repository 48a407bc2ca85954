"""Reservation of a clip: its row and its watermark token stand before the provider is asked."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from django.db import IntegrityError
from django.db.models import QuerySet

from core import leases, transactions
from provenance.clips import shared_tokens, watermark_keys
from provenance.clips.clip_fields import ClipDraft
from provenance.clips.errors import ClipAlreadySettled, TokensExhausted
from provenance.clips.watermark_keys import MarkingKey
from provenance.models import Clip, ClipState
from vault import sealed_notes

_TRIES: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipReservation:
    """A clip in the making, with the token and keys of its watermark.

    `clip` is its row. While it says `making`, no other call changes it.
    """

    clip: Clip = field(repr=False)
    keys: MarkingKey
    token: int

    @property
    def clip_id(self) -> str:
        """The clip's id."""
        return self.clip.id

    @property
    def rows(self) -> QuerySet[Clip]:
        """A query that finds the clip's row only while it is in the making."""
        return Clip.objects.filter(id=self.clip.id, state=ClipState.MAKING)

    @property
    def key(self) -> bytes:
        """The key of our own mark."""
        return self.keys.key


def reserve_clip(
    draft: ClipDraft, *, at: datetime, draw: watermark_keys.Draw = watermark_keys.draw_token
) -> ClipReservation:
    """Write down that a clip will be made, and draw the token of its watermark.

    The row stands before anything leaves us. Raises TokensExhausted, KeyDestroyed, and
    IntegrityError for a second clip of one decision.
    """
    for _ in range(_TRIES):
        token = draw()
        try:
            return _insert_reservation(draft, token, at=at)
        except IntegrityError:
            # The constraint decides whether a token is free: two callers may draw the same one.
            if not _is_token_taken(draft, token, at=at):
                raise

    raise TokensExhausted("No free watermark token was found. Try again.")


def adopt_shared_token(
    reservation: ClipReservation, names: Sequence[bytes], *, at: datetime
) -> ClipReservation:
    """Return the reservation with the token of its unmarked sound.

    That is the token of earlier copies, if there are any. `names` of the sound come surest first.
    Raises ClipAlreadySettled.
    """
    clip, keys = reservation.clip, reservation.keys
    token = shared_tokens.settle_token(
        clip.id,
        drawn=reservation.token,
        key=keys.key,
        scope=shared_tokens.SoundScope(
            organisation_id=keys.organisation_id, consent_id=clip.consent_id, epoch=keys.epoch
        ),
        names=names,
        at=at,
    )
    if token is None:
        raise ClipAlreadySettled("This clip was given up in the meantime.", facts={"clip": clip.id})

    clip.token_shared, clip.token = token != reservation.token, token
    return replace(reservation, token=token)


def generate_clip_id() -> str:
    """Return a fresh clip id of 128 random bits. Unlike other ids it tells no time."""
    return "clp_" + base64.b32encode(secrets.token_bytes(16)).decode("ascii").rstrip("=").lower()


@transactions.opens_transaction
def _insert_reservation(draft: ClipDraft, token: int, *, at: datetime) -> ClipReservation:
    current = watermark_keys.get_current_key(draft.organisation_id, at=at, livemode=draft.livemode)
    clip = _build_draft(draft, token, current.epoch, at)
    clip.save(force_insert=True)
    return ClipReservation(clip=clip, keys=current, token=token)


def _is_token_taken(draft: ClipDraft, token: int, *, at: datetime) -> bool:
    epoch = watermark_keys.get_epoch(at, livemode=draft.livemode)
    rows = Clip.objects.filter(organisation_id=draft.organisation_id, epoch=epoch, token=token)
    return rows.exists()


def _build_draft(draft: ClipDraft, token: int, epoch: int, at: datetime) -> Clip:
    clip_id = generate_clip_id()
    sealed = sealed_notes.seal_notes(
        draft.notes,
        subjects=(draft.subject,),
        row_id=clip_id,
        organisation_id=draft.organisation_id,
        at=at,
    )
    reference = sealed_notes.index_note(
        "client_reference",
        draft.notes.client_reference,
        organisation_id=draft.organisation_id,
        at=at,
    )
    return Clip(
        id=clip_id,
        token=token,
        epoch=epoch,
        created_at=at,
        lease_until=at + leases.LEASE,
        reference_index=reference,
        **sealed,
        **draft.columns(),
    )
