"""The fields of a clip: who fills them, and where each is shown.

`ClipDraft` is what is known before the provider is asked, and `ClipDelivery` what is known when the
clip leaves. `CLIP_FIELDS` says of each column what it is called in the log's body, in an export's
table, in the API and whether the admin shows it. All four read this one table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from core.caller_notes import Notes
from core.canonical_json import Json
from core.clock import format_timestamp
from provenance.models import Clip, ManifestMode


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipDraft:
    """By whose permit a clip is made, and from what: all that is known before it is spoken."""

    organisation_id: str
    livemode: bool
    subject: str
    consent_id: str
    grant_id: str
    decision_id: str
    voice_id: str
    record_sha256: str
    policy_version: str
    provider: str
    language: str
    use_case: str
    characters: int
    disclosure: str = "none"
    aigc_producer: str = ""
    call_hash: str = ""
    notes: Notes = field(default_factory=Notes, repr=False)

    def columns(self) -> dict[str, object]:
        """Return what a clip's row keeps of it. The notes are sealed apart."""
        return {name: getattr(self, name) for name in self.__slots__ if name != "notes"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipDelivery:
    """What leaves: hashes, format, length, the watermark's self-check, and the manifest, if any."""

    sha256: str
    sha256_pcm: str
    codec: str
    media_type: str
    size: int
    duration_ms: int
    sha256_provider: str = ""
    blob_id: str = ""
    padded_ms: int = 0
    scheme: str = ""
    mark_reason: str = ""
    margin_milli_db: int = 0
    score_milli: int = 0
    self_checks: tuple[str, ...] = ()
    second_marks: tuple[Mapping[str, Json], ...] = ()
    manifest_mode: str = ManifestMode.NONE
    manifest_reason: str = ""
    manifest_id: str = ""
    manifest_sha256: str = ""
    manifest_offset: int = 0
    manifest_size: int = 0
    manifest_blob_id: str = ""
    credential: str = ""

    @property
    def spoken_ms(self) -> int:
        """Return how much of the clip is speech, without the room tone behind it."""
        return self.duration_ms - self.padded_ms

    def columns(self) -> dict[str, object]:
        """Return what a clip's row keeps of it. JSON columns hold lists."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in values.items()
        }


class FieldKind(StrEnum):
    """How a column's value is written."""

    TEXT = "text"
    OPTIONAL = "optional text"
    """Text that is null where the column is empty."""
    NUMBER = "number"
    THOUSANDTHS = "thousandths"
    """A whole number in the log and in exports, a fraction in the API."""
    TIME = "time"
    LIST = "list"
    HEX32 = "hexadecimal"
    """32 bits, written as eight hexadecimal digits."""
    FLAG = "flag"


@dataclass(frozen=True, slots=True)
class ClipField:
    """One column of a clip, and what it is called where it is shown.

    An empty name means that it is not shown there. A dotted name, such as `mark.epoch`, lies in a
    group of that name.
    """

    column: str
    kind: FieldKind
    log: str
    export: str
    api: str
    admin: bool

    def read(self, clip: Clip) -> Json:
        """Return the clip's value as the log and exports write it."""
        value: Json = getattr(clip, self.column)
        match self.kind:
            case FieldKind.OPTIONAL:
                return value or None
            case FieldKind.TIME:
                return format_timestamp(getattr(clip, self.column))
            case FieldKind.LIST:
                return list(getattr(clip, self.column))
            case FieldKind.HEX32:
                return f"{value:08x}"
            case _:
                return value


_TEXT, _OPTIONAL, _NUMBER, _MILLI, _TIME, _LIST, _HEX32, _FLAG = FieldKind

# The order is that of an export's columns.
CLIP_FIELDS: Final = tuple(
    ClipField(*row)
    for row in (
        # column, kind, in the log, in an export, in the API, in the admin
        ("id", _TEXT, "", "id", "", True),
        ("state", _TEXT, "", "state", "", True),
        ("code", _TEXT, "", "", "", True),
        ("consent_id", _TEXT, "", "consent", "consent", True),
        ("grant_id", _TEXT, "grant", "grant", "grant", True),
        ("decision_id", _TEXT, "", "decision", "decision", True),
        ("voice_id", _OPTIONAL, "voice", "voice", "voice", True),
        ("record_sha256", _TEXT, "record_sha256", "record_sha256", "", False),
        ("policy_version", _TEXT, "policy_version", "policy_version", "", False),
        ("provider", _TEXT, "provider", "provider", "provider", True),
        ("language", _TEXT, "language", "language", "language", True),
        ("use_case", _TEXT, "use_case", "use_case", "use_case", True),
        ("characters", _NUMBER, "characters", "characters", "characters", True),
        ("disclosure", _TEXT, "disclosure", "", "", False),
        ("sha256_provider", _TEXT, "sha256_provider", "sha256_provider", "sha256_provider", True),
        ("sha256", _TEXT, "sha256", "sha256", "sha256", True),
        ("sha256_pcm", _TEXT, "sha256_pcm", "sha256_pcm", "sha256_pcm", True),
        ("codec", _TEXT, "codec", "codec", "codec", True),
        ("media_type", _TEXT, "media_type", "media_type", "media_type", True),
        ("size", _NUMBER, "bytes", "size", "bytes", True),
        ("duration_ms", _NUMBER, "duration_ms", "duration_ms", "duration_ms", True),
        ("padded_ms", _NUMBER, "padded_ms", "padded_ms", "padded_ms", True),
        ("mark_reason", _OPTIONAL, "mark_reason", "mark_reason", "", True),
        ("scheme", _OPTIONAL, "mark.scheme", "scheme", "watermark.scheme", True),
        ("epoch", _NUMBER, "mark.epoch", "epoch", "", True),
        ("token", _HEX32, "mark.token", "token", "", False),
        ("token_shared", _FLAG, "mark.token_shared", "", "", False),
        ("margin_milli_db", _MILLI, "mark.margin_milli_db", "margin_milli_db",
         "watermark.margin_db", True),
        ("score_milli", _MILLI, "mark.score_milli", "score_milli", "watermark.score", True),
        ("self_checks", _LIST, "mark.checks", "self_checks", "watermark.self_check", True),
        ("second_marks", _LIST, "mark.second_marks", "second_marks", "", True),
        ("manifest_mode", _TEXT, "c2pa.mode", "manifest_mode", "", False),
        ("manifest_reason", _OPTIONAL, "", "", "c2pa.reason", False),
        ("manifest_id", _OPTIONAL, "c2pa.manifest", "manifest_id", "c2pa.manifest_id", False),
        ("manifest_sha256", _OPTIONAL, "c2pa.sha256", "manifest_sha256", "c2pa.sha256", False),
        ("credential", _TEXT, "c2pa.credential", "", "", False),
        ("event_id", _TEXT, "", "event", "event", True),
        ("created_at", _TIME, "created_at", "created_at", "", True),
        ("issued_at", _TIME, "", "issued_at", "", True),
        ("ended_at", _TIME, "", "ended_at", "ended_at", True),
    )
)  # fmt: skip


def write_log_fields(clip: Clip) -> dict[str, Json]:
    """Return the clip's part of the body of `clip.issued`."""
    body: dict[str, Json] = {"mark": None, "c2pa": None}
    groups: dict[str, dict[str, Json]] = {}
    for one in CLIP_FIELDS:
        if not one.log:
            continue
        group, _, name = one.log.rpartition(".")
        value = one.read(clip)
        if not group:
            body[name] = value
        elif value or one.log not in _ABSENT_WHEN_EMPTY:
            groups.setdefault(group, {})[name] = value

    if clip.scheme:
        body["mark"] = groups["mark"]
    if clip.manifest_id:
        body["c2pa"] = groups["c2pa"]
    return body


_ABSENT_WHEN_EMPTY: Final = {"mark.token_shared", "mark.second_marks"}


def list_export_columns() -> tuple[str, ...]:
    """Return the columns of an export's table of clips, in their order."""
    return tuple(one.export for one in CLIP_FIELDS if one.export)


def write_export_row(clip: Clip) -> dict[str, Json]:
    """Return the clip as a row of an export's table."""
    return {one.export: one.read(clip) for one in CLIP_FIELDS if one.export}


def list_admin_columns() -> tuple[str, ...]:
    """Return the columns that the admin shows of a clip."""
    return tuple(one.column for one in CLIP_FIELDS if one.admin)


def list_api_fields(group: str = "") -> Iterator[tuple[str, ClipField]]:
    """Yield the plain fields of the API's clip, or of a group in it, by their names there."""
    for one in CLIP_FIELDS:
        inside, _, name = one.api.rpartition(".")
        if name and inside == group:
            yield name, one
