"""The gate for recordings by their sound: what is known of them only after they were decoded.

`gate.check` comes first and knows the files by their hashes. `check` comes after the samples were decoded and before
anything leaves for a provider. `bind` comes in the transaction that makes the voice ready, and asks once more.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from consent import decisions, facts, gate, sample_fingerprints
from consent.explaining import explain
from consent.gate import Ask, ConsentDenied, Permit
from consent.models import Consent, Speaker
from consent.rules.asks import Reason
from consent.sample_fingerprints import RecordingIdentity
from core import tx
from provenance.audio.sound import Sound


def check(
    ask: Ask, permit: Permit, sounds: Sequence[Sound], *, at: datetime, actor: str
) -> tuple[RecordingIdentity, ...]:
    """Return what these recordings are known by, when none of them is another person's.

    Call it outside of any transaction. Raises ConsentDenied (`sample_not_covered`) with a decision of its own, which
    is recorded and logged like every refusal.
    """
    recordings = tuple(sample_fingerprints.identify(sound) for sound in sounds)
    speaker = Speaker.objects.get(id=permit.speaker_id)
    foreign = sample_fingerprints.find_foreign(recordings, speaker=speaker, at=at)
    if not foreign:
        return recordings

    reasons = tuple(_reason(permit, place) for place in foreign)
    with transaction.atomic():
        gathered = facts.gather(ask, at=at)
        decision = decisions.record(
            ask, gathered, None, reasons, preview=False, at=at, actor=actor, expires_at=at + gate.ANSWER_LASTS
        )
        decisions.note(decision, gathered.consent, at=at, actor=actor)
    raise ConsentDenied(reasons, decision_id=decision.id)


@tx.required
def bind(permit: Permit, recordings: Sequence[RecordingIdentity], *, at: datetime) -> None:
    """Bind recordings to the permit's consent by their sound, after `gate.confirm` has locked it.

    Raises ConsentDenied when another person's consent was bound to one of them in the meantime.
    """
    consent = Consent.objects.select_related("speaker").get(id=permit.consent_id)
    sample_fingerprints.lock_register(consent.speaker)

    foreign = sample_fingerprints.find_foreign(recordings, speaker=consent.speaker, at=at)
    if foreign:
        reasons = tuple(_reason(permit, place) for place in foreign)
        raise ConsentDenied(reasons, decision_id=permit.decision_id)
    sample_fingerprints.keep(consent, recordings, at=at)


def _reason(permit: Permit, place: int) -> Reason:
    return explain(
        Reason(
            code="sample_not_covered",
            detail="By its sound, this recording is one that another person's consent is bound to.",
            consent=permit.consent_id,
            required=f"samples.{place}",
        )
    )
