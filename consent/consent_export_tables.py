"""What the consent room puts into bundles of consents: grants, evidence, decisions, records.

Audit bundles name people by id alone. A speaker's own copy opens what is sealed under their key.
Registered at start.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, cast

from django.db.models import Q, QuerySet

from consent import intended_uses, provider_statements, speaker_export_tables
from consent.models import (
    Consent,
    Decision,
    Evidence,
    Grant,
    ProviderStatement,
    SealedReason,
)
from core.canonical_json import Json
from core.clock import format_timestamp
from provenance.exports import export_sources
from provenance.exports.export_sources import ExportScope, File, Record, Row
from vault import sealed_notes

Fields = dict[str, Json]

_CONSENT: Final = (
    "id", "speaker", "state", "assurance", "method", "jurisdictions", "providers",
    "representation", "notice", "notice_version", "locale", "notice_sha256", "valid_from",
    "valid_until", "signed_at", "suspended_by", "revoked_at", "ended_at", "supersedes",
    "record_sha256", "record_key", "created_at",
)  # fmt: skip
_CALLERS: Final = ("external_id", "metadata")
_GRANT: Final = (
    "id",
    "consent",
    "position",
    "use_case",
    "signed",
    "scope",
    "declined_at",
    "removed_at",
)
_WORDS: Final = ("grant", "sha256", "salt", "text")
_EVIDENCE: Final = ("id", "consent", "kind", "sha256", "created_at")
_STATEMENT: Final = (
    "id", "consent", "provider", "language", "name", "sha256", "created_at", "withdrawn_at",
)  # fmt: skip
_REMARK: Final = ("consent", "move", "code", "text", "created_at")
_DECISION: Final = (
    "id", "allowed", "preview", "consent", "grant", "voice", "epoch", "record_sha256", "ask",
    "reasons", "policy_version", "actor", "created_at", "expires_at",
)  # fmt: skip


def register_consent_tables() -> None:
    """Register the tables, the records and the files. Called when the applications start."""
    requested = ("consent.requested",)
    export_sources.register_export_table(
        "consents", _export_consents, columns=_CONSENT, bundles=("audit",), logged=requested
    )
    export_sources.register_export_table(
        "consents",
        _export_own_consents,
        columns=_CONSENT + _CALLERS,
        bundles=("speaker",),
        logged=requested,
    )
    export_sources.register_export_table("grants", _export_grants, columns=_GRANT)
    export_sources.register_export_table("intended_uses", _export_intended_uses, columns=_WORDS)
    export_sources.register_export_table("evidence", _export_evidence, columns=_EVIDENCE)
    export_sources.register_export_table(
        "remarks", _export_reasons, columns=_REMARK, bundles=("speaker",)
    )
    export_sources.register_export_table(
        "statements", _export_statements, columns=_STATEMENT, bundles=("speaker",)
    )
    decided = ("decision.allowed", "decision.denied")
    export_sources.register_export_table(
        "decisions", _export_decisions, columns=_DECISION, logged=decided, sliced=True
    )
    export_sources.record_sources.add(_export_records)
    export_sources.file_sources.add(_export_evidence_files)
    export_sources.file_sources.add(_export_statement_files)


def filter_by_scope(scope: ExportScope, path: str = "") -> Q:
    """Return the condition for rows that lead to a consent of the scope by `path`."""
    names = {f"{path}organisation_id": scope.organisation_id, f"{path}livemode": scope.livemode}
    return Q(**names) & scope.before(f"{path}created_at") & _filter_by_speaker(scope, path)


def _filter_by_speaker(scope: ExportScope, path: str) -> Q:
    return Q(**{f"{path}speaker_id": scope.speaker_id}) if scope.kind == "speaker" else Q()


def _list_consents(scope: ExportScope) -> QuerySet[Consent]:
    rows = Consent.objects.filter(filter_by_scope(scope)).select_related("notice_version__notice")
    return rows.order_by("created_at", "id")


def _export_consents(scope: ExportScope) -> Iterator[Row]:
    for consent in _list_consents(scope).iterator(chunk_size=100):
        yield _consent_fields(consent)


def _export_own_consents(scope: ExportScope) -> Iterator[Row]:
    for consent in _list_consents(scope).select_related("speaker").iterator(chunk_size=100):
        written = sealed_notes.open_notes(consent, subjects=(consent.speaker.subject,))
        callers: Fields = {
            "external_id": written.external_id,
            "metadata": cast("Json", written.metadata),
        }
        yield {**_consent_fields(consent), **callers}


def _consent_fields(consent: Consent) -> Fields:
    notice = consent.notice_version
    return {
        "id": consent.id,
        "speaker": consent.speaker_id,
        "state": consent.state,
        "assurance": consent.assurance,
        "method": consent.signed_method(),
        "jurisdictions": list(consent.jurisdictions),
        "providers": list(consent.providers),
        "representation": consent.representation,
        "notice": notice.notice.key,
        "notice_version": notice.version,
        "locale": notice.locale,
        "notice_sha256": notice.sha256,
        "valid_from": format_timestamp(consent.valid_from),
        "valid_until": format_timestamp(consent.valid_until),
        "signed_at": format_timestamp(consent.signed_at),
        "suspended_by": consent.suspended_by or None,
        "revoked_at": format_timestamp(consent.revoked_at),
        "ended_at": format_timestamp(consent.ended_at),
        "supersedes": consent.supersedes_id,
        "record_sha256": consent.record_sha256 or None,
        "record_key": consent.record_key or None,
        "created_at": format_timestamp(consent.created_at),
    }


def _export_records(scope: ExportScope) -> Iterator[Record]:
    for consent in _list_consents(scope).exclude(record=None).iterator(chunk_size=100):
        yield Record(
            consent_id=consent.id,
            record=bytes(consent.record or b""),
            sha256=consent.record_sha256,
            jws=consent.record_jws,
        )


def _export_grants(scope: ExportScope) -> Iterator[Row]:
    rows = Grant.objects.filter(filter_by_scope(scope, "consent__")).order_by(
        "consent__created_at", "consent_id", "position"
    )
    for grant in rows.iterator():
        yield {
            "id": grant.id,
            "consent": grant.consent_id,
            "position": grant.position,
            "use_case": grant.use_case,
            "signed": cast("Json", grant.signed),
            "scope": cast("Json", grant.scope),
            "declined_at": format_timestamp(grant.declined_at),
            "removed_at": format_timestamp(grant.removed_at),
        }


def _export_intended_uses(scope: ExportScope) -> Iterator[Row]:
    """Yield the words behind the hashes in grants and records, with their salts, as long as the
    person's key lives.
    """
    if not scope.words:
        return

    rows = Grant.objects.filter(filter_by_scope(scope, "consent__"), sealed_words__isnull=False)
    for grant in rows.select_related("consent__speaker").order_by(
        "consent__created_at", "consent_id", "position"
    ):
        for words in intended_uses.open_intended_use_words(grant, grant.consent.speaker.subject):
            yield {
                "grant": grant.id,
                "sha256": words.sha256,
                "salt": words.salt.hex(),
                "text": words.text,
            }


def _export_evidence_files(scope: ExportScope) -> Iterator[File]:
    """Yield the files that the person handed in when they signed: recordings and scans."""
    for item in _list_evidence(scope).exclude(blob="").iterator():
        yield File(table="evidence", row_id=item.id, blob_id=item.blob)


def _list_evidence(scope: ExportScope) -> QuerySet[Evidence]:
    return Evidence.objects.filter(filter_by_scope(scope, "consent__")).order_by("created_at", "id")


def _export_evidence(scope: ExportScope) -> Iterator[Row]:
    for item in _list_evidence(scope).iterator():
        yield {
            "id": item.id,
            "consent": item.consent_id,
            "kind": item.kind,
            "sha256": item.sha256,
            "created_at": format_timestamp(item.created_at),
        }


def _list_statements(scope: ExportScope) -> QuerySet[ProviderStatement]:
    rows = ProviderStatement.objects.filter(filter_by_scope(scope, "consent__"))
    return rows.select_related("consent__speaker").order_by("created_at", "id")


def _export_statements(scope: ExportScope) -> Iterator[Row]:
    for row in _list_statements(scope).iterator():
        yield {
            "id": row.id,
            "consent": row.consent_id,
            "provider": row.provider,
            "language": row.language,
            "name": provider_statements.open_statement_name(row),
            "sha256": row.sha256,
            "created_at": format_timestamp(row.created_at),
            "withdrawn_at": format_timestamp(row.withdrawn_at),
        }


def _export_statement_files(scope: ExportScope) -> Iterator[File]:
    """Yield the recordings of statements, which only the person's own copy holds."""
    if scope.kind != "speaker":
        return
    for row in _list_statements(scope).exclude(blob="").iterator():
        yield File(table="statements", row_id=row.id, blob_id=row.blob)


