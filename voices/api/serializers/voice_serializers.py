"""Voices in the API: the forms that make and change a voice, and the answer about one."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from consent.api.serializers import described_words
from core import canonical_json
from core.api.fields import (
    BoundedListField,
    ChoiceField,
    FlagField,
    NullableTextField,
    ShownTextField,
    TimestampField,
)
from core.api.id_fields import IdField
from core.api.openapi import describe_field, describe_id
from core.api.pagination import make_list_serializer
from core.api.serializers import (
    NoteChangesSerializer,
    NotedFormSerializer,
    NoteFilterSerializer,
    ObjectSerializer,
    OutputSerializer,
    StrictSerializer,
)
from core.api.uploads import explain_text_for_file
from core.caller_notes import Notes
from core.errors import Fault, Invalid, Malformed
from voices import voice_checks, voice_comparison, voice_labels, voice_selectors
from voices.api.serializers.input_fields import Base64AudioField, TranscriptField, code_field
from voices.models import ReviewState, Sample, Voice, VoiceReview, VoiceState
from voices.voice_checks import CheckResult, Likeness

MOST_SAMPLES: Final = 25


class SampleFormSerializer(StrictSerializer):
    """One sample in a JSON body."""

    audio_base64 = Base64AudioField()
    transcript = TranscriptField(
        max_length=5_000, required=False, allow_blank=True, allow_null=True
    )


class CloneDeliverySerializer(StrictSerializer):
    """When to make the voice.

    `job` answers at once, with the voice in `training`. Without a mode, only a clone that takes
    long is answered so.
    """

    mode = ChoiceField(choices=("sync", "job"))


class VoiceFormSerializer(NotedFormSerializer):
    """`POST /v1/voices` in JSON."""

    consent = code_field(64, style=describe_id("con"))
    name = ShownTextField(max_length=200)
    description = ShownTextField(
        fewest=0,
        one_line=False,
        max_length=2_000,
        required=False,
        allow_blank=True,
        allow_null=True,
    )
    language = code_field(64, required=False, allow_null=True, style=described_words.LANGUAGE)
    provider = code_field(32, default="local")
    use_case = code_field(64, required=False, allow_null=True, style=described_words.USE_CASE)
    channel = code_field(64, required=False, allow_null=True, style=described_words.CHANNEL)
    territory = code_field(64, required=False, allow_null=True, style=described_words.PLACE)
    samples = BoundedListField(child=SampleFormSerializer(), allow_empty=False, limit=MOST_SAMPLES)
    transcripts = BoundedListField(
        child=TranscriptField(max_length=5_000, allow_blank=True, allow_null=True),
        required=False,
        limit=MOST_SAMPLES,
    )
    denoise = FlagField(default=False)
    delivery = CloneDeliverySerializer(required=False)

    def validate_denoise(self, denoise: bool) -> bool:  # noqa: FBT001 - the framework's hook
        """Refuse what no engine here does."""
        if denoise:
            raise serializers.ValidationError(
                "No engine here takes noise away.", code="unsupported_field"
            )
        return denoise

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Check that there is one transcript for each sample, where there are any."""
        if "transcripts" in attrs and len(attrs["transcripts"]) != len(attrs["samples"]):
            raise serializers.ValidationError(
                {
                    "transcripts": [
                        ErrorDetail("There must be one transcript a sample.", code="invalid")
                    ]
                }
            )
        return attrs


class VoiceUploadSerializer(VoiceFormSerializer):
    """`POST /v1/voices` as multipart/form-data: `samples` are files. For the OpenAPI document."""

    samples = BoundedListField(
        child=serializers.FileField(
            style=describe_field(minLength=1), error_messages={"invalid": "This must be a file."}
        ),
        allow_empty=False,
        limit=MOST_SAMPLES,
    )


class VoiceChangesSerializer(NoteChangesSerializer):
    """`PATCH /v1/voices/{id}`."""

    name = ShownTextField(max_length=200, required=False)
    description = ShownTextField(
        fewest=0, one_line=False, max_length=2_000, required=False, allow_blank=True
    )


class VoiceFilterSerializer(NoteFilterSerializer):
    """What a list of voices may be narrowed by."""

    state = ChoiceField(choices=VoiceState.values, required=False)
    consent = IdField("con", required=False)
    speaker = IdField("spk", required=False)
    language = code_field(64, required=False, style=described_words.LANGUAGE)
    use_case = code_field(64, required=False, style=described_words.USE_CASE)
    provider = code_field(32, required=False)


class ReviewSerializer(OutputSerializer[Sequence[VoiceReview]]):
    """What a person should look at, or has: never a refusal, and never whose voice it is about."""

    state = serializers.ChoiceField(choices=ReviewState.values)
    code = serializers.ChoiceField(choices=(voice_comparison.CODE,))

    def compute_fields(self, row: Sequence[VoiceReview]) -> Mapping[str, object]:
        """Return `open` while one of the voice's reviews is open."""
        states = {review.state for review in row}
        state = ReviewState.OPEN if ReviewState.OPEN in states else ReviewState.SETTLED
        return {"state": state, "code": voice_comparison.CODE}


