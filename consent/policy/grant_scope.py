"""Scopes: what one grant allows, in canonical codes; and whether one scope lies within another.

Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import Any, Final, cast

from consent.policy import channels, evaluate, language_caveats, languages, territories, use_cases
from consent.policy.types import GrantView, unknown_place
from core.canonical_json import Json
from core.errors import Fault, Invalid

Scope = dict[str, Json]
LIMITS: Final = ("characters", "seconds", "clips")
PERIODS: Final = ("P1D", "P1W", "P1M", "P1Y")
MOST_GRANTS: Final = 20
SHORTEST_DESCRIPTION: Final = 20
_VAGUE: Final = (
    "any purpose",
    "anything",
    "any use",
    "all media",
    "all uses",
    "all purposes",
    "unlimited",
    "etc.",
    "whatever",
)


def parse_scope(raw: Mapping[str, Any], *, where: str = "") -> tuple[Scope, tuple[Fault, ...]]:
    """Bring one grant of a request to canonical form; give it with its warnings.

    `raw` has the shape of the API (`use_case, intended_uses, actions, languages, channels,
    territories, exclusions, quota` …) with values of the right types; codes are judged here. Raises
    Invalid with one fault a mistake.
    """
    faults: list[Fault] = []

    def codes(name: str, spell: Callable[[str], str], default: tuple[str, ...] = ()) -> list[str]:
        return _parse_codes(raw.get(name, default), spell, name, where=where, faults=faults)

    use_case = _parse_use_case(str(raw["use_case"]), attr=f"{where}use_case", faults=faults)
    text = " ".join(str(raw["intended_uses"]).split())
    if len(text) < SHORTEST_DESCRIPTION:
        detail = f"Describe the intended uses in at least {SHORTEST_DESCRIPTION} characters."
        faults.append(Fault(code="too_short", detail=detail, attr=f"{where}intended_uses"))
    scope: Scope = {
        "use_case": use_case,
        "intended_uses": text,
        "actions": sorted(codes("actions", _parse_action)),
        "languages": codes("languages", languages.tidy_language_range),
        "channels": codes("channels", channels.parse_channel, ("*",)),
        "territories": codes("territories", territories.parse_territory, ("*",)),
        "exclusions": codes("exclusions", use_cases.parse_exclusion),
        "sensitive_content": codes("sensitive_content", _parse_sensitive_content),
        "quota": _parse_quota(raw.get("quota") or {}, attr=f"{where}quota", faults=faults),
        "min_disclosure": raw.get("min_disclosure") or "none",
        "on_death": raw.get("on_death") or "stop",
    }
    for name in ("actions", "languages", "channels", "territories"):
        if not scope[name] and not any(
            (fault.attr or "").startswith(f"{where}{name}") for fault in faults
        ):
            faults.append(Fault(code="empty", detail="Name at least one.", attr=f"{where}{name}"))
    if faults:
        raise Invalid("Some fields are wrong.", faults=faults)
    return scope, tuple(_find_warnings(scope, where))


def scope_to_grant_view(
    scope: Mapping[str, Json], *, grant_id: str, left: Mapping[str, int | None]
) -> GrantView:
    """Give a stored scope as the policy reads it, with what is left of its quota (characters,
    milliseconds, clips).

    A row may be older than the canonical spelling: what cannot be read allows nothing, and as an
    exclusion forbids all.
    """
    return GrantView(
        grant_id=grant_id,
        use_case=str(scope["use_case"]),
        actions=frozenset(get_strings(scope, "actions")),
        languages=_keep_known(get_strings(scope, "languages"), languages.parse_language_range),
        spelt=get_strings(scope, "languages"),
        channels=frozenset(_keep_known(get_strings(scope, "channels"), channels.parse_channel)),
        territories=frozenset(
            _keep_known(get_strings(scope, "territories"), territories.parse_territory)
        ),
        exclusions=read_exclusions(scope),
        sensitive_content=frozenset(
            _keep_known(get_strings(scope, "sensitive_content"), _parse_sensitive_content)
        ),
        characters_left=left.get("characters"),
        milliseconds_left=left.get("milliseconds"),
        clips_left=left.get("clips"),
    )


def read_exclusions(scope: Mapping[str, Json]) -> frozenset[str]:
    """Give what a stored scope excludes, in canonical codes; `UNREADABLE` among them for words that
    are none.
    """
    given = get_strings(scope, "exclusions")
    read = _keep_known(given, use_cases.parse_exclusion)
    return frozenset(read) if len(read) == len(given) else frozenset({*read, use_cases.UNREADABLE})


def _keep_known(given: Iterable[str], spell: Callable[[str], str]) -> tuple[str, ...]:
    """The canonical spelling of those texts that have one."""
    found: list[str] = []
    for text in given:
        try:
            found.append(spell(text))
        except ValueError:
            continue
    return tuple(found)


def scope_to_codes(scope: Mapping[str, Json]) -> Scope:
    """Give what a scope says in codes.

    No free words: what the person was told in sentences stays in the record.
    """
    lists = ("actions", "languages", "channels", "territories", "exclusions", "sensitive_content")
    return {
        "use_case": str(scope["use_case"]),
        **{name: list(get_strings(scope, name)) for name in lists},
    }


def get_quota_limits(scope: Mapping[str, Json]) -> dict[str, int | None]:
    """Give a scope's quota in the units that are counted: characters, milliseconds, clips; None
    where there is none.
    """
    quota = cast("Mapping[str, int]", scope.get("quota") or {})
    seconds = quota.get("seconds")
    return {
        "characters": quota.get("characters"),
        "milliseconds": None if seconds is None else seconds * 1000,
        "clips": quota.get("clips"),
    }


def get_quota_period(scope: Mapping[str, Json]) -> str:
    """Give the period of a scope's quota, or "" when it counts over the whole term."""
    return str(cast("Mapping[str, Json]", scope.get("quota") or {}).get("period") or "")


