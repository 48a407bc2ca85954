"""What the consent room puts into bundles of its speakers.

Audit bundles name people by id alone. A speaker's own copy opens what is sealed under their key.
Registered at start.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, cast

from consent import speakers
from consent.models import Speaker
from core.canonical_json import Json
from core.clock import format_timestamp
from provenance.exports import export_sources
from provenance.exports.export_sources import ExportScope, Row
from vault import sealed_values, subject_keys

Fields = dict[str, Json]

_SPEAKER: Final = ("id", "kind", "state", "created_at", "erased_at")
_PERSONAL: Final = (
    "name",
    "email",
    "country",
    "locale",
    "external_id",
    "metadata",
    "representatives",
)


def register_speaker_tables() -> None:
    """Register the tables, and who knows the speakers. Called when the applications start."""
    created = ("speaker.created",)
    export_sources.register_export_table(
        "speakers", _export_speakers, columns=_SPEAKER, bundles=("audit",), logged=created
    )
    export_sources.register_export_table(
        "speakers",
        _export_person,
        columns=_SPEAKER + _PERSONAL,
        bundles=("speaker",),
        logged=created,
    )
    export_sources.speaker_subject.fill(_find_subject)


# A hook's shape.
def _find_subject(speaker_id: str, organisation_id: str, livemode: bool) -> str:  # noqa: FBT001
    return speakers.get_speaker(
        speaker_id, organisation_id=organisation_id, livemode=livemode
    ).subject


def _export_speakers(scope: ExportScope) -> Iterator[Row]:
    rows = Speaker.objects.filter(scope.mine(), scope.before("created_at"))
    for speaker in rows.order_by("created_at", "id").iterator():
        yield _speaker_fields(speaker)


def _export_person(scope: ExportScope) -> Iterator[Row]:
    for speaker in Speaker.objects.filter(scope.mine(), id=scope.speaker_id):
        personal, written = speakers.open_personal(speaker), speakers.open_speaker_notes(speaker)
        yield {
            **_speaker_fields(speaker),
            "name": personal.name if personal else None,
            "email": personal.email if personal else None,
            "country": personal.country if personal else None,
            "locale": personal.locale if personal else None,
            "external_id": written.external_id,
            "metadata": cast("Json", written.metadata),
            "representatives": [
                {
                    "kind": row.kind,
                    "who": unseal_value(speaker.subject, "representative", row.sealed),
                    "verified_at": format_timestamp(row.verified_at),
                    "valid_until": format_timestamp(row.valid_until),
                }
                for row in speaker.representatives.order_by("id")
            ],
        }


def _speaker_fields(speaker: Speaker) -> Fields:
    return {
        "id": speaker.id,
        "kind": speaker.kind,
        "state": speaker.state,
        "created_at": format_timestamp(speaker.created_at),
        "erased_at": format_timestamp(speaker.erased_at),
    }


def unseal_value(subject: str, context: str, sealed: bytes | memoryview | None) -> Json:
    """Open a sealed value. Nothing, and a value whose key is destroyed, is None."""
    try:
        return None if sealed is None else sealed_values.unseal(subject, context, bytes(sealed))
    except subject_keys.KeyDestroyed:
        return None
