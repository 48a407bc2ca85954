"""Words of closed lists: use cases, channels, providers, territories, labels, and the notices.

What each covers is read from the tables that the gate decides by. Names are those that a person who
signs in English is shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from rest_framework import serializers

from consent.documents import plain_language
from consent.documents.notices import NoticeText
from consent.policy import channels, providers, territories, use_cases
from consent.policy.providers import KeptData, ProviderFacts
from core.api.fields import ConstantField
from core.api.pagination import make_list_serializer
from core.api.serializers import OutputSerializer

LOCALE: Final = "en"
_LEVELS: Final = ("L1", "L2", "L3")
_KINDS: Final = ("world", "union", "country")


def _code_list(help_text: str) -> serializers.ListField:
    return serializers.ListField(child=serializers.CharField(), help_text=help_text)


class UseCaseSerializer(OutputSerializer[str]):
    """A purpose that a person agrees to, and that a call names."""

    object = ConstantField("use_case")
    code = serializers.CharField()
    name = serializers.CharField()
    parent = serializers.CharField(allow_null=True)  # type: ignore[assignment]  # also theirs
    assurance = serializers.ChoiceField(
        choices=_LEVELS, help_text="The level of signature that a call for it needs."
    )
    covers = _code_list("The use cases of calls that a grant for it covers.")
    covered_by = _code_list(
        "The use cases of grants that cover a call for it. None: a call has to name a child."
    )
    excluded_by = _code_list("The labels and use cases whose exclusion excludes it, too.")

    def compute_fields(self, row: str) -> Mapping[str, Any]:
        """Return what the tables say of a code.

        `raised` of the context are the levels that the organisation raised.
        """
        parent = use_cases.PARENTS[row]
        level = use_cases.get_minimum_level(row, self.context.get("raised", {}))

        return {
            "code": row,
            "name": plain_language.name_use_case(row, LOCALE),
            "parent": None if parent == row else parent,
            "assurance": f"L{level}",
            "covers": use_cases.list_covered_use_cases(row),
            "covered_by": [
                code for code in sorted(use_cases.CODES) if use_cases.covers_use_case(code, row)
            ],
            "excluded_by": sorted(use_cases.list_excluding_codes(row)),
        }


class ChannelSerializer(OutputSerializer[str]):
    """A way in which audio reaches people."""

    object = ConstantField("channel")
    code = serializers.CharField()
    name = serializers.CharField()
    covers = _code_list("The channels of calls that a grant for it covers.")

    def compute_fields(self, row: str) -> Mapping[str, Any]:
        """Return what the tables say of a code."""
        everything = [channels.ANY, *sorted(channels.CHANNELS)]

        return {
            "code": row,
            "name": plain_language.name_channel(row, LOCALE),
            "covers": everything if row == channels.ANY else [row],
        }


class KeptDataSerializer(OutputSerializer[KeptData]):
    """One thing that a provider keeps."""

    what = serializers.ChoiceField(choices=providers.KEPT)
    lasts = serializers.CharField(
        allow_null=True,
        help_text=(
            "For how long: a duration of ISO 8601, or `consent` for the term of the consent. Null: "
            "not stated."
        ),
    )


class ProviderSerializer(OutputSerializer[ProviderFacts]):
    """A provider that a person agrees to, with what they are told of it."""

    object = ConstantField("provider")
    code = serializers.CharField()
    name = serializers.CharField()
    runs = serializers.ChoiceField(
        choices=providers.RUNS,
        help_text=(
            "On whose servers: those of this `service`, of the `company` itself, of your own "
            "`organisation`, or `unknown`."
        ),
    )
    country = serializers.CharField(
        allow_null=True, help_text="ISO 3166-1. Null for your own servers, or not stated."
    )
    keeps = KeptDataSerializer(many=True, allow_null=True, help_text="Null: not stated.")
    terms = serializers.CharField(allow_null=True, help_text="The address of its terms.")
    terms_read = serializers.CharField(
        allow_null=True, help_text="The day on which its terms were read. Null: not yet."
    )


class TerritorySerializer(OutputSerializer[str]):
    """A place: a country of ISO 3166-1, a union, or everywhere."""

    object = ConstantField("territory")
    code = serializers.CharField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=_KINDS)
    covers = _code_list(
        "What a grant for it covers beside itself: the countries of a union today, or the "
        "subdivisions of a country (ISO 3166-2). They are codes of grants and calls, too."
    )

    def compute_fields(self, row: str) -> Mapping[str, Any]:
        """Return what the tables say of a code on the day `on` of the context: unions change."""
        kind = "union" if row in territories.UNIONS else "country"

        return {
            "code": row,
            "name": plain_language.name_territory(row, LOCALE),
            "kind": "world" if row == territories.ANY else kind,
            "covers": territories.list_territories_inside(row, on=self.context["on"]),
        }


class LabelSerializer(OutputSerializer[str]):
    """What a call's `labels` may say of its content, and what a person may exclude.

    `unsure` is for a call alone: doubt refuses. Nothing is excluded by it.
    """

    object = ConstantField("label")
    code = serializers.CharField()
    name = serializers.CharField()
    sensitive_content = _code_list(
        "What the grant must list in `sensitive_content` for a call with this label."
    )
    covers = _code_list("The labels and use cases that are excluded where a person excludes it.")

    def compute_fields(self, row: str) -> Mapping[str, Any]:
        """Return what the tables say of a code."""
        return {
            "code": row,
            "name": plain_language.name_label(row, LOCALE),
            "sensitive_content": sorted(use_cases.list_sensitive_kinds(row)),
            "covers": use_cases.list_excluded_codes(row),
        }


class NoticeTextSerializer(OutputSerializer[Sequence[NoticeText]]):
    """A notice that a person is shown before they sign, in its newest version."""

    object = ConstantField("notice")
    code = serializers.CharField()
    name = serializers.CharField()
    version = serializers.IntegerField()
    locales = _code_list("The languages in which a person can be asked.")

    def compute_fields(self, row: Sequence[NoticeText]) -> Mapping[str, Any]:
        """Return what the texts of one notice, one a language, say."""
        shown = next((text for text in row if text.locale == LOCALE), row[0])

        return {
            "code": shown.key,
            "name": shown.body["title"],
            "version": shown.version,
            "locales": [text.locale for text in row],
        }


UseCaseList = make_list_serializer(UseCaseSerializer, "All use cases, each behind its parent.")
ChannelList = make_list_serializer(ChannelSerializer, "All channels.")
ProviderList = make_list_serializer(ProviderSerializer, "All providers.")
TerritoryList = make_list_serializer(
    TerritorySerializer, "All territories. Subdivisions stand with their country."
)
LabelList = make_list_serializer(LabelSerializer, "All labels.")
NoticeTextList = make_list_serializer(NoticeTextSerializer, "All notices.")
