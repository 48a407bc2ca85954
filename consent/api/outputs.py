"""What the API of consent answers: speakers, consents, records, events, decisions."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from datetime import datetime

from consent import intended_uses, speakers
from consent.documents import consent_record
from consent.errors import NotSigned
from consent.lifecycle import consent_requests, link_deliveries
from consent.lifecycle.consent_requests import ConsentRequest
from consent.models import Consent, Decision, Grant, Speaker
from core.api.serializers import Rendered
from core.clock import format_timestamp
from core.errors import Fault
from transparency_log.log_reader import LoggedEvent


def render_speaker(row: Speaker) -> Rendered:
    """A speaker; after erasure without anything personal."""
    personal, written = speakers.open_personal(row), speakers.notes_of(row)
    return {
        "id": row.id,
        "object": "speaker",
        "created_at": format_timestamp(row.created_at),
        "livemode": row.livemode,
        "external_id": written.external_id or None,
        "metadata": written.metadata,
        "kind": row.kind,
        "state": row.state,
        "name": personal.name if personal else None,
        "email": personal.email if personal else None,
        "country": personal.country if personal else None,
        "locale": personal.locale if personal else None,
        "phone": personal.phone if personal else None,
        "erased_at": format_timestamp(row.erased_at),
    }


def render_consent(row: Consent, *, at: datetime, warnings: Iterable[Fault] = ()) -> Rendered:
    """A consent.

    The link to sign it stands in none of these answers (see `render_consent_request`).
    """
    version = row.notice_version
    written = consent_requests.notes_of(row)
    return {
        "id": row.id,
        "object": "consent",
        "created_at": format_timestamp(row.created_at),
        "livemode": row.livemode,
        "external_id": written.external_id or None,
        "metadata": written.metadata,
        "speaker": row.speaker_id,
        "notice": {
            "key": version.notice.key,
            "version": version.version,
            "locale": version.locale,
            "sha256": version.sha256,
        },
        "jurisdictions": row.jurisdictions,
        "representation": consent_requests.representation_of(row),
        "state": row.state_at(at),
        "assurance": row.assurance,
        "method": row.signed_method(),
        "delivery": link_deliveries.render_delivery(row),
        "valid_from": format_timestamp(row.valid_from or row.asked_from),
        "valid_until": format_timestamp(row.valid_until or row.asked_until),
        "duration": row.duration or None,
        "grants": _render_grants(row),
        "signing_expires_at": format_timestamp(row.link_expires_at),
        "signed_at": format_timestamp(row.signed_at),
        "record_sha256": row.record_sha256 or None,
        "revoked_at": format_timestamp(row.revoked_at),
        "ended_at": format_timestamp(row.ended_at),
        "supersedes": row.supersedes_id,
        "warnings": [
            {"code": one.code, "attr": one.attr, "detail": one.detail} for one in warnings
        ],
    }


def render_consent_request(row: Consent, made: ConsentRequest) -> Rendered:
    """A request that was just made, with its link where the asker may have it: test data, or level
    L0.
    """
    answer = render_consent(row, at=row.created_at, warnings=made.warnings)
    return answer if made.signing_url is None else {**answer, "signing_url": made.signing_url}


def _render_grants(row: Consent) -> list[Rendered]:
    rows = sorted(row.grants.all(), key=lambda one: one.position)
    words = intended_uses.open_words_of_grants(rows, row.speaker.subject)
    return [render_grant(one, words.get(one.id, ())) for one in rows]


def render_grant(row: Grant, words: Iterable[intended_uses.IntendedUseWords]) -> Rendered:
    """A grant as it is in force; `signed` says what was signed where narrowing left less."""
    known = tuple(words)
    state = "declined" if row.declined_at else "removed" if row.removed_at else "active"
    signed = (
        intended_uses.restore_scope_words(row.signed, known) if row.scope != row.signed else None
    )
    return {
        "id": row.id,
        "state": state,
        **intended_uses.restore_scope_words(row.scope, known),
        "signed": signed,
    }


def render_record(row: Consent) -> Rendered:
    """The signed record: exact bytes, signature, hash and key. Raises NotSigned."""
    if not row.record:
        raise NotSigned("Nobody has signed this yet.", facts={"state": row.state})
    key = consent_record.get_record_key(row.organisation_id, row.record_key)
    return {
        "object": "consent_record",
        "consent": row.id,
        "record": base64.b64encode(bytes(row.record)).decode("ascii"),
        "jws": row.record_jws,
        "sha256": row.record_sha256,
        "public_key": base64.b64encode(key).decode("ascii"),
        "key_id": row.record_key,
    }


def render_event(one: LoggedEvent) -> Rendered:
    """An event of the log; `body` is null once the key that opens it is gone."""
    return {
        "id": one.event_id,
        "object": "event",
        "type": one.kind,
        "created_at": format_timestamp(one.at),
        "livemode": one.livemode,
        "log_index": one.index,
        "refs": dict(one.refs),
        "by": one.by,
        "body": dict(one.body) if one.body is not None else None,
    }


def render_decision(row: Decision) -> Rendered:
    """An answer of the gate."""
    return {
        "id": row.id,
        "object": "decision",
        "created_at": format_timestamp(row.created_at),
        "livemode": row.livemode,
        "external_id": None,
        "metadata": {},
        "allowed": row.allowed,
        "reasons": row.reasons,
        "consent": row.consent_id,
        "grant": row.grant_id,
        "voice": row.voice_id or None,
        "ask": row.ask,
        "preview": row.preview,
        "policy_version": row.policy_version,
        "expires_at": format_timestamp(row.expires_at),
    }
