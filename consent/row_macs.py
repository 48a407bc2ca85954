"""Row MACs: they show that the row of a consent was changed by hand, before it permits anything.

The record proves what was signed. The state since then, its epoch, and what narrowing left of it
are in the rows alone. So each act that moves a consent in force writes a MAC over them, under the
person's key in the vault. Who can write rows and does not have that key can break a MAC, and can
never make one. A broken one is never renewed.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Final

from consent.models import Consent, Grant, Hold
from consent.policy import providers
from consent.policy.state_machine import BINDING
from core import canonical_json, transactions
from core.canonical_json import Json
from core.clock import to_rfc3339
from core.compiled_queries import CompiledQuery
from core.errors import NotFound
from vault import subject_keys

_PURPOSE: Final = "consent-standing|"
COLUMNS: Final = (
    "organisation_id", "livemode", "speaker_id", "record_sha256", "supersedes_id", "state",
    "revocation_epoch", "suspended_by", "valid_from", "valid_until", "providers", "standing_mac",
)  # fmt: skip
"""The columns of a consent that the MAC covers, and the MAC."""

_CONSENT: Final = CompiledQuery(
    lambda consent: (
        Consent.objects.select_related("speaker")
        .only(*COLUMNS, "speaker__subject")
        .filter(id=consent)
    ),
    texts=1,
)
_GRANTS: Final = CompiledQuery(lambda consent: Grant.objects.filter(consent_id=consent), texts=1)
_HOLDS: Final = CompiledQuery(
    lambda speaker: Hold.objects.only("ground").filter(speaker_id=speaker, lifted_at=None), texts=1
)


class SealBroken(Exception):
    """The rows of a consent are not as the last act left them."""


def encode_consent_state(
    consent: Consent, grants: Sequence[Grant], holds: Collection[str]
) -> bytes:
    """Return the canonical bytes of a consent's state. `grants` are all of its own, in any order.

    `holds` are the grounds on which the person's voice is held. They count while the consent may
    permit something. An ended consent keeps the MAC of its last act, whatever is held later.
    """
    said: dict[str, Json] = {
        "consent": consent.id,
        "organisation": consent.organisation_id,
        "livemode": consent.livemode,
        "speaker": consent.speaker_id,
        "record_sha256": consent.record_sha256,
        "supersedes": consent.supersedes_id,
        "state": str(consent.state),
        "epoch": consent.revocation_epoch,
        "suspended_by": consent.suspended_by,
        "term": [
            to_rfc3339(end) if end else None for end in (consent.valid_from, consent.valid_until)
        ],
        "holds": sorted(holds) if consent.state in BINDING else [],
        "grants": [
            {
                "id": grant.id,
                "scope": scope_sha256(grant),
                "declined": grant.declined_at is not None,
                "removed": grant.removed_at is not None,
            }
            for grant in sorted(grants, key=lambda one: one.id)
        ],
    }

    # Left out for the built-in engine alone, as in the MACs from before providers were part of the
    # scope. So these stay good, and still no two lists give the same bytes.
    if consent.providers != providers.list_only_local():
        said["providers"] = list(consent.providers)

    return canonical_json.dump(said)


def scope_sha256(grant: Grant) -> str:
    """Return the hash of a grant's scope in canonical form, as the log names it too."""
    return canonical_json.sha256_hex(canonical_json.dump(grant.scope))


def check_row_mac(consent: Consent, grants: Sequence[Grant], holds: Collection[str]) -> None:
    """Check that the rows are as the last act left them. A good MAC is cached with its rows.

    Raises SealBroken.
    """
    _check_cached(
        consent.speaker.subject,
        consent.id,
        encode_consent_state(consent, grants, holds),
        consent.standing_mac,
    )


def list_hold_grounds(speaker_id: str) -> tuple[str, ...]:
    """Return the grounds on which this person's voice is held."""
    return tuple(hold.ground for hold in _HOLDS.find_all(speaker_id))


@contextmanager
def keep_row_mac(consent_id: str) -> Iterator[None]:
    """Renew the MAC of a locked consent after an act that moves it, if its old MAC was good.

    Must run inside a transaction.
    """
    whole = _is_mac_valid(consent_id)

    yield

    if whole:
        renew_row_mac(consent_id)


@transactions.requires_transaction
def renew_row_mac(consent_id: str) -> None:
    """Write the MAC of a consent as it is now.

    Use it after the signature alone. Otherwise use `keep_row_mac`, which checks the old MAC first.
    """
    consent, grants, holds = _read_rows(consent_id)
    mac = _compute_mac(
        consent.speaker.subject, consent.id, encode_consent_state(consent, grants, holds)
    )
    Consent.objects.filter(id=consent_id).update(standing_mac=mac)


@transactions.requires_transaction
def _is_mac_valid(consent_id: str) -> bool:
    consent, grants, holds = _read_rows(consent_id)

    try:
        # A cached check does not need the key, so open it here.
        subject_keys.derive_key(consent.speaker.subject, _PURPOSE + consent.id)
        check_row_mac(consent, grants, holds)
    except (SealBroken, NotFound):
        # NotFound includes a destroyed key.
        return False

    return True


def _read_rows(consent_id: str) -> tuple[Consent, list[Grant], tuple[str, ...]]:
    consent = _CONSENT.find_first(consent_id)
    if consent is None:
        raise Consent.DoesNotExist(consent_id)

    return consent, _GRANTS.find_all(consent_id), list_hold_grounds(consent.speaker_id)


@lru_cache(maxsize=8192)
def _check_cached(subject: str, consent_id: str, message: bytes, mac: str) -> None:
    if not mac:
        raise SealBroken(
            f"{consent_id} has no seal; it was signed before there were seals, or the seal was "
            "taken away"
        )

    if not hmac.compare_digest(mac, _compute_mac(subject, consent_id, message)):
        raise SealBroken(f"{consent_id} is not as its last act left it")


def _compute_mac(subject: str, consent_id: str, message: bytes) -> str:
    return hmac.new(
        subject_keys.derive_key(subject, _PURPOSE + consent_id), message, hashlib.sha256
    ).hexdigest()
