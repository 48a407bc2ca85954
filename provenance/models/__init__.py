"""The rows of provenance: the log, the clips that it vouches for, exports, what people say of an answer."""

from provenance.models.clip import LEFT, Clip, ClipState, ManifestMode, MarkKey
from provenance.models.credential import Credential, CredentialRole
from provenance.models.export import Export, ExportQuerySet, ExportState
from provenance.models.feedback import Feedback, Opinion
from provenance.models.fingerprint import Fingerprint, FingerprintTerm
from provenance.models.log import Body, Checkpoint, Entry, EventRef, Head, Outbox, Tile
from provenance.models.receipt import Receipt

__all__ = [
    "LEFT",
    "Body",
    "Checkpoint",
    "Clip",
    "ClipState",
    "Credential",
    "CredentialRole",
    "Entry",
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
    "Opinion",
    "Outbox",
    "Receipt",
    "Tile",
]
