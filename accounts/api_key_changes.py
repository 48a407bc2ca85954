"""Changes to API keys, each one transaction with its event for the log."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, TypedDict, Unpack

from accounts import api_key_defaults, api_key_format, api_scopes, domain_events, note_sealing
from accounts.models import ApiKey, Organisation
from core import ids, transactions
from core.caller_notes import Notes
from core.canonical_json import Json
from core.errors import Conflict, Fault, Invalid, NotFound

OVERLAP: Final = timedelta(hours=24)
MAX_OVERLAP: Final = timedelta(days=30)
CHANGEABLE: Final = frozenset(
    {
        "product",
        "scopes",
        "default_use_case",
        "default_channel",
        "default_territory",
        "default_language",
        "calls_per_minute",
        "expires_at",
        "external_id",
        "metadata",
    }
)
NOTES: Final = frozenset({"external_id", "metadata"})


class KeyTerms(TypedDict, total=False):
    """What may be set of a new key. What is left out is empty, and 600 calls a minute."""

    default_use_case: str
    default_channel: str
    default_territory: str
    default_language: str
    calls_per_minute: int
    expires_at: datetime | None
    external_id: str
    metadata: Mapping[str, str] | None


class KeyIsDisabled(Conflict):
    """A disabled key stays disabled."""

    code = "key_disabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedKey:
    """A key and its secret, which exists here and at the caller's only, once."""

    key: ApiKey
    secret: str


@transactions.opens_transaction
def issue_key(
    *,
    organisation: Organisation,
    product: str,
    livemode: bool,
    scopes_granted: Iterable[str] = api_scopes.ALL,
    actor: str,
    at: datetime,
    **terms: Unpack[KeyTerms],
) -> IssuedKey:
    """Make an API key of a product. The secret is in the answer and nowhere else.

    Raises Invalid when it would expire before it begins and for a default that is not known,
    ValueError for an unknown scope.
    """
    _must_lie_ahead(terms.get("expires_at"), at=at)

    key_id = ids.new("key")
    columns = _build_columns(terms, key_id, organisation, at=at)

    secret = api_key_format.encode_api_key(
        secrets.token_bytes(api_key_format.RANDOM_BYTES), livemode=livemode
    )
    key = ApiKey.objects.create(
        id=key_id,
        organisation=organisation,
        product=product,
        livemode=livemode,
        prefix=api_key_format.get_key_prefix(secret),
        secret_sha256=api_key_format.hash_api_key(secret),
        scopes=api_scopes.order_scopes(scopes_granted),
        created_at=at,
        **columns,
    )

    _emit_key_event(
        "key.issued",
        key,
        actor=actor,
        at=at,
        facts={"scopes": list(key.scopes), "livemode": livemode},
    )
    return IssuedKey(key=key, secret=secret)


def _build_columns(
    terms: KeyTerms, key_id: str, organisation: Organisation, *, at: datetime
) -> dict[str, Any]:
    """Return the columns of a new key: canonical defaults, limit, expiry and sealed notes."""
    defaults = api_key_defaults.canonicalise_defaults(
        {
            "default_use_case": terms.get("default_use_case", ""),
            "default_channel": terms.get("default_channel", ""),
            "default_territory": terms.get("default_territory", ""),
            "default_language": terms.get("default_language", ""),
        }
    )
    notes = Notes(external_id=terms.get("external_id", ""), metadata=terms.get("metadata") or {})

    return {
        **defaults,
        "calls_per_minute": terms.get("calls_per_minute", 600),
        "expires_at": terms.get("expires_at"),
        **note_sealing.note_sealer.get().columns(
            notes, row_id=key_id, organisation_id=organisation.id, at=at
        ),
    }


@transactions.opens_transaction
def rotate_key(
    key_id: str,
    *,
    organisation: Organisation,
    overlap: timedelta = OVERLAP,
    keep_jobs: bool = False,
    actor: str,
    at: datetime,
) -> IssuedKey:
    """Add a second secret to the key. The first one is accepted until `at + overlap`, an older one
    no more.

    Without an overlap the first secret is given up at once, and what was queued with the key ends
    unless `keep_jobs`.

    Raises NotFound, KeyIsDisabled, Invalid for an overlap below 0 or above 30 days.
    """
    if not timedelta(0) <= overlap <= MAX_OVERLAP:
        detail = "The overlap lies between nothing and 30 days."
        raise Invalid(detail, faults=(Fault(code="out_of_range", detail=detail, attr="overlap"),))
    key = _lock_key(key_id, organisation)
    secret = api_key_format.encode_api_key(
        secrets.token_bytes(api_key_format.RANDOM_BYTES), livemode=key.livemode
    )
    # An overlap of zero would end when it begins, which the row does not allow. So without an
    # overlap the old secret is dropped.
    key.previous_sha256 = key.secret_sha256 if overlap else None
    key.previous_until = at + overlap if overlap else None
    key.secret_sha256, key.prefix = (
        api_key_format.hash_api_key(secret),
        api_key_format.get_key_prefix(secret),
    )
    key.save(update_fields=["previous_sha256", "previous_until", "secret_sha256", "prefix"])
    _emit_key_event(
        "key.rotated",
        key,
        actor=actor,
        at=at,
        facts={
            "overlap_seconds": int(overlap.total_seconds()),
            "keep_jobs": keep_jobs or bool(overlap),
        },
    )
    return IssuedKey(key=key, secret=secret)