class SampleSerializer(OutputSerializer[Sample]):
    """A recording that the voice was made from."""

    id = serializers.CharField()
    position = serializers.IntegerField(min_value=0)
    sha256 = serializers.CharField()
    duration_ms = serializers.IntegerField(allow_null=True)
    speech_ms = serializers.IntegerField(allow_null=True)

    def compute_fields(self, row: Sample) -> Mapping[str, Any]:
        """Return what was measured, null before the recording was looked at."""
        return {
            "duration_ms": row.report.get("milliseconds"),
            "speech_ms": row.report.get("speech_milliseconds"),
        }


class SampleCheckSerializer(OutputSerializer[CheckResult]):
    """A check of a recording, or of two. `value` is a share, a cosine, or seconds of speech."""

    name = serializers.CharField()
    result = serializers.ChoiceField(choices=voice_checks.RESULTS)
    sample = serializers.IntegerField(allow_null=True)
    other = serializers.IntegerField(allow_null=True)
    value = serializers.FloatField(allow_null=True)


class VoiceFaultSerializer(OutputSerializer[Mapping[str, Any]]):
    """Why a recording could not be used, of a voice that failed in the background.

    Or why a deletion is not confirmed: `deletion_unconfirmed`, while the voice is `revoking`.
    """

    code = serializers.CharField()
    attr = serializers.CharField(allow_null=True)
    detail = serializers.CharField()


class LikenessSerializer(OutputSerializer[Likeness]):
    """How similar the voice sounds to its recordings. It is an indicator and proves nothing.

    `verdict` is what the cosine would mean between two recordings.
    """

    cosine = serializers.FloatField()
    verdict = serializers.ChoiceField(choices=("same", "review", "different"))


class VoiceSerializer(ObjectSerializer[Voice]):
    """A voice. Its label is opened for its own organisation alone."""

    object_name = "voice"

    state = serializers.ChoiceField(choices=VoiceState.values)
    code = NullableTextField()
    name = serializers.CharField(allow_null=True)
    description = serializers.CharField(allow_null=True, allow_blank=True)
    language = serializers.CharField()
    use_case = serializers.CharField()
    provider = serializers.CharField()
    consent = serializers.CharField(source="consent_id")
    speaker = serializers.CharField(source="speaker_id")
    decision = serializers.CharField(source="decision_id")
    ready_at = TimestampField(allow_null=True)
    provider_expires_at = TimestampField(allow_null=True)
    consent_expires_at = TimestampField(allow_null=True)
    training_percent = serializers.FloatField(allow_null=True)
    deleted_at = TimestampField(allow_null=True)
    review = ReviewSerializer(allow_null=True)
    samples = SampleSerializer(many=True)
    checks = SampleCheckSerializer(many=True)
    likeness = LikenessSerializer(allow_null=True)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Add `errors`, which the framework has another attribute for."""
        return {**super().get_fields(), "errors": VoiceFaultSerializer(many=True)}

    def open_notes(self, row: Voice) -> Notes:
        """Return what the caller wrote beside the voice."""
        return voice_labels.open_voice_notes(row)

    def compute_fields(self, row: Voice) -> Mapping[str, Any]:
        """Return the notes, the label, and whether a person has to look at the voice."""
        label = voice_labels.open_voice_label(row)
        return {
            **super().compute_fields(row),
            "name": label.name,
            "description": label.description,
            "training_percent": row.report.get("training_percent"),
            "consent_expires_at": voice_selectors.find_consent_end(row),
            "review": list(row.reviews.all()) or None,
            "samples": sorted(row.samples.all(), key=lambda sample: sample.position),
            "checks": voice_checks.list_checks(row),
            "likeness": voice_checks.get_likeness(row),
            "errors": row.report.get("faults", ()),
        }


VoiceList = make_list_serializer(VoiceSerializer, "A page of voices.")


def from_multipart(data: QueryDict) -> dict[str, Any]:
    """Return a multipart body in the shape of the JSON one.

    `samples` and `transcripts` repeat, `metadata` and `delivery` are JSON texts.
    """
    body: dict[str, Any] = {}
    for name, values in data.lists():
        files = [value for value in values if isinstance(value, UploadedFile)]
        if name == "samples":
            _demand_files(values)
            body[name] = [
                {"audio_base64": base64.b64encode(file.read()).decode("ascii")} for file in files
            ]
        elif name == "transcripts":
            body[name] = values
        else:
            body[name] = values[-1]
    for name in ("metadata", "delivery"):
        if name in body:
            body[name] = _parse_json(body[name])
    if "denoise" in body:
        body["denoise"] = {"true": True, "false": False}.get(str(body["denoise"]), body["denoise"])
    return body


def _demand_files(values: list[Any]) -> None:
    faults = tuple(
        Fault(code="invalid", attr=f"samples.{position}", detail=explain_text_for_file("samples"))
        for position, value in enumerate(values)
        if not isinstance(value, UploadedFile)
    )
    if faults:
        raise Invalid("Some fields are wrong.", faults=faults)


def _parse_json(text: Any) -> Any:
    try:
        return canonical_json.load(text.encode()) if isinstance(text, str) else text
    except Malformed:
        return text  # which the form refuses
