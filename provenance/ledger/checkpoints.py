"""Checkpoints: sign the committed head, remember it outside the database, publish it. Never a fork, never backwards.

Origin and key name are the log's prefix without scheme, `<host[:port]>/log/<org id>`: host and port as they stood in
SAYSO_PUBLIC_URL when the log began, the port only where it is not the scheme's own. After a recovery `/2`, `/3` ... is
added.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction

from core.errors import Unavailable
from provenance.ledger import anchors, notes, store
from provenance.ledger.anchors import Anchor
from provenance.models import Checkpoint, Head
from vault import signing

_OWN_PORTS: Final = {"http": 80, "https": 443}


class AnchorMismatch(Unavailable):
    """The database holds less than was published, or something else; or the anchor is gone and nobody can tell.

    Publishing would show two histories. Waiting does not help; an operator decides (`manage.py recover_log`).
    """

    code = "log_anchor_mismatch"
    retryable = False


def origin(organisation_id: str) -> str:
    """Give the origin line of a log that begins now."""
    parts = urlsplit(settings.SAYSO_PUBLIC_URL)
    host = parts.hostname or "localhost"
    host = f"[{host}]" if ":" in host else host
    port = f":{parts.port}" if parts.port and parts.port != _OWN_PORTS.get(parts.scheme) else ""
    return f"{host}{port}/log/{organisation_id}"


def latest(organisation_id: str) -> Checkpoint | None:
    """Give the newest published checkpoint."""
    return Checkpoint.objects.filter(organisation_id=organisation_id).order_by("-size").first()


def keys(organisation_id: str) -> tuple[notes.Key, ...]:
    """Give every verifier key that this log ever had, under every name it ever had, newest first."""
    head = Head.objects.filter(organisation_id=organisation_id).first()
    names = head.names if head else (origin(organisation_id),)
    public = signing.public_keys(organisation_id, "log")
    return tuple(
        notes.Key(name=name, public_key=key.public_key) for name in reversed(names) for key in reversed(public)
    )


def publish(organisation_id: str, *, at: datetime) -> Checkpoint | None:
    """Sign and publish the committed head, unless that was done; None for a log without entries.

    The anchor is written first: a crash in between leaves an anchor that the head already reaches. Not inside a
    transaction (RuntimeError). Raises AnchorMismatch, anchors.AnchorUnreadable, vault.errors.KmsUnavailable.
    """
    _outside_transactions()
    with anchors.current().hold(organisation_id) as anchor:
        head = Head.objects.filter(organisation_id=organisation_id, size__gt=0).first()
        known = anchor.read()
        if head is None:
            if known is not None:
                raise AnchorMismatch("The database holds nothing of a log that was published.")
            return None
        compare(head, known)
        if known is None and was_published(head):
            raise AnchorMismatch("The anchor of this log is gone: nobody knows what was published since.")
        published = Checkpoint.objects.filter(organisation_id=organisation_id, size=head.size).first()
        if published is not None and known is not None and known.size == head.size:
            return published
        note = published.note if published else _signed(head, at=at)
        if known is not None and known.generation != head.generation:
            anchor.retire(known)
        anchor.write(Anchor(generation=head.generation, size=head.size, root=bytes(head.root), note=note))
        return published or _insert(head, note, at=at)


def _outside_transactions() -> None:
    """Refuse inside a transaction; the one that Django's test cases wrap around a test does not count."""
    if transaction.get_connection().in_atomic_block:
        with transaction.atomic(durable=True):
            pass


def compare(head: Head, known: Anchor | None) -> None:
    """Raise AnchorMismatch unless the head continues what was published last, or a recovery began a new name since."""
    if known is None or known.generation < head.generation:
        return
    if known.generation > head.generation or known.size > head.size:
        raise AnchorMismatch(
            "The log is shorter than what was published.", facts={"published": known.size, "found": head.size}
        )
    found = bytes(head.root) if known.size == head.size else store.root_at(head.organisation_id, known.size)
    if found != known.root:
        raise AnchorMismatch("The log is not the one that was published.", facts={"published": known.size})


def was_published(head: Head) -> bool:
    """Say whether there is a checkpoint under the log's present name: an anchor was written before it."""
    newest = latest(head.organisation_id)
    return newest is not None and notes.parse_checkpoint(notes.parts(newest.note)[0]).origin == head.name


def _signed(head: Head, *, at: datetime) -> str:
    signers = signing.signers("log", organisation_id=head.organisation_id, at=at)
    text = notes.TreeHead(origin=head.name, size=head.size, root=bytes(head.root)).text()
    return notes.sign(text, [(notes.Key(name=head.name, public_key=each.public_key), each.sign) for each in signers])


def _insert(head: Head, note: str, *, at: datetime) -> Checkpoint:
    row = Checkpoint(organisation_id=head.organisation_id, size=head.size, root=head.root, note=note, signed_at=at)
    Checkpoint.objects.bulk_create([row], ignore_conflicts=True)
    return Checkpoint.objects.get(organisation_id=head.organisation_id, size=head.size)
