"""What lies sealed with a consent: the token of its link, who represents the person, the caller's
notes.
"""

from __future__ import annotations

from collections.abc import Mapping

from consent.models import Consent
from core.caller_notes import Notes
from core.canonical_json import Json
from vault import sealed_notes, sealed_values, subject_keys


def seal_private_fields(subject: str, consent_id: str, private: Mapping[str, Json]) -> bytes:
    """Seal the private fields of a consent under the person's key."""
    return sealed_values.seal(subject, _seal_context(consent_id), dict(private))


def read_representation(consent: Consent) -> Mapping[str, Json]:
    """Return by whom the person is represented: `{"kind": "none"}`, or kind and name while the key
    lives.
    """
    found = open_private_fields(consent).get("representation")
    return found if isinstance(found, dict) else {"kind": consent.representation}


def open_private_fields(consent: Consent) -> dict[str, Json]:
    """Return what lies sealed with a consent, opened. After an erasure it is empty."""
    if consent.sealed is None:
        return {}
    try:
        value = sealed_values.unseal(
            consent.speaker.subject, _seal_context(consent.id), bytes(consent.sealed)
        )
    except subject_keys.KeyDestroyed:
        return {}
    return dict(value) if isinstance(value, dict) else {}


def open_consent_notes(consent: Consent) -> Notes:
    """Return the caller's notes on the consent, opened. After an erasure they are empty."""
    return sealed_notes.open_notes(consent, subjects=(consent.speaker.subject,))


def _seal_context(consent_id: str) -> str:
    return f"consent|{consent_id}"
