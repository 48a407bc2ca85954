"""Verification: the one answer, for API and pages, to whether a file was made here and may exist.

Each layer is a module, `conclusion` makes the verdict, and `verify` has the order. Nothing of an
upload is stored, and no answer names a person.
"""

from __future__ import annotations

from provenance.consent_status import (
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
