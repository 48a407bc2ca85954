"""Grants of a request, brought to canonical scopes: codes are judged here. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, cast

from consent.policy import actions, channels, language_caveats, languages, territories, use_cases
from consent.policy.grant_scope import LIMITS, Scope, get_strings, parse_sensitive_label
from consent.policy.types import unknown_place
from core import shown_text
from core.errors import Fault, Invalid

PERIODS: Final = ("P1D", "P1W", "P1M", "P1Y")
MOST_GRANTS: Final = 20
SHORTEST_DESCRIPTION: Final = 20
FEWEST_LETTERS: Final = 10
"""Both count one of Han, Kana or Hangul as two."""
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


def parse_scope(raw: Mapping[str, Any], *, prefix: str = "") -> tuple[Scope, tuple[Fault, ...]]:
    """Bring one grant of a request to canonical form, and return it with its warnings.

    `raw` has the shape of the API (`use_case, intended_uses, actions, languages, channels,
    territories, exclusions, quota` …) with values of the right types. Codes are judged here.

    Raises Invalid with one fault for each mistake.
    """
    faults: list[Fault] = []

    def codes(name: str, spell: Callable[[str], str], default: tuple[str, ...] = ()) -> list[str]:
        return _parse_codes(raw.get(name, default), spell, name, prefix=prefix, faults=faults)

    use_case = _parse_use_case(str(raw["use_case"]), attr=f"{prefix}use_case", faults=faults)
    text = " ".join(str(raw["intended_uses"]).split())
    if wrong := _describe_short_text(text):
        faults.append(Fault(code="too_short", detail=wrong, attr=f"{prefix}intended_uses"))
    scope: Scope = {
        "use_case": use_case,
        "intended_uses": text,
        "actions": sorted(codes("actions", _parse_action)),
        "languages": codes("languages", languages.tidy_language_range),
        "channels": codes("channels", channels.parse_channel, ("*",)),
        "territories": codes("territories", territories.parse_territory, ("*",)),
        "exclusions": codes("exclusions", use_cases.parse_exclusion),
        "sensitive_content": codes("sensitive_content", parse_sensitive_label),
        "quota": _parse_quota(raw.get("quota") or {}, attr=f"{prefix}quota", faults=faults),
        "min_disclosure": raw.get("min_disclosure") or "none",
        "on_death": raw.get("on_death") or "stop",
    }
    for name in ("actions", "languages", "channels", "territories"):
        if not scope[name] and not any(
            (fault.attr or "").startswith(f"{prefix}{name}") for fault in faults
        ):
            faults.append(Fault(code="empty", detail="Name at least one.", attr=f"{prefix}{name}"))
    if faults:
        raise Invalid("Some fields are wrong.", faults=faults)
    return scope, tuple(_find_warnings(scope, prefix))


def _describe_short_text(text: str) -> str:
    """Return what is wrong with a description that says too little, or ""."""
    if shown_text.weigh_text(text) < SHORTEST_DESCRIPTION:
        return (
            f"Describe the intended uses in at least {SHORTEST_DESCRIPTION} characters. One of "
            "Chinese, Japanese or Korean counts as two."
        )
    if shown_text.weigh_letters(text) < FEWEST_LETTERS:
        return "Describe the intended uses in words."

    return ""


def _parse_codes(
    raw: object, spell: Callable[[str], str], name: str, *, prefix: str, faults: list[Fault]
) -> list[str]:
    given = [str(item) for item in cast("Iterable[object]", raw or ())]
    spelt: list[str] = []
    for at, text in enumerate(given):
        attr = f"{prefix}{name}.{at}"
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
    """Return the fault of an unknown code, with the known ones."""
    match name:
        case "channels":
            return unknown_place("channel", attr=attr)
        case "territories":
            return unknown_place("territory", attr=attr)
        case "languages":
            return Fault(
                code="language_unknown",
                detail=f"This language is not known. {languages.HOW_TO}",
                attr=attr,
            )
        case "exclusions":
            meant = use_cases.find_nearest_exclusions(text) or tuple(sorted(use_cases.EXCLUDABLE))
            detail = (
                "No call could be judged by this exclusion. `GET /v1/labels` "
                f"lists all. Name one of: {', '.join(meant)}."
            )
            return Fault(code="exclusion_unknown", detail=detail, attr=attr)
        case "sensitive_content":
            listed = ", ".join(sorted(use_cases.SENSITIVE_LABELS))
            return Fault(
                code="label_unknown",
                detail=f"This label is not known. Name one of: {listed}.",
                attr=attr,
            )
    listed = ", ".join(sorted(actions.ACTIONS))
    return Fault(
        code="action_unknown", detail=f"This act is not known. Name one of: {listed}.", attr=attr
    )


def _parse_use_case(text: str, *, attr: str, faults: list[Fault]) -> str:
    try:
        return use_cases.parse_use_case(text)
    except use_cases.UnknownUseCase:
        detail = f"There is no such use case. Name one of: {use_cases.LISTED}."
        faults.append(Fault(code="use_case_unknown", detail=detail, attr=attr))
        return text


def _parse_action(code: str) -> str:
    if code not in actions.ACTIONS:
        raise ValueError(code)
    return code


def _parse_quota(raw: Mapping[str, Any], *, attr: str, faults: list[Fault]) -> Scope:
    quota: Scope = {name: int(raw[name]) for name in LIMITS if raw.get(name) is not None}
    if length := raw.get("period"):
        if length not in PERIODS:
            detail = f"A quota's period must be one of: {', '.join(PERIODS)}."
            faults.append(Fault(code="invalid", detail=detail, attr=f"{attr}.period"))
        elif not quota:
            faults.append(Fault(code="empty", detail="A period needs an amount.", attr=attr))
        quota["period"] = str(length)
    return quota


def _find_warnings(scope: Scope, prefix: str) -> Iterable[Fault]:
    text = str(scope["intended_uses"]).lower()
    if vague := [words for words in _VAGUE if words in text]:
        detail = (
            f"“{vague[0]}” is vague: courts want a reasonably specific description of the intended "
            "uses."
        )
        yield Fault(code="vague", detail=detail, attr=f"{prefix}intended_uses")
    for at, language in enumerate(get_strings(scope, "languages")):
        if caveat := language_caveats.find_language_caveat(
            language, attr=f"{prefix}languages.{at}"
        ):
            yield caveat
