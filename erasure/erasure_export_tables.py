"""The export table of erasures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, cast

from django.db.models import Q

from core import canonical_json
from core.canonical_json import Json
from core.clock import format_timestamp
from erasure.models import Erasure
from provenance.exports import export_sources
from provenance.exports.export_sources import ExportScope, Row

_ERASURE: Final = (
    "id", "speaker", "state", "reason", "actor", "created_at", "answer_by", "completed_at",
    "targets", "certificate_sha256",
)  # fmt: skip


def register_erasure_table() -> None:
    """Register the table. Called when the applications start."""
    export_sources.register_export_table(
        "erasures", _erasure_rows, columns=_ERASURE, logged=("erasure.started",), sliced=True
    )


def _speaker_filter(scope: ExportScope) -> Q:
    return Q(speaker_id=scope.speaker_id) if scope.kind == "speaker" else Q()


def _erasure_rows(scope: ExportScope) -> Iterator[Row]:
    rows = Erasure.objects.filter(scope.mine(), scope.within("created_at"), _speaker_filter(scope))
    for erasure in (
        rows.order_by("created_at", "id").prefetch_related("targets").iterator(chunk_size=200)
    ):
        proof = bytes(erasure.certificate) if erasure.certificate is not None else None
        yield {
            "id": erasure.id,
            "speaker": erasure.speaker_id,
            "state": erasure.state,
            "reason": erasure.reason,
            "actor": erasure.actor,
            "created_at": format_timestamp(erasure.created_at),
            "answer_by": format_timestamp(erasure.answer_by),
            "completed_at": format_timestamp(erasure.completed_at),
            "targets": [
                {
                    "system": target.system,
                    "asset": target.asset,
                    "method": target.method,
                    "state": target.state,
                    "ground": target.ground or None,
                    "proof": cast("Json", target.proof),
                    "settled_at": format_timestamp(target.settled_at),
                }
                for target in sorted(erasure.targets.all(), key=lambda target: target.position)
            ],
            "certificate_sha256": canonical_json.sha256_hex(proof) if proof is not None else None,
        }
