"""Completion of a signature: the evidence is kept, the record signed, and the consent activated."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime

from django.db.models import F

from consent import intended_uses, log_events, row_macs, speakers, wakeups
from consent.documents import consent_record
from consent.documents.consent_record import SignedRecord
from consent.errors import WrongState
from consent.lifecycle import holds, link_deliveries
from consent.lifecycle.consent_moves import move_consent
from consent.models import Consent, Evidence, Grant
from consent.policy.state_machine import ConsentState, Move
from consent.signing import view_model
from consent.signing.open_requests import LinkEnded
from core import canonical_json, ids, transactions
from core.canonical_json import Json
from vault import blobs


def describe_person(consent: Consent) -> dict[str, Json]:
    """Return the person's name, addresses and country at this moment. Receipts are drawn from this,
    whatever the rows hold later.

    Raises LinkEnded when the person is erased.
    """
    personal = speakers.open_personal(consent.speaker)
    if personal is None:
        raise LinkEnded(
            ConsentState.ERASED, consent_id=consent.id, locale=consent.notice_version.locale
        )
    return {
        "name": personal.name,
        "email": personal.email,
        "phone": personal.phone,
        "country": personal.country,
    }


@transactions.requires_transaction
def complete_signing(
    consent: Consent,
    grants: list[Grant],
    ticked: set[str],
    shown: dict[str, Json],
    *,
    method: str,
    actor: str,
    at: datetime,
) -> Consent:
    """Keep the evidence, sign the record, and let the consent stand. The one that it renews gives
    way.
    """
    valid_from, valid_until = view_model.compute_term(consent, at)
    agreed = [grant for grant in grants if grant.id in ticked]
    proofs = [
        *link_deliveries.list_delivery_proofs(consent),
        _keep_evidence(consent, shown, at=at),
    ]

    record = consent_record.build_record(
        consent,
        grants=agreed,
        evidence=proofs,
        method=method,
        valid_from=valid_from,
        valid_until=valid_until,
        at=at,
    )
    signed = consent_record.sign_record(record, organisation_id=consent.organisation_id, at=at)

    # Before the consent is active: a trigger lets nothing be declined afterwards.
    consent.grants.exclude(id__in=ticked).update(declined_at=at, epoch=F("epoch") + 1)
    _activate_consent(consent, signed, valid_from=valid_from, valid_until=valid_until, at=at)

    if any(grant.signed["exclusions"] for grant in agreed):
        # What is excluded here binds the person's other consents too, so the permits that rest on
        # those end.
        holds.invalidate_permits(consent.speaker, but=consent.id)
    _supersede_old_consent(consent, actor=actor, at=at)

    consent.refresh_from_db()
    _log_signature(consent, signed, proofs, agreed, method=method, actor=actor, at=at)
    return consent


def _keep_evidence(consent: Consent, shown: dict[str, Json], *, at: datetime) -> Evidence:
    """Store what the person was shown and answered."""
    # A name alone is quickly guessed from its hash, so the evidence carries 256 random bits with
    # it.
    data = canonical_json.dump({**shown, "consent": consent.id, "salt": secrets.token_hex(32)})
    return Evidence.objects.create(
        id=ids.new("evd"),
        consent=consent,
        kind=str(shown["kind"]),
        sha256=hashlib.sha256(data).hexdigest(),
        blob=blobs.store_blob(subject=consent.speaker.subject, kind="evidence", data=data, at=at),
        created_at=at,
    )


def _activate_consent(
    consent: Consent,
    signed: SignedRecord,
    *,
    valid_from: datetime,
    valid_until: datetime,
    at: datetime,
) -> None:
    """Activate the consent on its signed record.

    Raises WrongState when the request is not open any more, or its term is empty.
    """
    captured = valid_from < valid_until and move_consent(
        consent,
        Move.CAPTURE,
        record=signed.record,
        record_sha256=signed.sha256,
        record_jws=signed.jws,
        record_key=signed.key_id,
        signed_at=at,
        valid_from=valid_from,
        valid_until=valid_until,
    )
    if not captured or not move_consent(consent, Move.ACTIVATE):
        raise WrongState("The request has changed meanwhile.", facts={"state": consent.state})
    row_macs.renew_row_mac(consent.pk)


def _log_signature(
    consent: Consent,
    signed: SignedRecord,
    proofs: list[Evidence],
    agreed: list[Grant],
    *,
    method: str,
    actor: str,
    at: datetime,
) -> None:
    body: dict[str, Json] = {
        "record_sha256": signed.sha256,
        "evidence": [{"kind": one.kind, "sha256": one.sha256} for one in proofs],
        "grants": [
            {
                "id": grant.id,
                "use_case": grant.use_case,
                "intended_uses": grant.signed[intended_uses.HASH],
            }
            for grant in agreed
        ],
        "assurance": consent.assurance,
        "method": method,
    }
    log_events.log_consent_event(consent, "consent.captured", at=at, actor=actor, body=body)
    log_events.log_consent_event(
        consent, "consent.activated", at=at, actor=actor, body={"record_sha256": signed.sha256}
    )


def _supersede_old_consent(consent: Consent, *, actor: str, at: datetime) -> None:
    old = consent.supersedes
    if old is None or not move_consent(old, Move.SUPERSEDE, ended_at=at):
        return
    wakeups.announce_consent_end(old.id)
    log_events.log_consent_event(
        old, "consent.superseded", at=at, actor=actor, body={"superseded_by": consent.id}
    )
