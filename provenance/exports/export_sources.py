"""What goes into bundles: upper rooms register their tables, records and people here when the
applications start.

Provenance writes bundles but may not import consent or voices; so they hand down functions that
give rows.
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
    """Read a kind. Raises ValueError for none of ours."""
    for known in KINDS:
        if known == text:
            return known
    raise ValueError(f"no kind of bundle: {text!r}")


Row = Mapping[str, Json]
# The log's times are whole milliseconds; sources look this much further on both sides, and the
# writer cuts exactly.
_MARGIN: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportScope:
    """What one bundle is about.

    The period is half-open, either end may be open; `subject` is the speaker's key.

    `words` says whether it opens the words of intended uses.
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
        """The condition for rows with `organisation` and `livemode`: no neighbour's, and test and
        live apart.
        """
        return Q(organisation_id=self.organisation_id, livemode=self.livemode)

    def within(self, field: str) -> Q:
        """The condition for rows of the period by this time, a second wider on both sides."""
        wide = Q()
        if self.start is not None:
            wide &= Q(**{f"{field}__gte": self.start - _MARGIN})
        return wide & self.before(field)

    def before(self, field: str) -> Q:
        """The condition for rows that were there when the period ended, a second wider."""
        return Q() if self.end is None else Q(**{f"{field}__lt": self.end + _MARGIN})


Source = Callable[[ExportScope], Iterator[Row]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportTable:
    """A registered table.

    `logged` names the kinds of event that its rows answer to; `sliced` cuts it to the period.
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
    """A file of the person in the vault, with its row: `table` and `row_id` name that, `suffix` the
    file's form.
    """

    table: str
    row_id: str
    blob_id: str
    suffix: str = ""

    @property
    def name(self) -> str:
        """Its name in the bundle."""
        return f"files/{self.table}/{self.row_id}{self.suffix}"


Files = Callable[[ExportScope], Iterator[File]]
Records = Callable[[ExportScope], Iterator[Record]]
# Writes down what time alone has ended in an organisation's live or test data, by that data's own
# time.
Sweep = Callable[[str, bool, datetime], object]
# Gives the vault subject of an organisation's speaker; raises core.errors.NotFound for strangers.
SubjectOf = Callable[[str, str, bool], str]

record_sources: Final = Registry[Records]("provenance.exports.export_sources.record_sources")
"""Signed consent records for the bundles of auditors and of speakers."""

file_sources: Final = Registry[Files]("provenance.exports.export_sources.file_sources")
"""Files of a person for their own bundle. Their rows' tables have the column `sha256`."""

speaker_subject: Final = Hook[SubjectOf]("provenance.exports.export_sources.speaker_subject")

sweeps: Final = Registry[Sweep]("provenance.exports.export_sources.sweeps")
"""Done before a bundle is written: its rows and its log then show how things stand, whatever the
beat has done.
"""

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
    """Put a table, named by the plural of its objects, into these kinds of bundle.

    `source` is asked twice (for JSONL and for CSV) inside one consistent read and must give the
    same rows both times: in the order of a unique column, one dict a row with exactly `columns`, no
    floats.

    Raises HookTaken for a second table of the same name in one kind of bundle.
    """
    table = ExportTable(name=name, source=source, columns=columns, logged=logged, sliced=sliced)
    for kind in bundles:
        _tables.add((kind, table))


def run_sweeps(organisation_id: str, *, livemode: bool, at: datetime) -> None:
    """Write down everything that is past its end. Opens transactions."""
    for sweep in sweeps:
        sweep(organisation_id, livemode, at)


def list_tables(kind: Kind) -> tuple[ExportTable, ...]:
    """The tables of a kind of bundle, by name."""
    found = [table for of, table in _tables if of == kind]
    return tuple(sorted(found, key=lambda table: table.name))


def list_records(scope: ExportScope) -> Iterator[Record]:
    """The signed records that belong into a bundle."""
    for source in record_sources:
        yield from source(scope)


def list_files(scope: ExportScope) -> Iterator[File]:
    """The person's files that belong into a bundle."""
    for source in file_sources:
        yield from source(scope)


def find_subject(speaker_id: str, *, organisation_id: str, livemode: bool) -> str:
    """Give the vault subject of a speaker.

    Raises NotFound for strangers.
    """
    return speaker_subject.get()(speaker_id, organisation_id, livemode)
