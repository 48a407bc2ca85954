"""Checkpoints with what outsiders said of them: cosignature lines after ours, kept ones found again by size."""

from __future__ import annotations

from django.db.models import Count, QuerySet

from provenance.ledger import checkpoints
from provenance.models import Attestation, Checkpoint, OutsideKind


def note(checkpoint: Checkpoint) -> str:
    """Give the checkpoint as it is served: the note that we signed, and a line of every witness that cosigned it."""
    lines = _cosignatures(checkpoint.organisation_id).filter(size=checkpoint.size).order_by("at", "id")
    return checkpoint.note + "".join(bytes(line).decode() for line in lines.values_list("answer", flat=True))


def witnessed(organisation_id: str, *, quorum: int = 1, least: int = 1) -> Checkpoint | None:
    """Give the newest checkpoint of at least `least` entries that at least `quorum` witnesses cosigned."""
    sizes = _cosignatures(organisation_id).filter(size__gte=least).values("size")
    enough = sizes.annotate(witnesses=Count("target", distinct=True)).filter(witnesses__gte=quorum)
    newest = enough.order_by("-size").values_list("size", flat=True).first()
    return None if newest is None else at_size(organisation_id, newest)


def at_size(organisation_id: str, size: int) -> Checkpoint | None:
    """Give the checkpoint of exactly this size."""
    return Checkpoint.objects.filter(organisation_id=organisation_id, size=size).first()


def best_covering(organisation_id: str, index: int) -> Checkpoint | None:
    """Give the checkpoint to prove an entry against: a witnessed one if one covers it, else the newest."""
    return witnessed(organisation_id, least=index + 1) or checkpoints.latest(organisation_id)


def stamped(organisation_id: str, *, most: int) -> list[tuple[Checkpoint, Attestation]]:
    """Give the newest checkpoints that carry a time stamp, each with its stamp."""
    rows = Attestation.objects.filter(organisation_id=organisation_id, kind=OutsideKind.STAMP)
    stamps = {stamp.size: stamp for stamp in rows.order_by("-size", "id")[:most]}
    found = Checkpoint.objects.filter(organisation_id=organisation_id, size__in=stamps).order_by("-size")
    return [(checkpoint, stamps[checkpoint.size]) for checkpoint in found]


def stamp(organisation_id: str, size: int) -> bytes | None:
    """Give the RFC 3161 response over the checkpoint of this size, as it came."""
    rows = Attestation.objects.filter(organisation_id=organisation_id, kind=OutsideKind.STAMP, size=size)
    found = rows.order_by("id").values_list("answer", flat=True).first()
    return None if found is None else bytes(found)


def _cosignatures(organisation_id: str) -> QuerySet[Attestation]:
    return Attestation.objects.filter(organisation_id=organisation_id, kind=OutsideKind.WITNESS)
