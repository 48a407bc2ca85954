"""Reading voices: those of one organisation, live or test as its principal is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.db.models import OuterRef, QuerySet, Subquery

from accounts.principal import Principal
from consent.models import Consent
from core import ids
from core.compiled_queries import CompiledQuery
from core.errors import NotFound
from vault import sealed_notes
from voices.models import Voice
from voices.models.voice import VoiceQuerySet

_COLUMNS: Final = {
    "state": "state",
    "consent": "consent_id",
    "speaker": "speaker_id",
    "language": "language",
    "use_case": "use_case",
    "provider": "provider",
}


def _compile_by_id(*, livemode: bool) -> CompiledQuery[Voice]:
    return CompiledQuery(
        lambda organisation_id, voice_id: Voice.objects.filter(
            organisation_id=organisation_id, livemode=livemode, id=voice_id
        ),
        texts=2,
    )


_BY_ID: Final = {mode: _compile_by_id(livemode=mode) for mode in (False, True)}


def list_voices(principal: Principal) -> QuerySet[Voice]:
    """Return the principal's voices with their reviews and samples."""
    rows = annotate_consent_ends(_list_voices(principal))
    return rows.prefetch_related("reviews", "samples")


def annotate_consent_ends(rows: VoiceQuerySet) -> VoiceQuerySet:
    """Return the voices with `consent_ends`, the end of the term of each one's consent."""
    ends = Consent.objects.filter(id=OuterRef("consent_id")).values("valid_until")[:1]
    return rows.annotate(consent_ends=Subquery(ends))


def find_consent_end(voice: Voice) -> datetime | None:
    """Return the end of the term of the consent that a voice rests on, None without a term."""
    if "consent_ends" in voice.__dict__:
        found: datetime | None = voice.__dict__["consent_ends"]
        return found

    ends = Consent.objects.filter(id=voice.consent_id).values_list("valid_until", flat=True)
    return ends.first()


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
        _BY_ID[principal.livemode].find_first(principal.organisation_id, voice_id)
        if ids.is_id(voice_id, "vox")
        else None
    )
    if voice is None:
        raise NotFound("There is no such voice.")

    return voice


def _list_voices(principal: Principal) -> VoiceQuerySet:
    return Voice.objects.filter(
        organisation_id=principal.organisation_id, livemode=principal.livemode
    )
