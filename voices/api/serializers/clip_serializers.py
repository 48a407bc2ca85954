"""Clips in the API: answers about a clip, its receipt and its opening, and the filter of lists."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, cast

from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import Direction
from rest_framework import serializers

from consent.api.serializers import described_words
from core.api.fields import (
    ChoiceField,
    MomentField,
    NullableTextField,
    ReferenceField,
    TimestampField,
)
from core.api.id_fields import IdField
from core.api.pagination import make_list_serializer
from core.api.serializers import NoteFilterSerializer, ObjectSerializer, OutputSerializer
from core.caller_notes import Notes
from provenance import verification
from provenance.clips import clip_lifecycle
from provenance.clips.aigc_label import get_label_json
from provenance.clips.clip_fields import ClipField, FieldKind, list_api_fields
from provenance.clips.errors import MARK_REASONS
from provenance.models import Clip, ClipState, ManifestMode
from transparency_log import proofs
from voices.api.serializers.input_fields import code_field
from voices.speech.disclosure import Disclosure

AnyField = serializers.Field[Any, Any, Any, Any]
_SHOWN_STATES: Final = [
    str(state) for state in ClipState if state not in {ClipState.MAKING, ClipState.HELD}
]


class ThousandthsField(serializers.FloatField):
    """A number that the row holds in thousandths."""

    # The row's own unit.
    def to_representation(self, value: int) -> float:  # type: ignore[override]
        """Return the number in whole units."""
        return value / 1000


def build_table_fields(group: str = "") -> dict[str, AnyField]:
    """Return the plain fields of a clip, or of a group in it, by `CLIP_FIELDS`."""
    return {name: _build_field(name, one) for name, one in list_api_fields(group)}


def _build_field(name: str, clip_field: ClipField) -> AnyField:
    # The framework refuses a source that is the field's own name.
    source: dict[str, Any] = {} if name == clip_field.column else {"source": clip_field.column}
    match clip_field.kind:
        case FieldKind.OPTIONAL:
            return NullableTextField(**source)
        case FieldKind.NUMBER:
            return serializers.IntegerField(**source)
        case FieldKind.THOUSANDTHS:
            return ThousandthsField(**source)
        case FieldKind.TIME:
            return TimestampField(allow_null=True, **source)
        case FieldKind.LIST:
            return serializers.ListField(child=serializers.CharField(), **source)
        case _:
            return serializers.CharField(**source)


class SecondMarkSerializer(OutputSerializer[Mapping[str, Any]]):
    """A mark of another scheme beside ours: what it says, how strongly, and how clearly it was read
    back.
    """

    scheme = serializers.CharField()
    bits = serializers.RegexField("^[0-9a-f]{32}$", help_text="The clip's id, as its 16 bytes.")
    strength = serializers.IntegerField()
    score = serializers.FloatField()

    def compute_fields(self, row: Mapping[str, Any]) -> Mapping[str, object]:
        """Return the score, from thousandths."""
        return {"score": row["quality_milli"] / 1000}


class WatermarkSerializer(OutputSerializer[Clip]):
    """The mark in a clip: scheme, name of the key, token in hex, and how clearly it was read
    back.
    """

    scheme = serializers.CharField()
    key = serializers.CharField()
    token = serializers.RegexField("^[0-9a-f]{8}$")
    second_marks = SecondMarkSerializer(
        many=True, help_text="What else marks the clip, in clips of 15 seconds and more."
    )

    def get_fields(self) -> dict[str, AnyField]:
        """Add the fields that the table of a clip's fields names."""
        return {**build_table_fields("watermark"), **super().get_fields()}

    def compute_fields(self, row: Clip) -> Mapping[str, object]:
        """Return the name of the key, and the token in hex."""
        return {"key": f"{row.organisation_id}|{row.epoch}", "token": f"{row.token:08x}"}


class MarkField(serializers.Field[Clip, Any, Any, Clip]):
    """The mark of a clip, or in one word why it left without one."""

    def to_representation(self, value: Clip) -> object:
        """Return the mark of a clip or the reason."""
        return WatermarkSerializer(value).data if value.scheme else value.mark_reason


