"""Scopes: what one grant allows, in canonical codes, and how a stored one is read.

Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Final, cast

from consent.policy import channels, languages, territories, use_cases
from consent.policy.types import GrantView
from core.canonical_json import Json

Scope = dict[str, Json]
LIMITS: Final = ("characters", "seconds", "clips")


def scope_to_grant_view(
    scope: Mapping[str, Json], *, grant_id: str, left: Mapping[str, int | None]
) -> GrantView:
    """Return a stored scope as the policy reads it, with what is left of its quota.

    The quota is in characters, milliseconds and clips.

    A row may be older than the canonical spelling: what cannot be read allows nothing, and as an
    exclusion forbids all.
    """
    return GrantView(
        grant_id=grant_id,
        use_case=str(scope["use_case"]),
        actions=frozenset(get_strings(scope, "actions")),
        languages=keep_known(get_strings(scope, "languages"), languages.parse_language_range),
        spelt=get_strings(scope, "languages"),
        channels=frozenset(keep_known(get_strings(scope, "channels"), channels.parse_channel)),
        territories=frozenset(
            keep_known(get_strings(scope, "territories"), territories.parse_territory)
        ),
        exclusions=read_exclusions(scope),
        sensitive_content=frozenset(
            keep_known(get_strings(scope, "sensitive_content"), parse_sensitive_label)
        ),
        characters_left=left.get("characters"),
        milliseconds_left=left.get("milliseconds"),
        clips_left=left.get("clips"),
    )


def read_exclusions(scope: Mapping[str, Json]) -> frozenset[str]:
    """Return what a stored scope excludes, in canonical codes.

    `UNREADABLE` stands for words that are no code.
    """
    given = get_strings(scope, "exclusions")
    read = keep_known(given, use_cases.parse_exclusion)
    return frozenset(read) if len(read) == len(given) else frozenset({*read, use_cases.UNREADABLE})


def keep_known(texts: Iterable[str], spell: Callable[[str], str]) -> tuple[str, ...]:
    """Return the canonical spelling of those texts that have one."""
    found: list[str] = []
    for text in texts:
        try:
            found.append(spell(text))
        except ValueError:
            continue
    return tuple(found)


def get_strings(scope: Mapping[str, Json], name: str) -> tuple[str, ...]:
    """Return a list field of a scope."""
    return tuple(str(item) for item in cast("Iterable[Json]", scope.get(name) or ()))


def scope_to_codes(scope: Mapping[str, Json]) -> Scope:
    """Return what a scope says in codes.

    The sentences that the person read are in the record alone.
    """
    lists = ("actions", "languages", "channels", "territories", "exclusions", "sensitive_content")
    return {
        "use_case": str(scope["use_case"]),
        **{name: list(get_strings(scope, name)) for name in lists},
    }


def get_quota_limits(scope: Mapping[str, Json]) -> dict[str, int | None]:
    """Return a scope's quota in characters, milliseconds and clips, None without a limit."""
    quota = cast("Mapping[str, int]", scope.get("quota") or {})
    seconds = quota.get("seconds")
    return {
        "characters": quota.get("characters"),
        "milliseconds": None if seconds is None else seconds * 1000,
        "clips": quota.get("clips"),
    }


def get_quota_period(scope: Mapping[str, Json]) -> str:
    """Return the period of a scope's quota, or "" if it counts over the whole term."""
    return str(cast("Mapping[str, Json]", scope.get("quota") or {}).get("period") or "")


def name_quota_window(length: str, at: datetime) -> str:
    """Return the calendar window, in UTC, in which a periodic quota counts at `at`.

    It is "whole" without a period.
    """
    day = at.date()
    match length:
        case "P1D":
            return day.isoformat()
        case "P1W":
            year, week, _ = day.isocalendar()
            return f"{year:04}-W{week:02}"
        case "P1M":
            return f"{day:%Y-%m}"
        case "P1Y":
            return f"{day:%Y}"
    return "whole"


def parse_sensitive_label(text: str) -> str:
    """Return the code of a sensitive kind of content.

    Raises ValueError for another text.
    """
    code = use_cases.parse_exclusion(text)
    if code not in use_cases.SENSITIVE_LABELS:
        raise ValueError(code)
    return code
