"""Monitor of any C2SP tile log: what it serves now must continue what it served before.

The state of a monitor is small: origin, size, root, and the partial tiles at the edge of the tree.

1. Verify the signature of the newest checkpoint.
2. Refuse another name, a smaller size, and another root of the same size.
3. Hash the new entries into the tree of the state. If its root is the signed one, the new tree has
   the old one as a prefix, and holds exactly the entries that were served.
4. Otherwise find out from the log's own tiles what kind of contradiction it is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from core.errors import Refused
from transparency_log.formats import merkle, signed_note
from transparency_log.formats.merkle import EMPTY_ROOT, WIDTH, TileAt, Tiles
from transparency_log.formats.signed_note import NoteRefused, VerifierKey
from transparency_log.monitor.remote_log import LogUnreadable, RemoteLog

# How many tiles of leaves are in memory together.
AT_ONCE: Final = 16
Progress = Callable[[int, int], None]


class Alarm(Refused):
    """The log contradicts itself.

    Both notes are evidence: signed statements of one log that cannot both be honest.
    """

    code = "watched_log_alarm"

    def __init__(self, detail: str, *, code: str, before: str, now: str) -> None:
        super().__init__(detail, code=code)
        self.before = before
        self.now = now


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorState:
    """What was verified of a log: the last note, its content, and the partial tiles at the edge.

    Growth continues from the partial tiles.
    """

    origin: str
    size: int
    root: bytes
    note: str
    edge: Tiles

    def dump(self) -> str:
        """Return the form in a state file."""
        edge = {
            f"{place.level}/{place.n}": signed_note.encode_base64(data)
            for place, data in sorted(self.edge.items())
        }

        return json.dumps(
            {
                "origin": self.origin,
                "size": self.size,
                "root": signed_note.encode_base64(self.root),
                "note": self.note,
                "edge": edge,
            },
            indent=1,
        )


def load_state(text: str) -> MonitorState:
    """Return the state of a state file, if the root of its edge is the root that it names.

    Raises ValueError.
    """
    try:
        raw: dict[str, Any] = json.loads(text)
        edge = {}
        for place, data in raw["edge"].items():
            level, n = place.split("/")
            edge[TileAt(int(level), int(n))] = signed_note.decode_note_base64(data)

        seen = MonitorState(
            origin=raw["origin"],
            size=raw["size"],
            root=signed_note.decode_note_base64(raw["root"]),
            note=raw["note"],
            edge=edge,
        )

        if merkle.compute_root(seen.size, seen.edge) != seen.root:
            raise ValueError("the state does not hold together")
    except (KeyError, TypeError, AttributeError, NoteRefused) as error:
        raise ValueError("the state cannot be read") from error

    return seen


def check_remote_log(
    log: RemoteLog,
    *,
    keys: Sequence[VerifierKey],
    before: MonitorState | None,
    entries: bool = True,
    trust_past: bool = False,
    progress: Progress | None = None,
) -> MonitorState:
    """Fetch the newest checkpoint, verify everything since `before`, and return the new state.

    Without `before` the whole log is read, or with `trust_past` only the edge of its tree. Without
    `entries` the leaf hashes are taken from the tiles of level 0.

    Raises Alarm, LogUnreadable, AttestorUnavailable.
    """
    note = log.checkpoint()
    past = before.note if before else ""

    try:
        head = signed_note.read_checkpoint(note, keys)
    except NoteRefused as error:
        raise Alarm(
            f"The checkpoint is not to be believed: {error.detail}",
            code="unsigned",
            before=past,
            now=note,
        ) from None

    if before is None:
        before = MonitorState(origin=head.origin, size=0, root=EMPTY_ROOT, note="", edge={})
        if trust_past:
            return _build_state_from_edge(log, head, note)

    _compare_heads(before, head, note)

    if head.size == before.size:
        return before

    grown = _grow_tree(log, before, head.size, entries=entries, progress=progress)
    if grown.root != head.root:
        raise _diagnose_fork(log, before, head, note)

    return MonitorState(
        origin=head.origin, size=head.size, root=head.root, note=note, edge=grown.tiles
    )


def _compare_heads(before: MonitorState, head: signed_note.TreeHead, note: str) -> None:
    if head.origin != before.origin:
        raise Alarm("The log has another name now.", code="renamed", before=before.note, now=note)

    if head.size < before.size:
        raise Alarm(
            f"The log shows {head.size} entries where it has shown {before.size}.",
            code="rollback", before=before.note, now=note,
        )  # fmt: skip

    if head.size == before.size and head.root != before.root:
        raise Alarm("Two trees of one size were signed.", code="fork", before=before.note, now=note)


def _grow_tree(
    log: RemoteLog, before: MonitorState, size: int, *, entries: bool, progress: Progress | None
) -> merkle.Growth:
    """Hash the new entries into the tree. Return its root and the partial tiles at its edge."""
    edge = dict(before.edge)
    at = before.size
    root = before.root

    for leaves in _fetch_leaves(log, before.size, size, entries=entries):
        growth = merkle.append(at, leaves, edge)
        known = {**edge, **growth.tiles}
        at, root = growth.size, growth.root
        edge = {place: known[place] for place in merkle.list_edge_tiles(at)}

        if progress:
            progress(at, size)

    return merkle.Growth(size=at, root=root, tiles=edge)


def _fetch_leaves(log: RemoteLog, start: int, end: int, *, entries: bool) -> Iterator[list[bytes]]:
    found: list[bytes] = []
    for n in range(start // WIDTH, -(-end // WIDTH)):
        width = min(WIDTH, end - n * WIDTH)
        fresh = _fetch_hashes(log, n, width, entries=entries)
        found += fresh[max(0, start - n * WIDTH) :]
        if len(found) >= AT_ONCE * WIDTH:
            yield found
            found = []

    if found:
        yield found


def _fetch_hashes(log: RemoteLog, n: int, width: int, *, entries: bool) -> list[bytes]:
    if entries:
        return [merkle.hash_leaf(entry) for entry in log.entries(n, width)]

    data = log.tile(0, n, width)
    return [data[at : at + merkle.HASH] for at in range(0, len(data), merkle.HASH)]


def _build_state_from_edge(log: RemoteLog, head: signed_note.TreeHead, note: str) -> MonitorState:
    edge = {
        place: log.tile(place.level, place.n, (head.size >> 8 * place.level) % WIDTH)
        for place in merkle.list_edge_tiles(head.size)
    }

    if merkle.compute_root(head.size, edge) != head.root:
        raise Alarm(
            "The tiles are not those of the signed root.", code="tiles_differ", before="", now=note
        )

    return MonitorState(origin=head.origin, size=head.size, root=head.root, note=note, edge=edge)


def _diagnose_fork(
    log: RemoteLog, before: MonitorState, head: signed_note.TreeHead, note: str
) -> Alarm:
    """Return the kind of contradiction, found from the log's own tiles."""
    both = {"before": before.note, "now": note}

    try:
        old, new = (_compute_root_at(log, size, of=head.size) for size in (before.size, head.size))
    except LogUnreadable:
        return Alarm(
            "What is served is not what was signed, and the tiles are not all there.",
            code="tiles_differ",
            **both,
        )

    if new != head.root:
        return Alarm("The tiles are not those of the signed root.", code="tiles_differ", **both)

    if old != before.root:
        return Alarm("The new tree does not begin with the old one.", code="fork", **both)

    return Alarm("The entries are not those of the signed tree.", code="entries_differ", **both)


def _compute_root_at(log: RemoteLog, size: int, *, of: int) -> bytes:
    """Return the root that the tree had at `size`, from the tiles of the tree of `of` entries."""
    if size == 0:
        return EMPTY_ROOT

    spans = (merkle.Span(0, size),)
    tiles = {
        place: log.tile(place.level, place.n, min(WIDTH, (of >> 8 * place.level) - place.n * WIDTH))
        for place in merkle.list_span_tiles(spans)
    }

    return merkle.hash_span(spans[0], tiles)
