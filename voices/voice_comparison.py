"""Comparison of a new voice with other people's voices.

It needs the owner's policy and the signatures of both people. It runs after the voice is ready and
refuses nothing: what it finds is a review for a person. The row of a pending comparison is written
with the voice itself, so a dead worker loses none.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import cast

from django.db import transaction
from django.db.models import Q

from accounts.sandbox_clock import now_for
from audio import decoding
from consent import comparison_consent
from core import transactions
from core.canonical_json import Json
from core.clock import Clock
from core.errors import NotFound
from transparency_log import events
from vault import blobs, sealed_values
from voices.models import Voice, VoiceEmbedding, VoiceReview, VoiceState
from voices.sample_checks import voice_embedding
from voices.sample_checks.voice_embedding import Embedding

CODE = "voice_resembles_another"


@transactions.requires_transaction
def plan_comparison(voice: Voice, *, at: datetime) -> bool:
    """Store that this voice is to be compared, if it may be, and return whether it may."""
    if not _may_compare(voice, at=at):
        return False

    VoiceEmbedding.objects.create(voice=voice, subject=voice.subject, created_at=at)
    return True


def list_waiting_voices(*, limit: int) -> tuple[str, ...]:
    """Return the ids of at most `limit` voices that have yet to be compared."""
    rows = VoiceEmbedding.objects.filter(compared_at=None).order_by("created_at", "voice_id")
    return tuple(rows.values_list("voice_id", flat=True)[:limit])


def is_waiting(voice_id: str) -> bool:
    """Return whether this voice has yet to be compared."""
    return VoiceEmbedding.objects.filter(voice_id=voice_id, compared_at=None).exists()


def run_comparison(voice_id: str, *, actor: str, wall_clock: Clock) -> int:
    """Measure a voice, compare it with the others, and return the number of new reviews.

    A second run changes nothing.

    Raises DecoderUnavailable when the samples cannot be read just now.
    """
    row = VoiceEmbedding.objects.select_related("voice__organisation").filter(
        voice_id=voice_id, compared_at=None
    )
    found = row.first()
    if found is None:
        return 0

    voice = found.voice
    at = now_for(voice.organisation, livemode=voice.livemode, wall_time=wall_clock())

    try:
        own = (
            _measure_voice(voice)
            if voice.state == VoiceState.READY and _may_compare(voice, at=at)
            else None
        )
        if own is None or not _store_embedding(voice, own):
            erase_embedding_of_voice(voice_id)
            return 0

        # The others are read only now. So of two voices at the same time, the one that was sealed
        # later sees the other.
        return _compare_with_others(voice, own, actor=actor, at=at)
    except NotFound:
        # The person was erased in the meantime.
        return 0


@transactions.opens_transaction
def erase_embedding_of_voice(voice_id: str) -> None:
    """Delete the embedding of a voice."""
    VoiceEmbedding.objects.filter(voice_id=voice_id).delete()


@transactions.requires_transaction
def erase_embeddings_of_subject(subject: str) -> int:
    """Delete a person's embeddings and the reviews of their voices, and return how many."""
    reviews = VoiceReview.objects.filter(Q(voice__subject=subject) | Q(other__subject=subject))
    return VoiceEmbedding.objects.filter(subject=subject).delete()[0] + reviews.delete()[0]


@transactions.requires_transaction
def erase_embeddings_of_organisation(organisation_id: str) -> int:
    """Delete every embedding of an organisation, and return how many."""
    return VoiceEmbedding.objects.filter(voice__organisation_id=organisation_id).delete()[0]


def _may_compare(voice: Voice, *, at: datetime) -> bool:
    on = comparison_consent.is_comparison_on(voice.organisation_id)
    return on and bool(comparison_consent.find_agreeing_consents([voice.consent_id], at=at))


