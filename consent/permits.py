"""Permits, the proof of one positive decision, and the denial that the gate raises instead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from consent.decision_records import reason_to_json
from consent.models import Reservation
from consent.policy.types import Reason
from core.canonical_json import Json
from core.errors import Fault, Refused


class ConsentDenied(Refused):
    """No consent covers this call. The answer lists all reasons and names the decision.

    The decision is the refusal itself, or the permit that ended before the clip was delivered.
    """

    code = "consent_denied"

    def __init__(self, reasons: tuple[Reason, ...], *, decision_id: str) -> None:
        super().__init__(
            "No consent covers this call. "
            + " ".join(dict.fromkeys(reason.detail for reason in reasons)),
            faults=tuple(Fault(code=reason.code, detail=reason.detail) for reason in reasons),
            facts={
                "reasons": [reason_to_json(reason) for reason in reasons],
                "decision": decision_id,
            },
        )
        self.reasons = reasons
        self.decision_id = decision_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Permit:
    """Proof of one positive decision.

    `gate.check` alone makes it, and the transaction that delivers must confirm it. `epoch` is the
    consent's revocation epoch at that time and `subject` the speaker's vault subject. `terms` are
    what a receipt may say of the grant, in codes. `policy` is the organisation's policy as the
    gate read it, so that a call follows one policy from its beginning to its end. `event_id` is
    the decision's log entry, empty when the permit is loaded again. `limit` is the grant's quota,
    which changes with the epoch alone. `reservation` is what was set aside. Of its row only the
    state changes later, and the UPDATE that settles it asks for that.
    """

    decision_id: str
    actor: str
    action: str
    voice_id: str
    consent_id: str
    grant_id: str
    epoch: int
    subject: str
    speaker_id: str
    record_sha256: str
    language: str | None
    use_case: str
    channel: str | None
    territory: str | None
    policy_version: str
    expires_at: datetime
    min_disclosure: str
    terms: Mapping[str, Json]
    policy: Mapping[str, Json] = field(repr=False)
    limit: Mapping[str, int | None]
    reservation: Reservation | None = field(repr=False, compare=False)
    event_id: str = ""
