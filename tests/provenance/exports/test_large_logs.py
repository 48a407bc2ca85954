"""Large logs: an export takes the same memory, and an extract has every leaf once."""

from __future__ import annotations

import base64
import gc
import tracemalloc
from datetime import datetime

import pytest

from accounts.models import Organisation
from core import ids
from provenance.exports import log_extract, worker
from provenance.exports.export_sources import ExportScope
from provenance.models import Export, ExportState
from tests.conftest import NOON
from tests.support import export_scenario
from transparency_log import sequencer
from transparency_log.formats import log_entry, merkle
from transparency_log.models import Entry, Outbox

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


def noon() -> datetime:
    return NOON


class TestMemory:
    def test_does_not_grow_with_the_log(
        self, acme: Organisation, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fill(acme.id, 1000)
        small = peak_of_export(acme)
        fill(acme.id, 19_000)
        large = peak_of_export(acme)

        assert large < small + 2_000_000, (small, large)


def peak_of_export(organisation: Organisation) -> int:
    """Bytes at the peak of making an audit bundle, as Python's allocator sees them."""
    export = export_scenario.request(organisation)
    gc.collect()
    tracemalloc.start()
    try:
        worker.make_pending_exports(now=noon)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert Export.objects.get(id=export.id).state == ExportState.READY
    return peak


def fill(organisation_id: str, count: int) -> None:
    """Put many events into the outbox, quickly, and have them placed."""

    kid, commitment = "k" * 22, base64.b64encode(bytes(32)).decode()
    rows = []
    for _ in range(count):
        event_id = ids.new("evt")
        payload = log_entry.build_entry(
            event_id=event_id, organisation_id=organisation_id, livemode=True, kind="admin.action",
            at=NOON, kid=kid, commitment=commitment, refs={},
        )  # fmt: skip
        rows.append(Outbox(organisation_id=organisation_id, event_id=event_id, payload=payload))
    Outbox.objects.bulk_create(rows, batch_size=5000)
    while sequencer.settle_log(organisation_id, at=NOON):
        pass


class TestExtract:
    @pytest.mark.parametrize(
        ("first", "end"), [(0, 700), (0, 0), (0, 1), (255, 257), (300, 600), (699, 700), (1, 699)]
    )
    def test_gives_every_leaf_once_whatever_the_range(
        self, acme: Organisation, first: int, end: int
    ) -> None:
        fill(acme.id, 700)
        scope = ExportScope(organisation_id=acme.id, livemode=True, kind="audit")
        reach = log_extract.LogRange(first=first, end=end, size=700)

        lines = b"".join(
            log_extract.read_entry_lines(scope, reach, lambda _rows: None)
        ).splitlines()
        others = b"".join(log_extract.read_leaf_hashes(scope, reach))
        hashes = [others[at : at + 32] for at in range(0, len(others), 32)]
        payloads = [
            bytes(row) for row in Entry.objects.order_by("idx").values_list("payload", flat=True)
        ]
        assert lines == payloads[first:end]
        assert hashes == [
            merkle.hash_leaf(payload) for payload in payloads[:first] + payloads[end:]
        ]