def _measure_voice(voice: Voice) -> Embedding | None:
    samples = voice.samples.order_by("position").values_list("blob_id", flat=True)
    return voice_embedding.measure_embedding(
        [decoding.decode_untrusted(blobs.get_blob(blob_id)).sound for blob_id in samples]
    )


@transactions.opens_transaction
def _store_embedding(voice: Voice, own: Embedding) -> bool:
    """Store the embedding of a voice, and return whether the voice is still there."""
    if (
        not Voice.objects.select_for_update(no_key=True)
        .filter(id=voice.id, state=VoiceState.READY)
        .exists()
    ):
        return False

    sealed = sealed_values.seal(voice.subject, _embedding_context(voice.id), own.as_json())
    return bool(VoiceEmbedding.objects.filter(voice=voice).update(sealed=sealed))


@transaction.atomic
def _compare_with_others(voice: Voice, own: Embedding, *, actor: str, at: datetime) -> int:
    """Compare a voice with those of others, and record a review for each that is similar."""
    found: dict[str, float] = {}

    for other_id, theirs in _comparable_voices(voice, at=at):
        likeness = voice_embedding.compare_embeddings(own, theirs)
        if likeness.resembles:
            found[other_id] = likeness.cosine

    VoiceEmbedding.objects.filter(voice=voice).update(compared_at=at)

    # Locked, so that an erasure that begins now waits, and then finds the reviews to delete.
    rows = Voice.objects.select_for_update(no_key=True).filter(
        id__in=[voice.id, *found], state=VoiceState.READY
    )
    ready = {row.id: row for row in rows.order_by("id")}
    if voice.id not in ready:
        return 0

    return sum(
        _record_review(ready[voice.id], ready[other_id], cosine, actor=actor, at=at)
        for other_id, cosine in found.items()
        if other_id in ready
    )


def _comparable_voices(voice: Voice, *, at: datetime) -> Iterator[tuple[str, Embedding]]:
    """Yield the ids and embeddings of other people's ready voices.

    They are of the same organisation and mode, and their speakers have signed for the comparison.
    """
    rows = list(
        VoiceEmbedding.objects.filter(
            sealed__isnull=False,
            voice__organisation_id=voice.organisation_id,
            voice__livemode=voice.livemode,
            voice__state=VoiceState.READY,
        )
        .exclude(subject=voice.subject)
        .select_related("voice")
        .order_by("voice_id")
    )
    willing = comparison_consent.find_agreeing_consents(
        {row.voice.consent_id for row in rows}, at=at
    )

    for row in rows:
        if row.voice.consent_id not in willing:
            continue

        try:
            value = sealed_values.unseal(
                row.subject, _embedding_context(row.voice_id), bytes(cast("bytes", row.sealed))
            )
        except NotFound:
            # The key is destroyed.
            continue

        yield row.voice_id, voice_embedding.parse_embedding(cast("dict[str, Json]", value))


def _record_review(voice: Voice, other: Voice, cosine: float, *, actor: str, at: datetime) -> bool:
    """Store and log a review of one pair, and return whether it is new.

    The log entry names neither the other voice nor a person.
    """
    # Two voices that were made at the same time find each other. Both are locked, so the second
    # sees the first one's row.
    if VoiceReview.objects.filter(voice=other, other=voice).exists():
        return False

    likeness = min(1000, round(1000 * cosine))
    _, created = VoiceReview.objects.get_or_create(
        voice=voice,
        other=other,
        defaults={"likeness_milli": likeness, "livemode": voice.livemode, "created_at": at},
    )
    if created:
        events.append_event(
            organisation_id=voice.organisation_id,
            livemode=voice.livemode,
            kind="voice.likeness_noted",
            at=at,
            actor=actor,
            subject=voice.subject,
            refs={"voice": voice.id, "consent": voice.consent_id},
            speaker=voice.speaker_id,
            body={"code": CODE, "likeness_milli": likeness},
        )

    return created


def _embedding_context(voice_id: str) -> str:
    return f"voice|{voice_id}|embedding"
