"""The bench alone takes the marker and the checks out: no setting, variable or import does."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Final

import pytest

from audio import decoding
from bench import without_marking
from consent import gate
from provenance.clips import mark_self_check, verified_marking
from tests.architecture import source
from voices.providers import pcm_chunks, sound_plausibility
from voices.speech import pipeline, rendering, speaker_check
from voices.speech.streaming import marked_encoder, session
from voices.text_language import text_check

ROOMS: Final = (
    "accounts", "audio", "config", "consent", "core", "erasure", "provenance", "proxies",
    "transparency_log", "vault", "voices", "watermark",
)  # fmt: skip
SWITCHES: Final = {"settings", "environ", "getenv", "getenvb"}
AT_WORK: Final[tuple[ModuleType, ...]] = (
    verified_marking, mark_self_check, sound_plausibility, text_check, pcm_chunks, marked_encoder,
    pipeline, rendering, session, speaker_check,
)  # fmt: skip
"""Where the marker and the checks stand, and where they are called."""


def list_names(tree: ast.AST) -> Iterator[str]:
    """Every name that a module uses or imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.alias):
            yield node.name.rpartition(".")[2]


def find_switches(text: str) -> set[str]:
    return SWITCHES & set(list_names(ast.parse(text)))


def find_bench_imports(text: str) -> list[str]:
    modules: list[str] = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            modules += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules.append(node.module or "")
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            modules.append(node.value if node.value.startswith("bench.") else "")
    return [name for name in modules if name.partition(".")[0] in {"bench", "tests"}]


class TestTheMarkerAndTheChecks:
    @pytest.mark.parametrize("module", AT_WORK, ids=lambda module: module.__name__)
    def test_read_no_setting_and_no_variable(self, module: ModuleType) -> None:
        assert find_switches(inspect.getsource(module)) == set()

    def test_of_the_watermark_neither(self) -> None:
        for path in sorted((source.ROOT / "watermark").rglob("*.py")):
            assert find_switches(path.read_text("utf-8")) == set(), path

    def test_would_be_seen_with_one(self) -> None:
        assert find_switches("from django.conf import settings") == {"settings"}
        assert find_switches("import os\nos.environ.get('SAYSO_MARK')") == {"environ"}
        assert find_switches(inspect.getsource(decoding)) <= SWITCHES
        assert find_switches(inspect.getsource(gate)) == set()


class TestTheProduct:
    def test_imports_nothing_of_the_bench(self) -> None:
        for room in ROOMS:
            for path in sorted((source.ROOT / room).rglob("*.py")):
                assert find_bench_imports(path.read_text("utf-8")) == [], path

    def test_would_be_seen_to(self) -> None:
        assert find_bench_imports("from bench.without_marking import replace_marking")
        assert find_bench_imports("import_module('bench.without_marking')")

    def test_is_whole_where_the_bench_did_not_replace_it(self) -> None:
        for owner, name, instead in without_marking.list_replacements():
            assert getattr(owner, name) is not instead, name


def test_the_bench_replaces_each_in_its_own_process(tmp_path: Path) -> None:
    program = (
        "import django; django.setup()\n"
        "from bench import without_marking as bench\n"
        "bench.replace_marking()\n"
        "assert all(getattr(o, n) is i for o, n, i in bench.list_replacements())\n"
        "from voices.speech.streaming import marked_encoder\n"
        "assert marked_encoder.watermark.StreamEmbedder is bench.Untouched\n"
    )
    subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        cwd=source.ROOT,
        timeout=120,
        env={
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "SAYSO_DEVELOPMENT": "yes",
            "SAYSO_DATA_DIR": str(tmp_path),
        },
    )
