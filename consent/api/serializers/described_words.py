"""How the OpenAPI document describes the words of grants and calls, from the rules' own tables."""

from __future__ import annotations

from typing import Final

from consent.documents.notices import load_newest_notices
from consent.policy import channels, providers, scope_parsing, use_cases
from core.api.openapi import (
    LANGUAGE_RANGE,
    LANGUAGE_TAG,
    TERRITORY,
    describe_field,
    describe_words,
)

USE_CASE: Final = describe_words(
    "UseCaseCode", sorted(use_cases.CODES), example="entertainment.audiobook"
)
CHANNEL: Final = describe_words(
    "ChannelCode", (channels.ANY, *sorted(channels.CHANNELS)), example="app"
)
PROVIDER: Final = describe_words("ProviderCode", providers.PROVIDERS, example="inworld")
LABEL: Final = describe_words(
    "LabelCode", (*sorted(use_cases.EXCLUDABLE), use_cases.UNSURE), example="education"
)
EXCLUSION: Final = describe_words(
    "ExclusionCode", sorted(use_cases.EXCLUDABLE), example="political"
)
SENSITIVE: Final = describe_words(
    "SensitiveContentCode", sorted(use_cases.SENSITIVE_LABELS), example="religious"
)
NOTICE: Final = describe_words("NoticeCode", load_newest_notices(), example="voice-cloning")
PERIOD: Final = describe_words("QuotaPeriod", scope_parsing.PERIODS, example="P1M")
PLACE: Final = describe_field(pattern=TERRITORY, example="DE")
LANGUAGE: Final = describe_field(pattern=LANGUAGE_TAG, example="en")
RANGE_OF_LANGUAGES: Final = describe_field(pattern=LANGUAGE_RANGE, example="de-DE")
