"""What the views of consents share: to find one, and to answer with it."""

from __future__ import annotations

from typing import Any

from rest_framework.response import Response

from accounts.authentication import Caller
from consent import selectors
from consent.api.serializers.consent_serializers import ConsentSerializer
from consent.models import Consent


def get_own_consent(consent_id: str, caller: Caller) -> Consent:
    """Return a consent of the caller's organisation and mode. Raises NotFound."""
    return selectors.get_consent(
        consent_id, organisation_id=caller.organisation_id, livemode=caller.livemode
    )


def acting_as(caller: Caller) -> dict[str, Any]:
    """Return the arguments by which every change knows on whose behalf it acts, and when."""
    return {
        "organisation_id": caller.organisation_id,
        "livemode": caller.livemode,
        "actor": caller.actor,
        "at": caller.now(),
    }


def answer_consent(consent: Consent, caller: Caller) -> Response:
    """Answer with a consent as it reads now."""
    return Response(ConsentSerializer(consent, context={"at": caller.now()}).data)


def answer_changed(consent_id: str, caller: Caller) -> Response:
    """Answer with a consent that was just changed, read again."""
    return answer_consent(get_own_consent(consent_id, caller), caller)
