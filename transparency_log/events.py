"""Appending to the log: an event is recorded in the transaction that makes it true."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple

from django.db import transaction

from core import background_tasks, canonical_json, ids, request_fence, transactions
from core.canonical_json import Json
from transparency_log.formats import entry_kinds, log_entry
from transparency_log.models import Body, Outbox
from transparency_log.storage import bulk_insert
from vault import sealed_values, subject_keys

_OURS: Final = {"actor", "speaker"}


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEvent:
    """The arguments of `append_event`, for appending several events at once.

    `event_id` is an id that was made before, so that a row can name its entry in the statement that
    changes it. Without one an id is made.
    """

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
    event_id: str = ""


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
    """Append an event and return its id, `evt_…`. Make it the last statement of the transaction.

    `subject` is the vault subject whose key commits to the body and seals it. None means the
    organisation's own. `refs` hold public ids alone, and no person's. `body` holds facts: ids,
    codes, hashes, whole numbers. The actor is added to it, and the `speaker` if the event is about
    one. By that id we find the event, and strangers do not. Each text in `keyed` enters the body as
    a hash under the event's key (`log_entry.compute_keyed_hash`). `by` names in the open who asked
    for it, for the kinds that hold it (`entry_kinds.EntryKind`).

    Raises RuntimeError outside a transaction, ValueError for an unknown kind, a ref that is not a
    public id, or a body without a canonical form, KeyDestroyed if the subject was erased.
    """
    event = LogEvent(
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

    return append_events((event,))[0]


@transactions.requires_transaction
def append_events(new_events: Sequence[LogEvent]) -> tuple[str, ...]:
    """Append many events in this order, all or none. Return their ids.

    For the events of a sweep or a batch in one transaction: every key is opened once, and the rows
    are inserted together.

    Raises what `append_event` raises.
    """
    # A request that has lost what it held makes nothing true any more.
    request_fence.check_fence()

    # Check all of them before anything is written or any key is opened.
    for event in new_events:
        _check_event(event)

    opened: dict[tuple[str, str | None], _Owner] = {}
    event_ids = [event.event_id or ids.new("evt") for event in new_events]
    bodies, outbox = [], []

    for event_id, event in zip(event_ids, new_events, strict=True):
        owner = (event.organisation_id, event.subject)
        if owner not in opened:
            # The key is held within this transaction alone, so none outlives its destruction.
            opened[owner] = _open_owner(event)

        sealed, waiting = _build_rows(event_id, event, opened[owner])
        bodies.append(sealed)
        outbox.append(waiting)

    bulk_insert.insert_rows(Body, bulk_insert.BODY, bodies)
    bulk_insert.insert_rows(Outbox, bulk_insert.OUTBOX, outbox)

    for organisation_id in {event.organisation_id for event in new_events}:
        _wake_sequencer(organisation_id)

    return tuple(event_ids)


class _Owner(NamedTuple):
    """The owner of a key: the subject, what derives its keys, and the key for its `kid` values."""

    subject: str
    derive: subject_keys.Derive
    kids: bytes


def _open_owner(event: LogEvent) -> _Owner:
    subject, derive = subject_keys.open_subject(
        event.subject, organisation_id=event.organisation_id, at=event.at
    )

    return _Owner(subject, derive, derive(log_entry.KIDS))


def _check_event(event: LogEvent) -> None:
    both = set(event.body) & set(event.keyed)
    if both or _OURS & (event.body.keys() | event.keyed.keys()):
        raise ValueError(
            "the actor, the speaker and what is keyed are arguments, not part of the body"
        )

    if event.speaker is not None and not ids.is_id(event.speaker, "spk"):
        raise ValueError("the speaker is named by a public id")

    entry_kinds.get_kind(event.kind)


def _build_rows(
    event_id: str, event: LogEvent, owner: _Owner
) -> tuple[bulk_insert.Values, bulk_insert.Values]:
    """Return the values of `bulk_insert.BODY` and of `bulk_insert.OUTBOX`."""
    key = owner.derive(log_entry.get_key_purpose(event_id))
    hashes = {
        name: log_entry.compute_keyed_hash(key, name, text) for name, text in event.keyed.items()
    }
    said = {"actor": event.actor}
    if event.speaker:
        said["speaker"] = event.speaker

    whole = _to_canonical({**event.body, **hashes, **said})
    payload = log_entry.build_entry(
        event_id=event_id,
        organisation_id=event.organisation_id,
        livemode=event.livemode,
        kind=event.kind,
        at=event.at,
        kid=log_entry.compute_kid(owner.kids, event_id),
        commitment=log_entry.commit_to_bytes(key, whole),
        refs=event.refs,
        by=event.by,
    )

    sealed = sealed_values.seal_json(owner.derive, log_entry.get_key_purpose(event_id), whole)
    organisation_id = event.organisation_id

    return (
        (event_id, organisation_id, owner.subject, sealed),
        (organisation_id, event_id, payload, event.speaker),
    )


def _wake_sequencer(organisation_id: str) -> None:
    # Robust: without a broker the transaction still commits, and the beat finds the event. It is a
    # lambda, because Django's report of a failed callback wants a name, and partial objects have
    # none.
    transaction.on_commit(
        lambda: background_tasks.send_task(
            "transparency_log.settle_organisation", {"organisation_id": organisation_id}
        ),
        robust=True,
    )


def _to_canonical(body: Mapping[str, Json]) -> bytes:
    """Return the bytes that are committed to and sealed. A later reader hashes the same bytes."""
    whole = canonical_json.dump(body)

    # Only with so many brackets can a body be deeper than readers go.
    if whole.count(b"[") + whole.count(b"{") > canonical_json.DEEPEST:
        canonical_json.load(whole)

    return whole


@transactions.requires_transaction
def erase_bodies_of_subject(subject: str) -> int:
    """Delete the sealed bodies of an erased subject and return their number.

    The entries stay, and stay provable.
    """
    deleted, _ = Body.objects.filter(subject=subject).delete()

    return deleted


def derive_kids_key(subject: str) -> str:
    """Return, in base64, the key that makes a subject's `kid` values.

    Raises what `vault.subject_keys.derive_key` raises.
    """
    return base64.b64encode(subject_keys.derive_key(subject, log_entry.KIDS)).decode("ascii")
