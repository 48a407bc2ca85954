"""Log events of a voice, and giving one up."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from core import canonical_json
from core.clock import format_timestamp
from transparency_log import events
from vault import subject_keys
from voices.models import Voice, VoiceState

Row = dict[str, canonical_json.Json]


@transaction.atomic
def give_up_voice(voice: Voice, *, code: str, actor: str, at: datetime) -> bool:
    """Set an unfinished voice to `failed`, and return whether this call did it."""
    rows = Voice.objects.filter(id=voice.id).that_may_become(VoiceState.FAILED)
    if not rows.update(state=VoiceState.FAILED, code=code, lease_until=None):
        return False

    log_voice_event(voice, "voice.failed", {"code": code}, actor=actor, at=at)
    return True


def build_ready_body(voice: Voice, *, decision: str, grant: str, samples: list[str]) -> Row:
    """Return the body of the log entry of a voice that is ready."""
    # An auditor compares the voice's row with it.
    return {
        "provider": voice.provider,
        "language": voice.language,
        "use_case": voice.use_case,
        "decision": decision,
        "grant": grant,
        "created_at": format_timestamp(voice.created_at),
        "provider_expires_at": format_timestamp(voice.provider_expires_at),
        "samples": list(samples),
    }


def log_voice_event(voice: Voice, kind: str, body: Row, *, actor: str, at: datetime) -> None:
    """Log an event of a voice, as the last statement of the transaction that makes it true."""
    events.append_event(
        organisation_id=voice.organisation_id,
        livemode=voice.livemode,
        kind=kind,
        at=at,
        actor=actor,
        subject=voice.subject if subject_keys.is_alive(voice.subject) else None,
        refs={"voice": voice.id, "consent": voice.consent_id},
        speaker=voice.speaker_id,
        body=body,
    )
