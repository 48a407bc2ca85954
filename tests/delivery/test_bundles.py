"""Bundles of live consents whose link went by mail: the server's word is in the log, signed or
not.
"""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import Organisation
from consent.lifecycle import link_sender
from consent.models import Consent
from core import clock
from provenance.exports import export_requests as exports
from provenance.exports import worker
from tests.conftest import NOON
from tests.delivery.test_live_requests import sent
from tests.support import export_scenario
from tests.support.bundle_forgery import Files
from tests.support.consent_api import asked
from tests.support.consent_factories import KEY
from tests.support.link_signing import sign
from tests.support.smtp_server import MailServer
from tests.voices.test_forged_bundles import rewritten, verify

pytestmark = pytest.mark.django_db(transaction=True)
EVIDENCE = "tables/evidence.jsonl"
LATER = NOON + timedelta(minutes=5)


def bundle(organisation: Organisation, kind: Any = "audit", **changes: Any) -> Files:
    """The bundle of the live data, unpacked."""
    known: dict[str, Any] = {
        "start": None, "end": None, "speaker_id": None, "words": True, "at": LATER, "actor": KEY,
        **changes,
    }  # fmt: skip
    row = exports.request_export(organisation_id=organisation.id, livemode=True, kind=kind, **known)
    worker.make_pending_exports(now=lambda: LATER)
    row.refresh_from_db()
    return export_scenario.members(b"".join(exports.read_bundle(row)))


@pytest.fixture
def written(
    live: APIClient,
    post_office: MailServer,
    organisation: Organisation,
    monkeypatch: pytest.MonkeyPatch,
) -> Organisation:
    """One person signed behind a mailed link, another has not answered, a third got the link from
    the controller.
    """
    made = sent(live)
    monkeypatch.setattr(clock, "now", lambda: LATER)
    assert sign(post_office.link(), made) == 303
    asked(live, external_id="b")
    assert link_sender.send_pending(now=lambda: LATER) == 1
    handed = asked(live, delivery={"channel": "controller"})
    assert sign(handed["signing_url"], handed) == 303
    return organisation


class TestAnAuditBundle:
    def test_of_links_that_left_by_mail_is_consistent(
        self, written: Organisation, tmp_path: Path
    ) -> None:
        verdict = verify(bundle(written), tmp_path)

        assert (verdict.refused, verdict.code) == ("", 3)
        # The log names a server's word by its hash, so the row's own id alone is left open.
        assert re.findall(r"evidence\.\S*", verdict.stated) == ["evidence.id"]

    def test_says_how_each_person_was_reached(self, written: Organisation) -> None:
        rows = export_scenario.rows(bundle(written), "tables/consents.jsonl")

        ways = sorted((row["assurance"], row["method"] or "") for row in rows)
        assert ways == [("L0", "link_given_to_controller"), ("L1", ""), ("L1", "one_time_link")]

    def test_cannot_call_a_link_of_the_controller_one_of_ours(
        self, written: Organisation, tmp_path: Path
    ) -> None:
        def launder(rows: list[dict[str, Any]]) -> None:
            for row in rows:
                row["method"] = row["method"] and "one_time_link"

        assert (
            "rows: method"
            in verify(rewritten(bundle(written), "consents", launder), tmp_path).refused
        )


class TestAServersWord:
    @pytest.mark.parametrize(
        ("column", "value"),
        [("sha256", "0" * 64), ("kind", "page"), ("created_at", "2026-11-21T11:00:00Z")],
    )
    def test_cannot_be_changed_signed_or_not(
        self, written: Organisation, tmp_path: Path, column: str, value: str
    ) -> None:
        files = bundle(written)
        proofs = [
            place
            for place, row in enumerate(export_scenario.rows(files, EVIDENCE))
            if row["kind"] == "mail_proof"
        ]
        assert len(proofs) == 2
        for place in proofs:

            def change(rows: list[dict[str, Any]], place: int = place) -> None:
                rows[place][column] = value

            assert verify(rewritten(files, "evidence", change), tmp_path).refused

    def test_cannot_be_left_out(self, written: Organisation, tmp_path: Path) -> None:
        def drop(rows: list[dict[str, Any]]) -> None:
            signed = {row["consent"] for row in rows if row["kind"] == "page"}
            rows[:] = [row for row in rows if row["consent"] in signed]

        assert "left out" in verify(rewritten(bundle(written), "evidence", drop), tmp_path).refused

    def test_cannot_be_invented(self, written: Organisation, tmp_path: Path) -> None:
        unsigned = Consent.objects.get(state="requested").id

        def invent(rows: list[dict[str, Any]]) -> None:
            rows.append(
                {
                    **rows[0],
                    "id": rows[0]["id"][:-4] + "aaaa",
                    "consent": unsigned,
                    "sha256": "1" * 64,
                }
            )

        assert (
            "neither log nor record"
            in verify(rewritten(bundle(written), "evidence", invent), tmp_path).refused
        )

    def test_stays_consistent_when_the_person_is_erased(
        self, live: APIClient, written: Organisation, tmp_path: Path
    ) -> None:
        speaker = Consent.objects.get(state="requested").speaker_id
        answer = live.post(f"/v1/speakers/{speaker}/erase", {"reason": "requested"}, format="json")
        assert answer.status_code == 202, answer.content

        assert verify(bundle(written), tmp_path).refused == ""


class TestAPersonalCopy:
    def test_of_a_person_whom_we_wrote_to_is_consistent(
        self, written: Organisation, tmp_path: Path
    ) -> None:
        for consent in Consent.objects.all():
            files = bundle(written, "speaker", speaker_id=consent.speaker_id)
            assert verify(files, tmp_path).refused == ""

    def test_names_the_way_of_the_link(self, written: Organisation) -> None:
        consent = Consent.objects.get(assurance="L0")
        rows = export_scenario.rows(
            bundle(written, "speaker", speaker_id=consent.speaker_id), "tables/consents.jsonl"
        )
        assert [row["method"] for row in rows] == ["link_given_to_controller"]
