"""Writing of a bundle as one zip, streamed at constant memory, with the signed manifest last.

Layout: `entries.jsonl`, `leaves.bin` or `proofs.jsonl`, `openings.jsonl`, `closings.jsonl`,
`records/`, `tables/*.jsonl` and `*.csv`, `files/`, `checkpoint`, `keys.json`, `c2pa-roots.pem`,
`README.txt`, `verify.py`, `manifest.json`, `manifest.jws`. `readme.py` explains each of them.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Final

from core import clock, jws
from core.canonical_json import Json
from core.errors import NotFound, Unavailable
from provenance.c2pa import signing_authority
from provenance.exports import export_sources, log_extract, readme, tables
from provenance.exports.export_sources import ExportScope
from provenance.exports.zip_stream import Archive
from provenance.verifier import build
from transparency_log.formats import signed_note
from transparency_log.models import Checkpoint
from vault import blobs, public_keys
from vault.errors import Tampered
from vault.signing_keys import Signer

FORMAT: Final = "sayso-bundle/1"
# Level 1 makes JSON a third as large at five times the speed of level 6, which saves another tenth.
FAST: Final = 1
# A person with more recordings gets the first of them. The verifier prints how many rows have no
# file.
MOST_FILES: Final = 90_000
Tick = Callable[[int], None]


class ExportFileUnavailable(Unavailable):
    """A recording was deleted while the bundle was made. It is made again."""

    code = "export_file_gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class BundlePlan:
    """All that a bundle is made from besides the database: scope, checkpoint and signer.

    `at` is the time of the data, and `signed_at` is the real time, at which keys are valid.
    """

    scope: ExportScope
    export_id: str
    checkpoint: Checkpoint
    signer: Signer
    at: datetime
    signed_at: datetime

    @property
    def head(self) -> signed_note.TreeHead:
        """The tree head of the checkpoint."""
        return signed_note.parse_checkpoint(self.checkpoint.note.rpartition("\n\n")[0] + "\n")


@dataclass(slots=True, kw_only=True)
class _BundleIndex:
    """The facts for the manifest, collected while the files are written."""

    counts: dict[str, int] = field(default_factory=dict)
    columns: dict[str, list[str]] = field(default_factory=dict)
    first_index: int | None = None


def write_zip(plan: BundlePlan, *, tick: Tick = lambda _rows: None) -> Iterator[bytes]:
    """Yield the zip piece by piece, inside a consistent read.

    `tick` is called with the number of rows that were written.

    Raises what the registered sources raise, ValueError when one returns wrong rows, TileLost,
    KmsUnavailable.
    """
    archive = Archive()
    book = _BundleIndex()

    if plan.scope.kind == "audit":
        yield from _write_whole_log(archive, plan, book, tick)
    elif plan.scope.kind == "speaker":
        yield from _write_personal_log(archive, plan, book, tick)

    yield from _write_records(archive, plan, book, tick)
    yield from _write_tables(archive, plan, book, tick)
    yield from _write_files(archive, plan, book, tick)

    origin = plan.head.origin
    text = readme.render_readme(
        plan.scope, export_id=plan.export_id, made=clock.to_rfc3339(plan.at), origin=origin
    )
    yield from archive.add("checkpoint", [plan.checkpoint.note.encode("utf-8")])
    yield from archive.add(
        "keys.json", [_to_pretty_json(public_keys.render_public_keys(plan.scope.organisation_id))]
    )

    if plan.scope.kind in export_sources.EVIDENCE and (
        roots := signing_authority.get_trust_anchors()
    ):
        yield from archive.add("c2pa-roots.pem", [roots.encode("ascii")])

    yield from archive.add("README.txt", [text.encode("utf-8")])
    yield from archive.add("verify.py", [build.build_program()])

    manifest = _to_pretty_json(_build_manifest(plan, book, archive))
    yield from archive.add("manifest.json", [manifest])
    signed = jws.sign_compact(
        manifest, key_id=plan.signer.key_id, typ="sayso-manifest+jws", sign=plan.signer.sign
    )
    yield from archive.add("manifest.jws", [signed.encode("ascii")])
    yield from archive.close()


def _write_whole_log(
    archive: Archive, plan: BundlePlan, book: _BundleIndex, tick: Tick
) -> Iterator[bytes]:
    """Write the period's entries without a gap, the hashes of all others, and the openings."""
    reach = log_extract.find_log_range(plan.scope, size=plan.checkpoint.size)
    book.first_index = reach.first
    entries = log_extract.read_entry_lines(plan.scope, reach, tick)
    yield from _add_lines(archive, "entries.jsonl", entries, book, "entries", large=True)

    if reach.count < reach.size:
        yield from archive.add(
            "leaves.bin", log_extract.read_leaf_hashes(plan.scope, reach), level=0, large=True
        )

    openings = _count_lines(log_extract.read_openings(plan.scope, reach), tick)
    yield from _add_lines(archive, "openings.jsonl", openings, book, "openings", large=True)

    if reach.count < reach.size:
        yield from archive.add(
            "closings.jsonl", log_extract.read_closings(plan.scope, reach), level=FAST
        )

    if book.counts["entries"] != reach.count:
        raise ValueError(
            f"{book.counts['entries']} entries of the log were read where {reach.count} belong"
        )