@transactions.opens_transaction
def update_key(
    key_id: str,
    *,
    organisation: Organisation,
    changes: Mapping[str, object],
    keep_jobs: bool | None = None,
    actor: str,
    at: datetime,
) -> ApiKey:
    """Change fields of a key: product, scopes, defaults, limit, expiry, external_id, metadata.

    What the key began and may not do any more ends, now or when it expires. With `keep_jobs` it
    goes on.

    Raises NotFound, KeyIsDisabled, Invalid for an expiry in the past and for a default that is not
    known.
    """
    key = _lock_key(key_id, organisation)
    if unknown := set(changes) - CHANGEABLE:
        raise ValueError(f"not a changeable field: {sorted(unknown)[0]}")
    changes = api_key_defaults.canonicalise_defaults(changes)
    noted = (
        note_sealing.note_sealer.get()
        .open_notes(key, organisation_id=organisation.id)
        .with_changes(changes)
    )
    kept = note_sealing.note_sealer.get().columns(
        noted, row_id=key.id, organisation_id=organisation.id, at=at
    )
    columns = {name: value for name, value in changes.items() if name not in NOTES} | dict(kept)
    for name, value in columns.items():
        setattr(key, name, value)
    if "expires_at" in changes:
        _must_lie_ahead(key.expires_at, at=at)
    key.scopes = api_scopes.order_scopes(key.scopes)
    if keep_jobs is not None or not {"scopes", "expires_at"}.isdisjoint(changes):
        key.keeps_jobs = bool(keep_jobs)
    key.save(update_fields=[*sorted(columns), "keeps_jobs"])
    facts: dict[str, Json] = {
        "action": "key.updated",
        "fields": sorted(changes),
        "scopes": list(key.scopes),
        "keep_jobs": key.keeps_jobs,
    }
    _emit_key_event("admin.action", key, actor=actor, at=at, facts=facts)
    return key


@transactions.opens_transaction
def disable_key(
    key_id: str, *, organisation: Organisation, actor: str, at: datetime, keep_jobs: bool = False
) -> ApiKey:
    """End a key at once, both its secrets, and what it began unless `keep_jobs`. Raises NotFound.

    A second time changes nothing, but ends what was kept the first time when `keep_jobs` is left
    out.
    """
    mine = ApiKey.objects.filter(id=key_id, organisation=organisation)
    changed = mine.filter(disabled_at=None).update(disabled_at=at, keeps_jobs=keep_jobs)
    if not keep_jobs:
        changed = mine.filter(keeps_jobs=True).update(keeps_jobs=False) or changed
    key = _get_key(key_id, organisation)
    if changed:
        _emit_key_event("key.disabled", key, actor=actor, at=at, facts={"keep_jobs": keep_jobs})
    return key


def _lock_key(key_id: str, organisation: Organisation) -> ApiKey:
    key = ApiKey.objects.select_for_update().filter(id=key_id, organisation=organisation).first()
    if key is None:
        raise NotFound("There is no such key.")
    if key.disabled_at is not None:
        raise KeyIsDisabled("This key is disabled.")
    return key


def _get_key(key_id: str, organisation: Organisation) -> ApiKey:
    key = ApiKey.objects.filter(id=key_id, organisation=organisation).first()
    if key is None:
        raise NotFound("There is no such key.")
    return key


def _must_lie_ahead(expires_at: datetime | None, *, at: datetime) -> None:
    if expires_at is not None and expires_at <= at:
        detail = "A key must expire later than now."
        raise Invalid(
            detail, faults=(Fault(code="out_of_range", detail=detail, attr="expires_at"),)
        )


def _emit_key_event(
    kind: domain_events.Kind, key: ApiKey, *, actor: str, at: datetime, facts: dict[str, Json]
) -> None:
    domain_events.emit_event(
        domain_events.DomainEvent(
            kind=kind,
            organisation_id=key.organisation_id,
            livemode=key.livemode,
            at=at,
            actor=actor,
            refs={"key": key.id},
            facts=facts,
        )
    )
