"""Comparison of scopes: whether one lies within another."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from consent.policy import channels, languages, territories, use_cases
from consent.policy.grant_scope import (
    get_quota_limits,
    get_quota_period,
    get_strings,
    keep_known,
    read_exclusions,
)
from core.canonical_json import Json


def find_widened_fields(
    narrower: Mapping[str, Json], wider: Mapping[str, Json], *, on: date
) -> tuple[str, ...]:
    """Return the fields in which the first scope reaches beyond the second.

    Without one it only narrows.
    """
    fits = {
        "use_case": use_cases.is_use_case_within(str(narrower["use_case"]), str(wider["use_case"])),
        "actions": _is_subset(narrower, wider, "actions"),
        "languages": _are_languages_within(narrower, wider),
        "channels": _are_channels_within(narrower, wider),
        "territories": _are_territories_within(narrower, wider, on=on),
        "exclusions": read_exclusions(wider) <= read_exclusions(narrower),
        "sensitive_content": _is_subset(narrower, wider, "sensitive_content"),
        "quota": _is_quota_within(narrower, wider),
        "min_disclosure": narrower.get("min_disclosure") == wider.get("min_disclosure"),
        "on_death": narrower.get("on_death") == wider.get("on_death"),
    }
    return tuple(field for field, inside in fits.items() if not inside)


def _are_languages_within(narrower: Mapping[str, Json], wider: Mapping[str, Json]) -> bool:
    held = keep_known(get_strings(wider, "languages"), languages.parse_language_range)
    wanted = [languages.parse_language_range(text) for text in get_strings(narrower, "languages")]
    return all(any(languages.is_range_within(one, other) for other in held) for one in wanted)


def _are_channels_within(narrower: Mapping[str, Json], wider: Mapping[str, Json]) -> bool:
    held = keep_known(get_strings(wider, "channels"), channels.parse_channel)
    return channels.ANY in held or set(get_strings(narrower, "channels")) <= set(held)


def _are_territories_within(
    narrower: Mapping[str, Json], wider: Mapping[str, Json], *, on: date
) -> bool:
    held = keep_known(get_strings(wider, "territories"), territories.parse_territory)
    return all(
        territories.covers_territory(held, one, on=on)
        for one in get_strings(narrower, "territories")
    )


def _is_quota_within(narrower: Mapping[str, Json], wider: Mapping[str, Json]) -> bool:
    inner, outer = get_quota_limits(narrower), get_quota_limits(wider)
    if any(limit is not None for limit in outer.values()) and get_quota_period(
        narrower
    ) != get_quota_period(wider):
        return False
    return all(
        limit is None or ((mine := inner[name]) is not None and mine <= limit)
        for name, limit in outer.items()
    )


def _is_subset(inner: Mapping[str, Json], outer: Mapping[str, Json], name: str) -> bool:
    return set(get_strings(inner, name)) <= set(get_strings(outer, name))
