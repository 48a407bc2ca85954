"""Was this made here, and may it exist? The one answer to that question, for the API and the pages alike.

One module looks in one layer (`exact`, `marked`), `judging` draws the conclusion, `asking` is the order of it. Nothing
of an upload is kept, and nothing that is said names a person.
"""

from __future__ import annotations

from provenance.verifying.asking import verify
from provenance.verifying.consents import ENDED_FOR_GOOD, level_of, register_consent_level, register_consent_state
from provenance.verifying.verdicts import Evidence, FoundClip, Outcome, Stretch, Verdict

__all__ = [
    "ENDED_FOR_GOOD",
    "Evidence",
    "FoundClip",
    "Outcome",
    "Stretch",
    "Verdict",
    "level_of",
    "register_consent_level",
    "register_consent_state",
    "verify",
]
