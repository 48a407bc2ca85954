"""Consent to comparing voices with other people's.

It is off, unless the owner wants it and both people signed a notice that mentions it.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final

from accounts import organisation_policy
from consent import selectors
from consent.models import Consent, NoticeVersion
from consent.policy.state_machine import ConsentState
from core.canonical_json import Json
from core.errors import Fault

ENTRY: Final = "compare_voices"
"""The name of the policy entry, and of the purpose in a notice's `further_purposes`."""


def register_comparison_policy() -> None:
    """Register the policy entry. Called when the applications start."""
    organisation_policy.policy_entries.add(
        organisation_policy.PolicyEntry(
            name=ENTRY,
            help=(
                "Whether a clone whose notice says so is compared with other people's voices, for "
                "a person to review."
            ),
            example=True,
            check=_check_entry,
        )
    )


def is_comparison_on(organisation_id: str) -> bool:
    """Return True if the owner switched it on. Any value but `true` is off."""
    return organisation_policy.get_policy(organisation_id).get(ENTRY) is True


def mentions_comparison(version: NoticeVersion) -> bool:
    """Return True if this text tells people of the comparison."""
    purposes = version.body.get("further_purposes", [])

    return isinstance(purposes, list) and ENTRY in purposes


def find_agreeing_consents(consent_ids: Collection[str], *, at: datetime) -> frozenset[str]:
    """Return those of these consents that are active and were signed under such a notice.

    A renewed consent is answered for by its successor.
    """
    renewed = Consent.objects.filter(id__in=consent_ids, state=ConsentState.SUPERSEDED).values_list(
        "id", flat=True
    )
    carriers = dict(zip(consent_ids, consent_ids, strict=True)) | {
        one: selectors.find_latest_successor(one) for one in renewed
    }

    active = (
        Consent.objects.filter(id__in=set(carriers.values()), signed_at__isnull=False)
        .reading(ConsentState.ACTIVE, at=at)
        .select_related("notice_version")
    )

    willing = {consent.id for consent in active if mentions_comparison(consent.notice_version)}

    return frozenset(consent_id for consent_id, carrier in carriers.items() if carrier in willing)


def warnings_for(version: NoticeVersion, organisation_id: str) -> tuple[Fault, ...]:
    """Return a warning that nothing is compared while the policy is off, if this text mentions
    it.
    """
    if not mentions_comparison(version) or is_comparison_on(organisation_id):
        return ()

    detail = (
        f"This notice speaks of comparing voices, and the policy `{ENTRY}` is off: nothing is "
        "compared."
    )

    return (Fault(code="comparison_off", detail=detail, attr="notice"),)


def _check_entry(value: Json) -> None:
    if not isinstance(value, bool):
        # A policy check raises ValueError alone.
        raise ValueError("must be true or false")  # noqa: TRY004
