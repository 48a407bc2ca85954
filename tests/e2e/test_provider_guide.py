"""docs/providers.md: its commands word for word before emulated engines, and its table of them."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import pytest

from config.demo.server import find_free_port
from tests.emulators.engine_emulator import EngineEmulator
from tests.emulators.openai_engines import ChatterboxApiEmulator, KokoroEmulator
from tests.support import processes, shell_blocks
from tests.support.api_client import AUDIO, new_key
from tests.support.processes import wait_until
from voices.providers.declared.declarations import (
    EngineDeclaration,
    InlineReference,
    VoiceUpload,
)
from voices.providers.declared.engine_kinds import DECLARATIONS
from voices.providers.generic.generic_settings import check_generic_settings

GUIDE: Final = (processes.ROOT / "docs" / "providers.md").read_text(encoding="utf-8")
ROW: Final = re.compile(r"^\| [^|]+ \| `(\w+)` \| ([^|]+) \| ([^|]+) \| (yes|no) \|", re.MULTILINE)


def find_block(word: str) -> str:
    """The one block of commands that names this."""
    (block,) = (one for one in shell_blocks.read_blocks(GUIDE, "sh") if word in one)
    return block


@contextmanager
def walk(
    block: str, engine: EngineEmulator, place: str, environment: Mapping[str, str], folder: Path
) -> Iterator[shell_blocks.Walk]:
    """Run a block against the service, with the engine in the place that the guide names."""
    if not shutil.which("curl"):
        pytest.skip("needs curl")
    shutil.copy(AUDIO / "librivox-austen-0920.wav", folder / "recording.wav")
    key = new_key("Acme")
    with engine.running():
        host = urlsplit(engine.base_url).netloc
        own = {
            **environment,
            "REDIS_URL": "",
            "SAYSO_DEVELOPMENT": "",
            "SAYSO_ENGINE_HOSTS": host,
        }
        assert place in block
        port = find_free_port()
        # The guide says localhost, and outside of development a host is answered by its name alone.
        public_url = f"http://localhost:{port}"
        with processes.web(own, folder / "web.log", port=port, public_url=public_url):
            text = block.replace(place, host)
            yield shell_blocks.run_block(text, port=port, key=key, folder=folder)


def count_texts(engine: EngineEmulator, words: bytes) -> int:
    """How many requests held these words. Others are the canary's."""
    return sum(words in one.body for one in engine.asked)


@pytest.mark.alone
@pytest.mark.django_db(transaction=True)
class TestTheCommands:
    def test_put_chatterbox_behind_the_gate(
        self, child_environment: Mapping[str, str], tmp_path: Path
    ) -> None:
        block, engine = find_block("chatterbox_tts_api"), ChatterboxApiEmulator()
        with walk(block, engine, "localhost:4123", child_environment, tmp_path) as done:
            assert done.statuses == shell_blocks.list_promised_statuses(block) != ()
            assert (tmp_path / "line.wav").read_bytes().startswith(b"RIFF")
            assert (tmp_path / "stream.mp3").stat().st_size > 10_000
            assert count_texts(engine, b"best of times") == 1
            assert count_texts(engine, b"age of wisdom") == 1
            assert engine.count("POST", "/v1/audio/speech/stream") == 1
            wait_until(lambda: not engine.voices, "the voice's removal", seconds=60)
            assert b"Ada" not in b"".join(one.body for one in engine.asked)

    def test_connect_kokoro_and_refuse_a_clone_there(
        self, child_environment: Mapping[str, str], tmp_path: Path
    ) -> None:
        block, engine = find_block("kokoro_fastapi"), KokoroEmulator()
        with walk(block, engine, "localhost:8880", child_environment, tmp_path) as done:
            assert done.statuses == shell_blocks.list_promised_statuses(block) != ()
            (refused,) = done.answers
            assert (refused["code"], engine.voices) == ("preset_voices_only", {})
            assert f"`{refused['code']}`" in GUIDE


def describe(declaration: EngineDeclaration) -> tuple[str, str, str]:
    """How the table says what a declaration says."""
    added, removed = "never: presets alone", "nothing is there"
    if isinstance(declaration.adding, InlineReference):
        added = "with each text"
    elif isinstance(declaration.adding, VoiceUpload):
        added = "by upload"
        removed = "by call" if declaration.removal else "by its operator"
    return added, removed, "yes" if declaration.stream else "no"


@pytest.mark.once
class TestTheTable:
    def test_says_of_every_engine_what_its_declaration_says(self) -> None:
        shown = {code: tuple(rest) for code, *rest in ROW.findall(GUIDE)}
        assert shown == {one.name: describe(one) for one in DECLARATIONS}

    def test_shows_settings_that_are_taken(self) -> None:
        blocks = shell_blocks.read_blocks(GUIDE, "json")
        (shown,) = (one for one in blocks if '"provider": "generic"' in one)
        settings = json.loads(shown)["settings"]
        assert check_generic_settings(settings) == settings
