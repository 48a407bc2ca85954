"""What the API of consent answers: speakers, consents, records, events, decisions."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from datetime import datetime

from consent import intended_uses, speakers
from consent.life import deliveries, requests
from consent.life.requests import Requested
from consent.models import Consent, Decision, Grant, Speaker
from consent.paper import records
from core.errors import Conflict, Fault
from core.rest import Rendered, timestamp
from provenance.ledger.queries import Event


class NotSigned(Conflict):
    """There is no record yet, because nobody has signed."""

    code = "consent_not_signed"


def speaker(row: Speaker) -> Rendered:
    """A speaker; after erasure without anything personal."""
    personal, written = speakers.personal_of(row), speakers.notes_of(row)
    return {
        "id": row.id,
        "object": "speaker",
        "created_at": timestamp(row.created_at),
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
        "erased_at": timestamp(row.erased_at),
    }


def consent(row: Consent, *, at: datetime, warnings: Iterable[Fault] = ()) -> Rendered:
    """A consent. The link to sign it stands in none of these answers (see `requested`)."""
    version = row.notice_version
    written = requests.notes_of(row)
    return {
        "id": row.id,
        "object": "consent",
        "created_at": timestamp(row.created_at),
        "livemode": row.livemode,
        "external_id": written.external_id or None,
        "metadata": written.metadata,
        "speaker": row.speaker_id,
        "notice": {
            "key": version.notice.key, "version": version.version, "locale": version.locale, "sha256": version.sha256,
        },
        "jurisdictions": row.jurisdictions,
        "representation": requests.representation_of(row),
        "state": row.state_at(at),
        "assurance": row.assurance,
        "method": row.signed_method(),
        "delivery": deliveries.shown(row),
        "valid_from": timestamp(row.valid_from or row.asked_from),
        "valid_until": timestamp(row.valid_until or row.asked_until),
        "duration": row.duration or None,
        "grants": _grants(row),
        "signing_expires_at": timestamp(row.link_expires_at),
        "signed_at": timestamp(row.signed_at),
        "record_sha256": row.record_sha256 or None,
        "revoked_at": timestamp(row.revoked_at),
        "ended_at": timestamp(row.ended_at),
        "supersedes": row.supersedes_id,
        "warnings": [{"code": one.code, "attr": one.attr, "detail": one.detail} for one in warnings],
    }  # fmt: skip


def requested(row: Consent, made: Requested) -> Rendered:
    """A request that was just made, with its link where the asker may have it: test data, or level L0."""
    answer = consent(row, at=row.created_at, warnings=made.warnings)
    return answer if made.signing_url is None else {**answer, "signing_url": made.signing_url}


def _grants(row: Consent) -> list[Rendered]:
    rows = sorted(row.grants.all(), key=lambda one: one.position)
    words = intended_uses.opened_of(rows, row.speaker.subject)
    return [grant(one, words.get(one.id, ())) for one in rows]


def grant(row: Grant, words: Iterable[intended_uses.Words]) -> Rendered:
    """A grant as it is in force; `signed` says what was signed where narrowing left less."""
    known = tuple(words)
    state = "declined" if row.declined_at else "removed" if row.removed_at else "active"
    signed = intended_uses.shown(row.signed, known) if row.scope != row.signed else None
    return {"id": row.id, "state": state, **intended_uses.shown(row.scope, known), "signed": signed}


def record(row: Consent) -> Rendered:
    """The signed record: exact bytes, signature, hash and key. Raises NotSigned."""
    if not row.record:
        raise NotSigned("Nobody has signed this yet.", facts={"state": row.state})
    key = records.public_key(row.organisation_id, row.record_key)
    return {
        "object": "consent_record",
        "consent": row.id,
        "record": base64.b64encode(bytes(row.record)).decode("ascii"),
        "jws": row.record_jws,
        "sha256": row.record_sha256,
        "public_key": base64.b64encode(key).decode("ascii"),
        "key_id": row.record_key,
    }


def event(one: Event) -> Rendered:
    """An event of the log; `body` is null once the key that opens it is gone."""
    return {
        "id": one.event_id,
        "object": "event",
        "type": one.kind,
        "created_at": timestamp(one.at),
        "livemode": one.livemode,
        "log_index": one.index,
        "refs": dict(one.refs),
        "by": one.by,
        "body": dict(one.body) if one.body is not None else None,
    }


def decision(row: Decision) -> Rendered:
    """An answer of the gate."""
    return {
        "id": row.id,
        "object": "decision",
        "created_at": timestamp(row.created_at),
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
        "expires_at": timestamp(row.expires_at),
    }
