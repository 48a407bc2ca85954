"""The sources of bundles, which packages above register when the applications start.

Provenance writes bundles and may not import consent or voices. So they register functions that
return rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from django.db.models import Q

from core import clock
from core.canonical_json import Json
from core.hooks import Hook, Registry

Kind = Literal["audit", "speaker", "ropa", "usage"]
KINDS: Final[tuple[Kind, ...]] = ("audit", "speaker", "ropa", "usage")
EVIDENCE: Final[tuple[Kind, ...]] = ("audit", "speaker")


def parse_kind(text: str) -> Kind:
    """Return the kind of this name.

    Raises ValueError for an unknown one.
    """
    for known in KINDS:
        if known == text:
            return known

    raise ValueError(f"no kind of bundle: {text!r}")


Row = Mapping[str, Json]
# The log's times are whole milliseconds. Sources read this much further on both sides, and the
# writer cuts exactly.
_MARGIN: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportScope:
    """What one bundle is about.

    The period is half-open, and None is an open side. `subject` names the speaker's key. `words` is
    whether the bundle opens the words of intended uses.
    """

    organisation_id: str
    livemode: bool
    kind: Kind
    start: datetime | None = None
    end: datetime | None = None
    speaker_id: str | None = None
    subject: str | None = None
    words: bool = True

    @property
    def start_ms(self) -> int | None:
        """The period's beginning as the log writes it."""
        return None if self.start is None else clock.to_millis(self.start)

    @property
    def end_ms(self) -> int | None:
        """The period's end as the log writes it."""
        return None if self.end is None else clock.to_millis(self.end)

    def mine(self) -> Q:
        """Return the condition for rows of this organisation and of its live or test data."""
        return Q(organisation_id=self.organisation_id, livemode=self.livemode)

    def within(self, field: str) -> Q:
        """Return the condition for rows of the period by this time, a second wider on each side."""
        wide = Q()
        if self.start is not None:
            wide &= Q(**{f"{field}__gte": self.start - _MARGIN})

        return wide & self.before(field)

    def before(self, field: str) -> Q:
        """Return the condition for rows from before the end of the period, a second wider."""
        return Q() if self.end is None else Q(**{f"{field}__lt": self.end + _MARGIN})


Source = Callable[[ExportScope], Iterator[Row]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportTable:
    """A registered table.

    `logged` names the kinds of event that its rows belong to. `sliced` cuts it to the period.
    """

    name: str
    source: Source
    columns: tuple[str, ...]
    logged: tuple[str, ...]
    sliced: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A signed consent record: the exact bytes, their SHA-256 and their JWS."""

    consent_id: str
    record: bytes
    sha256: str
    jws: str


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file of the person in the vault.

    `table` and `row_id` name its row, and `suffix` is the ending of its name.
    """

    table: str
    row_id: str
    blob_id: str
    suffix: str = ""

    @property
    def name(self) -> str:
        """The name of the file in the bundle."""
        return f"files/{self.table}/{self.row_id}{self.suffix}"


Files = Callable[[ExportScope], Iterator[File]]
Records = Callable[[ExportScope], Iterator[Record]]
# Stores what has expired in an organisation's live or test data, by the time of that data.
Sweep = Callable[[str, bool, datetime], object]
# Returns the vault subject of an organisation's speaker. Raises core.errors.NotFound for others.
SubjectOf = Callable[[str, str, bool], str]

record_sources: Final = Registry[Records]("provenance.exports.export_sources.record_sources")
"""Signed consent records for the bundles of auditors and of speakers."""

file_sources: Final = Registry[Files]("provenance.exports.export_sources.file_sources")
"""Files of a person for their own bundle. Their rows' tables have the column `sha256`."""

speaker_subject: Final = Hook[SubjectOf]("provenance.exports.export_sources.speaker_subject")

sweeps: Final = Registry[Sweep]("provenance.exports.export_sources.sweeps")
"""Sweeps before a bundle is written, so that its rows and its log show the present state."""

_tables: Final = Registry[tuple[Kind, ExportTable]](
    "provenance.exports.export_sources", key=lambda item: (item[0], item[1].name)
)


def register_export_table(
    name: str,
    source: Source,
    *,
    columns: tuple[str, ...],
    bundles: tuple[Kind, ...] = EVIDENCE,
    logged: tuple[str, ...] = (),
    sliced: bool = False,
) -> None:
    """Register a table, named by the plural of its objects, for these kinds of bundle.

    `source` is called twice, for JSONL and for CSV, inside one consistent read. Both times it must
    return the same rows: in the order of a unique column, one dict a row with exactly `columns`,
    and no floats.

    Raises HookTaken for a second table of the same name in one kind of bundle.
    """
    table = ExportTable(name=name, source=source, columns=columns, logged=logged, sliced=sliced)
    for kind in bundles:
        _tables.add((kind, table))


def run_sweeps(organisation_id: str, *, livemode: bool, at: datetime) -> None:
    """Store everything that has expired. This opens transactions."""
    for sweep in sweeps:
        sweep(organisation_id, livemode, at)


def list_tables(kind: Kind) -> tuple[ExportTable, ...]:
    """Return the tables of a kind of bundle, ordered by name."""
    found = [table for of, table in _tables if of == kind]
    return tuple(sorted(found, key=lambda table: table.name))


def list_records(scope: ExportScope) -> Iterator[Record]:
    """Yield the signed records that belong into a bundle."""
    for source in record_sources:
        yield from source(scope)


def list_files(scope: ExportScope) -> Iterator[File]:
    """Yield the person's files that belong into a bundle."""
    for source in file_sources:
        yield from source(scope)


def find_subject(speaker_id: str, *, organisation_id: str, livemode: bool) -> str:
    """Return the vault subject of a speaker.

    Raises NotFound for the speaker of another organisation.
    """
    return speaker_subject.get()(speaker_id, organisation_id, livemode)
