"""`verify.py` as it is put together: one file, the same bytes each time, nothing in it from outside
the library.
"""

from __future__ import annotations

import ast
import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from provenance.verifier import build


def built(folder: Path, monkeypatch: pytest.MonkeyPatch, **parts: str) -> bytes:
    """Build a program from other parts."""
    for name, text in parts.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    monkeypatch.setattr(build, "_HERE", folder)
    monkeypatch.setattr(build, "PARTS", tuple(parts))
    return build.build_program.__wrapped__()


class TestProgram:
    def test_is_the_same_each_time(self) -> None:
        assert build.build_program.__wrapped__() == build.build_program()
        assert build.hash_program() == hashlib.sha256(build.build_program()).hexdigest()

    def test_is_built_though_another_thread_disturbed_the_parser(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        wanted, calls = build.build_program(), []

        def disturbed(text: str) -> ast.Module:
            calls.append(text)
            if len(calls) % 2:
                raise SystemError("AST constructor recursion depth mismatch (before=111, after=93)")
            return parse(text)

        parse = ast.parse
        monkeypatch.setattr(ast, "parse", disturbed)
        assert build.build_program.__wrapped__() == wanted
        assert len(calls) == 2 * len(build.PARTS)

    def test_holds_every_part_whole(self) -> None:
        text = build.build_program().decode()
        files = list(Path(build.__file__).parent.glob("*.py"))
        assert {file.stem for file in files} == {*build.PARTS, "__init__", "build"}
        whole = ast.unparse(ast.parse(text))
        for file in files:
            for node in ast.parse(file.read_text()).body if file.stem in build.PARTS else ():
                if isinstance(node, ast.FunctionDef | ast.ClassDef):
                    assert ast.unparse(node) in whole, f"{file.stem}.{node.name}"

    def test_of_an_older_python_ends_as_failed_and_not_as_refused(self, tmp_path: Path) -> None:
        """Case 52: an error that nothing catches would end with 1, the code of a verdict."""
        ast.parse(build.build_program(), feature_version=(3, 8))
        (tmp_path / "verify.py").write_bytes(build.build_program())
        older = (
            "import runpy, sys; sys.version_info = (3, 8, 20); sys.argv = sys.argv[1:]; "
            "runpy.run_path(sys.argv[0], run_name='__main__')"
        )
        done = subprocess.run(
            [sys.executable, "-I", "-c", older, str(tmp_path / "verify.py"), "nowhere.zip"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (4, "verify.py needs Python 3.9 or later\n")

    def test_names_nothing_of_the_house(self) -> None:
        imports = [
            node
            for node in ast.walk(ast.parse(build.build_program()))
            if isinstance(node, ast.ImportFrom)
        ]
        assert not [node.module for node in imports if (node.module or "").startswith("provenance")]


class TestABadPart:
    def test_that_defines_a_name_once_more_is_refused(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with pytest.raises(ValueError, match="once more"):
            built(
                tmp_path,
                monkeypatch,
                one='"""One."""\nimport re\nx = re\n',
                two='"""Two."""\nimport re\nx = re\n',
            )

    def test_that_wants_another_library_is_refused(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with pytest.raises(ValueError, match="standard library"):
            built(tmp_path, monkeypatch, one='"""One."""\nfrom django.db import models\n')

    def test_that_wants_a_later_part_is_refused(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        later = '"""One."""\nfrom provenance.verifier.two import x\n'
        with pytest.raises(ValueError, match="before its turn"):
            built(tmp_path, monkeypatch, one=later, two='"""Two."""\nimport re\nx = re\n')
