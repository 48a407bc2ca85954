"""Was this made here, and may it exist?

The one answer to that question, for the API and the pages alike.

One module looks in one layer (`exact`, `marked`), `judging` draws the conclusion, `asking` is the
order of it. Nothing of an upload is kept, and nothing that is said names a person.
"""

from __future__ import annotations

from provenance.verification.consent_status import (
    ENDED_FOR_GOOD,
    ConsentDirectory,
    consent_directory,
    get_consent_level,
)
from provenance.verification.verdict import (
    ClipSummary,
    LayerEvidence,
    MarkSegment,
    Outcome,
    VerificationResult,
)
from provenance.verification.verify import verify

__all__ = [
    "ENDED_FOR_GOOD",
    "ClipSummary",
    "ConsentDirectory",
    "LayerEvidence",
    "MarkSegment",
    "Outcome",
    "VerificationResult",
    "consent_directory",
    "get_consent_level",
    "verify",
]
