"""What lower rooms learn from up here: voices, the state behind a clip, that an ended consent wakes the sweep."""

from __future__ import annotations

from consent.models import Consent
from consent.voice_lookup import KnownVoice
from voices import tasks
from voices.models import Voice, VoiceState


def consent_state(consent_id: str) -> str | None:
    """The state of a consent, for the verify page; None when there is no such consent."""
    return Consent.objects.filter(id=consent_id).values_list("state", flat=True).first()


def known_voice(organisation_id: str, livemode: bool, voice_id: str) -> KnownVoice | None:  # noqa: FBT001 - a callback
    """What the gate must know of an organisation's voice; None for a stranger's."""
    rows = Voice.objects.filter(id=voice_id, organisation_id=organisation_id, livemode=livemode)
    found = rows.values_list("consent_id", "state").first()
    return None if found is None else KnownVoice(consent_id=found[0], ready=found[1] == VoiceState.READY)


def on_consent_ended(**_signal: object) -> None:
    """Wake the sweep; the rows say what there is to do."""
    tasks.sweep.delay()
