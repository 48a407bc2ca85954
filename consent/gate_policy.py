"""What an organisation's policy tells the gate: raised levels, trusted imports, doubtful texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, cast

from accounts import organisation_policy
from consent.policy import use_cases
from consent.policy.types import UnjudgedContent
from core.canonical_json import Json

_DOUBTFUL: Final = "doubtful_language"
_ALLOW: Final = "allow"
_UNJUDGED: Final = "unjudged_content"
_LEVELS: Final = ("L1", "L2", "L3")


def register_gate_policy() -> None:
    """Register the policy entries that the gate asks for. Called when the applications start."""
    organisation_policy.policy_entries.add(
        organisation_policy.PolicyEntry(
            name="minimum_assurance",
            help="Raises the level of signature that a use case needs, and never lowers it.",
            example={"agent": "L2", "*": "L1"},
            check=_check_levels,
            canonical=_canonical_levels,
        )
    )
    organisation_policy.policy_entries.add(
        organisation_policy.PolicyEntry(
            name="imports_count_as_l1",
            help=(
                "For these use cases a consent given elsewhere, whose import a second person "
                "approved, counts as L1."
            ),
            example=["entertainment.audiobook"],
            check=_check_trusted_imports,
        )
    )
    organisation_policy.policy_entries.add(
        organisation_policy.PolicyEntry(
            name=_DOUBTFUL,
            help=(
                "Whether a text that may be in another language than the call names is spoken, and "
                "noted in the decision, or refused. One that plainly is in another language is "
                "always refused."
            ),
            example="refuse",
            check=organisation_policy.make_choice_check(_ALLOW, "refuse"),
        )
    )

    organisation_policy.policy_entries.add(
        organisation_policy.PolicyEntry(
            name=_UNJUDGED,
            help=(
                "What happens to a text whose content the moderation endpoint could not judge: "
                "refused, refused where the person excluded something, or spoken. Without an "
                "entry it is refused where the person excluded something."
            ),
            example="refuse",
            check=organisation_policy.make_choice_check("refuse", "refuse_exclusions", "deliver"),
        )
    )


def read_raised_levels(policy: Mapping[str, Json]) -> dict[str, int]:
    """Return the levels to which an organisation's policy raised some use cases.

    The entry is `{"minimum_assurance": {"agent": "L2"}}`. Raises TypeError or ValueError for levels
    that cannot be read.
    """
    levels = policy.get("minimum_assurance") or {}
    if not isinstance(levels, dict):
        # Any error in here is a doubt, and a doubt is a denial.
        raise TypeError("the minimum levels are no object")
    raised: dict[str, int] = {}
    for text, level in levels.items():
        code = _use_case_or_all(str(text))
        raised[code] = max(raised.get(code, 0), int(str(level).removeprefix("L")))
    return raised


def _use_case_or_all(text: str) -> str:
    """Return the use case of an entry.

    One that cannot be read might be any, so it counts for all.
    """
    try:
        return "*" if text == "*" else use_cases.parse_use_case(text)
    except use_cases.UnknownUseCase:
        return "*"


def _check_levels(value: Json) -> None:
    if not isinstance(value, dict):
        # What a Check raises.
        raise ValueError("must be an object of use cases and levels")  # noqa: TRY004
    if unknown := [code for code in value if code != "*" and _use_case_or_all(code) == "*"]:
        raise ValueError(f"must name use cases that exist: {min(unknown)[:64]!r} does not")
    if any(level not in _LEVELS for level in value.values()):
        raise ValueError(f"must have levels out of {', '.join(_LEVELS)}")


def _canonical_levels(value: Json) -> Json:
    """Return the levels by canonical use case, and of two for one use case the higher."""
    levels = cast("dict[str, str]", value)
    found: dict[str, Json] = {}
    for text, level in levels.items():
        code = _use_case_or_all(text)
        found[code] = max(str(found.get(code, level)), level)
    return found


def read_trusted_imports(policy: Mapping[str, Json]) -> frozenset[str]:
    """Return the use cases for which an organisation's policy takes approved imports for L1.

    There are none without an entry. Raises TypeError for an entry that cannot be read: a doubt, and
    a doubt is a denial.
    """
    named = policy.get("imports_count_as_l1") or []
    if not isinstance(named, list):
        raise TypeError("the trusted imports are no list")
    return frozenset(str(code) for code in named)


def refuses_doubtful_text(policy: Mapping[str, Json]) -> bool:
    """Return True if an organisation's policy refuses a text whose language is a doubt.

    An entry that cannot be read refuses too.
    """
    return policy.get(_DOUBTFUL, _ALLOW) != _ALLOW


def read_unjudged_content(policy: Mapping[str, Json]) -> UnjudgedContent:
    """Return what an organisation's policy does with a text whose content could not be judged.

    An entry that cannot be read refuses.
    """
    match policy.get(_UNJUDGED, "refuse_exclusions"):
        case "deliver":
            return "deliver"
        case "refuse_exclusions":
            return "refuse_exclusions"
        case _:
            return "refuse"


def _check_trusted_imports(value: Json) -> None:
    if not isinstance(value, list) or not all(isinstance(code, str) for code in value):
        raise ValueError("must be a list of use cases")
    if unknown := {str(code) for code in value} - use_cases.CODES:
        raise ValueError(f"must name use cases that exist: {min(unknown)[:64]!r} does not")
    if grave := sorted(
        str(code) for code in value if use_cases.get_minimum_level(str(code), {}) > 1
    ):
        raise ValueError(f"may not name use cases that need L2, such as {grave[0]}")
