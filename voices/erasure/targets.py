"""What an erasure has to reach: planned once, when it is asked for, and settled one by one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from core import tx
from core.canonical import Json
from voices.models import Erasure, ErasureTarget, TargetState, Voice

PROOF_OF_CONSENT: Final = "GDPR Art. 7(1), 17(3)(e): proof that consent was given and ended; holds no name and no audio"
PROOF_OF_ORDER: Final = "GDPR Art. 5(2), 17(3)(b): the log holds keyed commitments alone, which nothing opens any more"

COPIES_DIE: Final = "cannot be unwrapped once their key epoch ends, at its next rotation (monthly at the latest)"


@tx.required
def plan(erasure: Erasure, *, at: datetime) -> list[ErasureTarget]:
    """Write down every target; what stays is settled at once, with its ground."""
    voices = Voice.objects.filter(subject=erasure.subject).order_by("created_at", "pk")
    rows = [
        *((voice.provider, voice.id, "provider_delete") for voice in voices),
        ("queue", "texts waiting to be spoken", "delete"),
        ("database", "personal fields", "delete"),
        ("database", "links from clips", "delete"),
        ("database", "fingerprints of clips", "delete"),
        ("database", "event bodies", "delete"),
        ("database", "stored answers", "delete"),
        ("vault", "recordings, profiles, clips", "delete"),
        ("exports", "stored bundles", "delete"),
        ("vault", erasure.subject, "key_destroy"),
    ]
    kept = [
        ("database", "signed consent records", PROOF_OF_CONSENT),
        ("log", "entries", PROOF_OF_ORDER),
        ("backups", "wrapped key copies", COPIES_DIE),
    ]
    planned = [
        ErasureTarget(erasure=erasure, position=position, system=system, asset=asset, method=method)
        for position, (system, asset, method) in enumerate(rows)
    ]
    planned += [
        ErasureTarget(
            erasure=erasure, position=len(rows) + number, system=system, asset=asset, method="keep",
            state=TargetState.KEPT, ground=ground, settled_at=at,
        )
        for number, (system, asset, ground) in enumerate(kept)
    ]  # fmt: skip
    return ErasureTarget.objects.bulk_create(planned)


def settle(erasure: Erasure, system: str, asset: str, *, proof: Mapping[str, Json], at: datetime) -> None:
    """Confirm one target, with what shows it. Confirming twice keeps the first proof."""
    open_ones = ErasureTarget.objects.filter(erasure=erasure, system=system, asset=asset)
    open_ones.exclude(state__in=[TargetState.CONFIRMED, TargetState.KEPT]).update(
        state=TargetState.CONFIRMED, proof=dict(proof), settled_at=at
    )


def accept(erasure: Erasure, system: str, asset: str) -> None:
    """Note that a provider said yes; only its list without the voice confirms it."""
    planned = ErasureTarget.objects.filter(erasure=erasure, system=system, asset=asset, state=TargetState.PLANNED)
    planned.update(state=TargetState.ACCEPTED)