def _export_reasons(scope: ExportScope) -> Iterator[Row]:
    rows = SealedReason.objects.filter(filter_by_scope(scope, "consent__")).order_by(
        "created_at", "id"
    )
    for remark in rows.iterator():
        yield {
            "consent": remark.consent_id,
            "move": remark.move,
            "code": remark.code,
            "text": speaker_export_tables.unseal_value(
                scope.subject or "", f"remark|{remark.consent_id}", remark.sealed
            ),
            "created_at": format_timestamp(remark.created_at),
        }


def _export_decisions(scope: ExportScope) -> Iterator[Row]:
    rows = Decision.objects.filter(
        scope.mine(), scope.within("created_at"), _filter_by_speaker(scope, "consent__")
    )
    for decision in rows.order_by("created_at", "id").iterator():
        yield {
            "id": decision.id,
            "allowed": decision.allowed,
            "preview": decision.preview,
            "consent": decision.consent_id,
            "grant": decision.grant_id,
            "voice": decision.voice_id or None,
            "epoch": decision.epoch,
            "record_sha256": decision.record_sha256 or None,
            "ask": cast("Json", decision.ask),
            "reasons": cast("Json", decision.reasons),
            "policy_version": decision.policy_version,
            "actor": decision.actor,
            "created_at": format_timestamp(decision.created_at),
            "expires_at": format_timestamp(decision.expires_at),
        }
