"""OpenAI's own SDKs against its emulator, the gate before the emulator, and the sandbox."""

from __future__ import annotations

import json
import subprocess
from typing import Any, Final

import pytest

from tests.emulators import openai
from tests.emulators.openai import OpenAiEmulator
from tests.sdk.conftest import SAMPLE, SDKS, Run
from tests.support.api_client import AUDIO, AUDIOBOOK, Customer

pytestmark = [pytest.mark.alone, pytest.mark.django_db(transaction=True)]

STATEMENT: Final = AUDIO / "librivox-austen-0930.wav"
SPEECH: Final = "/v1/audio/speech"
REFUSALS: Final = {"refused", "stranger", "models"}


def connect(mara: Customer, emulator: OpenAiEmulator) -> None:
    """An account at the emulator, and a consent that covers it."""
    account = {
        "provider": "openai",
        "base_url": f"{emulator.base_url}/v1",
        "credentials": {"api_key": openai.KEY},
    }
    mara.connect(account)
    emulator.forget_canary()
    mara.meet()


def check_all_done(done: dict[str, Any], *, gated: bool) -> None:
    """Every call that is no refusal gave something."""
    failed = {name: told for name, told in done.items() if not told.get("ok")}
    assert set(failed) <= REFUSALS, done
    assert done["consent"]["ok"] in done["consents"]["ok"]
    assert (done["shown"]["ok"], done["renamed"]["ok"]) == ("Mara", "Harbour")
    heard = [done[name]["ok"] for name in ("speak", "wav", "stream", "events")]
    assert min(heard) > 5_000, done
    if gated:
        check_refusals(done)
        assert done["clone"]["ok"].startswith("vox_")
        assert done["stranger"]["error"] == done["models"]["error"] == "NotFoundError"


def check_refusals(done: dict[str, Any]) -> None:
    """A refusal is the SDK's own error, with our reason."""
    assert done["refused"]["error"] == "PermissionDeniedError", done
    assert "language_not_covered" in done["refused"]["message"]


class TestThePythonSdk:
    def test_drives_the_emulator_itself(self, run_python: Run) -> None:
        emulator = OpenAiEmulator()
        with emulator.running():
            base = f"{emulator.base_url}/v1"
            done = run_python("openai_python", base, openai.KEY, str(SAMPLE), str(STATEMENT), "")

        check_all_done(done, gated=False)

    def test_drives_the_gate_in_the_sandbox(
        self, gate: str, mara: Customer, acme_key: str, run_python: Run
    ) -> None:
        mara.meet()

        base = f"{gate}/proxy/openai/v1"
        words = (str(SAMPLE), str(STATEMENT), mara.consent)
        check_all_done(run_python("openai_python", base, acme_key, *words), gated=True)

    def test_drives_the_gate_before_the_emulator(
        self, gate: str, mara: Customer, acme_key: str, run_python: Run
    ) -> None:
        emulator = OpenAiEmulator()
        with emulator.running():
            connect(mara, emulator)
            base = f"{gate}/proxy/openai/v1"
            words = (str(SAMPLE), str(STATEMENT), mara.consent)
            done = run_python("openai_python", base, acme_key, *words)
            assert "ok" in done["clone"], done
            assert mara.until(f"/v1/voices/{done['clone']['ok']}", "deleted") == "deleted"

        check_all_done(done, gated=True)
        assert emulator.count("POST", "/v1/audio/voices") == 1
        assert emulator.count("POST", "/v1/audio/voice_consents") == 1
        assert (emulator.count("POST", SPEECH), emulator.voices, emulator.consents) == (4, {}, {})
        assert b"Mara" not in b"".join(one.body for one in emulator.asked)


class TestTheJavaScriptSdk:
    def test_has_no_call_for_voices(self) -> None:
        """Its `audio` has no such resource, and none of its files names the routes."""
        package = SDKS / "javascript" / "node_modules" / "openai"
        if not package.exists():
            pytest.skip("needs the SDKs: make sdks")

        texts = [file.read_text("utf-8") for file in package.rglob("*.mjs")]

        assert any("/audio/speech" in text for text in texts)
        assert not any("voice_consents" in text or "/audio/voices" in text for text in texts)

    def test_drives_the_emulator_itself(self, run_javascript: Run) -> None:
        emulator = OpenAiEmulator()
        with emulator.running():
            base = f"{emulator.base_url}/v1"
            done = run_javascript("openai_javascript", base, openai.KEY, "alloy")

        assert min(done[name]["ok"] for name in ("speak", "stream", "events")) > 5_000, done
        assert done["calls"]["ok"] == ["speech", "transcriptions", "translations"]

    @pytest.mark.parametrize("connected", [False, True])
    def test_drives_the_gate(
        self,
        gate: str,
        mara: Customer,
        acme_key: str,
        run_javascript: Run,
        *,
        connected: bool,
    ) -> None:
        """A stock name speaks with the voice that bears it as `external_id`."""
        emulator = OpenAiEmulator()
        with emulator.running():
            if connected:
                connect(mara, emulator)
            else:
                mara.meet()
            # The second is a stock name of an engine's.
            name = "alloy" if connected else "af_bella"
            make_alloy(mara, "openai" if connected else "local", name)
            base = f"{gate}/proxy/openai/v1"
            done = run_javascript("openai_javascript", base, acme_key, name)
            heard = run_curl(base, acme_key, name)

        assert min(done[name]["ok"] for name in ("speak", "stream", "events")) > 5_000, done
        check_refusals(done)
        assert (len(heard) > 5_000, heard[:1]) == (True, b"\xff"), heard[:300]
        assert emulator.count("POST", SPEECH) == (4 if connected else 0)


def run_curl(base: str, key: str, voice: str) -> bytes:
    """What curl gets, asked as an engine's own page says."""
    body = {
        "model": "kokoro",
        "input": "Good evening to you all.",
        "voice": voice,
        "language": "en",
    }
    command = [
        "curl", "-sS", "-X", "POST", f"{base}/audio/speech",
        "-H", "Content-Type: application/json", "-H", f"Authorization: Bearer {key}",
        "-d", json.dumps(body),
    ]  # fmt: skip
    return subprocess.run(command, capture_output=True, timeout=60, check=True).stdout


def make_alloy(mara: Customer, provider: str, name: str) -> None:
    """A voice of Mara's that bears a stock name."""
    if provider == "openai":
        fields = {"provider": provider, "language": "en"}
        path = f"/v1/consents/{mara.consent}/statements"
        assert mara.client.upload(path, fields, [("recording", STATEMENT)]).status == 201
    fields = {
        "consent": mara.consent, "name": "Mara", "language": "en", "use_case": AUDIOBOOK,
        "provider": provider, "external_id": name,
    }  # fmt: skip
    made = mara.client.upload("/v1/voices", fields, [("samples", SAMPLE)])
    assert made.status in {201, 202}, made.body
    assert mara.until(f"/v1/voices/{made.json['id']}", "ready", "failed") == "ready"
