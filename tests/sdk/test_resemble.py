"""Resemble's own SDKs against its emulator, the gate before the emulator, and the sandbox."""

from __future__ import annotations

from typing import Any, Final

import pytest

from accounts.models import ApiKey
from tests.emulators import resemble
from tests.emulators.resemble import ResembleEmulator
from tests.sdk.conftest import SAMPLE, Run
from tests.support.api_client import AUDIO, Customer

pytestmark = [pytest.mark.alone, pytest.mark.django_db(transaction=True)]

FILES: Final = (str(SAMPLE), str(AUDIO / "librivox-austen-0930.wav"))


def check_spoken(done: dict[str, Any]) -> None:
    """Every call that is no refusal gave something."""
    assert done["list"]["ok"], done
    assert all("ok" in done[name] for name in ("direct", "stream", "delete")), done
    assert min(done[name]["ok"] for name in ("direct", "stream")) > 10_000, done
    assert done["delete"]["ok"] is True


def check_made(done: dict[str, Any]) -> None:
    """The voice was made, from its consent to the end of its training."""
    assert done["record"]["ok"]["success"] is done["build"]["ok"]["success"] is True, done
    assert done["trained"]["ok"] == "finished", done


def check_gated(done: dict[str, Any]) -> None:
    """A refusal is what the SDK returns: it raises none but of a stream."""
    check_spoken(done)
    assert done["clip"]["ok"] > 10_000
    refused = done["refused"]["ok"]
    assert refused["success"] is False
    assert [one["code"] for one in refused["reasons"]] == ["language_mismatch"], refused
    assert done["batch"]["ok"]["success"] is False
    if "refused_stream" in done:
        assert done["refused_stream"]["error"] == "HTTPError"


class TestThePythonSdk:
    def test_drives_the_emulator_itself(self, run_python: Run) -> None:
        emulator = ResembleEmulator()
        with emulator.running():
            base = emulator.base_url
            done = run_python("resemble_python", base, f"{base}/", resemble.KEY, *FILES, "")

        check_made(done)
        check_spoken(done)

    def test_drives_the_gate_in_the_sandbox(
        self, gate: str, mara: Customer, acme_key: str, run_python: Run
    ) -> None:
        ApiKey.objects.update(default_language="en")
        mara.meet()

        base = f"{gate}/proxy/resemble"
        done = run_python("resemble_python", base, f"{base}/api/", acme_key, *FILES, mara.consent)
        check_made(done)
        check_gated(done)

    def test_drives_the_gate_before_the_emulator(
        self, gate: str, mara: Customer, acme_key: str, run_python: Run
    ) -> None:
        ApiKey.objects.update(default_language="en")
        emulator = ResembleEmulator()
        with emulator.running():
            account = {
                "provider": "resemble",
                "base_url": emulator.base_url,
                "credentials": {"api_key": resemble.KEY},
            }
            mara.connect(account)
            emulator.forget_canary()
            mara.meet()
            base = f"{gate}/proxy/resemble"
            done = run_python(
                "resemble_python", base, f"{base}/api/", acme_key, *FILES, mara.consent
            )
            (voice,) = mara.get("/v1/voices")["data"]
            assert mara.until(f"/v1/voices/{voice['id']}", "deleted") == "deleted"

        check_made(done)
        check_gated(done)
        assert emulator.count("POST", "/v2/voices") == 1
        spoken = emulator.count("POST", "/synthesize") + emulator.count("POST", "/stream")
        assert (spoken, emulator.voices) == (3, {})
        assert b"Mara" not in b"".join(one.body for one in emulator.asked)


class TestTheJavaScriptSdk:
    def test_drives_the_emulator_itself(self, run_javascript: Run) -> None:
        emulator = ResembleEmulator()
        emulator.voices["rv9"] = {"uuid": "rv9", "name": "Mara", "status": "finished"}
        emulator.recordings["rv9"] = []
        with emulator.running():
            base = emulator.base_url
            done = run_javascript("resemble_javascript", base, f"{base}/", resemble.KEY, "rv9", "")

        check_spoken(done)
        # Its form has no boundary, here as at the gate.
        assert done["record"]["ok"]["success"] is False
        assert emulator.recordings == {}

    def test_drives_the_gate_in_the_sandbox(
        self, gate: str, mara: Customer, acme_key: str, run_javascript: Run
    ) -> None:
        ApiKey.objects.update(default_language="en")
        mara.meet()
        mara.clone()

        base = f"{gate}/proxy/resemble"
        words = (base, f"{base}/api/", acme_key, mara.voice, "gated")
        done = run_javascript("resemble_javascript", *words)

        check_gated(done)
        assert done["get"]["ok"] == "finished"
        assert done["record"]["ok"]["success"] is False
