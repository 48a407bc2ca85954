"""Plain language: scopes and terms in words for the person who signs, in English and German.

The sentences are signed, so they are a versioned text (`core/signed_texts.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, cast

from consent.policy import grant_scope
from core import signed_texts
from core.canonical_json import Json

LOCALES: Final = ("en", "de")
VERSION: Final = 1
FOLDER: Final = Path(__file__).parent / "texts"


def find_locale(tag: str) -> str:
    """Return the language of ours that fits a tag, English where none does: `de-AT` -> `de`."""
    language = tag.replace("_", "-").partition("-")[0].lower()
    return language if language in LOCALES else LOCALES[0]


def load_words(locale: str) -> Mapping[str, Any]:
    """Return the words of a language. A locale without words reads English."""
    return signed_texts.load_text(
        FOLDER, "plain_language", version=VERSION, locale=find_locale(locale)
    )


def name_use_case(code: str, locale: str) -> str:
    """Return the name of a use case."""
    return str(load_words(locale)["use_cases"].get(code, code))


def describe_scope(scope: Mapping[str, Json], locale: str) -> tuple[str, ...]:
    """Return everything that a scope allows and limits, a sentence for each."""
    words = load_words(locale)
    lines = [
        words["actions_line"].format(
            actions=_join_words(_name_codes(scope, "actions", words["actions"]), words)
        ),
        words["languages_line"].format(
            languages=_join_words(_name_languages(scope, locale), words)
        ),
        words["channels_line"].format(
            channels=_join_words(_name_codes(scope, "channels", words["channels"]), words)
        ),
        words["territories_line"].format(
            territories=_join_words(_name_territories(scope, locale), words)
        ),
        *_describe_quota(scope, words),
    ]

    if excluded := _name_codes(scope, "exclusions", {**words["use_cases"], **words["labels"]}):
        lines.append(words["exclusions_line"].format(exclusions=_join_words(excluded, words)))
    if sensitive := _name_codes(scope, "sensitive_content", words["labels"]):
        lines.append(words["sensitive_line"].format(labels=_join_words(sensitive, words)))

    lines.append(words["min_disclosure"].get(str(scope.get("min_disclosure")), ""))
    lines.append(words["on_death"].get(str(scope.get("on_death")), ""))

    return tuple(line for line in lines if line)


def describe_warnings(scope: Mapping[str, Json], locale: str) -> tuple[str, ...]:
    """Return what a person should think about twice before agreeing."""
    words = load_words(locale)
    actions = grant_scope.get_strings(scope, "actions")
    found = {
        "warning_train": "train" in actions,
        "warning_sublicense": "sublicense" in actions,
        "warning_territory": "*" in grant_scope.get_strings(scope, "territories"),
        "warning_any_language": "*" in grant_scope.get_strings(scope, "languages"),
    }

    return tuple(str(words[name]) for name, applies in found.items() if applies)


def describe_term(start: datetime, end: datetime, locale: str) -> str:
    """Return the start and the end of a term in words, and that the end itself is outside."""
    return str(
        load_words(locale)["term"].format(
            start=describe_moment(start, locale), end=describe_moment(end, locale)
        )
    )


def describe_moment(at: datetime, locale: str) -> str:
    """Return a time in words, in UTC."""
    words = load_words(locale)
    utc = at.astimezone(UTC)
    month = words["months"][utc.month - 1]

    return str(
        words["date"].format(
            day=utc.day, month=month, year=utc.year, hour=utc.hour, minute=utc.minute
        )
    )


def join_items(items: Iterable[str], locale: str) -> str:
    """Return the items joined as the language does: `a, b and c`."""
    return _join_words(items, load_words(locale))


def name_state(code: str, locale: str) -> str:
    """Return the name of a state of a consent."""
    return str(load_words(locale)["states"].get(code, code))


def name_language(tag: str, locale: str) -> str:
    """Return the name of a language range with its script and country.

    `German`, `German (Austria)`. The tag itself if the language has no name.
    """
    words = load_words(locale)
    if tag == "*":
        return str(words["any_language"])

    primary, *parts = tag.split("-")
    if primary not in words["languages"]:
        return tag

    places = {**words["scripts"], **words["territories"], **words["regions"]}
    details = [places.get(part, part) for part in parts if part != "*"]
    name = str(words["languages"][primary])

    return f"{name} ({', '.join(details)})" if details else name


def name_channel(code: str, locale: str) -> str:
    """Return the name of a channel."""
    return str(load_words(locale)["channels"].get(code, code))


def name_label(code: str, locale: str) -> str:
    """Return the name of a kind of content, or of a use case that stands for one."""
    words = load_words(locale)
    return str({**words["use_cases"], **words["labels"]}.get(code, code))


def list_named_languages() -> tuple[str, ...]:
    """Return the codes of the languages that people are shown by name."""
    return tuple(sorted(load_words(LOCALES[0])["languages"]))


def name_territory(code: str, locale: str) -> str:
    """Return the name of a territory, or its code if it has no name."""
    if code == "*":
        return str(load_words(locale)["any_territory"])

    return str(load_words(locale)["territories"].get(code, code))


def _name_languages(scope: Mapping[str, Json], locale: str) -> list[str]:
    return [name_language(tag, locale) for tag in grant_scope.get_strings(scope, "languages")]


def _name_territories(scope: Mapping[str, Json], locale: str) -> list[str]:
    return [name_territory(code, locale) for code in grant_scope.get_strings(scope, "territories")]


def _describe_quota(scope: Mapping[str, Json], words: Mapping[str, Any]) -> list[str]:
    quota = cast("Mapping[str, Json]", scope.get("quota") or {})
    period = words["periods"][str(quota.get("period") or "")]
    lines = [
        words[f"quota_{name}"].format(count=_format_count(quota[name], words), period=period)
        for name in grant_scope.LIMITS
        if quota.get(name) is not None
    ]

    return lines or [words["no_quota"]]


def _format_count(number: Json, words: Mapping[str, Any]) -> str:
    if not isinstance(number, int):
        return str(number)

    return f"{number:,}".replace(",", words["thousands"])


def _name_codes(scope: Mapping[str, Json], name: str, names: Mapping[str, str]) -> list[str]:
    return [names.get(code, code) for code in grant_scope.get_strings(scope, name)]


def _join_words(items: Iterable[str], words: Mapping[str, Any]) -> str:
    *first, last = list(items) or [""]

    return f"{', '.join(first)}{words['and']}{last}" if first else last
