"""What outsiders said, held against what is published now: each way in which the two can come apart
is found.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from pytest_django import Settings

from tests.support import database_flush
from tests.support.attestor_servers import outsider
from tests.support.timestamp_authority import Authority
from tests.support.witness_server import FakeWitness
from tests.transparency_log.attestation.conftest import Grow
from transparency_log.attestation import attestation_checks, scheduler
from transparency_log.formats import cosignature
from transparency_log.models import Attestation, Checkpoint

pytestmark = pytest.mark.django_db
KINDS = ("cosignatures", "copies", "stamps")


@pytest.fixture
def vouched(
    asked_witness: FakeWitness, settings: Settings, tmp_path: Path, grow: Grow
) -> Iterator[Path]:
    """Two checkpoints for which a witness, a folder and an authority have vouched; gives the
    folder.
    """
    authority = Authority(folder=tmp_path / "tsa")
    asked_witness.seconds = int(datetime.now(UTC).timestamp())
    settings.SAYSO_COPIES_URL = f"file://{tmp_path}/copies"
    settings.SAYSO_TSA_ROOTS = str(authority.roots)
    with outsider(authority) as url:
        settings.SAYSO_TSA_URL = url
        assert scheduler.run_due_tasks(now=lambda: datetime.now(UTC)) == 3
        grow(2)
        assert scheduler.run_due_tasks(now=lambda: datetime.now(UTC) + timedelta(hours=2)) == 3
    yield tmp_path / "copies"


def faulty(organisation_id: str) -> set[str]:
    return {
        check.name
        for check in attestation_checks.verify_attestations(organisation_id).checks.values()
        if not check.good
    }


def _answers(kind: str, changed: Callable[[bytes], bytes]) -> None:
    for row in Attestation.objects.filter(kind=kind):
        Attestation.objects.filter(id=row.id).update(answer=changed(bytes(row.answer)))


def _flip_last(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])


def _other_line(data: bytes) -> bytes:
    return FakeWitness().cosign("another\n5\ntext\n").encode()


def _copy(folder: Path, text: str | None) -> None:
    (file, *_) = sorted(folder.rglob("*.checkpoint"))
    file.unlink()
    if text is not None:
        file.write_text(text)


def _note(**changes: object) -> None:
    Checkpoint.objects.filter(size=5).update(**changes)


TAMPERING: dict[str, tuple[Callable[[Path], object], set[str]]] = {
    "another cosignature": (lambda folder: _answers("witness", _other_line), {"cosignatures"}),
    "half a cosignature": (
        lambda folder: _answers("witness", lambda line: line[:40]),
        {"cosignatures"},
    ),
    "another witness": (
        lambda folder: Attestation.objects.filter(kind="witness").update(
            target=FakeWitness().vkey()
        ),
        {"cosignatures"},
    ),
    "a copy that is gone": (lambda folder: _copy(folder, None), {"copies"}),
    "a changed copy": (lambda folder: _copy(folder, "another\n"), {"copies"}),
    "a changed stamp": (lambda folder: _answers("stamp", _flip_last), {"stamps"}),
    "no stamp": (lambda folder: _answers("stamp", lambda token: b""), {"stamps"}),
    "a stamp moved to another size": (
        lambda folder: Attestation.objects.filter(kind="stamp", size=5).update(size=6),
        {"stamps"},
    ),
    "a rewritten checkpoint": (
        lambda folder: _note(note="another\n5\nAAAA\n\n— x y\n"),
        set(KINDS),
    ),
    "a checkpoint signed later than stamped": (
        lambda folder: _note(signed_at=datetime.now(UTC) + timedelta(hours=1)),
        {"stamps"},
    ),
    "a checkpoint removed": (lambda folder: Checkpoint.objects.filter(size=5).delete(), set(KINDS)),
}


class TestVerify:
    def test_finds_nothing_wrong_with_what_was_said(
        self, vouched: Path, organisation_id: str
    ) -> None:
        report = attestation_checks.verify_attestations(organisation_id)

        assert report.good
        assert [(check.name, check.seen) for check in report.checks.values()] == [
            (kind, 2) for kind in KINDS
        ]

    @pytest.mark.parametrize("what", TAMPERING)
    def test_notices(self, vouched: Path, organisation_id: str, what: str) -> None:
        tamper, expected = TAMPERING[what]
        with database_flush.triggers_suspended():
            tamper(vouched)

        assert faulty(organisation_id) == expected

    def test_says_so_when_it_cannot_check_stamps(
        self, vouched: Path, organisation_id: str, settings: Settings
    ) -> None:
        settings.SAYSO_TSA_ROOTS = None

        assert faulty(organisation_id) == {"stamps"}

    def test_checks_witnesses_that_are_no_longer_named(
        self, vouched: Path, organisation_id: str, settings: Settings
    ) -> None:
        settings.SAYSO_WITNESSES = cosignature.parse_witnesses("")

        assert attestation_checks.verify_attestations(organisation_id).checks["witness"].seen == 2

    def test_tells_how_far_it_is(self, vouched: Path, organisation_id: str) -> None:
        told: list[tuple[int, int]] = []
        attestation_checks.verify_attestations(
            organisation_id, progress=lambda done, total: told.append((done, total))
        )

        assert told == [(n, 6) for n in range(1, 7)]


class TestCommand:
    def test_names_all_three(self, vouched: Path, organisation_id: str) -> None:
        said = StringIO()
        call_command("verify_log", "--json", stdout=said)

        found = json.loads(said.getvalue())
        assert found["verdict"] == "verified"
        assert {found["checks"][kind]["result"] for kind in KINDS} == {"ok"}

    def test_exits_with_1_when_one_is_at_fault(self, vouched: Path) -> None:
        _copy(vouched, None)

        with pytest.raises(SystemExit) as end:
            call_command("verify_log", stdout=StringIO())
        assert end.value.code == 1
