"""Evidence that was tampered with is refused, even when the forger holds the exports key and signs
again.
"""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.conftest import NOON
from tests.provenance.exports.conftest import Verify
from tests.support import export_scenario
from tests.support.bundle_forgery import Files, counting, line, rehashed, resigned, without_line
from tests.support.export_scenario import Story
from transparency_log.formats import signed_note
from transparency_log.formats.merkle import hash_leaf
from vault import signing_keys

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]


class TestWordsOfPurposes:
    def test_are_not_left_out_where_the_log_says_that_they_were_asked_for(
        self, files: Files, verify: Verify
    ) -> None:
        table = "tables/intended_uses"
        header = files[f"{table}.csv"].splitlines(keepends=True)[0]
        emptied = {**files, f"{table}.jsonl": b"", f"{table}.csv": header}

        def claim(manifest: dict[str, Any]) -> None:
            manifest["words"] = False
            manifest["counts"]["intended_uses"] = 0

        verdict = verify(resigned(emptied, claim))
        assert (verdict.checks["tables"], verdict.checks["purposes"]) == ("ok", "REFUSED")

    def test_are_not_there_where_the_manifest_says_that_they_are_not(
        self, files: Files, verify: Verify
    ) -> None:
        assert (
            verify(resigned(files, lambda manifest: manifest.update(words=False))).checks[
                "purposes"
            ]
            == "REFUSED"
        )


class TestOutsider:
    """Someone without any key of ours."""

    def test_may_pack_the_same_files_again(self, files: Files, verify: Verify) -> None:
        verdict = verify(files)

        assert (verdict.code, verdict.checks["container"]) == (3, "not checked")

    def test_cannot_change_a_file(self, files: Files, verify: Verify) -> None:
        verdict = verify({**files, "README.txt": files["README.txt"] + b"!"})

        assert (verdict.code, verdict.checks["files"]) == (1, "REFUSED")

    def test_cannot_hash_the_manifest_again(self, files: Files, verify: Verify) -> None:
        verdict = verify(rehashed({**files, "README.txt": b"Nothing to see here.\n"}))

        assert (verdict.code, verdict.checks["files"], verdict.checks["manifest"]) == (
            1,
            "ok",
            "REFUSED",
        )

    @pytest.mark.parametrize(
        "name", ["tables/clips.csv", "verify.py", "checkpoint", "manifest.jws"]
    )
    def test_cannot_take_a_file_out(self, files: Files, verify: Verify, name: str) -> None:
        assert verify({other: data for other, data in files.items() if other != name}).code == 1

    def test_cannot_slip_a_file_in(self, files: Files, verify: Verify) -> None:
        verdict = verify({**files, "tables/extra.csv": b""})

        assert (verdict.code, verdict.checks["files"]) == (1, "REFUSED")

    def test_cannot_sign_with_a_key_of_their_own_where_the_real_one_is_known(
        self, files: Files, tmp_path: Path
    ) -> None:
        (tmp_path / "forged.zip").write_bytes(export_scenario.packed(resigned(files)))
        (tmp_path / "keys.json").write_bytes(files["keys.json"])

        alone = export_scenario.verify(tmp_path / "forged.zip")
        assert (alone.code, alone.checks["keys"]) == (3, "not checked"), (
            "a bundle cannot vouch for its own keys"
        )
        assert (
            export_scenario.verify(
                tmp_path / "forged.zip", "--key", str(tmp_path / "keys.json")
            ).checks["manifest"]
            == "REFUSED"
        )


