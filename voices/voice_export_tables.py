"""The tables of voices, samples and providers in bundles.

Audit bundles hold ids, codes and hashes. A speaker's own copy also has what the callers wrote about
their voices.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, cast

from django.db.models import Count, Q, QuerySet

from consent.policy import providers
from core.canonical_json import Json
from core.clock import format_timestamp
from provenance.exports import export_sources
from provenance.exports.export_sources import ExportScope, File, Row
from voices.models import Sample, Voice
from voices.voice_labels import open_voice_label, open_voice_notes

_VOICE: Final = (
    "id", "speaker", "consent", "decision", "provider", "language", "use_case", "state", "code",
    "created_at", "ready_at", "provider_expires_at", "deleted_at",
)  # fmt: skip
_CALLERS: Final = ("name", "description", "external_id", "metadata")
_SAMPLE: Final = ("id", "voice", "position", "sha256", "created_at")
_FACTS: Final = ("name", "runs", "country", "keeps", "terms", "terms_read")
_RECIPIENT: Final = ("provider", *_FACTS, "voices", "voices_live")


def register_export_tables() -> None:
    """Register the tables when the applications start."""
    export_sources.register_export_table("voices", _voice_rows, columns=_VOICE, bundles=("audit",))
    export_sources.register_export_table(
        "voices", _own_voice_rows, columns=_VOICE + _CALLERS, bundles=("speaker",)
    )
    export_sources.register_export_table("samples", _sample_rows, columns=_SAMPLE)
    export_sources.file_sources.add(_recording_files)
    export_sources.register_export_table(
        "recipients", _recipient_rows, columns=_RECIPIENT, bundles=("ropa",)
    )


def _voices_in_scope(scope: ExportScope) -> QuerySet[Voice]:
    rows = Voice.objects.filter(
        scope.mine(), scope.before("created_at"), _speaker_filter(scope, "")
    )
    return rows.order_by("created_at", "id")


def _speaker_filter(scope: ExportScope, path: str) -> Q:
    return Q(**{f"{path}speaker_id": scope.speaker_id}) if scope.kind == "speaker" else Q()


def _voice_rows(scope: ExportScope) -> Iterator[Row]:
    for voice in _voices_in_scope(scope).iterator():
        yield _voice_to_row(voice)


def _own_voice_rows(scope: ExportScope) -> Iterator[Row]:
    for voice in _voices_in_scope(scope).iterator():
        label = open_voice_label(voice)
        written = open_voice_notes(voice)

        yield {
            **_voice_to_row(voice),
            "name": label.name,
            "description": label.description,
            "external_id": written.external_id,
            "metadata": cast("Json", written.metadata),
        }


def _voice_to_row(voice: Voice) -> dict[str, Json]:
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
        "created_at": format_timestamp(voice.created_at),
        "ready_at": format_timestamp(voice.ready_at),
        "provider_expires_at": format_timestamp(voice.provider_expires_at),
        "deleted_at": format_timestamp(voice.deleted_at),
    }


def _sample_rows(scope: ExportScope) -> Iterator[Row]:
    for sample in _samples_in_scope(scope).iterator():
        yield {
            "id": sample.id,
            "voice": sample.voice_id,
            "position": sample.position,
            "sha256": sample.sha256,
            "created_at": format_timestamp(sample.created_at),
        }


def _recording_files(scope: ExportScope) -> Iterator[File]:
    for sample in _samples_in_scope(scope).iterator():
        yield File(table="samples", row_id=sample.id, blob_id=sample.blob_id)


def _samples_in_scope(scope: ExportScope) -> QuerySet[Sample]:
    return Sample.objects.filter(voice__in=_voices_in_scope(scope).order_by()).order_by(
        "created_at", "id"
    )


def _recipient_rows(scope: ExportScope) -> Iterator[Row]:
    """Yield the providers that received voices, what people are told of each, and how many voices
    are there.
    """
    live = Count("id", filter=Q(id__in=Voice.objects.live().values("id")))
    rows = _voices_in_scope(scope).order_by("provider").values("provider")

    for row in rows.annotate(voices=Count("id"), voices_live=live):
        known = providers.PROVIDERS.get(row["provider"])
        facts = providers.provider_to_json(known) if known is not None else {}
        yield {
            "provider": row["provider"],
            **{name: facts.get(name) for name in _FACTS},
            "voices": row["voices"],
            "voices_live": row["voices_live"],
        }
