"""Requests behind a link: found by its token, and open or not any more."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.db.models import QuerySet

from consent import speakers
from consent.lifecycle import signing_links
from consent.models import Consent, Speaker
from consent.policy.state_machine import ConsentState
from core.errors import Conflict, NotFound

_RELATED: Final = ("speaker", "organisation", "notice_version__notice", "supersedes__speaker")


class LinkNotFound(NotFound):
    """No request was ever made with this link."""

    code = "link_unknown"


class LinkEnded(Conflict):
    """The link was good once. `state` says what became of it: a state of the consent, or
    `lapsed`.
    """

    code = "link_ended"

    def __init__(self, state: str, *, consent_id: str, locale: str) -> None:
        super().__init__("This link can no longer be used.", facts={"state": state})
        self.state = state
        self.consent_id = consent_id
        self.locale = locale


def get_open_request(token: str, *, at: datetime, lock: bool) -> Consent:
    """Return the request behind a link, locked on demand.

    Raises LinkNotFound, and LinkEnded with the state when it cannot be answered any more.
    """
    rows = Consent.objects.filter(link_sha256=signing_links.hash_link_token(token[:200]))
    found = lock_first(rows) if lock else rows.select_related(*_RELATED).first()
    if found is None:
        raise LinkNotFound("There is no such link.")
    over = found.asked_until is not None and at >= found.asked_until
    if found.state != ConsentState.REQUESTED or at >= found.link_expires_at or over:
        raise link_ended_error(found)
    if found.speaker.state != Speaker.State.ACTIVE:
        raise LinkEnded(
            ConsentState.ERASED, consent_id=found.id, locale=found.notice_version.locale
        )
    return found


def lock_first(rows: QuerySet[Consent]) -> Consent | None:
    """Lock the first of these consents, its person before it: signing touches their others."""
    if consent_id := rows.values_list("id", flat=True).first():
        speakers.lock_speaker_of_consent(consent_id)
    return rows.select_for_update(no_key=True, of=("self",)).select_related(*_RELATED).first()


def link_ended_error(consent: Consent) -> LinkEnded:
    """Make the error that says what became of the request."""
    state = (
        ConsentState.LAPSED
        if consent.state == ConsentState.REQUESTED
        else ConsentState(consent.state)
    )
    return LinkEnded(state, consent_id=consent.id, locale=consent.notice_version.locale)