class TestInsider:
    """Someone who can sign manifests, but not the log."""

    def test_may_sign_what_is_true(self, files: Files, verify: Verify) -> None:
        assert verify(resigned(files)).code == 3

    def test_cannot_change_an_entry(self, files: Files, verify: Verify) -> None:
        forged = line(files, "entries.jsonl", 3, lambda entry: entry.update(ts=entry["ts"] + 1))

        assert verify(resigned(forged)).checks["log"] == "REFUSED"

    def test_cannot_remove_an_entry(self, files: Files, verify: Verify) -> None:
        forged = without_line(files, "entries.jsonl", 3)

        assert verify(resigned(forged, counting(entries=9))).checks["log"] == "REFUSED"

    def test_cannot_cut_off_the_end(self, files: Files, verify: Verify) -> None:
        forged = without_line(files, "entries.jsonl", -1)

        assert verify(resigned(forged, counting(entries=9))).checks["log"] == "REFUSED"

    def test_cannot_hide_an_entry_behind_its_hash(self, files: Files, verify: Verify) -> None:
        entries = files["entries.jsonl"].splitlines(keepends=True)

        forged = {
            **files,
            "entries.jsonl": b"".join(entries[:-1]),
            "leaves.bin": hash_leaf(entries[-1][:-1]),
        }
        verdict = verify(resigned(forged, counting(entries=len(entries) - 1)))

        assert "hidden" in verdict.details["log"]

    def test_cannot_edit_the_checkpoint(self, files: Files, verify: Verify) -> None:
        forged = {**files, "checkpoint": files["checkpoint"].replace(b"\n10\n", b"\n11\n")}

        verdict = verify(resigned(forged))
        assert (verdict.code, verdict.checks["checkpoint"]) == (1, "REFUSED")

    def test_cannot_bring_another_log(self, files: Files, verify: Verify) -> None:
        """A log of their own, well signed with a key that they put in place of ours, under our
        name.
        """
        private = Ed25519PrivateKey.generate()
        origin = files["checkpoint"].decode().split("\n")[0]
        key = signed_note.VerifierKey(
            name=origin, public_key=private.public_key().public_bytes_raw()
        )
        head = signed_note.TreeHead(origin=origin, size=0, root=bytes(32))
        forged = {
            **files,
            "checkpoint": signed_note.sign_note(head.text(), [(key, private.sign)]).encode(),
        }

        assert verify(resigned(forged)).checks["checkpoint"] == "REFUSED"

    @pytest.mark.parametrize("part", ["body", "key", "id"])
    def test_cannot_open_an_entry_to_something_else(
        self, files: Files, verify: Verify, part: str
    ) -> None:
        changes: dict[str, Any] = {
            "body": {"said": "yes"},
            "key": base64.b64encode(bytes(32)).decode(),
            "id": "evt_x",
        }
        forged = line(
            files, "openings.jsonl", 2, lambda opening: opening.update({part: changes[part]})
        )

        assert verify(resigned(forged)).checks["openings"] == "REFUSED"

    def test_cannot_move_an_opening_to_another_entry(self, files: Files, verify: Verify) -> None:
        forged = without_line(files, "openings.jsonl", 3)
        forged = line(forged, "openings.jsonl", 2, lambda opening: opening.update(index=3))

        assert verify(resigned(forged, counting(openings=9))).checks["openings"] == "REFUSED"

    def test_cannot_change_a_signed_record(self, files: Files, verify: Verify) -> None:
        def widen(row: dict[str, Any]) -> None:
            record = base64.b64decode(row["record"]).replace(b'"de-DE"', b'"ja-JP"')
            row["record"] = base64.b64encode(record).decode()

        forged = line(files, "records/consents.jsonl", 0, widen)

        assert verify(resigned(forged)).checks["records"] == "REFUSED"

    def test_cannot_name_another_record(self, files: Files, verify: Verify) -> None:
        forged = line(
            files, "tables/consents.jsonl", 0, lambda row: row.update(record_sha256="0" * 64)
        )

        assert verify(resigned(forged)).checks["records"] == "REFUSED"

    def test_cannot_drop_a_record(self, files: Files, verify: Verify) -> None:
        forged = without_line(files, "records/consents.jsonl", 0)

        assert verify(resigned(forged, counting(records=0))).checks["records"] == "REFUSED"

    @pytest.mark.parametrize("name", ["clips", "decisions", "consents", "speakers"])
    def test_cannot_leave_a_row_out(self, files: Files, verify: Verify, name: str) -> None:
        forged = without_line(
            without_line(files, f"tables/{name}.jsonl", 0), f"tables/{name}.csv", 1
        )
        count = len(files[f"tables/{name}.jsonl"].splitlines())

        assert (
            verify(resigned(forged, counting(**{name: count - 1}))).checks["references"]
            == "REFUSED"
        )

    def test_cannot_leave_a_whole_table_out(self, files: Files, verify: Verify) -> None:
        def drop(manifest: dict[str, Any]) -> None:
            del manifest["counts"]["clips"], manifest["tables"]["clips"]

        forged = {name: data for name, data in files.items() if not name.startswith("tables/clips")}

        assert verify(resigned(forged, drop)).checks["references"] == "REFUSED"

    def test_cannot_invent_a_row(self, files: Files, verify: Verify) -> None:
        forged = dict(files)
        for name in ("tables/clips.jsonl", "tables/clips.csv"):
            last = files[name].splitlines(keepends=True)[-1]
            clip = export_scenario.rows(files, "tables/clips.jsonl")[-1]["id"].encode()
            forged[name] += last.replace(clip, b"clp_" + b"a" * 26)

        assert verify(resigned(forged, counting(clips=3))).checks["references"] == "REFUSED"

    def test_cannot_change_what_a_clip_was(self, files: Files, verify: Verify) -> None:
        tables = {name: files[f"tables/clips.{name}"] for name in ("csv", "jsonl")}
        lies = {
            f"tables/clips.{name}": data.replace(b"audio/wav", b"audio/mp3")
            for name, data in tables.items()
        }
        forged = {**files, **lies}

        assert verify(resigned(forged)).checks["rows"] == "REFUSED"

    @pytest.mark.parametrize("name", ["clips", "decisions", "entries", "openings", "records"])
    def test_cannot_count_otherwise(self, files: Files, verify: Verify, name: str) -> None:
        assert verify(resigned(files, counting(**{name: 1_000}))).code == 1

    def test_cannot_count_what_is_not_there(self, files: Files, verify: Verify) -> None:
        assert verify(resigned(files, counting(unicorns=1))).checks["tables"] == "REFUSED"

    def test_cannot_say_one_thing_in_csv_and_another_in_json(
        self, files: Files, verify: Verify
    ) -> None:
        forged = {
            **files,
            "tables/clips.csv": files["tables/clips.csv"].replace(b",issued,", b",erased,", 1),
        }

        assert verify(resigned(forged)).checks["tables"] == "REFUSED"

    @pytest.mark.parametrize("name", ["entries.jsonl", "openings.jsonl", "records/consents.jsonl"])
    def test_cannot_leave_the_evidence_out_of_an_audit(
        self, files: Files, verify: Verify, name: str
    ) -> None:
        assert (
            verify(resigned({other: data for other, data in files.items() if other != name})).code
            == 1
        )

    def test_cannot_backdate_a_manifest_before_its_key(self, files: Files, verify: Verify) -> None:
        forged = resigned(files, lambda manifest: manifest.update(signed_at="2020-01-01T00:00:00Z"))

        assert verify(forged).checks["manifest"] == "REFUSED"


