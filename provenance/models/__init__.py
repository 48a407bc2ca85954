"""The rows of provenance: the log and what outsiders say of it, the clips that it vouches for, exports, opinions."""

from provenance.models.clip import LEFT, Clip, ClipQuerySet, ClipState, ManifestMode, MarkedSound, MarkKey
from provenance.models.credential import Credential, CredentialRole
from provenance.models.export import Export, ExportQuerySet, ExportState
from provenance.models.feedback import Feedback, Opinion
from provenance.models.fingerprint import Fingerprint, FingerprintTerm
from provenance.models.log import Body, Checkpoint, Entry, EventRef, Head, Outbox, Tile
from provenance.models.outside import Attestation, Errand, OutsideKind
from provenance.models.receipt import Receipt

__all__ = [
    "LEFT",
    "Attestation",
    "Body",
    "Checkpoint",
    "Clip",
    "ClipQuerySet",
    "ClipState",
    "Credential",
    "CredentialRole",
    "Entry",
    "Errand",
    "EventRef",
    "Export",
    "ExportQuerySet",
    "ExportState",
    "Feedback",
    "Fingerprint",
    "FingerprintTerm",
    "Head",
    "ManifestMode",
    "MarkKey",
    "MarkedSound",
    "Opinion",
    "Outbox",
    "OutsideKind",
    "Receipt",
    "Tile",
]
