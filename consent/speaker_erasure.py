"""Erasure of a person in the room of consent.

1. `freeze_speaker`: withdraw every consent and refuse anything new.
2. `erase_speaker`: remove what is personal from the rows, in the transaction in which the caller
   destroys the key and the blobs.
"""

from __future__ import annotations

from datetime import datetime

from django.db.models import F

from consent import log_events, recording_fingerprints
from consent.lifecycle import transitions
from consent.models import (
    Consent,
    Correction,
    Decision,
    Delivery,
    ErasedLink,
    Evidence,
    Grant,
    ProviderStatement,
    Representative,
    SealedReason,
    Speaker,
)
from consent.policy.change_reasons import Act
from consent.policy.state_machine import BINDING, MOVES, ConsentState, Move
from core import transactions
from core.errors import NotFound
from vault import sealed_notes


@transactions.opens_transaction
def freeze_speaker(speaker_id: str, *, reason: str, actor: str, at: datetime) -> Speaker:
    """Withdraw every consent of this person and refuse anything new. Idempotent.

    Raises NotFound.
    """
    speaker = _lock_speaker(speaker_id)
    if speaker.state != Speaker.State.ACTIVE:
        return speaker

    Speaker.objects.filter(pk=speaker.pk, state=Speaker.State.ACTIVE).update(
        state=Speaker.State.FROZEN
    )
    speaker.refresh_from_db()

    open_ones = Consent.objects.filter(
        speaker=speaker,
        state__in=sorted(
            {*BINDING, ConsentState.DRAFT, ConsentState.REQUESTED, ConsentState.CAPTURED}
        ),
    )
    for consent in open_ones.order_by("id"):
        transitions.withdraw_consent(
            consent.id,
            organisation_id=consent.organisation_id,
            livemode=consent.livemode,
            reason=reason,
            act=Act.ERASE,
            actor=actor,
            at=at,
        )

    log_events.log_speaker_event(
        speaker, "speaker.updated", at=at, actor=actor, body={"state": speaker.state}
    )

    return speaker


@transactions.requires_transaction
def erase_speaker(speaker_id: str, *, at: datetime) -> dict[str, int]:
    """Remove what is personal from the rows and set the states to erased.

    Returns how many rows of each kind changed. The caller destroys the vault's key and blobs in the
    same transaction.

    Raises NotFound, RuntimeError before `freeze_speaker`.
    """
    speaker = _lock_speaker(speaker_id)
    if speaker.state == Speaker.State.ACTIVE:
        raise RuntimeError("freeze a speaker before erasing them")

    consents = Consent.objects.filter(speaker=speaker)
    _remember_links(speaker)
    counts = {
        "consents": consents.update(sealed=None, link_sha256="", **sealed_notes.NONE),
        "decisions": Decision.objects.filter(consent__in=consents)
        .exclude(sealed_notes=None)
        .update(**sealed_notes.NONE),
        "grants": Grant.objects.filter(consent__in=consents).update(sealed_words=None),
        "evidence": Evidence.objects.filter(consent__in=consents).update(blob=""),
        "statements": ProviderStatement.objects.filter(consent__in=consents).update(
            blob="", sealed=None
        ),
        "remarks": SealedReason.objects.filter(consent__in=consents).update(sealed=None),
        "sample_fingerprints": recording_fingerprints.erase_recording_fingerprints_of_subject(
            speaker.subject
        ),
        "deliveries": Delivery.objects.filter(consent__in=consents).update(sealed=None),
        "corrections": Correction.objects.filter(speaker=speaker).update(sealed=None),
        "representatives": Representative.objects.filter(speaker=speaker).update(sealed=None),
    }

    for step in (Move.BEGIN_ERASURE, Move.FINISH_ERASURE):
        moved = consents.filter(state__in=sorted(MOVES[step].sources))
        moved.update(state=MOVES[step].target, revocation_epoch=F("revocation_epoch") + 1)

    counts["speakers"] = Speaker.objects.filter(pk=speaker.pk, state=Speaker.State.FROZEN).update(
        state=Speaker.State.ERASED, sealed=None, email_index="", erased_at=at, **sealed_notes.NONE
    )

    return counts


def _remember_links(speaker: Speaker) -> None:
    """Store the hashes of the person's links.

    Each link still leads to the page that says that they were erased.
    """
    rows = (
        Consent.objects.filter(speaker=speaker)
        .exclude(link_sha256="")
        .select_related("notice_version")
    )
    ErasedLink.objects.bulk_create(
        [
            ErasedLink(
                link_sha256=row.link_sha256,
                organisation_id=row.organisation_id,
                livemode=row.livemode,
                locale=row.notice_version.locale,
            )
            for row in rows
        ],
        ignore_conflicts=True,
    )


def _lock_speaker(speaker_id: str) -> Speaker:
    found = Speaker.objects.select_for_update(no_key=True).filter(id=speaker_id).first()
    if found is None:
        raise NotFound("There is no such speaker.")

    return found
