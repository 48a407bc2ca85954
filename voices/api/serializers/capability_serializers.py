"""What can be spoken and sent: languages and codecs, as the rules and the encoders know them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from drf_spectacular.types import OpenApiTypes
from rest_framework import serializers

from audio import encoding, stream_encoder
from audio.encoding import Output
from consent.documents import plain_language
from consent.policy import language_caveats, languages
from core.api.fields import ConstantField
from core.api.pagination import make_list_serializer
from core.api.serializers import OutputSerializer

LOCALE: Final = "en"
AUDIO: Final = {
    (200, media_type): OpenApiTypes.BINARY
    for media_type in (
        *dict.fromkeys(kind.partition(";")[0] for kind in encoding.MEDIA_TYPES.values()),
        "application/octet-stream",
    )
}
"""Answers that are audio, as the OpenAPI document names them.

The last one is for readers of the document that look for a type of bytes that they know.
"""
PARTS_OF_AUDIO: Final = {(206, kind): schema for (_, kind), schema in AUDIO.items()}
"""Answers that are a part of it."""


class LanguageSerializer(OutputSerializer[str]):
    """A language by its code in BCP 47. Scripts and places stand behind it, as in `pt-BR`."""

    object = ConstantField("language")
    code = serializers.CharField()
    name = serializers.CharField()
    covers = serializers.ListField(
        child=serializers.CharField(),
        help_text="The languages of calls that a grant for it covers.",
    )
    detail = serializers.CharField(
        allow_null=True, help_text="Where it covers less or more than its name suggests."
    )
    providers = serializers.ListField(
        child=serializers.CharField(), help_text="The providers whose engine speaks it."
    )
    tags = serializers.ListField(
        child=serializers.CharField(),
        help_text="The language tags under which the providers speak it.",
    )

    def compute_fields(self, row: str) -> Mapping[str, Any]:
        """Return what the tables say of a code, and who speaks it.

        `spoken` of the context are the tags that each provider speaks.
        """
        covered = languages.list_covered_languages(row)
        spoken = {
            provider: {tag for tag in tags if tag.partition("-")[0] in covered}
            for provider, tags in self.context["spoken"].items()
        }
        caveat = language_caveats.find_language_caveat(row, attr="languages")

        return {
            "code": row,
            "name": plain_language.name_language(row, LOCALE),
            "covers": covered,
            "detail": caveat.detail if caveat else None,
            "providers": [provider for provider, tags in spoken.items() if tags],
            "tags": sorted(set[str]().union(*spoken.values())),
        }


class BitRatesSerializer(OutputSerializer[Mapping[str, object]]):
    """The bit rates of a codec at one sample rate.

    They are those `listed`, or where that is empty, all from `least_bps` to `most_bps`.
    """

    sample_rate_hz = serializers.IntegerField()
    default_bps = serializers.IntegerField(source="usual")
    least_bps = serializers.IntegerField(source="least")
    most_bps = serializers.IntegerField(source="most")
    listed_bps = serializers.ListField(child=serializers.IntegerField(), source="listed")


class CodecSerializer(OutputSerializer[str]):
    """A format in which speech is delivered. The default comes first."""

    object = ConstantField("codec")
    code = serializers.ChoiceField(choices=encoding.CODECS)
    media_type = serializers.CharField()
    available = serializers.BooleanField(help_text="Whether this installation can make it.")
    streamable = serializers.BooleanField(help_text="Whether `delivery.mode` may be `stream`.")
    sample_rates_hz = serializers.ListField(child=serializers.IntegerField())
    default_sample_rate_hz = serializers.IntegerField()
    bit_rates = BitRatesSerializer(
        many=True, help_text="For each sample rate. Without any, no bit rate can be set."
    )

    def compute_fields(self, row: str) -> Mapping[str, Any]:
        """Return what the encoders take."""
        rates = encoding.list_sample_rates(row)
        allowed = [(rate, encoding.get_bit_rates(row, rate)) for rate in rates]

        return {
            "code": row,
            "media_type": encoding.get_media_type(row),
            "available": encoding.is_codec_available(row),
            "streamable": row in stream_encoder.STREAMED,
            "sample_rates_hz": rates,
            "default_sample_rate_hz": encoding.get_default_rate(Output(codec=row)),
            "bit_rates": [
                {"sample_rate_hz": rate, **asdict(found)} for rate, found in allowed if found
            ],
        }


LanguageList = make_list_serializer(
    LanguageSerializer, "Languages with a name. Every other registered tag is read as well."
)
CodecList = make_list_serializer(CodecSerializer, "All codecs.")
