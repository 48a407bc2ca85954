"""Check of the rows that a decision rests on against what the person signed.

Rows can be rewritten by hand. What was signed cannot be changed: the record's bytes have the hash
that the row names, the organisation's record key signed them, and they say whose consent it is, for
how long, at which level and for what. A permit exists only within that, and only if the row MAC is
good.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from consent import row_macs
from consent.documents import consent_record
from consent.models import Consent, Grant
from consent.policy import providers, scope_comparison
from consent.policy.state_machine import ConsentState
from core import canonical_json, jws
from core.clock import to_rfc3339

_KEPT: Final = 2048


class RecordMismatch(Exception):
    """A row differs from the record that was signed."""


def check_signed_records(
    chain: Sequence[Consent], grants: Sequence[Grant], holds: Collection[str], *, on: date
) -> None:
    """Check that the rows lie within what was signed. A repeated check is cached.

    1. Every consent of the chain agrees with its record, and each succeeds the one before.
    2. Every grant in force lies within its signed scope.
    3. The row MAC of the last consent is good.

    `chain` leads from the consent asked for to the one that answers for it. `grants` are all grants
    of the last one.

    Raises RecordMismatch, SealBroken.
    """
    _check_chain(chain)

    answering = chain[-1]
    # Nothing is allowed under it, whatever its rows say.
    if answering.state != ConsentState.ACTIVE:
        return
    if not answering.record_sha256:
        raise RecordMismatch("an active consent without a record")

    signed = _read_record(answering)
    for grant in grants:
        if grant.declined_at is None and grant.removed_at is None:
            _check_grant(grant, signed, on=on)

    row_macs.check_row_mac(answering, grants, holds)


def check_other_consents(others: Iterable[Consent], holds: Collection[str]) -> None:
    """Check that the person's other consents, also ended ones, are as their last act left them.

    Their exclusions bind this consent. So ending one by hand, or deleting its exclusions, must gain
    nothing.

    Raises SealBroken.
    """
    for consent in others:
        row_macs.check_row_mac(consent, list(consent.grants.all()), holds)


def _check_chain(chain: Sequence[Consent]) -> None:
    for consent in chain:
        if consent.record_sha256:
            _check_consent(consent)

    for older, newer in pairwise(chain):
        if newer.supersedes_id != older.id or newer.speaker_id != older.speaker_id:
            raise RecordMismatch("a successor that does not take this one's place")


def _check_consent(consent: Consent) -> None:
    """Compare person, organisation, term, level and providers of the row with the record."""
    record = _read_record(consent)
    header = record["header"]
    told = record["events"][0]
    term = told["validity_duration"]
    pairs = (
        (header["record_id"], consent.id),
        (header["pii_principal_id"], consent.speaker_id),
        (header["livemode"], consent.livemode),
        (header["supersedes"], consent.supersedes_id),
        (record["parties"][0]["party_id"], consent.organisation_id),
        (consent.speaker.organisation_id, consent.organisation_id),
        (record["assurance"], consent.assurance),
        (term["from"], to_rfc3339(consent.valid_from) if consent.valid_from else None),
        (term["until"], to_rfc3339(consent.valid_until) if consent.valid_until else None),
    )

    if any(said != found for said, found in pairs):
        raise RecordMismatch("the row of a consent differs from its record")
    if not providers.read_signed_codes(record).issuperset(consent.providers):
        raise RecordMismatch("a provider that was not signed")


def _check_grant(grant: Grant, record: Mapping[str, Any], *, on: date) -> None:
    signed = {one["grant_id"]: one["scope"] for one in record["processing"]}.get(grant.id)
    if signed is None:
        raise RecordMismatch("a grant without a signature")

    if _reaches_beyond(canonical_json.dump(grant.scope), canonical_json.dump(signed), on):
        raise RecordMismatch("a scope that reaches beyond what was signed")


@lru_cache(maxsize=4 * _KEPT)
def _reaches_beyond(scope: bytes, signed: bytes, on: date) -> bool:
    # A scope lies within itself, also if it holds words from before they were canonical.
    return scope != signed and bool(
        scope_comparison.find_widened_fields(json.loads(scope), json.loads(signed), on=on)
    )


def _read_record(consent: Consent) -> Mapping[str, Any]:
    data = bytes(consent.record or b"")

    return _verify_record(
        consent.organisation_id, consent.record_key, consent.record_sha256, data, consent.record_jws
    )


@lru_cache(maxsize=_KEPT)
def _verify_record(
    organisation_id: str, key_id: str, sha256: str, data: bytes, compact: str
) -> Mapping[str, Any]:
    """Return the record of bytes that have this hash and that this organisation's key signed."""
    if canonical_json.sha256_hex(data) != sha256:
        raise RecordMismatch("the record has another hash than the row names")

    try:
        parts = jws.parse_compact(compact)
    except ValueError as error:
        raise RecordMismatch("the signature is not a JWS") from error
    expected = {"alg": jws.ED25519, "kid": key_id, "typ": consent_record.JWS_TYPE}
    if parts.header != expected or parts.payload != data:
        raise RecordMismatch("the signature is over other bytes, or by another key")

    key = Ed25519PublicKey.from_public_bytes(consent_record.get_record_key(organisation_id, key_id))
    try:
        key.verify(parts.signature, parts.signed)
    except InvalidSignature as error:
        raise RecordMismatch("the record is not signed by the organisation's key") from error

    read: Mapping[str, Any] = json.loads(data)

    return read
