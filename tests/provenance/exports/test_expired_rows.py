"""A bundle made before the sweep came: what is past its end reads so, and the log in the bundle
explains it.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from accounts.models import Organisation
from consent import services
from provenance.exports import export_requests as exports
from provenance.exports import worker
from tests.conftest import NOON
from tests.support import consent_factories, export_scenario

pytestmark = pytest.mark.django_db(transaction=True)


class TestABundle:
    @pytest.mark.parametrize("kind", ["audit", "speaker"])
    def test_shows_no_consent_as_active_past_its_end(
        self, acme: Organisation, bolt: Organisation, kind: str, tmp_path: Path
    ) -> None:
        told, neighbour = export_scenario.tell(acme), export_scenario.tell(bolt)
        services.request_consent(
            organisation=acme, livemode=False, speaker_id=told.speaker.id,
            grants=(consent_factories.AUDIOBOOK,), actor=consent_factories.KEY, at=NOON,
            duration="P1Y",
        )  # fmt: skip
        of = {"speaker_id": told.speaker.id} if kind == "speaker" else {}
        export = export_scenario.request(acme, kind, **of)

        worker.make_pending_exports(now=lambda: NOON + timedelta(days=400))

        export.refresh_from_db()
        data = b"".join(exports.read_bundle(export))
        files = export_scenario.members(data)
        assert sorted(
            row["state"] for row in export_scenario.rows(files, "tables/consents.jsonl")
        ) == [
            "expired",
            "lapsed",
        ]
        assert {"consent.expired", "consent.lapsed"} <= {
            entry["t"] for entry in export_scenario.rows(files, "entries.jsonl")
        }
        (bundle := tmp_path / "bundle.zip").write_bytes(data)
        assert "refused" not in export_scenario.verify(bundle).checks.values()
        neighbour.consent.refresh_from_db()
        assert neighbour.consent.state == "active"
