"""Writing to the log: an event is recorded in the very transaction that makes it true, or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import cast

from django.db import transaction

from core import canonical, ids, tx
from core.canonical import Json
from provenance import tasks
from provenance.ledger import entries
from provenance.models import Body, Outbox
from vault import keys, sealing


@tx.required
def append(
    *,
    organisation_id: str,
    livemode: bool,
    kind: str,
    at: datetime,
    actor: str,
    subject: str | None,
    refs: Mapping[str, str],
    body: Mapping[str, Json],
) -> str:
    """Record an event and give its id, `evt_…`. Make it the last statement of the transaction.

    `subject` is the vault subject whose key commits to the body and seals it; None means the organisation's own. `refs`
    hold public ids alone. `body` holds facts (ids, codes, hashes, whole numbers), to which the actor is added.

    Raises RuntimeError outside a transaction; ValueError for an unknown kind, a ref that is not a public id, or a body
    without a canonical form; vault.keys.KeyDestroyed when the subject was erased.
    """
    if "actor" in body:
        raise ValueError("the actor is an argument, not part of the body")
    entries.check_kind(kind)
    event_id, whole = ids.new("evt"), _canonical({**body, "actor": actor})
    subject = subject or keys.of_organisation(organisation_id, at=at)
    derive = keys.deriver(subject)  # opened once for the commitment and the seal, within this transaction
    payload = entries.build(
        event_id=event_id,
        organisation_id=organisation_id,
        livemode=livemode,
        kind=kind,
        at=at,
        subject=subject,
        commitment=entries.commitment(derive(entries.purpose(event_id)), whole),
        refs=refs,
    )
    sealed = sealing.seal_with(derive, entries.purpose(event_id), whole)
    Body.objects.create(event_id=event_id, organisation_id=organisation_id, subject=subject, sealed=sealed)
    Outbox.objects.create(organisation_id=organisation_id, event_id=event_id, payload=payload)
    # Robust: when the broker is away the business is done all the same, and the beat finds the event.
    # A lambda, since Django's report of a failed callback wants a name, which partial objects lack.
    transaction.on_commit(lambda: tasks.settle_organisation.delay(organisation_id=organisation_id), robust=True)
    return event_id


def _canonical(body: Mapping[str, Json]) -> dict[str, Json]:
    """Bring the body to the form that was committed to: whoever opens it later hashes what they see, byte for byte."""
    return cast("dict[str, Json]", canonical.load(canonical.dump(body)))


@tx.required
def forget(subject: str) -> int:
    """Delete the sealed bodies of an erased subject, give their number. The entries stay, and stay provable."""
    deleted, _ = Body.objects.filter(subject=subject).delete()
    return deleted
