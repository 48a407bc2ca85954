"""The rows of the log, and of its attestations."""

from transparency_log.models.attestation import Attestation, AttestationKind, AttestationTask
from transparency_log.models.log import Body, Checkpoint, Entry, EventRef, Head, Outbox, Tile

__all__ = [
    "Attestation",
    "AttestationKind",
    "AttestationTask",
    "Body",
    "Checkpoint",
    "Entry",
    "EventRef",
    "Head",
    "Outbox",
    "Tile",
]
