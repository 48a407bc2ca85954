"""Reading voices: those of one organisation, live or test as its principal is."""

from __future__ import annotations

from django.db.models import QuerySet

from accounts.principal import Principal
from core import ids
from core.errors import NotFound
from voices.models import Voice


def list_voices(principal: Principal) -> QuerySet[Voice]:
    """Return the principal's voices with their reviews."""
    return _list_voices(principal).prefetch_related("reviews")


def get_voice(voice_id: str, *, principal: Principal) -> Voice:
    """Return the principal's voice of this id, whatever its state.

    Raises NotFound, for the voices of others too.
    """
    voice = (
        _list_voices(principal).filter(id=voice_id).first() if ids.is_id(voice_id, "vox") else None
    )
    if voice is None:
        raise NotFound("There is no such voice.")

    return voice


def _list_voices(principal: Principal) -> QuerySet[Voice]:
    return Voice.objects.filter(
        organisation_id=principal.organisation_id, livemode=principal.livemode
    )