class TestKey:
    def test_pins_all_keys_by_an_earlier_keys_json(
        self, files: Files, audit: bytes, tmp_path: Path
    ) -> None:
        (tmp_path / "keys.json").write_bytes(files["keys.json"])
        (tmp_path / "audit.zip").write_bytes(audit)

        assert (
            export_scenario.verify(
                tmp_path / "audit.zip", "--key", str(tmp_path / "keys.json")
            ).checks["keys"]
            == "ok"
        )

    def test_pins_the_log_by_its_published_key_and_says_what_is_left(
        self, fresh: bytes, told: Story, tmp_path: Path
    ) -> None:
        (tmp_path / "audit.zip").write_bytes(fresh)
        origin = export_scenario.members(fresh)["checkpoint"].decode().split("\n")[0]
        public = signing_keys.list_public_keys(told.organisation.id, "log")[0].public_key
        (tmp_path / "log.key").write_text(
            f"{signed_note.VerifierKey(name=origin, public_key=public)}\n"
        )

        verdict = export_scenario.verify(tmp_path / "audit.zip", "--key", str(tmp_path / "log.key"))
        assert (verdict.code, verdict.checks["keys"], verdict.checks["checkpoint"]) == (
            0,
            "not checked",
            "ok",
        )
        assert "pinned: log" in verdict.details["keys"]

    def test_refuses_a_log_that_another_key_signed(
        self, fresh: bytes, told: Story, tmp_path: Path
    ) -> None:
        (tmp_path / "audit.zip").write_bytes(fresh)
        strange = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
        (tmp_path / "log.key").write_text(
            f"{signed_note.VerifierKey(name='log.example', public_key=strange)}\n"
        )

        assert (
            export_scenario.verify(
                tmp_path / "audit.zip", "--key", str(tmp_path / "log.key")
            ).checks["checkpoint"]
            == "REFUSED"
        )

    @pytest.mark.parametrize("text", ["", "no key", "a+00000000+AAAA", '{"log": 1}', "\xff"])
    def test_that_is_none_is_unreadable(self, audit: bytes, tmp_path: Path, text: str) -> None:
        (tmp_path / "audit.zip").write_bytes(audit)
        (tmp_path / "log.key").write_bytes(text.encode("latin-1"))

        assert (
            export_scenario.verify(tmp_path / "audit.zip", "--key", str(tmp_path / "log.key")).code
            == 2
        )


