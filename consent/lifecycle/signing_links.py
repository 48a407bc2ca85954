"""Signing links: the secret address behind which a person answers a request."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime

from django.conf import settings
from django.urls import reverse

from consent.lifecycle import link_deliveries, sealed_fields
from consent.models import Consent
from consent.policy.state_machine import ConsentState
from core import transactions


def get_signing_url(consent: Consent, *, at: datetime) -> str | None:
    """Return the link to sign while it can be used and the asker may see it.

    For the answers that made the request. It is None where a channel of ours carries the link.
    """
    if not link_deliveries.link_is_shown(consent):
        return None
    return get_signing_link(consent, at=at)


def signing_page_address(token: str) -> str:
    """Return the address of the page behind a link."""
    return f"{settings.SAYSO_PUBLIC_URL}{reverse('sign', args=[token])}"


def get_signing_link(consent: Consent, *, at: datetime) -> str | None:
    """Return the link to sign while it can be used, for the sender. Afterwards it is None.

    Never for an answer.
    """
    if consent.state != ConsentState.REQUESTED or at >= consent.link_expires_at:
        return None
    token = sealed_fields.open_private_fields(consent).get("link")
    return signing_page_address(str(token)) if token else None


@transactions.requires_transaction
def change_link(consent: Consent) -> None:
    """Make another link for an open request. The one before opens nothing any more."""
    token = secrets.token_urlsafe(32)
    private = {**sealed_fields.open_private_fields(consent), "link": token}
    consent.link_sha256 = hash_link_token(token)
    consent.sealed = sealed_fields.seal_private_fields(consent.speaker.subject, consent.id, private)
    consent.save(update_fields=["link_sha256", "sealed"])


def hash_link_token(token: str) -> str:
    """Return the SHA-256 of `token`, which is all that is kept to find a link by its token.

    The token has 256 random bits, so a plain hash is enough.
    """
    return hashlib.sha256(token.encode()).hexdigest()
