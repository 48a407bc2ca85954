"""The targets of an erasure: planned once at the request, and settled one by one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from core import transactions
from core.canonical_json import Json
from core.clock import format_timestamp
from erasure import certificate_text
from erasure.models import Erasure, ErasureTarget, TargetState
from voices import remote_voices
from voices.models import Voice, VoiceState


@transactions.requires_transaction
def plan_targets(erasure: Erasure, *, at: datetime) -> list[ErasureTarget]:
    """Write down every target. What stays is settled at once, with its ground."""
    voices = Voice.objects.filter(subject=erasure.subject).order_by("created_at", "pk")
    rows = [
        *(
            (voice.provider, asset, "provider_delete")
            for voice in voices
            for asset in _list_assets(voice)
        ),
        ("queue", "texts waiting to be spoken", "delete"),
        ("database", "personal fields", "delete"),
        ("database", "links from clips", "delete"),
        ("database", "fingerprints of clips", "delete"),
        ("database", "feedback on clips", "delete"),
        ("database", "comparisons of voices", "delete"),
        ("database", "event bodies", "delete"),
        ("database", "stored answers", "delete"),
        ("vault", "recordings, profiles, clips", "delete"),
        ("exports", "stored bundles", "delete"),
        ("vault", erasure.subject, "key_destroy"),
    ]

    kept = [
        ("database", "signed consent records"),
        ("database", "hashes and marks of clips"),
        ("log", "entries"),
        ("backups", "wrapped key copies"),
    ]

    planned = [
        ErasureTarget(erasure=erasure, position=position, system=system, asset=asset, method=method)
        for position, (system, asset, method) in enumerate(rows)
    ]

    planned += [
        ErasureTarget(
            erasure=erasure,
            position=len(rows) + number,
            system=system,
            asset=asset,
            method="keep",
            state=TargetState.KEPT,
            ground=certificate_text.describe_ground(asset, "en"),
            settled_at=at,
        )
        for number, (system, asset) in enumerate(kept)
    ]

    return ErasureTarget.objects.bulk_create(planned)


def settle_target(
    erasure: Erasure, system: str, asset: str, *, proof: Mapping[str, Json], at: datetime
) -> None:
    """Confirm one target with its proof. Confirming twice keeps the first proof."""
    open_ones = ErasureTarget.objects.filter(erasure=erasure, system=system, asset=asset)
    open_ones.exclude(state__in=[TargetState.CONFIRMED, TargetState.KEPT]).update(
        state=TargetState.CONFIRMED, proof=dict(proof), settled_at=at
    )


def follow_deletion(erasure: Erasure, voice: Voice, *, at: datetime) -> None:
    """Bring the targets of a voice to where its deletion at the provider is.

    Each is requested, accepted, and then confirmed, by what the voice's row says. `at` is the time
    of a confirmation that has none.
    """
    if voice.state == VoiceState.DELETED:
        proof: dict[str, Json] = {
            "state": voice.state,
            "seen": voice.deletion_proof,
            "requested_at": format_timestamp(voice.deletion_asked_at),
            "accepted_at": format_timestamp(voice.deletion_accepted_at),
        }
        for asset in _list_assets(voice):
            settle_target(erasure, voice.provider, asset, proof=proof, at=voice.deleted_at or at)
        return

    if voice.deletion_asked_at is None:
        return

    of_voice = ErasureTarget.objects.filter(
        erasure=erasure, system=voice.provider, asset__in=_list_assets(voice)
    )
    of_voice.filter(state=TargetState.PLANNED).update(state=TargetState.REQUESTED)
    if voice.deletion_accepted_at is not None:
        of_voice.filter(state=TargetState.REQUESTED).update(state=TargetState.ACCEPTED)


def _list_assets(voice: Voice) -> list[str]:
    """Return what is at the provider of a voice: the voice, and what it keeps beside it."""
    kept = remote_voices.list_kept_objects(voice.provider)
    return [voice.id, *(f"{voice.id} {name}" for name in kept)]
