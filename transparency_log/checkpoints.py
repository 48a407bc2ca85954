"""Checkpoints: sign the committed head, store it in the anchor, publish it.

Origin and key name are the log's prefix without scheme, `<host[:port]>/log/<org id>`. Host and port
are those of SAYSO_PUBLIC_URL when the log began, the port only where it is not the scheme's own.
After a recovery `/2`, `/3` … is added.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction

from core.errors import Unavailable
from transparency_log import anchors
from transparency_log.anchors import Anchor
from transparency_log.formats import signed_note
from transparency_log.models import Checkpoint, Head
from transparency_log.storage import tile_store
from vault import signing_keys

_OWN_PORTS: Final = {"http": 80, "https": 443}


class AnchorMismatch(Unavailable):
    """The database holds less than was published, or something else. Or the anchor is gone, so that
    this cannot be decided.

    Publishing would show two histories. Waiting does not help. An operator decides (`manage.py
    recover_log`).
    """

    code = "log_anchor_mismatch"
    retryable = False


def build_origin(organisation_id: str) -> str:
    """Return the origin line of a log that begins now."""
    parts = urlsplit(settings.SAYSO_PUBLIC_URL)
    host = parts.hostname or "localhost"
    host = f"[{host}]" if ":" in host else host
    port = f":{parts.port}" if parts.port and parts.port != _OWN_PORTS.get(parts.scheme) else ""

    return f"{host}{port}/log/{organisation_id}"


def get_latest_checkpoint(organisation_id: str) -> Checkpoint | None:
    """Return the newest published checkpoint, or None."""
    return Checkpoint.objects.filter(organisation_id=organisation_id).order_by("-size").first()


def list_verifier_keys(organisation_id: str) -> tuple[signed_note.VerifierKey, ...]:
    """Return every verifier key of this log under every name that it had, newest first."""
    head = Head.objects.filter(organisation_id=organisation_id).first()
    names = head.names if head else (build_origin(organisation_id),)
    public = signing_keys.list_public_keys(organisation_id, "log")

    return tuple(
        signed_note.VerifierKey(name=name, public_key=key.public_key)
        for name in reversed(names)
        for key in reversed(public)
    )


def publish_checkpoint(organisation_id: str, *, at: datetime) -> Checkpoint | None:
    """Sign and publish the committed head, unless that was done. None for a log without entries.

    1. Lock the anchor.
    2. Compare the head with the anchor: it must continue what was published.
    3. Sign the head and write the anchor. A crash after it leaves an anchor that the head already
       reaches.
    4. Insert the checkpoint.

    Must not run inside a transaction (RuntimeError).

    Raises AnchorMismatch, AnchorUnreadable, KmsUnavailable.
    """
    _refuse_transaction()

    with anchors.get_anchors().hold(organisation_id) as anchor:
        head = Head.objects.filter(organisation_id=organisation_id, size__gt=0).first()
        known = anchor.read()

        if head is None:
            if known is not None:
                raise AnchorMismatch("The database holds nothing of a log that was published.")

            return None

        compare_with_anchor(head, known)

        if known is None and was_published(head):
            raise AnchorMismatch(
                "The anchor of this log is gone: no one knows what was published since."
            )

        published = Checkpoint.objects.filter(
            organisation_id=organisation_id, size=head.size
        ).first()

        if published is not None and known is not None and known.size == head.size:
            return published

        note = published.note if published else _sign_head(head, at=at)

        if known is not None and known.generation != head.generation:
            anchor.retire(known)
        anchor.write(
            Anchor(generation=head.generation, size=head.size, root=bytes(head.root), note=note)
        )

        return published or _insert_checkpoint(head, note, at=at)


def _refuse_transaction() -> None:
    # The transaction that Django's test cases wrap around a test does not count.
    if transaction.get_connection().in_atomic_block:
        with transaction.atomic(durable=True):
            pass


def compare_with_anchor(head: Head, known: Anchor | None) -> None:
    """Check that the head continues what was published last, or that a recovery began a new name.

    Raises AnchorMismatch.
    """
    if known is None or known.generation < head.generation:
        return

    if known.generation > head.generation or known.size > head.size:
        raise AnchorMismatch(
            "The log is shorter than what was published.",
            facts={"published": known.size, "found": head.size},
        )

    found = (
        bytes(head.root)
        if known.size == head.size
        else tile_store.compute_root_at(head.organisation_id, known.size)
    )

    if found != known.root:
        raise AnchorMismatch(
            "The log is not the one that was published.", facts={"published": known.size}
        )


def was_published(head: Head) -> bool:
    """Return True if there is a checkpoint under the log's present name.

    An anchor was written before it.
    """
    newest = get_latest_checkpoint(head.organisation_id)
    if newest is None:
        return False

    text, _ = signed_note.split_note(newest.note)

    return signed_note.parse_checkpoint(text).origin == head.name


def _sign_head(head: Head, *, at: datetime) -> str:
    signers = signing_keys.list_signers("log", organisation_id=head.organisation_id, at=at)
    text = signed_note.TreeHead(origin=head.name, size=head.size, root=bytes(head.root)).text()

    return signed_note.sign_note(
        text,
        [
            (signed_note.VerifierKey(name=head.name, public_key=each.public_key), each.sign)
            for each in signers
        ],
    )


def _insert_checkpoint(head: Head, note: str, *, at: datetime) -> Checkpoint:
    row = Checkpoint(
        organisation_id=head.organisation_id,
        size=head.size,
        root=head.root,
        note=note,
        signed_at=at,
    )
    Checkpoint.objects.bulk_create([row], ignore_conflicts=True)

    return Checkpoint.objects.get(organisation_id=head.organisation_id, size=head.size)
