"""Queries about people, consents and decisions. Nothing here changes a row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from accounts.sandbox_clock import now_for
from consent.models import Consent, Decision, Speaker
from consent.policy.state_machine import ENDED, ConsentState
from core import clock
from core.errors import NotFound
from vault import sealed_notes, sealed_values


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """An ended consent. Its voices must be deleted, unless a successor carries them."""

    consent_id: str
    speaker_id: str
    organisation_id: str
    livemode: bool
    state: str
    ended_at: datetime


def list_ended_among(consent_ids: Iterable[str]) -> tuple[Ended, ...]:
    """Return those of these consents that have ended.

    For a sweep that starts from its own rows, and so misses nothing.
    """
    rows = Consent.objects.filter(
        id__in=list(consent_ids), state__in=sorted(ENDED), ended_at__isnull=False
    )

    return tuple(_consent_to_ended(row) for row in rows.order_by("id"))


def find_latest_successor(consent_id: str) -> str:
    """Return the consent that answers for this one now: itself, or its last successor."""
    for _ in range(50):
        newer = Consent.objects.filter(supersedes=consent_id, signed_at__isnull=False).values_list(
            "id", flat=True
        )
        current = Consent.objects.filter(id=consent_id).exclude(state=ConsentState.SUPERSEDED)
        if current.exists() or not newer:
            return consent_id

        consent_id = newer[0]

    return consent_id


def get_speaker_of_consent(consent_id: str) -> Speaker:
    """Return the person behind a consent.

    Raises NotFound.
    """
    found = Consent.objects.select_related("speaker").filter(id=consent_id).first()
    if found is None:
        raise NotFound("There is no such consent.")

    return found.speaker


def get_consent(consent_id: str, *, organisation_id: str, livemode: bool) -> Consent:
    """Return an organisation's consent with everything that is shown of it.

    Raises NotFound, also for another organisation's id.
    """
    rows = Consent.objects.of(organisation_id, livemode=livemode)
    found = (
        rows.select_related("speaker", "organisation", "notice_version__notice")
        .filter(id=consent_id)
        .first()
    )
    if found is None:
        raise NotFound("There is no such consent.")

    return found


def list_speakers(organisation_id: str, *, livemode: bool) -> QuerySet[Speaker]:
    """Return an organisation's speakers."""
    return Speaker.objects.filter(organisation_id=organisation_id, livemode=livemode)


def filter_speakers(
    wanted: Mapping[str, Any], *, organisation_id: str, livemode: bool, at: datetime
) -> QuerySet[Speaker]:
    """Return an organisation's speakers of this `kind` and `state`, with this `email`,
    `external_id` and `metadata`.

    What `wanted` does not name narrows nothing.
    """
    rows = list_speakers(organisation_id, livemode=livemode)
    rows = rows.filter(**{name: wanted[name] for name in ("kind", "state") if name in wanted})
    if email := wanted.get("email"):
        index = sealed_values.blind_index(organisation_id, email, at=at)
        rows = rows.filter(email_index=index)

    return sealed_notes.filter_by_notes(rows, wanted, organisation_id=organisation_id, at=at)


def list_decisions(organisation_id: str, *, livemode: bool) -> QuerySet[Decision]:
    """Return an organisation's decisions."""
    return Decision.objects.filter(organisation_id=organisation_id, livemode=livemode)


def filter_decisions(
    wanted: Mapping[str, Any], *, organisation_id: str, livemode: bool, at: datetime
) -> QuerySet[Decision]:
    """Return an organisation's decisions by `consent`, `voice`, `allowed`, `preview`,
    `external_id`, `metadata`, and a half-open period `from` and `to`.

    What `wanted` does not name narrows nothing.
    """
    columns = {
        "consent": "consent_id",
        "voice": "voice_id",
        "allowed": "allowed",
        "preview": "preview",
        "from": "created_at__gte",
        "to": "created_at__lt",
    }
    rows = list_decisions(organisation_id, livemode=livemode).filter(
        **{column: wanted[name] for name, column in columns.items() if name in wanted}
    )

    return sealed_notes.filter_by_notes(rows, wanted, organisation_id=organisation_id, at=at)


def _consent_to_ended(row: Consent) -> Ended:
    return Ended(
        consent_id=row.id,
        speaker_id=row.speaker_id,
        organisation_id=row.organisation_id,
        livemode=row.livemode,
        state=row.state,
        ended_at=row.ended_at or row.created_at,
    )


def get_state_now(consent_id: str) -> str | None:
    """Return the state of a consent as it is now, or None when there is no such consent."""
    found = (
        Consent.objects.select_related("organisation")
        .defer("record", "record_jws")
        .filter(id=consent_id)
        .first()
    )
    if found is None:
        return None
    return found.state_at(
        now_for(found.organisation, livemode=found.livemode, wall_time=clock.now())
    )


def get_signed_level(consent_id: str) -> str | None:
    """Return the level at which a consent was signed, or None when there is no such consent."""
    return Consent.objects.filter(id=consent_id).values_list("assurance", flat=True).first()


def list_signed_levels(consent_ids: Iterable[str]) -> dict[str, str]:
    """Return the level at which each of these consents was signed, by its id."""
    rows = Consent.objects.filter(id__in=set(consent_ids))
    return dict(rows.values_list("id", "assurance"))