# The framework has no types there.
class MarkFieldSchema(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """The schema of a `MarkField`: an object or a word."""

    target_class = MarkField

    def map_serializer_field(self, auto_schema: AutoSchema, direction: Direction) -> dict[str, Any]:
        """Return both forms."""
        marked = auto_schema.resolve_serializer(WatermarkSerializer, direction).ref
        return {"oneOf": [marked, {"type": "string", "enum": list(MARK_REASONS)}]}


class AigcLabelSerializer(OutputSerializer[Mapping[str, str]]):
    """China's hidden label as it stands in the clip (GB 45438-2025), or in a header alone for
    bare samples.
    """

    Label = serializers.CharField()
    ContentProducer = serializers.CharField()
    ProduceID = serializers.CharField()
    ReservedCode1 = serializers.CharField(allow_blank=True)
    ContentPropagator = serializers.CharField(allow_blank=True)
    PropagateID = serializers.CharField(allow_blank=True)
    ReservedCode2 = serializers.CharField(allow_blank=True)


class ManifestSerializer(OutputSerializer[Clip]):
    """A clip's C2PA manifest: where it is, its label and SHA-256. Without one, `reason` says
    why.
    """

    mode = serializers.ChoiceField(choices=ManifestMode.values, source="manifest_mode")

    def get_fields(self) -> dict[str, AnyField]:
        """Add the fields that the table of a clip's fields names."""
        return {**super().get_fields(), **build_table_fields("c2pa")}


class ClipSerializer(ObjectSerializer[Clip]):
    """A clip with its place in the log."""

    object_name = "clip"

    state = serializers.ChoiceField(choices=[*_SHOWN_STATES, ClipState.MAKING])
    consent_assurance = serializers.CharField(allow_null=True)
    disclosure = serializers.ChoiceField(choices=[mode.value for mode in Disclosure])
    aigc_label = AigcLabelSerializer(allow_null=True)
    client_reference = serializers.CharField(allow_null=True)
    watermark = MarkField(
        allow_null=True,
        help_text="The mark, or why the clip left without one, such as `too_short`.",
    )
    c2pa = ManifestSerializer(source="*")
    log_index = serializers.IntegerField(allow_null=True)

    def get_fields(self) -> dict[str, AnyField]:
        """Add the fields that the table of a clip's fields names."""
        return {**super().get_fields(), **build_table_fields()}

    def open_notes(self, row: Clip) -> Notes:
        """Return what the caller wrote beside the clip."""
        return clip_lifecycle.open_clip_notes(row)

    def compute_fields(self, row: Clip) -> Mapping[str, Any]:
        """Return what is read from elsewhere: notes, consent, label and log."""
        notes, label = self.open_notes(row), get_label_json(row)
        return {
            "created_at": row.issued_at or row.created_at,
            "external_id": notes.external_id or None,
            "metadata": notes.metadata,
            "consent_assurance": self._find_level(row),
            "aigc_label": json.loads(label) if label else None,
            "client_reference": notes.client_reference or None,
            "watermark": row if row.scheme or row.mark_reason else None,
            "log_index": self._find_place(row),
        }

    def _find_level(self, row: Clip) -> str | None:
        """Return the level of the consent. The context of a page holds those of all its clips."""
        if (levels := self.context.get("levels")) is not None:
            return cast("str | None", levels.get(row.consent_id))
        return verification.get_consent_level(row.consent_id)

    def _find_place(self, row: Clip) -> int | None:
        """Return the place in the log, which the context of a page holds for all its clips."""
        if (places := self.context.get("places")) is not None:
            return cast("int | None", places.get(row.event_id))
        return proofs.get_event_index(row.event_id)


ClipList = make_list_serializer(ClipSerializer, "A page of clips.")


class SignatureSerializer(OutputSerializer[Mapping[str, str]]):
    """One signature of a receipt: its protected header and the signature itself, both in
    base64url.
    """

    protected = serializers.CharField()
    signature = serializers.CharField()


class ClipReceiptSerializer(OutputSerializer[Mapping[str, Any]]):
    """A receipt in the general JSON form of JWS (RFC 7515, 7.2.1)."""

    payload = serializers.CharField(help_text="Canonical JSON (RFC 8785) in base64url.")
    signatures = SignatureSerializer(many=True)


class OpeningSerializer(OutputSerializer[Mapping[str, Any]]):
    """What opens one log entry: the line of a bundle's `openings.jsonl`."""

    index = serializers.IntegerField(min_value=0)
    id = serializers.CharField()
    key = serializers.CharField(help_text="The event's key, 32 bytes in base64.")
    body = serializers.DictField(help_text="What the entry's commitment is over.")


class ClipFilterSerializer(NoteFilterSerializer):
    """What a list of clips may be narrowed by: what they were made with, and a half-open period."""

    client_reference = ReferenceField(
        max_length=200, required=False, help_text="Clips with exactly this `client_reference`."
    )
    decision = IdField("dec", required=False)
    state = ChoiceField(choices=_SHOWN_STATES, required=False)
    language = code_field(64, required=False, style=described_words.LANGUAGE)
    use_case = code_field(64, required=False, style=described_words.USE_CASE)
    voice = IdField("vox", required=False)
    consent = IdField("con", required=False)
    to = MomentField(required=False, help_text="Clips issued before this time.")

    def get_fields(self) -> dict[str, AnyField]:
        """Add `from`, which cannot be the name of an attribute."""
        since = MomentField(required=False, help_text="Clips issued at this time or later.")
        return {**super().get_fields(), "from": since}
