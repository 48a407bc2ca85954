"""Clips in the API: answers about a clip, its receipt and its opening, and the filter of lists."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from core.api.fields import Moment, NullableText, Timestamp
from core.api.pagination import list_of
from core.api.serializers import ObjectSerializer, OutputSerializer, StrictSerializer
from core.caller_notes import Notes
from provenance import verification
from provenance.clips import clip_lifecycle
from provenance.clips.aigc_label import get_label_json
from provenance.models import Clip, ClipState, ManifestMode
from transparency_log import proofs
from voices.api.serializers.input_fields import code_field
from voices.speech.disclosure import Disclosure


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
    margin_db = serializers.FloatField()
    score = serializers.FloatField()
    self_check = serializers.ListField(child=serializers.CharField(), source="self_checks")
    second_marks = SecondMarkSerializer(
        many=True, help_text="What else marks the clip, in clips of 15 seconds and more."
    )

    def compute_fields(self, row: Clip) -> Mapping[str, object]:
        """Return the name of the key, the token in hex, and the figures from thousandths."""
        return {
            "key": f"{row.organisation_id}|{row.epoch}",
            "token": f"{row.token:08x}",
            "margin_db": row.margin_milli_db / 1000,
            "score": row.score_milli / 1000,
        }


class AigcLabelSerializer(OutputSerializer[Mapping[str, str]]):
    """China's hidden label as it stands in the clip (GB 45438-2025); for bare samples in a header
    alone.
    """

    Label = serializers.CharField()
    ContentProducer = serializers.CharField()
    ProduceID = serializers.CharField()
    ReservedCode1 = serializers.CharField(allow_blank=True)
    ContentPropagator = serializers.CharField(allow_blank=True)
    PropagateID = serializers.CharField(allow_blank=True)
    ReservedCode2 = serializers.CharField(allow_blank=True)


class ManifestSerializer(OutputSerializer[Clip]):
    """A clip's C2PA manifest: where it is, its label and SHA-256; without one, `reason` says
    why.
    """

    mode = serializers.ChoiceField(choices=ManifestMode.values, source="manifest_mode")
    manifest_id = NullableText()
    sha256 = NullableText(source="manifest_sha256")
    reason = NullableText(source="manifest_reason")


class ClipSerializer(ObjectSerializer[Clip]):
    """A clip with its place in the log."""

    object_name = "clip"

    state = serializers.ChoiceField(
        choices=[str(state) for state in ClipState if state != ClipState.MAKING]
    )
    ended_at = Timestamp(allow_null=True)
    voice = NullableText(source="voice_id")
    decision = serializers.CharField(source="decision_id")
    consent = serializers.CharField(source="consent_id")
    consent_assurance = serializers.CharField(allow_null=True)
    grant = serializers.CharField(source="grant_id")
    language = serializers.CharField()
    use_case = serializers.CharField()
    characters = serializers.IntegerField()
    disclosure = serializers.ChoiceField(choices=[mode.value for mode in Disclosure])
    aigc_label = AigcLabelSerializer(allow_null=True)
    provider = serializers.CharField()
    client_reference = serializers.CharField(allow_null=True)
    media_type = serializers.CharField()
    codec = serializers.CharField()
    bytes = serializers.IntegerField(source="size")
    duration_ms = serializers.IntegerField()
    sha256 = serializers.CharField()
    sha256_pcm = serializers.CharField()
    sha256_provider = serializers.CharField()
    watermark = WatermarkSerializer(allow_null=True)
    c2pa = ManifestSerializer(source="*")
    log_index = serializers.IntegerField(allow_null=True)
    event = serializers.CharField(source="event_id")

    def open_notes(self, row: Clip) -> Notes:
        """Return what the caller wrote beside the clip."""
        return clip_lifecycle.open_notes(row)

    def compute_fields(self, row: Clip) -> Mapping[str, Any]:
        """Return what is read from elsewhere: notes, consent, label and log."""
        notes, label = self.open_notes(row), get_label_json(row)
        return {
            "created_at": row.issued_at,
            "external_id": notes.external_id or None,
            "metadata": notes.metadata,
            "consent_assurance": verification.get_consent_level(row.consent_id),
            "aigc_label": json.loads(label) if label else None,
            "client_reference": notes.client_reference or None,
            "watermark": row if row.scheme else None,
            "log_index": proofs.get_event_index(row.event_id),
        }


ClipList = list_of(ClipSerializer, "A page of clips.")


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


class ClipFilter(StrictSerializer):
    """What a list of clips may be narrowed by: a half-open period, a voice, a consent."""

    voice = code_field(64, required=False)
    consent = code_field(64, required=False)
    to = Moment(required=False, help_text="Clips issued before this time.")

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Add `from`, which cannot be the name of an attribute."""
        since = Moment(required=False, help_text="Clips issued at this time or later.")
        return {**super().get_fields(), "from": since}
