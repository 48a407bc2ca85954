"""Reading the log: events in order, with their bodies where the key still exists."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final, cast

from core import clock
from core.canonical_json import Json
from core.errors import NotFound
from transparency_log.formats import log_entry
from transparency_log.models import Body, Entry, EventRef
from vault import sealed_values, subject_keys

CHUNK: Final = 1000
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedEvent:
    """An entry of the log with its opened body.

    `payload` is the exact leaf. `subject` names the owner of the key that opens the body. `body` is
    None after that key was destroyed. `subject` is None after the sealed body was deleted too,
    because the entry itself does not name it.
    """

    index: int
    event_id: str
    organisation_id: str
    livemode: bool
    kind: str
    at: datetime
    subject: str | None
    refs: Mapping[str, str]
    body: Mapping[str, Json] | None
    payload: bytes
    by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What opens one entry for an auditor: the event's key and the body that was committed to.

    It opens no other entry.
    """

    index: int
    event_id: str
    key: bytes
    body: Mapping[str, Json]

    def line(self) -> dict[str, Json]:
        """Return the form of one line in `openings.jsonl`."""
        key = base64.b64encode(self.key).decode("ascii")
        return {"index": self.index, "id": self.event_id, "key": key, "body": dict(self.body)}


def walk_events(
    organisation_id: str,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    ref: str | None = None,
    livemode: bool | None = None,
    kinds: str | None = None,
) -> Iterator[LoggedEvent]:
    """Yield the events of a log in order of their index.

    `since` and `until` are half-open over the times of the events. `ref` is a public id that the
    entry names. `kinds` is a prefix of the kind, such as `consent.`. With both, the
    entries are those that are about `ref`.

    This is a generator over a server-side cursor: memory does not grow with the log. Events in the
    outbox are not seen. Call `sequencer.settle_log` first.
    """
    rows = Entry.objects.filter(organisation_id=organisation_id).order_by("idx")
    if since is not None:
        rows = rows.filter(at_ms__gte=clock.to_millis(since))
    if until is not None:
        rows = rows.filter(at_ms__lt=clock.to_millis(until))
    if livemode is not None:
        rows = rows.filter(livemode=livemode)
    if kinds is not None:
        rows = rows.filter(kind__startswith=kinds)
    if ref is not None:
        named = EventRef.objects.filter(organisation_id=organisation_id, ref=ref)
        if kinds is not None:
            named = named.filter(about=True)
        rows = rows.filter(idx__in=named.values("idx"))

    walk = rows.iterator(chunk_size=CHUNK)
    while chunk := list(islice(walk, CHUNK)):
        yield from _open_entries(chunk)


def walk_openings(
    organisation_id: str, *, since: datetime | None = None, until: datetime | None = None
) -> Iterator[Opening]:
    """Yield the openings of a log in order of their index, at constant memory.

    Events whose key was destroyed are left out.
    """
    for event in walk_events(organisation_id, since=since, until=until):
        if (found := _build_opening(event)) is not None:
            yield found


def get_event(event_id: str) -> LoggedEvent:
    """Return one event that has its place in the log.

    Raises NotFound.
    """
    for found in _open_entries(Entry.objects.filter(event_id=event_id)):
        return found

    raise NotFound("There is no such event.")


def get_opening(event_id: str) -> Opening | None:
    """Return what opens one event, or None if its key was destroyed.

    Raises NotFound.
    """
    return _build_opening(get_event(event_id))


def _build_opening(event: LoggedEvent) -> Opening | None:
    if event.body is None or event.subject is None:
        return None

    try:
        key = subject_keys.derive_key(event.subject, log_entry.get_key_purpose(event.event_id))
    except NotFound:
        # The key was destroyed after the body was opened.
        return None

    return Opening(index=event.index, event_id=event.event_id, key=key, body=event.body)


def _open_entries(chunk: Iterable[Entry]) -> Iterator[LoggedEvent]:
    rows = list(chunk)
    bodies = Body.objects.in_bulk([row.event_id for row in rows])

    for row in rows:
        payload = bytes(row.payload)
        facts = log_entry.read_entry(payload)
        sealed = bodies.get(row.event_id)

        yield LoggedEvent(
            index=row.idx,
            event_id=facts.event_id,
            organisation_id=facts.organisation_id,
            livemode=facts.livemode,
            kind=facts.kind,
            at=EPOCH + timedelta(milliseconds=facts.at_ms),
            subject=sealed.subject if sealed else None,
            refs=dict(facts.refs),
            body=_unseal_body(sealed),
            payload=payload,
            by=facts.by,
        )


def _unseal_body(body: Body | None) -> Mapping[str, Json] | None:
    if body is None:
        return None

    try:
        value = sealed_values.unseal(
            body.subject, log_entry.get_key_purpose(body.event_id), bytes(body.sealed)
        )
    except NotFound:
        # Also a KeyDestroyed.
        return None

    return cast("Mapping[str, Json]", value)
