"""Checks of attestations against the checkpoints that are published now."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from transparency_log.attestation import checkpoint_copies, copy_settings, scheduler, timestamping
from transparency_log.attestation.http_client import AttestorUnavailable
from transparency_log.formats import cosignature, signed_note
from transparency_log.fsck import CHUNK, Check
from transparency_log.models import Attestation, AttestationKind, Checkpoint

Progress = Callable[[int, int], None]
_NAMES: Final = {
    AttestationKind.WITNESS: "cosignatures",
    AttestationKind.COPY: "copies",
    AttestationKind.STAMP: "stamps",
}


class AttestationFault(Exception):
    """A fault of one attestation, in words for the report."""


@dataclass(slots=True, kw_only=True)
class AttestationReport:
    """The results for the attestations of one log, one check for each kind."""

    organisation_id: str
    checks: dict[str, Check] = field(
        default_factory=lambda: {str(kind): Check(name=name) for kind, name in _NAMES.items()}
    )

    @property
    def good(self) -> bool:
        """Return True if no attestation has a fault."""
        return all(check.good for check in self.checks.values())


def verify_attestations(
    organisation_id: str, *, progress: Progress | None = None
) -> AttestationReport:
    """Verify every attestation of a log at constant memory and return the report.

    Copies are fetched from the stores that the settings name now. Nothing is repaired.
    """
    return _AttestationVerifier(organisation_id, progress).run()


class _AttestationVerifier:
    """One walk along the attestations, with the stores that were opened on the way."""

    def __init__(self, organisation_id: str, progress: Progress | None) -> None:
        self._report = AttestationReport(organisation_id=organisation_id)
        self._rows = Attestation.objects.filter(organisation_id=organisation_id)
        self._progress = progress
        self._keeps: dict[str, checkpoint_copies.CopyStore] = {}

    def run(self) -> AttestationReport:
        """Verify each attestation, then close the connections."""
        total = self._rows.count()
        try:
            for done, (row, checkpoint) in enumerate(self._pairs(), 1):
                self._judge(row, checkpoint)
                if self._progress:
                    self._progress(done, total)
        finally:
            for keep in self._keeps.values():
                keep.close()

        return self._report

    def _pairs(self) -> Iterator[tuple[Attestation, Checkpoint | None]]:
        latest: Checkpoint | None = None
        for row in self._rows.order_by("size", "id").iterator(chunk_size=CHUNK):
            if latest is None or latest.size != row.size:
                latest = Checkpoint.objects.filter(
                    organisation_id=row.organisation_id, size=row.size
                ).first()
            yield row, latest

    def _judge(self, row: Attestation, checkpoint: Checkpoint | None) -> None:
        check = self._report.checks[row.kind]
        check.seen += 1
        if checkpoint is None:
            check.add_fault(f"checkpoint {row.size} was vouched for and is not published")
            return

        try:
            {
                AttestationKind.WITNESS: self._cosignature,
                AttestationKind.COPY: self._copy,
                AttestationKind.STAMP: self._stamp,
            }[AttestationKind(row.kind)](row, checkpoint)
        except AttestationFault as fault:
            check.add_fault(f"checkpoint {row.size}: {fault}")

    def _cosignature(self, row: Attestation, checkpoint: Checkpoint) -> None:
        try:
            key = cosignature.parse_witness_key(row.target)
            cosignature.read_kept_line(
                bytes(row.answer), text=signed_note.split_note(checkpoint.note)[0], key=key
            )
        except (cosignature.CosignatureRefused, signed_note.NoteRefused) as error:
            raise AttestationFault(error.detail) from error

    def _copy(self, row: Attestation, checkpoint: Checkpoint) -> None:
        try:
            kept = self._keep(row.target).get(bytes(row.answer).decode())
        except AttestorUnavailable as error:
            raise AttestationFault(error.detail) from error

        if kept is None:
            raise AttestationFault("its copy is gone")
        if kept != checkpoint.note.encode():
            raise AttestationFault("its copy is another checkpoint")

    def _keep(self, target: str) -> checkpoint_copies.CopyStore:
        if target not in self._keeps:
            self._keeps[target] = copy_settings.open_store(target)

        return self._keeps[target]

    def _stamp(self, row: Attestation, checkpoint: Checkpoint) -> None:
        try:
            timestamping.verify_kept_timestamp(
                bytes(row.request),
                bytes(row.answer),
                data=checkpoint.note.encode(),
                signed_at=checkpoint.signed_at,
                roots=scheduler.read_tsa_roots(),
            )
        except (timestamping.StampRefused, AttestorUnavailable) as error:
            raise AttestationFault(error.detail) from error
