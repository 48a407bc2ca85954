"""What is in a bundle: everything that belongs there, nothing that does not, and all of it
checkable by a stranger.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import hmac
import io
import json
from datetime import timedelta
from pathlib import Path

import pytest

from accounts.models import Organisation
from core import canonical_json
from provenance.verifier import build
from tests.conftest import NOON
from tests.provenance.exports.conftest import Check
from tests.support import consent_factories, export_scenario
from tests.support.export_scenario import Story
from transparency_log.formats import merkle
from transparency_log.models import Checkpoint

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]
EVIDENCE = {
    "keys",
    "prefix",
    "stated",
    "papers",
    "vouched",
}  # what an honest bundle leaves to its reader


class TestAudit:
    def test_is_verified_by_the_program_it_carries(self, audit: bytes, check: Check) -> None:
        verdict = check(audit)

        assert verdict.code == 3
        assert {name for name, result in verdict.checks.items() if result != "ok"} == EVIDENCE

    def test_carries_the_verifier_as_it_is_here(self, files: dict[str, bytes]) -> None:
        assert files["verify.py"] == build.build_program()

    def test_counts_objects_by_their_plural_names(self, files: dict[str, bytes]) -> None:
        counts = json.loads(files["manifest.json"])["counts"]

        expected = {
            "speakers": 1,
            "consents": 1,
            "voices": 0,
            "clips": 2,
            "decisions": 3,
            "erasures": 0,
            "records": 1,
        }
        assert expected.items() <= counts.items()

    def test_gives_the_log_as_its_exact_leaves(self, files: dict[str, bytes]) -> None:
        leaves = [merkle.hash_leaf(line) for line in files["entries.jsonl"].splitlines()]
        checkpoint = json.loads(files["manifest.json"])["checkpoint"]

        root = merkle.append(0, leaves, {}).root
        assert (len(leaves), base64.b64encode(root).decode()) == (
            checkpoint["size"],
            checkpoint["root"],
        )

    def test_opens_every_entry_to_anyone_who_recomputes_its_commitment(
        self, files: dict[str, bytes]
    ) -> None:
        entries = export_scenario.rows(files, "entries.jsonl")
        for opening in export_scenario.rows(files, "openings.jsonl"):
            key, entry = base64.b64decode(opening["key"]), entries[opening["index"]]
            made = hmac.new(
                key, b"sayso-commitment-v1\n" + canonical_json.dump(opening["body"]), hashlib.sha256
            ).digest()
            assert (opening["id"], base64.b64encode(made).decode()) == (entry["id"], entry["c"])

        assert len(export_scenario.rows(files, "openings.jsonl")) == len(entries)

    def test_names_no_one(self, files: dict[str, bytes]) -> None:
        everything = b"\n".join(files.values())

        for personal in ("Ana", "Gómez", "ana@example.org", "cmd|", "=1+1"):
            assert personal.encode() not in everything
        assert b"Ana" not in b"".join(
            base64.b64decode(row["record"])
            for row in export_scenario.rows(files, "records/consents.jsonl")
        )

    def test_ends_with_the_published_checkpoint(self, fresh: bytes, told: Story) -> None:
        files = export_scenario.members(fresh)
        notes = {
            row.note for row in Checkpoint.objects.filter(organisation_id=told.organisation.id)
        }

        assert files["checkpoint"].decode() in notes

    def test_holds_nothing_of_a_neighbour(self, told: Story, bolt: Organisation) -> None:
        export_scenario.tell(bolt)

        everything = b"\n".join(
            export_scenario.members(export_scenario.bundle(told.organisation)).values()
        )
        assert bolt.id.encode() not in everything

    def test_of_test_data_says_so(self, files: dict[str, bytes]) -> None:
        assert b"*** TEST DATA" in files["README.txt"]
        assert json.loads(files["manifest.json"])["livemode"] is False

    def test_leaves_live_rows_to_live_keys(self, told: Story) -> None:
        consent_factories.make_speaker(told.organisation, livemode=True)

        made = export_scenario.members(export_scenario.bundle(told.organisation))
        opened = {opening["id"] for opening in export_scenario.rows(made, "openings.jsonl")}
        live = {
            entry["id"]
            for entry in export_scenario.rows(made, "entries.jsonl")
            if entry.get("live", True)
        }
        assert json.loads(made["manifest.json"])["counts"]["speakers"] == 1
        assert live
        assert not live & opened


class TestPeriod:
    @pytest.fixture
    def month(self, told: Story) -> dict[str, bytes]:
        """Of three months with a clip each, the one in the middle."""
        for days in (40, 80):
            export_scenario.speak(told.consent, 10 + days, at=NOON + timedelta(days=days))
        period = {"start": NOON + timedelta(days=30), "end": NOON + timedelta(days=60)}
        return export_scenario.members(
            export_scenario.bundle(told.organisation, at=NOON + timedelta(days=90), **period)
        )

    def test_is_verified_with_hashes_in_the_place_of_all_other_entries(
        self, month: dict[str, bytes], tmp_path: Path
    ) -> None:
        (tmp_path / "month.zip").write_bytes(export_scenario.packed(month))

        verdict = export_scenario.verify(tmp_path / "month.zip")
        assert (verdict.code, verdict.checks["log"]) == (3, "ok")
        assert len(month["leaves.bin"]) % 32 == 0

    def test_holds_the_clips_of_the_period_alone(self, month: dict[str, bytes]) -> None:
        assert [row["issued_at"] for row in export_scenario.rows(month, "tables/clips.jsonl")] == [
            "2026-12-31T12:00:00Z"
        ]

    def test_holds_the_people_of_before_all_the_same(
        self, month: dict[str, bytes], tmp_path: Path
    ) -> None:
        (tmp_path / "month.zip").write_bytes(export_scenario.packed(month))

        assert len(export_scenario.rows(month, "tables/speakers.jsonl")) == 1
        assert (
            "outside of this range"
            in export_scenario.verify(tmp_path / "month.zip").details["references"]
        )

    @pytest.mark.parametrize(("shift", "clips"), [(timedelta(), 2), (timedelta(milliseconds=1), 0)])
    def test_begins_with_its_first_millisecond(
        self, told: Story, shift: timedelta, clips: int
    ) -> None:
        made = export_scenario.members(
            export_scenario.bundle(told.organisation, start=NOON + shift)
        )

        assert len(export_scenario.rows(made, "tables/clips.jsonl")) == clips

    @pytest.mark.parametrize(("shift", "clips"), [(timedelta(), 0), (timedelta(milliseconds=1), 2)])
    def test_ends_before_its_last_millisecond(
        self, told: Story, shift: timedelta, clips: int
    ) -> None:
        made = export_scenario.members(export_scenario.bundle(told.organisation, end=NOON + shift))

        assert len(export_scenario.rows(made, "tables/clips.jsonl")) == clips

    def test_may_be_empty(self, told: Story, check: Check) -> None:
        data = export_scenario.bundle(told.organisation, start=NOON + timedelta(days=900))

        assert check(data).code == 3
        assert export_scenario.members(data)["entries.jsonl"] == b""


class TestSpeaker:
    @pytest.fixture
    def own(self, told: Story) -> bytes:
        export_scenario.tell(told.organisation, name="Ben Berg", email="ben@example.org")
        return export_scenario.bundle(told.organisation, "speaker", speaker_id=told.speaker.id)

    def test_is_verified_by_a_proof_for_each_entry(self, own: bytes, check: Check) -> None:
        verdict = check(own)

        assert (verdict.code, verdict.checks["log"], verdict.checks["rows"]) == (3, "ok", "ok")

    def test_holds_what_is_known_of_the_person(self, own: bytes, told: Story) -> None:
        files = export_scenario.members(own)
        (person,) = export_scenario.rows(files, "tables/speakers.jsonl")

        assert (person["name"], person["email"]) == ("Ana María Gómez", "ana@example.org")
        assert [
            len(export_scenario.rows(files, f"tables/{name}.jsonl"))
            for name in ("consents", "clips", "decisions")
        ] == [
            1,
            2,
            3,
        ]

    def test_holds_nothing_of_others(self, own: bytes) -> None:
        everything = b"\n".join(export_scenario.members(own).values())

        assert b"Ben" not in everything
        assert b"ben@example.org" not in everything


class TestOthers:
    def test_the_record_of_processing_names_purposes_and_no_one(
        self, told: Story, check: Check
    ) -> None:
        data = export_scenario.bundle(told.organisation, "ropa")
        files = export_scenario.members(data)
        (activity,) = export_scenario.rows(files, "tables/processing_activities.jsonl")

        assert check(data).code == 3
        assert (activity["use_case"], activity["consents"]) == ("entertainment.audiobook", 1)
        assert activity["notices"] == [
            row["sha256"] for row in export_scenario.rows(files, "tables/notices.jsonl")
        ]
        assert "Ana" not in b"".join(files.values()).decode()

    def test_usage_adds_up_by_month_and_grant(self, told: Story, check: Check) -> None:
        export_scenario.speak(told.consent, 9, at=NOON + timedelta(days=40))
        data = export_scenario.bundle(told.organisation, "usage")
        rows = export_scenario.rows(export_scenario.members(data), "tables/usage.jsonl")

        assert check(data).code == 3
        expected = [("2026-11", 2, 8000), ("2026-12", 1, 4000)]
        assert [(row["month"], row["clips"], row["milliseconds"]) for row in rows] == expected


class TestCsv:
    def test_says_what_the_json_lines_say(self, files: dict[str, bytes]) -> None:
        sheet = list(csv.DictReader(io.StringIO(files["tables/clips.csv"].decode(), newline="")))

        assert [row["sha256"] for row in sheet] == [
            row["sha256"] for row in export_scenario.rows(files, "tables/clips.jsonl")
        ]

    def test_has_no_cell_that_a_spreadsheet_would_run(self, told: Story) -> None:
        files = export_scenario.members(
            export_scenario.bundle(told.organisation, "speaker", speaker_id=told.speaker.id)
        )
        cells = [
            cell
            for name, data in files.items()
            if name.endswith(".csv")
            for row in csv.reader(io.StringIO(data.decode(), newline=""))
            for cell in row
        ]

        assert "'=cmd|' /C calc'!A0" in cells
        assert not [cell for cell in cells if cell[:1] in {"=", "+", "@", "\t", "\r"}]
