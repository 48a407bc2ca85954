"""Files that were made to harm: the verifier refuses or cannot read them, and never shows a
traceback or an ok.
"""

from __future__ import annotations

import ast
import io
import os
import random
import stat
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from provenance.exports.zip_stream import Archive
from provenance.verifier import cli, zip_reader
from tests.provenance.exports.conftest import Check, Verify
from tests.support import export_scenario
from tests.support.bundle_forgery import Files, rehashed

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-I", "-S", str(export_scenario.program()), *arguments]
    return subprocess.run(words, capture_output=True, text=True, check=False)


class TestProgram:
    def test_needs_no_more_than_python_3_9_and_its_library(self) -> None:
        tree = ast.parse(export_scenario.program().read_text(), feature_version=(3, 9))
        imported = {
            name.name
            for node in ast.walk(tree)
            if isinstance(node, ast.Import)
            for name in node.names
        }
        imported |= {
            node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)
        }

        assert {name.partition(".")[0] for name in imported} <= sys.stdlib_module_names

    def test_calls_nothing_that_came_after_python_3_9(self) -> None:
        """The syntax says nothing of names and options that are younger; nor of unions where they
        are values.
        """
        tree = ast.parse(export_scenario.program().read_text())
        young = {
            "pairwise", "batched", "bit_count", "file_digest", "UTC", "StrEnum", "Self",
            "TypeAlias", "ParamSpec", "chdir", "total", "walk", "anext", "aiter", "ExceptionGroup",
            "add_note", "override", "cbrt",
        }  # fmt: skip
        called = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
        names = {node.attr for node in called if isinstance(node, ast.Attribute)}
        names |= {
            alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
        options = {(ast.unparse(node.func), word.arg) for node in calls for word in node.keywords}
        unions = [
            node for node in calls if ast.unparse(node.func) in {"isinstance", "issubclass"}
            and any(isinstance(inner, ast.BinOp) for inner in ast.walk(node.args[1]))
        ]  # fmt: skip

        assert names & young == set()
        assert (
            options
            & {("zip", "strict"), ("dataclass", "slots"), ("dataclass", "kw_only"), ("sum", "key")}
            == set()
        )
        assert unions == []


class TestUnreadable:
    @pytest.mark.parametrize(
        "data", [b"", b"PK", b"PK\x05\x06" + bytes(18), b"no zip at all", os.urandom(5000)]
    )
    def test_is_what_is_no_bundle(self, check: Check, data: bytes) -> None:
        assert check(data).code == 2

    @pytest.mark.parametrize(
        "manifest",
        [
            b"",
            b"{",
            b"[]",
            b"null",
            b"\xff",
            b'{"format":"other"}',
            b"[" * 100_000,
            b'{"format":1,"format":2}',
        ],
    )
    def test_is_a_manifest_that_is_none(self, verify: Verify, manifest: bytes) -> None:
        assert verify({"manifest.json": manifest}).code == 2

    def test_is_a_zip_without_a_manifest(self, verify: Verify) -> None:
        assert verify({"README.txt": b"hello"}).code == 2

    def test_is_a_pipe_or_a_device_and_nothing_waits_for_it(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe")

        assert [
            export_scenario.verify(path).code for path in (tmp_path / "pipe", Path("/dev/zero"))
        ] == [
            2,
            2,
        ]

    def test_is_what_is_not_there(self, tmp_path: Path) -> None:
        assert export_scenario.verify(tmp_path / "nothing.zip").code == 2

    @pytest.mark.parametrize("arguments", [(), ("a", "b"), ("--unknown", "a")])
    def test_is_a_call_that_says_not_what(self, arguments: tuple[str, ...]) -> None:
        assert run(*arguments).returncode == 2

    def test_is_a_manifest_of_nothing_but_its_name(self, verify: Verify) -> None:
        assert verify({"manifest.json": b'{"format":"sayso-bundle/1","kind":"audit"}'}).code == 2


class TestNames:
    @pytest.mark.parametrize(
        "name",
        [
            "../evil",
            "/etc/passwd",
            "a/../../b",
            "C:\\evil",
            "a\\b",
            "",
            ".hidden",
            "a//b",
            "x" * 300,
            "ü",
            "a\nb",
        ],
    )
    def test_that_lead_out_of_the_folder_are_refused(
        self, files: Files, check: Check, name: str
    ) -> None:
        buffer = io.BytesIO(export_scenario.packed(files))
        with zipfile.ZipFile(buffer, "a") as archive:
            info = zipfile.ZipInfo("x")
            info.filename = name
            archive.writestr(info, b"")

        assert check(buffer.getvalue()).code in {1, 2}

    @pytest.mark.filterwarnings("ignore:Duplicate name")
    @pytest.mark.parametrize("name", ["README.txt", "readme.TXT", "manifest.json"])
    def test_that_stand_twice_are_refused(self, files: Files, check: Check, name: str) -> None:
        buffer = io.BytesIO(export_scenario.packed(files))
        with zipfile.ZipFile(buffer, "a") as archive:
            archive.writestr(name, files["manifest.json"])

        assert check(buffer.getvalue()).code == 1

    def test_of_symbolic_links_are_refused(self, files: Files, check: Check) -> None:
        buffer = io.BytesIO(
            export_scenario.packed(
                {name: data for name, data in files.items() if name != "README.txt"}
            )
        )
        with zipfile.ZipFile(buffer, "a") as archive:
            info = zipfile.ZipInfo("README.txt")
            info.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(info, b"/etc/passwd")

        assert check(buffer.getvalue()).code == 1


class TestLarge:
    """A bundle beyond 2 GiB: zip records in 64 bits.

    The limit is lowered here: no one waits for the real one.
    """

    def test_is_accounted_for_like_a_small_one(
        self,
        files: Files,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 1000)
        monkeypatch.setattr(zip_reader, "ZIP64", 1000)
        archive, parts = Archive(), list[bytes]()
        for name, data in files.items():
            parts += archive.add(name, [data], large=True)
        data = b"".join([*parts, *archive.close()])

        assert code_of(tmp_path / "large.zip", data) == 3  # consistent, and no key is pinned
        assert "ok container" in capsys.readouterr().out
        assert code_of(tmp_path / "large.zip", data[:-30] + b"\x01" + data[-29:]) in {1, 2}


class TestAnotherPython:
    """Before 3.11.4 the writer left version and sizes of large members in their headers as those of
    small ones.
    """

    def rewritten(self, audit: bytes, version: int, size: int) -> bytes:
        data = bytearray(audit)
        with zipfile.ZipFile(io.BytesIO(audit)) as packed:
            starts = [info.header_offset for info in packed.infolist()]
        large = [at for at in starts if struct.unpack_from("<H", data, at + 28) == (20,)]
        assert large
        for at in large:
            struct.pack_into("<H", data, at + 4, version)
            struct.pack_into("<LL", data, at + 18, size, size)
        return bytes(data)

    @pytest.mark.parametrize(
        ("version", "size", "code"), [(20, 0, 3), (20, 1, 1), (20, 0xFFFFFFFE, 1), (21, 0, 1)]
    )
    def test_may_have_written_it(
        self, audit: bytes, check: Check, version: int, size: int, code: int
    ) -> None:
        assert check(self.rewritten(audit, version, size)).code == code


class TestFolder:
    @pytest.fixture
    def folder(self, files: Files, tmp_path: Path) -> Path:
        for name, data in files.items():
            path = tmp_path / "unpacked" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        return tmp_path / "unpacked"

    def test_is_verified_like_its_zip(self, folder: Path) -> None:
        verdict = export_scenario.verify(folder)

        assert (verdict.code, verdict.checks["container"], verdict.checks["log"]) == (
            3,
            "not checked",
            "ok",
        )

    def test_with_a_link_is_refused(self, folder: Path) -> None:
        (folder / "link").symlink_to("/etc/passwd")

        assert export_scenario.verify(folder).code == 1

    def test_with_a_pipe_is_refused_and_not_waited_for(self, folder: Path) -> None:
        os.mkfifo(folder / "pipe")

        assert export_scenario.verify(folder).code == 1

    def test_with_one_file_more_is_refused(self, folder: Path) -> None:
        (folder / "notes.txt").write_text("mine")

        assert export_scenario.verify(folder).code == 1


class TestBomb:
    def test_that_unpacks_to_more_than_the_manifest_says_is_refused(
        self, files: Files, verify: Verify
    ) -> None:
        verdict = verify({**files, "README.txt": bytes(200_000_000)})

        assert (verdict.code, verdict.checks["files"]) == (1, "REFUSED")

    def test_that_the_manifest_agrees_with_takes_no_memory(
        self, files: Files, tmp_path: Path
    ) -> None:
        forged = rehashed({**files, "entries.jsonl": bytes(300_000_000)})
        (tmp_path / "bomb.zip").write_bytes(export_scenario.packed(forged))
        limited = (
            "import resource, runpy, sys; resource.setrlimit(resource.RLIMIT_AS, (2**28, 2**28));"
        )
        started = "sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')"
        words = [
            sys.executable,
            "-I",
            "-c",
            limited + started,
            str(export_scenario.program()),
            str(tmp_path / "bomb.zip"),
        ]

        done = subprocess.run(words, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (1, "")

    def test_of_a_manifest_is_not_even_read(self, check: Check) -> None:
        assert check(export_scenario.packed({"manifest.json": bytes(50_000_000)})).code == 1

    def test_of_a_directory_that_claims_more_than_there_is_is_refused(
        self, audit: bytes, check: Check
    ) -> None:
        at = audit.rindex(b"PK\x01\x02")
        claimed = audit[: at + 24] + struct.pack("<L", 0xFFFFFFF0) + audit[at + 28 :]

        assert check(claimed).code in {1, 2}


class TestTerminal:
    def test_shows_nothing_that_a_bundle_could_paint_with(
        self, files: Files, tmp_path: Path
    ) -> None:
        (tmp_path / "painted.zip").write_bytes(
            export_scenario.packed({**files, "\x1b[2K\rok everything": b""})
        )

        said = run(str(tmp_path / "painted.zip"))
        assert (said.returncode, said.stderr) == (1, "")
        assert said.stdout.isascii()
        assert "\x1b" not in said.stdout
        assert "\r" not in said.stdout


def code_of(path: Path, data: bytes) -> int:
    """Run the verifier in this process: thousands of bundles are too many for a process each."""
    path.write_bytes(data)
    return cli.main([str(path)])


class TestFlippedByte:
    """One byte is enough: wherever it lies, the bundle is refused or cannot be read."""

    def test_in_any_file_is_never_verified(
        self, files: Files, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        chance, path = random.Random(20), tmp_path / "flipped.zip"
        assert code_of(path, export_scenario.packed(files)) == 3
        survived = []
        for name, data in files.items():
            for at in sorted(
                {0, len(data) - 1, *(chance.randrange(len(data)) for _ in range(3))} if data else ()
            ):
                changed = (
                    data[:at] + bytes([data[at] ^ (1 << chance.randrange(8))]) + data[at + 1 :]
                )
                if code_of(path, export_scenario.packed({**files, name: changed})) not in {1, 2}:
                    survived.append((name, at))

        assert survived == []

    def test_in_the_signature_s_file_is_never_verified(
        self, files: Files, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Every bit of it: no manifest vouches for this file, and base64 is full of bits that mean
        nothing.
        """
        path, data, start = (
            tmp_path / "flipped.zip",
            files["manifest.jws"],
            files["manifest.jws"].rindex(b"."),
        )
        for at in (*range(start - 10, start), *range(start, len(data))):
            changed = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
            assert code_of(path, export_scenario.packed({**files, "manifest.jws": changed})) == 1, (
                at
            )

    @pytest.mark.parametrize("flip", [lambda byte: byte ^ 0xFF, lambda byte: (byte + 1) % 256])
    def test_in_the_zip_is_never_verified(
        self,
        audit: bytes,
        tmp_path: Path,
        capsys: pytest.CaptureFixture[str],
        flip: Callable[[int], int],
    ) -> None:
        """Headers, directory and the places between files, too: `container` accounts for every
        byte.
        """
        chance, path = random.Random(21), tmp_path / "flipped.zip"
        directory = audit.index(b"PK\x01\x02")
        places = {*(chance.randrange(len(audit)) for _ in range(40)), *range(0, 60, 3)}
        places |= {
            *(chance.randrange(directory, len(audit)) for _ in range(60)),
            *range(len(audit) - 60, len(audit), 3),
        }
        survived = [
            at
            for at in sorted(places)
            if code_of(path, audit[:at] + bytes([flip(audit[at])]) + audit[at + 1 :]) not in {1, 2}
        ]

        assert survived == []

    def test_more_at_either_end_is_never_verified(self, audit: bytes, check: Check) -> None:
        assert check(audit + b"\0").code in {1, 2}
        assert check(b"\0" + audit).code in {1, 2}
        assert check(audit[:-1]).code in {1, 2}
