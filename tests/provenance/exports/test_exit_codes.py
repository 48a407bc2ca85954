"""How verify.py ends: by what it found alone, no matter who reads what it says."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import transaction

from core.clock import to_rfc3339
from provenance.verifier import bundle_checks, cli
from tests.conftest import NOON
from tests.support import export_scenario
from tests.support.bundle_forgery import Files, resigned
from tests.support.consent_factories import KEY
from tests.support.export_scenario import Story
from transparency_log import events, public_log, sequencer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]


@pytest.fixture
def bundle(audit: bytes, tmp_path: Path) -> Path:
    """An honest bundle in a file."""
    path = tmp_path / "audit.zip"
    path.write_bytes(audit)
    return path


@pytest.fixture
def forged(files: Files, tmp_path: Path) -> Path:
    """One with an entry changed."""
    path = tmp_path / "forged.zip"
    path.write_bytes(
        export_scenario.packed(
            {**files, "entries.jsonl": files["entries.jsonl"].replace(b"decision", b"Decision")}
        )
    )
    return path


def run(*words: str, shell: str = "exec") -> subprocess.CompletedProcess[str]:
    """Run the program in a shell that does something to its output."""
    line = {
        "exec": '"$@"', "head": '"$@" | head -1; exit ${PIPESTATUS[0]}',
        "nobody": '"$@" | true; exit ${PIPESTATUS[0]}', "closed": '"$@" >&-',
        "full": '"$@" >/dev/full', "both closed": '"$@" >&- 2>&-',
        "both full": '"$@" >/dev/full 2>/dev/full',
        "both pipes": '"$@" 2>&1 | true; exit ${PIPESTATUS[0]}',
    }[shell]  # fmt: skip
    arguments = [
        "bash",
        "-c",
        line,
        "bash",
        sys.executable,
        "-u",
        "-I",
        "-S",
        str(export_scenario.program()),
        *words,
    ]
    return subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=120)


class TestTheExitCode:
    def test_is_0_with_keys_that_were_fetched_before_the_first_export(
        self, told: Story, tmp_path: Path
    ) -> None:
        sequencer.settle_log(told.organisation.id, at=NOON)
        (tmp_path / "keys.json").write_text(
            json.dumps(public_log.get_key_set(told.organisation.id, at=NOON))
        )
        (tmp_path / "audit.zip").write_bytes(export_scenario.bundle(told.organisation))

        done = run(str(tmp_path / "audit.zip"), "--key", str(tmp_path / "keys.json"), "--json")
        assert (done.returncode, json.loads(done.stdout)["result"]) == (0, "verified")

    def test_is_0_with_an_earlier_checkpoint(
        self, bundle: Path, files: Files, tmp_path: Path
    ) -> None:
        (tmp_path / "checkpoint").write_bytes(files["checkpoint"])

        assert run(str(bundle), "--previous", str(tmp_path / "checkpoint")).returncode == 0

    def test_is_3_when_no_one_vouches_for_the_keys(self, bundle: Path) -> None:
        done = run(str(bundle), "--json")

        assert (done.returncode, json.loads(done.stdout)["result"]) == (3, "consistent")
        assert "keys.json" in json.loads(done.stdout)["detail"]

    def test_is_1_for_what_is_refused(self, forged: Path) -> None:
        done = run(str(forged), "--json")

        assert (done.returncode, json.loads(done.stdout)["result"]) == (1, "refused")

    @pytest.mark.parametrize("words", [["nowhere.zip"], [__file__]])
    def test_is_2_for_what_is_no_bundle(self, words: list[str]) -> None:
        done = run(*words, "--json")

        assert (done.returncode, json.loads(done.stdout)["result"]) == (2, "unreadable")

    def test_is_2_for_keys_that_cannot_be_read(self, bundle: Path) -> None:
        assert run(str(bundle), "--key", "nowhere.json").returncode == 2

    @pytest.mark.parametrize(
        "fault", [RuntimeError("a fault of ours"), MemoryError(), KeyboardInterrupt()], ids=repr
    )
    def test_is_4_when_the_program_itself_fails(
        self,
        bundle: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        fault: BaseException,
    ) -> None:
        def fail(*_given: object) -> bool:
            raise fault

        monkeypatch.setattr(cli, "examine_bundle", fail)

        assert cli.main([str(bundle), "--json"]) == 4
        assert json.loads(capsys.readouterr().out)["result"] == "failed"

    def test_is_4_when_a_check_wants_more_memory_than_there_is(
        self, bundle: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def fail(*_given: object) -> str:
            raise MemoryError

        monkeypatch.setattr(bundle_checks, "check_log", fail)

        assert cli.main([str(bundle), "--json"]) == 4
        assert json.loads(capsys.readouterr().out)["result"] == "failed"


class TestAnOutputThatNobodyReads:
    """`verify.py audit.zip | head -1`, and outputs of its kind."""

    @pytest.mark.parametrize("shell", ["head", "nobody", "closed", "full"])
    @pytest.mark.parametrize("options", [(), ("--json",)])
    def test_of_case_52_changes_neither_verdict_nor_says_a_traceback(
        self, bundle: Path, forged: Path, shell: str, options: tuple[str, ...]
    ) -> None:
        found = [run(str(path), *options, shell=shell) for path in (bundle, forged)]

        assert [done.returncode for done in found] == [3, 1]
        assert [done.stderr for done in found] == ["", ""]

    @pytest.mark.parametrize("shell", ["both closed", "both full", "both pipes"])
    def test_on_either_channel_changes_nothing(self, bundle: Path, shell: str) -> None:
        calls = [
            [str(bundle)],
            ["nowhere.zip"],
            ["--unknown"],
            [],
            ["receipt", "--unknown"],
            ["--help"],
        ]

        assert [run(*words, shell=shell).returncode for words in calls] == [3, 2, 2, 2, 2, 0]


class TestAKeysFile:
    """What --key may be given: whatever else is in it, nothing is verified by it, and nothing falls
    over.
    """

    HOSTILE = (
        b"", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf{}", b"{}", b'{"log": []}',
        b"[]", b"null", b"{", b'{"log": 1}',
        b'{"log": [1]}', b'{"log": null}', b'{"log": [{}]}',
        b'{"log": [{"key_id": [], "public_key": "AAAA"}]}',
        b'{"log": [{"key_id": "a", "public_key": 7}]}', b'{"log": NaN}', b'{"log": 1e999}',
        b'{"log": ' + b"9" * 100_000 + b"}", b"[" * 1_000_000, b'{"a":' * 1_000_000,
        b'{"log": [], "log": []}', b'{"log": [{"key_id": "a", "public_key": "\xc3\xa4"}]}',
        b"a+b+c", b"+++\n" * 1000,
    )  # fmt: skip

    def test_that_holds_no_keys_is_unreadable(
        self, bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        for data in self.HOSTILE:
            (tmp_path / "keys").write_bytes(data)
            code = cli.main([str(bundle), "--key", str(tmp_path / "keys"), "--json"])
            assert code == 2, (data[:40], capsys.readouterr().out[-300:])

    @pytest.mark.parametrize("start", ["2027-W10-1T00:00:00Z", "2027-02-30T00:00:00Z", "", None, 7])
    def test_with_a_time_that_is_none_is_unreadable(
        self, files: Files, bundle: Path, tmp_path: Path, start: object
    ) -> None:
        keys = json.loads(files["keys.json"])
        keys["log"][0]["valid_from"] = start
        (tmp_path / "keys").write_text(json.dumps(keys))

        assert cli.main([str(bundle), "--key", str(tmp_path / "keys"), "--json"]) == 2

    def test_inside_of_the_bundle_is_refused(
        self, files: Files, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        for data in self.HOSTILE:
            (tmp_path / "audit.zip").write_bytes(
                export_scenario.packed({**files, "keys.json": data})
            )
            assert cli.main([str(tmp_path / "audit.zip"), "--json"]) == 1, data[:40]

    def test_with_one_key_twice_is_refused(self, files: Files, tmp_path: Path) -> None:
        """The second row could give the key another end."""
        keys = json.loads(files["keys.json"])
        keys["more"] = [{**keys["log"][0], "valid_until": "2090-01-01T00:00:00Z"}]
        (tmp_path / "audit.zip").write_bytes(
            export_scenario.packed({**files, "keys.json": json.dumps(keys).encode()})
        )

        assert export_scenario.verify(tmp_path / "audit.zip").checks["keys"] == "REFUSED"

    def test_says_which_of_its_rows_prove_nothing(
        self, files: Files, bundle: Path, tmp_path: Path
    ) -> None:
        keys = json.loads(files["keys.json"])
        keys["receipts"] = [
            {**keys["log"][0], "key_id": f"receipts-{number}"} for number in range(3)
        ]
        (tmp_path / "more.zip").write_bytes(
            export_scenario.packed({**files, "keys.json": json.dumps(keys).encode()})
        )
        keys["log"][0]["public_key"] = keys["records"][0]["public_key"]
        (tmp_path / "keys.json").write_text(json.dumps(keys))

        honest = export_scenario.verify(bundle)
        more = export_scenario.verify(tmp_path / "more.zip")
        pinned = export_scenario.verify(bundle, "--key", str(tmp_path / "keys.json"))

        assert "keys.json" not in honest.details["papers"]
        assert "keys of keys.json that signed nothing in here, stated: 3" in more.details["papers"]
        assert "not among the pinned ones and count for nothing: 1" in pinned.details["papers"]
        assert "the order of the rows of clips, decisions" in honest.details["stated"]


class TestAPinnedKey:
    def test_of_the_log_signs_no_checkpoint_over_younger_entries(
        self, told: Story, tmp_path: Path
    ) -> None:
        """Who pins a key with its end knows that nothing later is its word.

        Live entries alone have a true time.
        """
        later = NOON + timedelta(hours=1)
        with transaction.atomic():
            events.append_event(
                organisation_id=told.organisation.id, livemode=True, kind="policy.changed",
                at=later, actor=KEY, subject=None, refs={}, body={},
            )  # fmt: skip
        honest = export_scenario.bundle(told.organisation)
        keys = json.loads(export_scenario.members(honest)["keys.json"])
        (tmp_path / "audit.zip").write_bytes(honest)
        found = []
        for end in (None, later + timedelta(minutes=1), later):
            for row in keys["log"]:
                row["valid_from"], row["valid_until"] = (
                    to_rfc3339(NOON),
                    to_rfc3339(end) if end else None,
                )
            (tmp_path / "keys.json").write_text(json.dumps(keys))
            found.append(
                export_scenario.verify(
                    tmp_path / "audit.zip", "--key", str(tmp_path / "keys.json")
                ).checks["entries"]
            )

        assert found == ["ok", "ok", "REFUSED"]

    def test_counts_only_as_long_as_was_pinned(self, files: Files, tmp_path: Path) -> None:
        """The bundle says `valid_until: null` of the key that signed it; who pinned the key knows
        better.
        """
        keys = json.loads(files["keys.json"])
        for row in keys["exports"]:
            row["valid_from"], row["valid_until"] = "2020-01-01T00:00:00Z", "2021-01-01T00:00:00Z"
        (tmp_path / "keys.json").write_text(json.dumps(keys))
        (tmp_path / "audit.zip").write_bytes(export_scenario.packed(files))

        verdict = export_scenario.verify(
            tmp_path / "audit.zip", "--key", str(tmp_path / "keys.json")
        )
        assert (verdict.code, verdict.checks["manifest"]) == (1, "REFUSED")

    def test_signs_nothing_before_its_time(self, files: Files, tmp_path: Path) -> None:
        keys = json.loads(files["keys.json"])
        for row in keys["exports"]:
            row["valid_from"] = "2090-01-01T00:00:00Z"
        (tmp_path / "keys.json").write_text(json.dumps(keys))
        (tmp_path / "audit.zip").write_bytes(export_scenario.packed(files))

        assert (
            export_scenario.verify(
                tmp_path / "audit.zip", "--key", str(tmp_path / "keys.json")
            ).checks["manifest"]
            == "REFUSED"
        )

    def test_of_every_purpose_is_published(self, files: Files) -> None:
        keys = json.loads(files["keys.json"])

        assert set(keys) == {
            "certificates",
            "exports",
            "log",
            "receipts",
            "receipts-mldsa44",
            "records",
        }
        assert resigned(files)["keys.json"] != files["keys.json"]
