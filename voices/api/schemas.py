"""What nests in the answers about jobs and clips, for the OpenAPI document alone."""

from __future__ import annotations

from rest_framework import serializers

from consent.api.serializers.decision_serializers import RefusalReason
from provenance.models import Clip, ManifestMode
from voices.models import JobItem, JobState, ReviewState, VoiceReview


class ReviewObject(serializers.Serializer[VoiceReview]):
    """What a person should look at, or has: never a refusal, and never whose voice it is about."""

    state = serializers.ChoiceField(choices=ReviewState.values)
    code = serializers.ChoiceField(choices=("voice_resembles_another",))


class JobItemObject(serializers.Serializer[JobItem]):
    """What became of one text of a batch."""

    position = serializers.IntegerField(min_value=0)
    state = serializers.ChoiceField(choices=JobState.values)
    clip = serializers.CharField(allow_null=True)
    decision = serializers.CharField(allow_null=True)
    code = serializers.CharField(allow_null=True)
    reasons = RefusalReason(many=True)


class SecondMark(serializers.Serializer[Clip]):
    """A mark of another scheme beside ours: what it says, how strongly, and how clearly it was read
    back.
    """

    scheme = serializers.CharField()
    bits = serializers.RegexField("^[0-9a-f]{32}$", help_text="The clip's id, as its 16 bytes.")
    strength = serializers.IntegerField()
    score = serializers.FloatField()


class WatermarkObject(serializers.Serializer[Clip]):
    """The mark in a clip: scheme, name of the key, token in hex, and how clearly it was read
    back.
    """

    scheme = serializers.CharField()
    key = serializers.CharField()
    token = serializers.RegexField("^[0-9a-f]{8}$")
    margin_db = serializers.FloatField()
    score = serializers.FloatField()
    self_check = serializers.ListField(child=serializers.CharField())
    second_marks = SecondMark(
        many=True, help_text="What else marks the clip, in clips of 15 seconds and more."
    )


class Signature(serializers.Serializer[Clip]):
    """One signature of a receipt: its protected header and the signature itself, both in
    base64url.
    """

    protected = serializers.CharField()
    signature = serializers.CharField()


class ClipReceiptObject(serializers.Serializer[Clip]):
    """A receipt in the general JSON form of JWS (RFC 7515, 7.2.1)."""

    payload = serializers.CharField(help_text="Canonical JSON (RFC 8785) in base64url.")
    signatures = Signature(many=True)


class OpeningObject(serializers.Serializer[Clip]):
    """What opens one log entry: the line of a bundle's `openings.jsonl`."""

    index = serializers.IntegerField(min_value=0)
    id = serializers.CharField()
    key = serializers.CharField(help_text="The event's key, 32 bytes in base64.")
    body = serializers.DictField(help_text="What the entry's commitment is over.")


class AigcLabelObject(serializers.Serializer[Clip]):
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


class ManifestObject(serializers.Serializer[Clip]):
    """A clip's C2PA manifest: where it is, its label and SHA-256; without one, `reason` says
    why.
    """

    mode = serializers.ChoiceField(choices=ManifestMode.values)
    manifest_id = serializers.CharField(allow_null=True)
    sha256 = serializers.CharField(allow_null=True)
    reason = serializers.CharField(allow_null=True)
