"""What the voices room puts into bundles: voices, the samples they were made from, erasures; providers for the record.

Audit bundles hold ids, codes and hashes. A speaker's own copy has what the callers wrote about their voices, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, cast

from django.db.models import Count, Q, QuerySet

from core import canonical
from core.canonical import Json
from core.rest import timestamp
from provenance.bundles import registry
from provenance.bundles.registry import File, Row, Scope
from voices.models import Erasure, Sample, Voice
from voices.services.voices import label_of, notes_of

_VOICE: Final = (
    "id", "speaker", "consent", "decision", "provider", "language", "use_case", "state", "code", "created_at",
    "ready_at", "provider_expires_at", "deleted_at",
)  # fmt: skip
_CALLERS: Final = ("name", "description", "external_id", "metadata")
_SAMPLE: Final = ("id", "voice", "position", "sha256", "created_at")
_ERASURE: Final = (
    "id", "speaker", "state", "reason", "actor", "created_at", "answer_by", "completed_at", "targets",
    "certificate_sha256",
)  # fmt: skip
_RECIPIENT: Final = ("provider", "voices", "voices_live")


def register() -> None:
    """Register the tables; called when the applications start."""
    registry.register("voices", _voices, columns=_VOICE, bundles=("audit",))
    registry.register("voices", _own_voices, columns=_VOICE + _CALLERS, bundles=("speaker",))
    registry.register("samples", _samples, columns=_SAMPLE)
    registry.register_files(_recordings)
    registry.register("erasures", _erasures, columns=_ERASURE, logged=("erasure.started",), sliced=True)
    registry.register("recipients", _recipients, columns=_RECIPIENT, bundles=("ropa",))


def _all(scope: Scope) -> QuerySet[Voice]:
    rows = Voice.objects.filter(scope.mine(), scope.before("created_at"), _theirs(scope, ""))
    return rows.order_by("created_at", "id")


def _theirs(scope: Scope, path: str) -> Q:
    return Q(**{f"{path}speaker_id": scope.speaker_id}) if scope.kind == "speaker" else Q()


def _voices(scope: Scope) -> Iterator[Row]:
    for voice in _all(scope).iterator():
        yield _voice(voice)


def _own_voices(scope: Scope) -> Iterator[Row]:
    for voice in _all(scope).iterator():
        label, written = label_of(voice), notes_of(voice)
        yield {
            **_voice(voice),
            "name": label.name,
            "description": label.description,
            "external_id": written.external_id,
            "metadata": cast("Json", written.metadata),
        }


def _voice(voice: Voice) -> dict[str, Json]:
    return {
        "id": voice.id,
        "speaker": voice.speaker_id,
        "consent": voice.consent_id,
        "decision": voice.decision_id,
        "provider": voice.provider,
        "language": voice.language,
        "use_case": voice.use_case,
        "state": voice.state,
        "code": voice.code or None,
        "created_at": timestamp(voice.created_at),
        "ready_at": timestamp(voice.ready_at),
        "provider_expires_at": timestamp(voice.provider_expires_at),
        "deleted_at": timestamp(voice.deleted_at),
    }


def _samples(scope: Scope) -> Iterator[Row]:
    for sample in _kept(scope).iterator():
        yield {
            "id": sample.id,
            "voice": sample.voice_id,
            "position": sample.position,
            "sha256": sample.sha256,
            "created_at": timestamp(sample.created_at),
        }


def _recordings(scope: Scope) -> Iterator[File]:
    for sample in _kept(scope).iterator():
        yield File(table="samples", row_id=sample.id, blob_id=sample.blob_id)


def _kept(scope: Scope) -> QuerySet[Sample]:
    return Sample.objects.filter(voice__in=_all(scope).order_by()).order_by("created_at", "id")


def _erasures(scope: Scope) -> Iterator[Row]:
    rows = Erasure.objects.filter(scope.mine(), scope.within("created_at"), _theirs(scope, ""))
    for erasure in rows.order_by("created_at", "id").prefetch_related("targets").iterator(chunk_size=200):
        proof = bytes(erasure.certificate) if erasure.certificate is not None else None
        yield {
            "id": erasure.id,
            "speaker": erasure.speaker_id,
            "state": erasure.state,
            "reason": erasure.reason,
            "actor": erasure.actor,
            "created_at": timestamp(erasure.created_at),
            "answer_by": timestamp(erasure.answer_by),
            "completed_at": timestamp(erasure.completed_at),
            "targets": [
                {
                    "system": target.system,
                    "asset": target.asset,
                    "method": target.method,
                    "state": target.state,
                    "ground": target.ground or None,
                    "proof": cast("Json", target.proof),
                    "settled_at": timestamp(target.settled_at),
                }
                for target in sorted(erasure.targets.all(), key=lambda target: target.position)
            ],
            "certificate_sha256": canonical.sha256(proof) if proof is not None else None,
        }


def _recipients(scope: Scope) -> Iterator[Row]:
    """Who received voices: the providers, with how many voices lie there."""
    live = Count("id", filter=Q(id__in=Voice.objects.live().values("id")))
    rows = _all(scope).order_by("provider").values("provider")
    for row in rows.annotate(voices=Count("id"), voices_live=live):
        yield {"provider": row["provider"], "voices": row["voices"], "voices_live": row["voices_live"]}
