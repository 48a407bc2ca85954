"""The rows of provenance: the log, the clips that it vouches for, and the exports that carry both away."""

from provenance.models.clip import LEFT, Clip, ClipState, MarkKey
from provenance.models.export import Export, ExportQuerySet, ExportState
from provenance.models.log import Body, Checkpoint, Entry, EventRef, Head, Outbox, Tile
from provenance.models.receipt import Receipt

__all__ = [
    "LEFT",
    "Body",
    "Checkpoint",
    "Clip",
    "ClipState",
    "Entry",
    "EventRef",
    "Export",
    "ExportQuerySet",
    "ExportState",
    "Head",
    "MarkKey",
    "Outbox",
    "Receipt",
    "Tile",
]
