"""Checkpoints together with their attestations: cosigned, witnessed and stamped ones."""

from __future__ import annotations

from django.db.models import Count, QuerySet

from transparency_log import checkpoints
from transparency_log.models import Attestation, AttestationKind, Checkpoint


def build_cosigned_note(checkpoint: Checkpoint) -> str:
    """Return the checkpoint as it is served: our signed note, then a line of every witness."""
    lines = (
        _list_cosignatures(checkpoint.organisation_id)
        .filter(size=checkpoint.size)
        .order_by("at", "id")
    )

    return checkpoint.note + "".join(
        bytes(line).decode() for line in lines.values_list("answer", flat=True)
    )


def get_witnessed_checkpoint(
    organisation_id: str, *, quorum: int = 1, minimum: int = 1
) -> Checkpoint | None:
    """Return the newest checkpoint of `minimum` or more entries with `quorum` or more witnesses."""
    sizes = _list_cosignatures(organisation_id).filter(size__gte=minimum).values("size")
    enough = sizes.annotate(witnesses=Count("target", distinct=True)).filter(witnesses__gte=quorum)
    newest = enough.order_by("-size").values_list("size", flat=True).first()

    return None if newest is None else get_checkpoint_at(organisation_id, newest)


def get_checkpoint_at(organisation_id: str, size: int) -> Checkpoint | None:
    """Return the checkpoint of exactly this size, or None."""
    return Checkpoint.objects.filter(organisation_id=organisation_id, size=size).first()


def get_best_covering(organisation_id: str, index: int) -> Checkpoint | None:
    """Return the checkpoint to prove an entry against.

    A witnessed checkpoint that covers `index` is preferred to the newest one.
    """
    return get_witnessed_checkpoint(
        organisation_id, minimum=index + 1
    ) or checkpoints.get_latest_checkpoint(organisation_id)


def list_stamped_checkpoints(
    organisation_id: str, *, limit: int
) -> list[tuple[Checkpoint, Attestation]]:
    """Return the newest checkpoints that carry a time stamp, each with its stamp."""
    rows = Attestation.objects.filter(organisation_id=organisation_id, kind=AttestationKind.STAMP)
    stamps = {stamp.size: stamp for stamp in rows.order_by("-size", "id")[:limit]}
    found = Checkpoint.objects.filter(organisation_id=organisation_id, size__in=stamps).order_by(
        "-size"
    )

    return [(checkpoint, stamps[checkpoint.size]) for checkpoint in found]


def get_stamp(organisation_id: str, size: int) -> bytes | None:
    """Return the RFC 3161 response over the checkpoint of this size as it was received."""
    rows = Attestation.objects.filter(
        organisation_id=organisation_id, kind=AttestationKind.STAMP, size=size
    )
    found = rows.order_by("id").values_list("answer", flat=True).first()

    return None if found is None else bytes(found)


def _list_cosignatures(organisation_id: str) -> QuerySet[Attestation]:
    return Attestation.objects.filter(organisation_id=organisation_id, kind=AttestationKind.WITNESS)
