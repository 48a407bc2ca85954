"""Rows of consent: who may be asked, what was shown, signed, decided and used."""

from consent.models.consent import Consent, Evidence, Grant, SampleHash, SealedReason
from consent.models.decision import Decision
from consent.models.delivery import Delivery, ImportedConsent
from consent.models.notice import Notice, NoticeVersion
from consent.models.sample import SampleFingerprint, SampleFingerprintTerm, SampleRegister
from consent.models.speaker import Correction, Hold, Representative, Speaker
from consent.models.statement import ProviderStatement
from consent.models.tombstone import ErasedLink
from consent.models.usage import GrantUsage, Reservation

__all__ = [
    "Consent",
    "Correction",
    "Decision",
    "Delivery",
    "ErasedLink",
    "Evidence",
    "Grant",
    "GrantUsage",
    "Hold",
    "ImportedConsent",
    "Notice",
    "NoticeVersion",
    "ProviderStatement",
    "Representative",
    "Reservation",
    "SampleFingerprint",
    "SampleFingerprintTerm",
    "SampleHash",
    "SampleRegister",
    "SealedReason",
    "Speaker",
]
