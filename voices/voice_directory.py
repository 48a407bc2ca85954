"""The directory of voices for `consent.voice_lookup`."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from consent.voice_lookup import KnownVoice, VoiceDirectory
from core.compiled_queries import CompiledQuery
from voices import voice_macs
from voices.models import ENDING, Voice, VoiceState

_READY_BY_ID: Final = CompiledQuery(
    lambda voice_id: Voice.objects.filter(id=voice_id, state=VoiceState.READY).only("id"), texts=1
)


def find_voice(
    organisation_id: str,
    livemode: bool,  # noqa: FBT001 - a callback
    voice_id: str,
) -> KnownVoice | None:
    """Return what the gate must know of an organisation's voice, or None for another's."""
    rows = Voice.objects.filter(id=voice_id, organisation_id=organisation_id, livemode=livemode)
    found = rows.values_list("consent_id", "provider", "state").first()
    if found is None:
        return None

    consent_id, provider, state = found
    return KnownVoice(
        consent_id=consent_id,
        provider=provider,
        ready=state == VoiceState.READY,
        expired=state == VoiceState.EXPIRED,
    )


def list_ready(voice_ids: Collection[str]) -> frozenset[str]:
    """Return the ids of those voices that can speak now."""
    wanted = set(voice_ids)
    if len(wanted) == 1:
        return frozenset(voice.id for voice in _READY_BY_ID.find_all(*wanted))

    ready = Voice.objects.filter(id__in=wanted, state=VoiceState.READY)
    return frozenset(ready.values_list("id", flat=True))


def list_gone(voice_ids: Collection[str]) -> frozenset[str]:
    """Return the ids of those voices that are being deleted or are deleted."""
    return frozenset(
        Voice.objects.filter(id__in=voice_ids, state__in=ENDING).values_list("id", flat=True)
    )


DIRECTORY: Final = VoiceDirectory(
    find_voice=find_voice,
    is_bound=voice_macs.rests_on,
    list_ready=list_ready,
    list_gone=list_gone,
)
