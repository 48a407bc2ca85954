"""Reading voices: those of one organisation, live or test as its principal is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.db.models import QuerySet

from accounts.principal import Principal
from core import ids
from core.errors import NotFound
from vault import sealed_notes
from voices.models import Voice

_COLUMNS: Final = {
    "state": "state",
    "consent": "consent_id",
    "speaker": "speaker_id",
    "language": "language",
    "use_case": "use_case",
    "provider": "provider",
}


def list_voices(principal: Principal) -> QuerySet[Voice]:
    """Return the principal's voices with their reviews and samples."""
    return _list_voices(principal).prefetch_related("reviews", "samples")


def filter_voices(
    wanted: Mapping[str, Any], *, principal: Principal, at: datetime
) -> QuerySet[Voice]:
    """Return the principal's voices by `state`, `consent`, `speaker`, `language`, `use_case`,
    `provider`, `external_id` and `metadata`.

    What `wanted` does not name narrows nothing.
    """
    rows = list_voices(principal).filter(
        **{column: wanted[name] for name, column in _COLUMNS.items() if name in wanted}
    )

    return sealed_notes.filter_by_notes(
        rows, wanted, organisation_id=principal.organisation_id, at=at
    )


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