def name_quota_window(length: str, at: datetime) -> str:
    """Name the calendar window, in UTC, in which a periodic quota counts at `at`; "whole" when
    there is no period.
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


def find_widened_fields(
    narrower: Mapping[str, Json], wider: Mapping[str, Json], *, on: date
) -> tuple[str, ...]:
    """Give the fields in which the first scope reaches beyond the second; none means that it only
    narrows.
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
    held = _keep_known(get_strings(wider, "languages"), languages.parse_language_range)
    wanted = [languages.parse_language_range(text) for text in get_strings(narrower, "languages")]
    return all(any(languages.is_range_within(one, other) for other in held) for one in wanted)


def _are_channels_within(narrower: Mapping[str, Json], wider: Mapping[str, Json]) -> bool:
    held = _keep_known(get_strings(wider, "channels"), channels.parse_channel)
    return channels.ANY in held or set(get_strings(narrower, "channels")) <= set(held)


def _are_territories_within(
    narrower: Mapping[str, Json], wider: Mapping[str, Json], *, on: date
) -> bool:
    held = _keep_known(get_strings(wider, "territories"), territories.parse_territory)
    return all(
        territories.covers_territory(held, one, on=on)
        for one in get_strings(narrower, "territories")
    )


def get_strings(scope: Mapping[str, Json], name: str) -> tuple[str, ...]:
    """Give a list field of a scope."""
    return tuple(str(item) for item in cast("Iterable[Json]", scope.get(name) or ()))


def _parse_codes(
    raw: object, spell: Callable[[str], str], name: str, *, where: str, faults: list[Fault]
) -> list[str]:
    given = [str(item) for item in cast("Iterable[object]", raw or ())]
    spelt: list[str] = []
    for at, text in enumerate(given):
        attr = f"{where}{name}.{at}"
        try:
            code = spell(text)
        except ValueError:
            faults.append(_unknown_code(name, text, attr=attr))
            continue
        if code in spelt:
            faults.append(Fault(code="duplicate", detail="This stands twice.", attr=attr))
        spelt.append(code)
    return spelt


def _unknown_code(name: str, text: str, *, attr: str) -> Fault:
    """The fault of a code that we do not know, with those that we do."""
    match name:
        case "channels":
            return unknown_place("channel", attr=attr)
        case "territories":
            return unknown_place("territory", attr=attr)
        case "languages":
            return Fault(
                code="language_unknown",
                detail=f"This language is not known; {languages.HOW_TO}",
                attr=attr,
            )
        case "exclusions":
            meant = use_cases.find_nearest_exclusions(text) or tuple(sorted(use_cases.EXCLUDABLE))
            detail = (
                "This can be no exclusion, for nobody could judge by it; name one of "
                f"{', '.join(meant)}."
            )
            return Fault(code="exclusion_unknown", detail=detail, attr=attr)
        case "sensitive_content":
            listed = ", ".join(sorted(use_cases.SENSITIVE_LABELS))
            return Fault(
                code="label_unknown",
                detail=f"This label is not known; name one of {listed}.",
                attr=attr,
            )
    listed = ", ".join(sorted(evaluate.ACTIONS))
    return Fault(
        code="action_unknown", detail=f"This act is not known; name one of {listed}.", attr=attr
    )


def _parse_use_case(text: str, *, attr: str, faults: list[Fault]) -> str:
    try:
        return use_cases.parse_use_case(text)
    except use_cases.UnknownUseCase:
        detail = f"There is no such use case; name one of {use_cases.LISTED}."
        faults.append(Fault(code="use_case_unknown", detail=detail, attr=attr))
        return text


def _parse_action(code: str) -> str:
    if code not in evaluate.ACTIONS:
        raise ValueError(code)
    return code


def _parse_sensitive_content(text: str) -> str:
    code = use_cases.parse_exclusion(text)
    if code not in use_cases.SENSITIVE_LABELS:
        raise ValueError(code)
    return code


def _parse_quota(raw: Mapping[str, Any], *, attr: str, faults: list[Fault]) -> Scope:
    quota: Scope = {name: int(raw[name]) for name in LIMITS if raw.get(name) is not None}
    if length := raw.get("period"):
        if length not in PERIODS:
            detail = f"A quota's period is one of {', '.join(PERIODS)}."
            faults.append(Fault(code="invalid", detail=detail, attr=f"{attr}.period"))
        elif not quota:
            faults.append(Fault(code="empty", detail="A period needs an amount.", attr=attr))
        quota["period"] = str(length)
    return quota


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


def _find_warnings(scope: Scope, where: str) -> Iterable[Fault]:
    text = str(scope["intended_uses"]).lower()
    if vague := [words for words in _VAGUE if words in text]:
        detail = (
            f"“{vague[0]}” is vague: courts want a reasonably specific description of the intended "
            "uses."
        )
        yield Fault(code="vague", detail=detail, attr=f"{where}intended_uses")
    for at, language in enumerate(get_strings(scope, "languages")):
        if caveat := language_caveats.find_language_caveat(language, attr=f"{where}languages.{at}"):
            yield caveat