def _write_personal_log(
    archive: Archive, plan: BundlePlan, book: _BundleIndex, tick: Tick
) -> Iterator[bytes]:
    """Write one person's entries, each with its proof, and their openings."""
    scope = plan.scope
    size = plan.checkpoint.size

    entries = _count_lines(log_extract.read_personal_lines(scope, size=size), tick)
    yield from _add_lines(archive, "entries.jsonl", entries, book, "entries")
    yield from archive.add(
        "proofs.jsonl", log_extract.build_personal_proofs(scope, size=size), level=FAST
    )
    openings = _count_lines(log_extract.read_personal_openings(scope, size=size), tick)
    yield from _add_lines(archive, "openings.jsonl", openings, book, "openings")


def _write_records(
    archive: Archive, plan: BundlePlan, book: _BundleIndex, tick: Tick
) -> Iterator[bytes]:
    if plan.scope.kind in export_sources.EVIDENCE:
        found = _count_lines(map(_format_record, export_sources.list_records(plan.scope)), tick)
        yield from _add_lines(archive, "records/consents.jsonl", found, book, "records")


def _format_record(record: export_sources.Record) -> bytes:
    encoded = base64.b64encode(record.record).decode("ascii")
    row = {"id": record.consent_id, "record": encoded, "sha256": record.sha256, "jws": record.jws}
    return json.dumps(row, separators=(",", ":")).encode("ascii") + b"\n"


def _write_tables(
    archive: Archive, plan: BundlePlan, book: _BundleIndex, tick: Tick
) -> Iterator[bytes]:
    for table in export_sources.list_tables(plan.scope.kind):
        names = tables.list_columns(table)
        book.columns[table.name] = list(names)
        found = tables.read_rows(table, plan.scope, size=plan.checkpoint.size)
        written = tables.write_jsonl(tables.count_rows(found, tick))
        yield from _add_lines(archive, f"tables/{table.name}.jsonl", written, book, table.name)
        again = tables.read_rows(table, plan.scope, size=plan.checkpoint.size)
        yield from archive.add(
            f"tables/{table.name}.csv", tables.write_csv(again, names), level=FAST
        )


def _write_files(
    archive: Archive, plan: BundlePlan, book: _BundleIndex, tick: Tick
) -> Iterator[bytes]:
    """Write a person's own recordings from the vault, chunk by chunk."""
    if plan.scope.kind != "speaker":
        return

    book.counts["files"] = 0

    for file in islice(export_sources.list_files(plan.scope), MOST_FILES):
        yield from archive.add(file.name, _read_file(file), level=0, large=True)
        book.counts["files"] += 1
        tick(1)


def _read_file(file: export_sources.File) -> Iterator[bytes]:
    """Read a file from the vault.

    Raises ExportFileUnavailable.
    """
    # This consistent read still sees the row of a file that was deleted meanwhile.
    try:
        message = blobs.open_blob(file.blob_id)
    except (NotFound, Tampered) as error:
        raise ExportFileUnavailable(
            "A file went while the bundle was made.", facts={"blob": file.blob_id}
        ) from error

    return message.chunks()


def _add_lines(
    archive: Archive,
    name: str,
    lines: Iterable[bytes],
    book: _BundleIndex,
    counted: str,
    *,
    large: bool = False,
) -> Iterator[bytes]:
    """Write a file of lines, and count them."""
    book.counts[counted] = 0

    def counting() -> Iterator[bytes]:
        for chunk in lines:
            book.counts[counted] += chunk.count(b"\n")
            yield chunk

    yield from archive.add(name, counting(), level=FAST, large=large)


def _count_lines(lines: Iterable[bytes], tick: Tick) -> Iterator[bytes]:
    for line in lines:
        yield line
        tick(1)


def _build_manifest(plan: BundlePlan, book: _BundleIndex, archive: Archive) -> dict[str, Json]:
    scope = plan.scope
    return {
        "format": FORMAT,
        "kind": scope.kind,
        "id": plan.export_id,
        "organisation": scope.organisation_id,
        "livemode": scope.livemode,
        "created_at": clock.to_rfc3339(plan.at),
        "signed_at": clock.to_rfc3339(plan.signed_at),
        "from": clock.to_rfc3339(scope.start) if scope.start else None,
        "to": clock.to_rfc3339(scope.end) if scope.end else None,
        "from_ms": scope.start_ms,
        "to_ms": scope.end_ms,
        "speaker": scope.speaker_id,
        "words": scope.words,
        "counts": book.counts,
        "tables": {name: {"columns": columns} for name, columns in book.columns.items()},
        "checkpoint": signed_note.head_to_mapping(plan.head),
        "first_index": book.first_index,
        "files": [
            {"name": file.name, "size": file.size, "sha256": file.sha256} for file in archive.files
        ],
    }


def _to_pretty_json(value: Json) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1).encode("utf-8") + b"\n"
