"""Writing to the log: an event is recorded in the very transaction that makes it true, or not at
all.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple

from django.db import transaction

from core import background_tasks, canonical_json, ids, transactions
from core.canonical_json import Json
from transparency_log.formats import entry_kinds, log_entry
from transparency_log.models import Body, Outbox
from transparency_log.storage import bulk_insert
from vault import sealed_values, subject_keys

_OURS: Final = {"actor", "speaker"}


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEvent:
    """What `append` takes, for several at once: see there."""

    organisation_id: str
    livemode: bool
    kind: str
    at: datetime
    actor: str
    subject: str | None
    refs: Mapping[str, str]
    body: Mapping[str, Json]
    keyed: Mapping[str, str] = field(default_factory=dict, repr=False)
    speaker: str | None = None
    by: str | None = None


@transactions.requires_transaction
def append_event(
    *,
    organisation_id: str,
    livemode: bool,
    kind: str,
    at: datetime,
    actor: str,
    subject: str | None,
    refs: Mapping[str, str],
    body: Mapping[str, Json],
    keyed: Mapping[str, str] | None = None,
    speaker: str | None = None,
    by: str | None = None,
) -> str:
    """Record an event and give its id, `evt_…`. Make it the last statement of the transaction.

    `subject` is the vault subject whose key commits to the body and seals it; None means the
    organisation's own. `refs` hold public ids alone, and nobody's. `body` holds facts (ids, codes,
    hashes, whole numbers), to which the actor is added, and the `speaker` where the event is about
    one: by that id we find it, and strangers do not. Of a text in `keyed` only its hash under the
    event's key goes into the body (`entries.keyed_hash`). `by` says in the open who wanted it, for
    the kinds that tell (`entry_kinds.EntryKind`).

    Raises RuntimeError outside a transaction; ValueError for an unknown kind, a ref that is not a
    public id, or a body without a canonical form; vault.subject_keys.KeyDestroyed when the subject
    was erased.
    """
    happening = LogEvent(
        organisation_id=organisation_id,
        livemode=livemode,
        kind=kind,
        at=at,
        actor=actor,
        subject=subject,
        refs=refs,
        body=body,
        keyed=keyed or {},
        speaker=speaker,
        by=by,
    )
    return append_events((happening,))[0]


@transactions.requires_transaction
def append_events(happenings: Sequence[LogEvent]) -> tuple[str, ...]:
    """Record many events, in this order, all or none; give their ids. Raises as `append` does.

    For what a sweep or a batch does in one transaction: every key is opened once, the rows go in
    together.
    """
    for happening in happenings:  # before anything is written or any key opened
        _check_event(happening)
    opened: dict[tuple[str, str | None], _Owner] = {}
    event_ids = [ids.new("evt") for _ in happenings]
    bodies, outbox = [], []
    for event_id, happening in zip(event_ids, happenings, strict=True):
        owner = (happening.organisation_id, happening.subject)
        if owner not in opened:
            # Held within this transaction alone: nothing remembers a key past its destruction.
            opened[owner] = _open_owner(happening)
        sealed, waiting = _build_rows(event_id, happening, opened[owner])
        bodies.append(sealed)
        outbox.append(waiting)
    bulk_insert.insert_rows(Body, bulk_insert.BODY, bodies)
    bulk_insert.insert_rows(Outbox, bulk_insert.OUTBOX, outbox)
    for organisation_id in {happening.organisation_id for happening in happenings}:
        _wake_sequencer(organisation_id)
    return tuple(event_ids)


class _Owner(NamedTuple):
    """Whose key commits: the subject, what derives from its key, and the key that names its events'
    keys.
    """

    subject: str
    derive: subject_keys.Derive
    kids: bytes


def _open_owner(happening: LogEvent) -> _Owner:
    subject, derive = subject_keys.open_subject(
        happening.subject, organisation_id=happening.organisation_id, at=happening.at
    )
    return _Owner(subject, derive, derive(log_entry.KIDS))


def _check_event(happening: LogEvent) -> None:
    if _OURS & (happening.body.keys() | happening.keyed.keys()) or set(happening.body) & set(
        happening.keyed
    ):
        raise ValueError(
            "the actor, the speaker and what is keyed are arguments, not part of the body"
        )
    if happening.speaker is not None and not ids.is_id(happening.speaker, "spk"):
        raise ValueError("the speaker is named by a public id")
    entry_kinds.get_kind(happening.kind)


def _build_rows(
    event_id: str, happening: LogEvent, owner: _Owner
) -> tuple[bulk_insert.Values, bulk_insert.Values]:
    """The values of `rows.BODY` and of `rows.OUTBOX`."""
    key = owner.derive(log_entry.get_key_purpose(event_id))
    hashes = {
        name: log_entry.compute_keyed_hash(key, name, text)
        for name, text in happening.keyed.items()
    }
    said = {"actor": happening.actor} | (
        {"speaker": happening.speaker} if happening.speaker else {}
    )
    whole = _to_canonical({**happening.body, **hashes, **said})
    payload = log_entry.build_entry(
        event_id=event_id,
        organisation_id=happening.organisation_id,
        livemode=happening.livemode,
        kind=happening.kind,
        at=happening.at,
        kid=log_entry.compute_kid(owner.kids, event_id),
        commitment=log_entry.commit_to_bytes(key, whole),
        refs=happening.refs,
        by=happening.by,
    )
    sealed = sealed_values.seal_json(owner.derive, log_entry.get_key_purpose(event_id), whole)
    organisation_id = happening.organisation_id
    return (
        (event_id, organisation_id, owner.subject, sealed),
        (organisation_id, event_id, payload, happening.speaker),
    )


def _wake_sequencer(organisation_id: str) -> None:
    # Robust: when the broker is away the business is done all the same, and the beat finds the
    # event. A lambda, since Django's report of a failed callback wants a name, which partial
    # objects lack.
    transaction.on_commit(
        lambda: background_tasks.send_task(
            "transparency_log.settle_organisation", {"organisation_id": organisation_id}
        ),
        robust=True,
    )


def _to_canonical(body: Mapping[str, Json]) -> bytes:
    """The form that is committed to and sealed: whoever opens it later hashes what they see, byte
    for byte.
    """
    whole = canonical_json.dump(body)
    if whole.count(b"[") + whole.count(b"{") > canonical_json.DEEPEST:
        canonical_json.load(whole)  # only so many brackets can be deeper than readers go
    return whole


@transactions.requires_transaction
def forget_bodies(subject: str) -> int:
    """Delete the sealed bodies of an erased subject, give their number.

    The entries stay, and stay provable.
    """
    deleted, _ = Body.objects.filter(subject=subject).delete()
    return deleted


def derive_kids_key(subject: str) -> str:
    """Give, in base64, the key that a subject's `kid` values are made with.

    Raises as `vault.subject_keys.derive_key` does.
    """
    return base64.b64encode(subject_keys.derive_key(subject, log_entry.KIDS)).decode("ascii")
