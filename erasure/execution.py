"""Carrying an erasure out: voices at their providers first, then everything of ours and the key in
one transaction.

The order of the steps is the security property. `continue_erasure` lists them.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Final

from accounts import idempotency_records
from accounts.sandbox_clock import now_for
from consent import speaker_erasure
from consent.models import Consent
from core import lease_renewal, leases, transactions
from core.clock import Clock
from core.errors import NotFound, SaysoError, Unavailable
from core.leases import Backoff, LeaseLost
from erasure import certificate, certificate_text, targets, tombstones
from erasure.models import Erasure, ErasureState, ErasureTarget
from provenance import reader_feedback
from provenance.clips import clip_erasure
from provenance.exports import export_requests
from provenance.fingerprint import clip_fingerprints
from transparency_log import events
from vault import blobs, sealed_notes, subject_keys
from voices import reconcile, voice_comparison, voice_deletion
from voices.models import Voice, VoiceState
from voices.speech import job_settlement

logger = logging.getLogger(__name__)

BACKOFF: Final = Backoff(first=timedelta(seconds=15), longest=timedelta(hours=1))


def continue_erasure(erasure_id: str, *, now: Clock) -> Erasure:
    """Do the steps of an erasure that are left, and return it. Their order matters.

    1. Delete what each provider holds, while we can still open the handle by which it knows the
       voice.
    2. Write the tombstone to the disk before anything of ours goes. So no backup can bring back
       what we say is gone.
    3. Delete rows, blobs and the key together with the certificate and the log entry, or nothing.

    Raises NotFound and LeaseLost.

    Raises Unavailable when a provider is away, OSError when the disk is full, and whatever else
    went wrong. The erasure is then tried again.
    """
    erasure = _claim_erasure(erasure_id, at=now())
    try:
        with lease_renewal.keep_leases(leases.select_held(erasure), now=now):
            _carry_out(erasure, now=now)
    except LeaseLost:
        raise
    except Exception:
        leases.return_to_queue(erasure, at=now(), backoff=BACKOFF)
        raise

    erasure.refresh_from_db()
    return erasure


def _carry_out(erasure: Erasure, *, now: Clock) -> None:
    # 1.
    waiting = [
        voice.id
        for voice in _voices_of_person(erasure)
        if not _delete_voice(erasure, voice, now=now)
    ]
    if waiting:
        raise Unavailable("A provider has not deleted every voice yet.", facts={"voices": waiting})

    # 2.
    tombstones.write_tombstone(
        tombstones.Tombstone(
            erasure=erasure.id,
            speaker=erasure.speaker_id,
            subject=erasure.subject,
            organisation=erasure.organisation_id,
        ),
        at=now(),
    )

    # 3.
    _finish_erasure(
        erasure, at=now_for(erasure.organisation, livemode=erasure.livemode, wall_time=now())
    )


def list_due_erasures(*, at: datetime) -> list[str]:
    """Return the ids of up to 50 erasures that a worker may continue now, those due first at the
    front.
    """
    return list(
        Erasure.objects.claimable(at).order_by("due_at", "pk").values_list("id", flat=True)[:50]
    )


def _claim_erasure(erasure_id: str, *, at: datetime) -> Erasure:
    known = Erasure.objects.filter(id=erasure_id)
    claimed = leases.claim(known.filter(state=ErasureState.RUNNING), at=at)
    if claimed is not None:
        return claimed
    if not known.exists():
        raise NotFound("There is no such erasure.")
    raise LeaseLost("This erasure is done or being carried out.", facts={"erasure": erasure_id})


def _voices_of_person(erasure: Erasure) -> list[Voice]:
    return list(Voice.objects.filter(subject=erasure.subject).order_by("created_at", "pk"))


def _delete_voice(erasure: Erasure, voice: Voice, *, now: Clock) -> bool:
    """Delete one voice at its provider, and return whether it is seen to be gone.

    What goes wrong with one voice does not keep the others waiting.
    """
    try:
        voice_deletion.begin_deletion(voice.id, code="speaker_erased")
        voice_deletion.run_deletion(voice.id, actor=erasure.actor, wall_clock=now)
    except SaysoError as error:
        facts = {"erasure": erasure.id, "voice": voice.id, "code": error.stable_code}
        logger.warning("provider has not deleted a voice of an erasure", extra=facts)

    voice.refresh_from_db()
    targets.follow_deletion(erasure, voice, at=now())
    return voice.state == VoiceState.DELETED


@transactions.opens_transaction
def _finish_erasure(erasure: Erasure, *, at: datetime) -> None:
    """Delete our own data and the key, write the certificate and log the erasure, in one
    transaction.

    Raises LeaseLost.
    """
    if not leases.select_held(erasure).select_for_update().exists():
        raise leases.lease_lost(erasure)

    _delete_own_data(erasure, at=at)

    kids = _closed_key_ids(erasure.subject)
    destruction = subject_keys.destroy_key(erasure.subject, at=at)
    proof = {"epoch": destruction.epoch, "rows": destruction.rows}
    targets.settle_target(erasure, "vault", erasure.subject, proof=proof, at=at)

    targets_in_order = list(ErasureTarget.objects.filter(erasure=erasure).order_by("position"))
    record, jws = certificate.build_certificate(
        erasure, targets_in_order, destruction, locale=_locale_of_speaker(erasure), at=at
    )
    leases.complete(
        erasure,
        state=ErasureState.COMPLETED,
        completed_at=at,
        certificate=record,
        certificate_jws=jws,
        **sealed_notes.NONE,
    )

    events.append_event(
        organisation_id=erasure.organisation_id,
        livemode=erasure.livemode,
        kind="erasure.completed",
        at=at,
        actor=erasure.actor,
        subject=None,
        refs={"erasure": erasure.id},
        speaker=erasure.speaker_id,
        body={
            "epoch": destruction.epoch,
            "certificate": certificate.hash_certificate(record),
            "kids": kids,
        },
    )


def _locale_of_speaker(erasure: Erasure) -> str:
    """Return the language in which the person was asked last, or `en` without any request."""
    asked = Consent.objects.filter(speaker_id=erasure.speaker_id).order_by("-created_at", "-pk")
    return certificate_text.choose_locale(
        asked.values_list("notice_version__locale", flat=True).first() or "en"
    )


def _closed_key_ids(subject: str) -> str | None:
    """Return the key that shows which entries are closed for good from now on. It opens none of
    them.

    Return None when a restore brought no key.
    """
    try:
        return events.derive_kids_key(subject)
    except subject_keys.KeyDestroyed:
        return None


def _delete_own_data(erasure: Erasure, *, at: datetime) -> None:
    """Delete what is ours, and note how much of each there was."""
    texts = job_settlement.erase_items_of_subject(erasure.subject, code="speaker_erased", at=at)
    # What left of a stream whose process died is logged while the clip still leads to the person.
    reconcile.give_up_clips_of_subject(erasure.subject, at=at)
    counts = {
        ("queue", "texts waiting to be spoken"): texts,
        ("database", "personal fields"): sum(
            speaker_erasure.erase_speaker(erasure.speaker_id, at=at).values()
        ),
        # Before the links go, while the clips still lead to the person.
        ("database", "feedback on clips"): reader_feedback.erase_feedback_of_subject(
            erasure.subject
        ),
        ("database", "links from clips"): clip_erasure.erase_clips_of_subject(erasure.subject),
        ("database", "fingerprints of clips"): clip_fingerprints.erase_fingerprints_of_subject(
            erasure.subject
        ),
        ("database", "comparisons of voices"): voice_comparison.erase_embeddings_of_subject(
            erasure.subject
        ),
        ("database", "event bodies"): events.erase_bodies_of_subject(erasure.subject),
        ("database", "stored answers"): idempotency_records.erase_answers_of_organisation(
            erasure.organisation_id, livemode=erasure.livemode
        ),
        ("vault", "recordings, profiles, clips"): blobs.erase_blobs_of_subject(erasure.subject),
        ("exports", "stored bundles"): export_requests.erase_bundles_of_organisation(
            erasure.organisation_id, livemode=erasure.livemode, at=at
        ),
    }

    for (system, asset), rows in counts.items():
        targets.settle_target(erasure, system, asset, proof={"rows": rows}, at=at)
