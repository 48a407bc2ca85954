"""Checking what outsiders said against what is published now: cosignatures, copies where they lie, time stamps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from provenance.ledger import notes
from provenance.ledger.audit import CHUNK, Check
from provenance.models import Attestation, Checkpoint, OutsideKind
from provenance.outside import cosigning, errands, keeping, stamping, stores
from provenance.outside.wire import OutsiderAway

Progress = Callable[[int, int], None]
_NAMES: Final = {
    OutsideKind.WITNESS: "cosignatures",
    OutsideKind.COPY: "copies",
    OutsideKind.STAMP: "stamps",
}


class Fault(Exception):
    """What is wrong with one attestation, in words for the report."""


@dataclass(slots=True, kw_only=True)
class OutsideReport:
    """What became of the attestations of one log; a kind of which there is none was not looked at."""

    organisation_id: str
    checks: dict[str, Check] = field(
        default_factory=lambda: {str(kind): Check(name=name) for kind, name in _NAMES.items()}
    )

    @property
    def good(self) -> bool:
        """Whether no attestation is at fault."""
        return all(check.good for check in self.checks.values())


def verify(organisation_id: str, *, progress: Progress | None = None) -> OutsideReport:
    """Verify every attestation of a log at constant memory; faults are in the report, nothing is repaired.

    Copies are fetched from where the settings say that they lie now.
    """
    return _Deep(organisation_id, progress).run()


class _Deep:
    """One walk along the attestations, with the stores that were opened on the way."""

    def __init__(self, organisation_id: str, progress: Progress | None) -> None:
        self._report = OutsideReport(organisation_id=organisation_id)
        self._rows = Attestation.objects.filter(organisation_id=organisation_id)
        self._progress = progress
        self._keeps: dict[str, keeping.Keep] = {}

    def run(self) -> OutsideReport:
        """Judge each; the outsiders' connections are closed at the end."""
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
                latest = Checkpoint.objects.filter(organisation_id=row.organisation_id, size=row.size).first()
            yield row, latest

    def _judge(self, row: Attestation, checkpoint: Checkpoint | None) -> None:
        check = self._report.checks[row.kind]
        check.seen += 1
        if checkpoint is None:
            check.blame(f"checkpoint {row.size} was vouched for and is not published")
            return
        try:
            {
                OutsideKind.WITNESS: self._cosignature,
                OutsideKind.COPY: self._copy,
                OutsideKind.STAMP: self._stamp,
            }[OutsideKind(row.kind)](row, checkpoint)
        except Fault as fault:
            check.blame(f"checkpoint {row.size}: {fault}")

    def _cosignature(self, row: Attestation, checkpoint: Checkpoint) -> None:
        try:
            key = cosigning.parse_key(row.target)
            cosigning.read_line(bytes(row.answer), text=notes.parts(checkpoint.note)[0], key=key)
        except (cosigning.CosignatureRefused, notes.NoteRefused) as error:
            raise Fault(error.detail) from error

    def _copy(self, row: Attestation, checkpoint: Checkpoint) -> None:
        try:
            kept = self._keep(row.target).get(bytes(row.answer).decode())
        except OutsiderAway as error:
            raise Fault(error.detail) from error
        if kept is None:
            raise Fault("its copy is gone")
        if kept != checkpoint.note.encode():
            raise Fault("its copy is another checkpoint")

    def _keep(self, target: str) -> keeping.Keep:
        if target not in self._keeps:
            self._keeps[target] = stores.open_store(target)
        return self._keeps[target]

    def _stamp(self, row: Attestation, checkpoint: Checkpoint) -> None:
        try:
            stamping.verify_kept(
                bytes(row.request),
                bytes(row.answer),
                data=checkpoint.note.encode(),
                signed_at=checkpoint.signed_at,
                roots=errands.tsa_roots(),
            )
        except (stamping.StampRefused, OutsiderAway) as error:
            raise Fault(error.detail) from error
