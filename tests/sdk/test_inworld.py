"""Inworld's own SDKs against its emulator, the gate before the emulator, and the sandbox."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulators import inworld
from tests.emulators.inworld import InworldEmulator
from tests.sdk.conftest import SAMPLE, Run
from tests.support.api_client import Customer

pytestmark = [pytest.mark.alone, pytest.mark.django_db(transaction=True)]


def check_all_done(done: dict[str, Any], *, gated: bool) -> None:
    """Every call that is no refusal gave something."""
    failed = {
        name: told
        for name, told in done.items()
        if "ok" not in told and name not in {"refused", "publish"}
    }
    assert not failed, done
    assert done["clone"]["ok"] in done["list"]["ok"]
    assert min(done[name]["ok"] for name in ("speak", "mp3", "stream")) > 10_000, done
    if gated:
        assert done["clone"]["ok"].startswith("vox_")
        assert done["refused"]["error"] == "ApiError"
        assert "language_not_covered" in done["refused"]["message"]
        assert done["publish"]["error"] == "ApiError"


@pytest.fixture(params=["python", "javascript"])
def run(request: pytest.FixtureRequest) -> Run:
    """Runs the SDK's program against a base URL with a key."""
    chosen: Run = request.getfixturevalue(f"run_{request.param}")
    return lambda *words: chosen(f"inworld_{request.param}", *words)


class TestTheSdk:
    def test_drives_the_emulator_itself(self, run: Run) -> None:
        emulator = InworldEmulator()
        with emulator.running():
            done = run(emulator.base_url, inworld.KEY, str(SAMPLE), "")

        check_all_done(done, gated=False)

    def test_drives_the_gate_in_the_sandbox(
        self, gate: str, mara: Customer, acme_key: str, run: Run
    ) -> None:
        mara.meet()

        base = f"{gate}/proxy/inworld"
        done = run(base, acme_key, str(SAMPLE), mara.consent)

        check_all_done(done, gated=True)

    def test_drives_the_gate_before_the_emulator(
        self, gate: str, mara: Customer, acme_key: str, run: Run
    ) -> None:
        emulator = InworldEmulator()
        with emulator.running():
            account = {
                "provider": "inworld",
                "base_url": emulator.base_url,
                "credentials": {"api_key": inworld.KEY},
            }
            mara.connect(account)
            emulator.forget_canary()
            mara.meet()
            base = f"{gate}/proxy/inworld"
            done = run(base, acme_key, str(SAMPLE), mara.consent)
            assert "ok" in done["clone"], done
            voice = done["clone"]["ok"]
            assert mara.until(f"/v1/voices/{voice}", "deleted") == "deleted"

        check_all_done(done, gated=True)
        assert emulator.count("POST", "/voices/v1/voices:clone") == 1
        assert (emulator.count("POST", "/tts/v1/voice"), emulator.voices) == (2, {})
        assert b"Mara" not in b"".join(one.body for one in emulator.asked)
