"""What the buttons of a consent's page do in the admin."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypedDict

from accounts.models import Organisation
from accounts.reason_forms import CodeForm, Given, make_code_form
from consent import services
from consent.models import Consent
from consent.policy import change_reasons
from consent.policy.change_reasons import Act
from core import clock


class ConsentOwner(TypedDict):
    """Whose consent an act is about, and when."""

    organisation_id: str
    livemode: bool
    at: datetime


def reason_form_for(act: Act) -> type[CodeForm]:
    """Make the form that asks why: the codes for this act, and words."""
    return make_code_form(
        [(code.name, code.meaning) for code in change_reasons.list_reason_codes(act)],
        with_words=True,
    )


def get_consent_owner(consent: Consent) -> ConsentOwner:
    """Return whose consent it is, and the time that its data lives by."""
    organisation: Organisation = consent.organisation
    return {
        "organisation_id": organisation.id,
        "livemode": consent.livemode,
        "at": clock.now() if consent.livemode else clock.now() + organisation.test_clock_ahead,
    }


def perform_withdrawal(consent: Consent, actor: str, given: Given) -> str:
    """End a consent for good, and return what the page shows."""
    return _perform_change(services.withdraw_consent, consent, actor, given)


def perform_suspension(consent: Consent, actor: str, given: Given) -> str:
    """Suspend a consent, and return what the page shows."""
    return _perform_change(services.suspend_consent, consent, actor, given)


def perform_resumption(consent: Consent, actor: str, given: Given) -> str:
    """Resume a suspended consent, and return what the page shows."""
    return _perform_change(services.resume_consent, consent, actor, given)


# The shape of an act.
def perform_resend(consent: Consent, actor: str, given: Given) -> str:  # noqa: ARG001
    """Queue the link again, and return what the page shows."""
    services.resend_link(consent.id, actor=actor, **get_consent_owner(consent))
    return "The link is queued, or left in the last ten minutes."


def _perform_change(
    change: Callable[..., Consent], consent: Consent, actor: str, given: Given
) -> str:
    after = change(
        consent.id,
        reason=given.reason,
        words=given.words,
        actor=actor,
        **get_consent_owner(consent),
    )
    return f"The consent is {after.state_at(get_consent_owner(after)['at'])}."
