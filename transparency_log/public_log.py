"""What the log publishes: checkpoints, tiles, entry bundles, keys and time stamps.

Nothing beyond the newest checkpoint is published.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.conf import settings

from core import clock, ids
from core.canonical_json import Json
from core.errors import NotFound
from transparency_log import checkpoints, cosigned_checkpoints
from transparency_log.formats import tile_paths
from transparency_log.formats.merkle import HASH, WIDTH, TileAt
from transparency_log.formats.signed_note import VerifierKey
from transparency_log.models import Checkpoint, Entry, Head, Outbox
from transparency_log.storage import tile_store
from vault import public_keys, signing_keys

# The largest size that a database holds. A longer number in a path is no checkpoint of ours.
LARGEST: Final = 2**63 - 1
STAMPS: Final = 100


def get_checkpoint_note(organisation_id: str) -> str:
    """Return the newest signed checkpoint with the cosignatures that it has so far.

    Raises NotFound before the first.
    """
    return cosigned_checkpoints.build_cosigned_note(_get_latest_checkpoint(organisation_id))


def get_checkpoint_note_at(organisation_id: str, size: int) -> str:
    """Return the checkpoint of exactly this size with its cosignatures.

    Raises NotFound if none was published.
    """
    found = (
        cosigned_checkpoints.get_checkpoint_at(_check_organisation_id(organisation_id), size)
        if size <= LARGEST
        else None
    )

    return cosigned_checkpoints.build_cosigned_note(_require_checkpoint(found))


def get_witnessed_note(organisation_id: str) -> str:
    """Return the newest checkpoint that enough witnesses cosigned (SAYSO_WITNESS_QUORUM).

    Raises NotFound without one.
    """
    found = cosigned_checkpoints.get_witnessed_checkpoint(
        _check_organisation_id(organisation_id), quorum=settings.SAYSO_WITNESS_QUORUM
    )

    return cosigned_checkpoints.build_cosigned_note(_require_checkpoint(found))


def list_published_stamps(organisation_id: str) -> list[dict[str, Json]]:
    """Return the newest checkpoints that carry a time stamp, newest first."""
    return [
        {
            "size": checkpoint.size,
            "received_at": clock.to_rfc3339(stamp.at),
            "authority": stamp.target,
        }
        for checkpoint, stamp in cosigned_checkpoints.list_stamped_checkpoints(
            _check_organisation_id(organisation_id), limit=STAMPS
        )
    ]


def get_published_stamp(organisation_id: str, size: int) -> bytes:
    """Return the RFC 3161 response over the note of this size, without cosignatures.

    Raises NotFound.
    """
    found = (
        cosigned_checkpoints.get_stamp(_check_organisation_id(organisation_id), size)
        if size <= LARGEST
        else None
    )
    if found is None:
        raise NotFound("This checkpoint carries no time stamp.")

    return found


def get_signed_note(organisation_id: str, size: int) -> str:
    """Return exactly the bytes that were stamped and copied: the note with our signatures alone.

    Raises NotFound.
    """
    return _require_checkpoint(
        cosigned_checkpoints.get_checkpoint_at(_check_organisation_id(organisation_id), size)
        if size <= LARGEST
        else None
    ).note


def get_tile(organisation_id: str, *, level: int, n: int, width: int) -> bytes:
    """Return the first `width` hashes of a tile, 32 bytes each.

    Raises NotFound for a tile that no published checkpoint needs.
    """
    _check_coverage(_get_latest_checkpoint(organisation_id).size >> 8 * level, n, width)

    place = TileAt(level, n)
    return tile_store.fetch_tiles(organisation_id, [place])[place][: width * HASH]


def get_entry_bundle(organisation_id: str, *, n: int, width: int) -> bytes:
    """Return the first `width` entries below a tile of level 0, each after its length.

    Raises NotFound as `get_tile` does.
    """
    _check_coverage(_get_latest_checkpoint(organisation_id).size, n, width)
    rows = Entry.objects.filter(
        organisation_id=organisation_id, idx__gte=n * WIDTH, idx__lt=n * WIDTH + width
    )

    payloads = [
        bytes(payload) for payload in rows.order_by("idx").values_list("payload", flat=True)
    ]
    if len(payloads) != width:
        raise tile_store.TileLost(f"an entry of {organisation_id} is missing")

    return tile_paths.build_entry_bundle(payloads)


def get_verifier_keys(organisation_id: str) -> str:
    """Return the verifier keys under the log's present name, newest first, one a line.

    Raises NotFound.
    """
    head = Head.objects.filter(organisation_id=_check_organisation_id(organisation_id)).first()
    public = signing_keys.list_public_keys(organisation_id, "log")
    if head is None or not public:
        raise NotFound("There is no such log.")

    return "".join(
        f"{VerifierKey(name=head.name, public_key=key.public_key)}\n" for key in reversed(public)
    )


def get_key_set(organisation_id: str, *, at: datetime) -> dict[str, Json]:
    """Return the public keys of every published purpose (`public_keys`), made where missing.

    `at` is the real time.

    Raises NotFound, KmsUnavailable.
    """
    # The first events of a log may still wait for their places.
    logs = (Head, Outbox)
    if not any(
        table.objects.filter(organisation_id=_check_organisation_id(organisation_id)).exists()
        for table in logs
    ):
        raise NotFound("There is no such log.")

    public_keys.ensure_public_keys(organisation_id, at=at)

    return public_keys.render_public_keys(organisation_id)


def list_published_keys(organisation_id: str) -> list[dict[str, Json]]:
    """Return every key under every name of the log, newest first, with the period in which it
    signs.

    The period is half-open.

    Raises NotFound.
    """
    head = Head.objects.filter(organisation_id=_check_organisation_id(organisation_id)).first()
    public = signing_keys.list_public_keys(organisation_id, "log")
    if head is None or not public:
        raise NotFound("There is no such log.")

    return [
        {
            "name": name,
            "vkey": str(VerifierKey(name=name, public_key=key.public_key)),
            "algorithm": "Ed25519",
            "valid_from": clock.to_rfc3339(key.valid_from),
            "valid_until": clock.to_rfc3339(key.valid_until) if key.valid_until else None,
        }
        for name in reversed(head.names)
        for key in reversed(public)
    ]


def _require_checkpoint(found: Checkpoint | None) -> Checkpoint:
    if found is None:
        raise NotFound("There is no such checkpoint.")

    return found


def _get_latest_checkpoint(organisation_id: str) -> Checkpoint:
    found = checkpoints.get_latest_checkpoint(_check_organisation_id(organisation_id))
    if found is None:
        raise NotFound("There is no such log.")

    return found


def _check_organisation_id(organisation_id: str) -> str:
    """Return `organisation_id`, checked before the database sees it.

    PostgreSQL fails on a NUL, which a path can spell.

    Raises NotFound for what is no id.
    """
    if not ids.is_id(organisation_id, "org"):
        raise NotFound("There is no such log.")
    return organisation_id


def _check_coverage(hashes: int, n: int, width: int) -> None:
    if n * WIDTH + width > hashes:
        raise NotFound("The log has not come that far.")
