"""Binding of recordings to a consent, by the SHA-256 of their bytes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from consent import log_events
from consent.errors import WrongState
from consent.models import Consent, SampleHash
from consent.policy.state_machine import ConsentState
from core import transactions
from core.errors import NotFound

_SHA256: Final = re.compile(r"[0-9a-f]{64}\Z")


@transactions.opens_transaction
def register_samples(
    consent_id: str,
    sha256s: Iterable[str],
    *,
    organisation_id: str,
    livemode: bool,
    actor: str,
    at: datetime,
) -> int:
    """Bind recordings to an active consent, so that cloning from them passes the gate.

    Returns how many were new.

    Raises NotFound, WrongState if the consent is not active, ValueError for what is no hash in
    lower-case hex.
    """
    rows = Consent.objects.of(organisation_id, livemode=livemode).select_for_update(
        no_key=True, of=("self",)
    )

    consent = rows.select_related("speaker").filter(id=consent_id).first()
    if consent is None:
        raise NotFound("There is no such consent.")
    if (state := consent.state_at(at)) is not ConsentState.ACTIVE:
        raise WrongState("Only an active consent takes recordings.", facts={"state": state})

    new = bind_samples(consent.id, sha256s, at=at)

    if new:
        log_events.log_consent_event(
            consent, "consent.captured", at=at, actor=actor, body={"samples": list(new)}
        )

    return len(new)


@transactions.requires_transaction
def bind_samples(consent_id: str, sha256s: Iterable[str], *, at: datetime) -> tuple[str, ...]:
    """Bind recordings to a consent and return the new hashes.

    Raises ValueError for what is no hash in lower-case hex.
    """
    wanted = list(dict.fromkeys(sha256s))
    if not all(_SHA256.match(value) for value in wanted):
        raise ValueError("a sample is named by its SHA-256 in lower-case hex")

    known = set(
        SampleHash.objects.filter(consent_id=consent_id, sha256__in=wanted).values_list(
            "sha256", flat=True
        )
    )

    new = tuple(value for value in wanted if value not in known)
    rows = (SampleHash(consent_id=consent_id, sha256=value, registered_at=at) for value in new)
    SampleHash.objects.bulk_create(rows, ignore_conflicts=True)

    return new
