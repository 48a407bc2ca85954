"""Warnings about a request: grants that could never be used, and limits that were left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, cast

from consent import gate_policy
from consent.policy import grant_scope, use_cases
from core.canonical_json import Json
from core.errors import Fault

SIGNED_LEVELS: Final = frozenset({"L1"})
"""The levels at which a live consent can be signed here."""
_AMOUNTS: Final = ("characters", "seconds", "clips")
_EVERYWHERE: Final = {
    "channels": "No channels are named, so the consent covers every channel.",
    "territories": "No territories are named, so the consent is worldwide.",
}


def warn_of_useless_grants(
    scopes: Sequence[grant_scope.Scope],
    *,
    level: str,
    livemode: bool,
    policy: Mapping[str, Json],
) -> tuple[Fault, ...]:
    """Return a warning for each grant that the gate would refuse for ever.

    Its use needs a higher level than is asked for, it excludes itself, or its quota is nothing. A
    consent of level L0 has a warning of its own.
    """
    raised = gate_policy.read_raised_levels(policy)
    found: list[Fault] = []

    for place, scope in enumerate(scopes):
        where = f"grants.{place}"
        found.extend(_warn_of_level(scope, where, level=level, livemode=livemode, raised=raised))
        found.extend(_warn_of_exclusion(scope, where))
        found.extend(_warn_of_quota(scope, where))

    return tuple(found)


def warn_of_silent_limits(grants: Sequence[Mapping[str, Any]]) -> tuple[Fault, ...]:
    """Return a warning for each limit of a grant that was left out, and so is none."""
    return tuple(
        Fault(code="unlimited", detail=detail, attr=f"grants.{place}.{name}")
        for place, grant in enumerate(grants)
        for name, detail in _EVERYWHERE.items()
        if not grant.get(name)
    )


def _warn_of_level(
    scope: grant_scope.Scope,
    where: str,
    *,
    level: str,
    livemode: bool,
    raised: Mapping[str, int],
) -> Iterator[Fault]:
    use_case = str(scope["use_case"])
    covered = use_cases.list_covered_use_cases(use_case)
    needed = min(
        (use_cases.get_minimum_level(code, raised) for code in covered),
        default=use_cases.get_minimum_level(use_case, raised),
    )
    if level == "L0" or int(level[1:]) >= needed:
        return

    detail = (
        f"The use {use_case} needs a consent of level L{needed}, and this one is asked at {level}. "
        "Every call for it will be refused."
    )
    if livemode and f"L{needed}" not in SIGNED_LEVELS:
        detail += f" Signing at L{needed} is not set up here."
    yield Fault(code="never_usable", detail=detail, attr=f"{where}.use_case")


def _warn_of_exclusion(scope: grant_scope.Scope, where: str) -> Iterator[Fault]:
    excluded = set(grant_scope.get_strings(scope, "exclusions"))
    use_case = str(scope["use_case"])
    covered = use_cases.list_covered_use_cases(use_case)
    # A parent stays usable while one of its children is, and a kind such as `endorsement` is a use.
    if all(excluded & use_cases.list_excluding_codes(code) for code in covered):
        detail = f"The grant excludes its own use, {use_case}. Every call will be refused."
        yield Fault(code="never_usable", detail=detail, attr=f"{where}.exclusions")


def _warn_of_quota(scope: grant_scope.Scope, where: str) -> Iterator[Fault]:
    quota = cast("Mapping[str, Json]", scope["quota"])
    for name in _AMOUNTS:
        if quota.get(name) == 0:
            detail = "The quota is nothing, so every call will be refused."
            yield Fault(code="never_usable", detail=detail, attr=f"{where}.quota.{name}")
