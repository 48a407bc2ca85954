"""The targets of an erasure: planned once at the request, and settled one by one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from core import transactions
from core.canonical_json import Json
from erasure import certificate_text
from erasure.models import Erasure, ErasureTarget, TargetState
from voices.models import Voice


@transactions.requires_transaction
def plan_targets(erasure: Erasure, *, at: datetime) -> list[ErasureTarget]:
    """Write down every target. What stays is settled at once, with its ground."""
    voices = Voice.objects.filter(subject=erasure.subject).order_by("created_at", "pk")
    rows = [
        *((voice.provider, voice.id, "provider_delete") for voice in voices),
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


def accept_target(erasure: Erasure, system: str, asset: str) -> None:
    """Note that a provider accepted a deletion. Only its list without the voice confirms it."""
    planned = ErasureTarget.objects.filter(
        erasure=erasure, system=system, asset=asset, state=TargetState.PLANNED
    )
    planned.update(state=TargetState.ACCEPTED)
