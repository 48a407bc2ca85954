"""Tables of clips with their marks and receipts, of credentials, exports and feedback."""

from provenance.models.clip import (
    LEFT,
    Clip,
    ClipQuerySet,
    ClipState,
    ManifestMode,
    MarkedSound,
    MarkKey,
    StreamProgress,
)
from provenance.models.credential import Credential, CredentialRole
from provenance.models.export import Export, ExportQuerySet, ExportState
from provenance.models.feedback import Feedback, Opinion
from provenance.models.fingerprint import Fingerprint, FingerprintMethod, FingerprintTerm
from provenance.models.receipt import Receipt

__all__ = [
    "LEFT",
    "Clip",
    "ClipQuerySet",
    "ClipState",
    "Credential",
    "CredentialRole",
    "Export",
    "ExportQuerySet",
    "ExportState",
    "Feedback",
    "Fingerprint",
    "FingerprintMethod",
    "FingerprintTerm",
    "ManifestMode",
    "MarkKey",
    "MarkedSound",
    "Opinion",
    "Receipt",
    "StreamProgress",
]
