"""Binding MACs: each binds a voice to its speaker, its profile and its consent.

A MAC is made under the speaker's key. A process that can write rows but has no such key can break
a binding and never make one. The MAC is written when a voice becomes ready, and again when a
renewed consent takes over. A broken one is never written again.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection
from functools import lru_cache
from typing import Final

from consent.voice_lookup import VoiceRow
from core import canonical_json
from vault import subject_keys
from voices.models import Voice

_PURPOSE: Final = "voice-binding|"
_COLUMNS: Final = (
    "organisation_id", "livemode", "consent_id", "speaker_id", "subject", "decision_id", "provider",
    "profile_blob_id", "binding_mac",
)  # fmt: skip


def compute_voice_mac(voice: Voice) -> str:
    """Return the MAC of a voice's present row.

    Raises KeyDestroyed.
    """
    return _compute_mac(voice.subject, voice.id, _mac_input(voice))


def has_valid_mac(voice: Voice) -> bool:
    """Return whether the row is as we wrote it. A good binding is cached with its row.

    Raises KeyDestroyed.
    """
    return _verify_mac(voice.subject, voice.id, _mac_input(voice), voice.binding_mac)


def rests_on(wanted: str | VoiceRow, consent_ids: Collection[str], subject: str) -> bool:
    """Return whether a voice was made from this person, and rests on one of these consents.

    `wanted` is its id, or its row if that is read already.
    """
    if isinstance(wanted, Voice):
        voice: Voice | None = wanted
    else:
        voice = Voice.objects.filter(id=wanted).only(*_COLUMNS).first()

    if voice is None or voice.consent_id not in consent_ids or voice.subject != subject:
        return False

    return has_valid_mac(voice)


def carry_over(voice: Voice, consent_id: str) -> bool:
    """Move a live voice to the consent that replaced its own, and return whether this call did it.

    A broken binding stays broken.
    """
    rows = Voice.objects.live().filter(id=voice.id, consent_id=voice.consent_id)

    try:
        whole = has_valid_mac(voice)
    except subject_keys.KeyDestroyed:
        whole = False

    voice.consent_id = consent_id
    mac = compute_voice_mac(voice) if whole else voice.binding_mac
    return bool(rows.update(consent_id=consent_id, binding_mac=mac))


def _mac_input(voice: Voice) -> bytes:
    return canonical_json.dump(
        {
            "voice": voice.id,
            "organisation": voice.organisation_id,
            "livemode": voice.livemode,
            "consent": voice.consent_id,
            "speaker": voice.speaker_id,
            "decision": voice.decision_id,
            "provider": voice.provider,
            # Another person's profile would speak with their voice. A handle is sealed already.
            "profile": voice.profile_blob_id,
        }
    )


@lru_cache(maxsize=8192)
def _verify_mac(subject: str, voice_id: str, message: bytes, mac: str) -> bool:
    return bool(mac) and hmac.compare_digest(mac, _compute_mac(subject, voice_id, message))


def _compute_mac(subject: str, voice_id: str, message: bytes) -> str:
    return hmac.new(
        subject_keys.derive_key(subject, _PURPOSE + voice_id), message, hashlib.sha256
    ).hexdigest()
