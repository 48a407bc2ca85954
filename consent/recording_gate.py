"""The gate for recordings by their sound, which is known only after decoding.

1. `gate.check` knows the files by their hashes.
2. `check_recordings` comes after decoding, and before anything is sent to a provider.
3. `bind_recordings` comes in the transaction that makes the voice ready, and checks once more.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from audio.sound import Sound
from consent import decision_context, decision_records, gate, recording_fingerprints
from consent.denial_messages import explain_reason
from consent.gate import AccessRequest, ConsentDenied, Permit
from consent.models import Consent, Speaker
from consent.policy.types import Reason
from consent.recording_fingerprints import RecordingIdentity
from core import transactions


def check_recordings(
    request: AccessRequest, permit: Permit, sounds: Sequence[Sound], *, at: datetime, actor: str
) -> tuple[RecordingIdentity, ...]:
    """Return the identities of these recordings, if none is another person's.

    Call it outside of any transaction.

    Raises ConsentDenied (`sample_not_covered`) with a decision of its own, which is recorded and
    logged like every denial.
    """
    recordings = tuple(recording_fingerprints.identify_recording(sound) for sound in sounds)
    speaker = Speaker.objects.get(id=permit.speaker_id)
    foreign = recording_fingerprints.find_foreign(recordings, speaker=speaker, at=at)
    if not foreign:
        return recordings

    reasons = tuple(_foreign_reason(permit, place) for place in foreign)
    with transaction.atomic():
        gathered = decision_context.load_context(request, at=at)
        decision = decision_records.record_decision(
            request,
            gathered,
            None,
            reasons,
            preview=False,
            at=at,
            actor=actor,
            expires_at=at + gate.ANSWER_LASTS,
        )
        decision_records.log_decision(decision, gathered.consent, at=at, actor=actor)

    raise ConsentDenied(reasons, decision_id=decision.id)


@transactions.requires_transaction
def bind_recordings(
    permit: Permit, recordings: Sequence[RecordingIdentity], *, at: datetime
) -> None:
    """Bind recordings to the permit's consent by their sound, after `gate.confirm` has locked it.

    Raises ConsentDenied if another person's consent was bound to one of them in the meantime.
    """
    consent = Consent.objects.select_related("speaker").get(id=permit.consent_id)
    recording_fingerprints.lock_register(consent.speaker)

    foreign = recording_fingerprints.find_foreign(recordings, speaker=consent.speaker, at=at)
    if foreign:
        reasons = tuple(_foreign_reason(permit, place) for place in foreign)
        raise ConsentDenied(reasons, decision_id=permit.decision_id)

    recording_fingerprints.keep_fingerprints(consent, recordings, at=at)


def _foreign_reason(permit: Permit, position: int) -> Reason:
    return explain_reason(
        Reason(
            code="sample_not_covered",
            detail="By its sound, this recording is one that another person's consent is bound to.",
            consent=permit.consent_id,
            required=f"samples.{position}",
        )
    )
