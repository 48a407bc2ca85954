"""Cartesia's own SDKs against its emulator, the gate before the emulator, and the sandbox."""

from __future__ import annotations

from typing import Any

import pytest

from consent.models import Decision
from tests.emulators import cartesia
from tests.emulators.cartesia import CartesiaEmulator
from tests.sdk.conftest import SAMPLE, Run
from tests.support.api_client import Customer

pytestmark = [pytest.mark.alone, pytest.mark.django_db(transaction=True)]
BAD = frozenset({"refused", "refused_stream", "vector", "token", "cut", "cut_events"})
VERSION = "2026-08-14"


@pytest.fixture(params=["python", "javascript"])
def language(request: pytest.FixtureRequest) -> str:
    """The language of the SDK."""
    return str(request.param)


@pytest.fixture
def run(request: pytest.FixtureRequest, language: str) -> Run:
    """Runs the SDK's program against a base URL with a key."""
    chosen: Run = request.getfixturevalue(f"run_{language}")
    return lambda *words: chosen(f"cartesia_{language}", *words)


def check_calls(done: dict[str, Any]) -> None:
    """Every call that is offered gave something."""
    failed = {name for name, told in done.items() if "ok" not in told} - BAD
    assert not failed, done
    assert done["list"]["ok"] == [done["clone"]["ok"]]
    assert min(done[name]["ok"] for name in ("speak", "wav", "stream")) > 10_000, done
    assert done["events"]["ok"] == ["chunk", "done"]


def check_refusals(done: dict[str, Any]) -> None:
    """Refusals are the SDK's own error with our reasons."""
    assert done["clone"]["ok"].startswith("vox_")
    for name in ("refused", "refused_stream"):
        assert done[name]["error"] == "PermissionDeniedError", done
        assert "language_not_covered" in done[name]["message"]
    assert done["vector"]["error"] == "UnprocessableEntityError", done
    assert done["token"]["error"] == "NotFoundError", done
    assert "past the gate" in done["token"]["message"]


class TestTheSdk:
    def test_drives_the_emulator_itself(self, run: Run) -> None:
        emulator = CartesiaEmulator()
        with emulator.running():
            done = run(emulator.base_url, cartesia.KEY, str(SAMPLE), "")

        check_calls(done)

    def test_drives_the_gate_in_the_sandbox(
        self, gate: str, mara: Customer, acme_key: str, run: Run
    ) -> None:
        mara.meet()

        done = run(f"{gate}/proxy/cartesia", acme_key, str(SAMPLE), mara.consent)

        check_calls(done)
        check_refusals(done)

    def test_drives_the_gate_before_the_emulator(
        self, gate: str, mara: Customer, acme_key: str, run: Run, language: str
    ) -> None:
        emulator = CartesiaEmulator()
        emulator.cut_words = "the quay"
        with emulator.running():
            account = {
                "provider": "cartesia",
                "base_url": emulator.base_url,
                "credentials": {"api_key": cartesia.KEY},
            }
            mara.connect(account)
            emulator.forget_canary()
            mara.meet()
            done = run(f"{gate}/proxy/cartesia", acme_key, str(SAMPLE), mara.consent)
            assert "ok" in done["clone"], done
            voice = done["clone"]["ok"]
            assert mara.until(f"/v1/voices/{voice}", "deleted") == "deleted"

        check_calls(done)
        check_refusals(done)
        # Also events are made of bare PCM.
        assert emulator.count("POST", "/tts/sse") == 0
        # The SDK in Python reads a whole text before it gives it, and asks again for a broken one.
        assert emulator.count("POST", "/tts/bytes") == {"python": 8, "javascript": 5}[language]
        assert "error" in done["cut"], done
        assert "error" in done["cut_events"], done
        # Each refusal was asked once: no SDK repeats it.
        assert Decision.objects.filter(allowed=False).count() == 2
        assert (emulator.count("POST", "/voices/clone"), emulator.voices) == (1, {})
        assert {one.headers["cartesia-version"] for one in emulator.asked} == {VERSION}
        assert b"Mara" not in b"".join(one.body for one in emulator.asked)