class TestPrevious:
    @pytest.fixture
    def earlier(self, fresh: bytes, told: Story, tmp_path: Path) -> Path:
        """The checkpoint of an earlier bundle; the log grew since, and there is a new bundle
        `now.zip`.
        """
        (tmp_path / "earlier").write_bytes(export_scenario.members(fresh)["checkpoint"])
        export_scenario.speak(told.consent, 7)
        (tmp_path / "now.zip").write_bytes(export_scenario.bundle(told.organisation))
        return tmp_path / "earlier"

    def test_is_continued(self, earlier: Path) -> None:
        verdict = export_scenario.verify(earlier.with_name("now.zip"), "--previous", str(earlier))

        assert (verdict.code, verdict.checks["prefix"]) == (0, "ok")

    def test_is_not_continued_by_a_rolled_back_log(self, earlier: Path, fresh: bytes) -> None:
        old = earlier.with_name("old.zip")
        old.write_bytes(fresh)
        earlier.write_bytes(
            export_scenario.members(earlier.with_name("now.zip").read_bytes())["checkpoint"]
        )

        verdict = export_scenario.verify(old, "--previous", str(earlier))
        assert (verdict.code, verdict.checks["prefix"]) == (1, "REFUSED")
        assert "rolled back" in verdict.details["prefix"]

    def test_is_not_continued_by_a_fork(self, earlier: Path, told: Story) -> None:
        """The same key signed another history: the log's owner is the forger."""
        origin, size, *_ = earlier.read_text().split("\n")
        signer = signing_keys.get_signer("log", organisation_id=told.organisation.id, at=NOON)
        head = signed_note.TreeHead(origin=origin, size=int(size), root=bytes(32))
        key = signed_note.VerifierKey(name=origin, public_key=signer.public_key)
        earlier.write_text(signed_note.sign_note(head.text(), [(key, signer.sign)]))

        verdict = export_scenario.verify(earlier.with_name("now.zip"), "--previous", str(earlier))
        assert (verdict.code, verdict.checks["prefix"]) == (1, "REFUSED")
        assert "forked" in verdict.details["prefix"]

    def test_of_a_person_s_copy_is_not_checked(self, earlier: Path, told: Story) -> None:
        own = earlier.with_name("own.zip")
        own.write_bytes(
            export_scenario.bundle(told.organisation, "speaker", speaker_id=told.speaker.id)
        )

        assert (
            export_scenario.verify(own, "--previous", str(earlier)).checks["prefix"]
            == "not checked"
        )
