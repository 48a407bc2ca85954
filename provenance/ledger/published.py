"""What the log shows to everybody: checkpoint, tiles, entry bundles, keys; only as far as a checkpoint covers."""

from __future__ import annotations

from core import ids
from core.canonical import Json
from core.errors import NotFound
from provenance import keyring
from provenance.ledger import checkpoints, notes, store, tiles
from provenance.ledger.merkle import HASH, WIDTH, TileAt
from provenance.models import Checkpoint, Entry, Head
from vault import signing


def checkpoint(organisation_id: str) -> str:
    """Give the newest signed checkpoint. Raises NotFound before the first."""
    return _latest(organisation_id).note


def tile(organisation_id: str, *, level: int, n: int, width: int) -> bytes:
    """Give the first `width` hashes of a tile. Raises NotFound for what no published checkpoint needs."""
    _covered(_latest(organisation_id).size >> 8 * level, n, width)
    place = TileAt(level, n)
    return store.fetch(organisation_id, [place])[place][: width * HASH]


def bundle(organisation_id: str, *, n: int, width: int) -> bytes:
    """Give the first `width` entries below a level 0 tile, each after its length. Raises NotFound as `tile` does."""
    _covered(_latest(organisation_id).size, n, width)
    rows = Entry.objects.filter(organisation_id=organisation_id, idx__gte=n * WIDTH, idx__lt=n * WIDTH + width)
    payloads = [bytes(payload) for payload in rows.order_by("idx").values_list("payload", flat=True)]
    if len(payloads) != width:
        raise store.TileLost(f"an entry of {organisation_id} is missing")
    return tiles.bundle(payloads)


def keys(organisation_id: str) -> str:
    """Give the verifier keys under the log's present name, newest first, one a line. Raises NotFound."""
    head = Head.objects.filter(organisation_id=_named(organisation_id)).first()
    public = signing.public_keys(organisation_id, "log")
    if head is None or not public:
        raise NotFound("There is no such log.")
    return "".join(f"{notes.Key(name=head.name, public_key=key.public_key)}\n" for key in reversed(public))


def key_set(organisation_id: str) -> dict[str, Json]:
    """Give the public keys of every purpose that outsiders check (`keyring.public`). Raises NotFound."""
    if not Head.objects.filter(organisation_id=_named(organisation_id)).exists():
        raise NotFound("There is no such log.")
    return keyring.public(organisation_id)


def _latest(organisation_id: str) -> Checkpoint:
    found = checkpoints.latest(_named(organisation_id))
    if found is None:
        raise NotFound("There is no such log.")
    return found


def _named(organisation_id: str) -> str:
    """Refuse what is no id before the database sees it: PostgreSQL fails on a NUL, which a path can spell."""
    if not ids.is_id(organisation_id, "org"):
        raise NotFound("There is no such log.")
    return organisation_id


def _covered(hashes: int, n: int, width: int) -> None:
    if n * WIDTH + width > hashes:
        raise NotFound("The log has not come that far.")
