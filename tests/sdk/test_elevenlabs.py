"""ElevenLabs' own SDKs against its emulator, the gate before the emulator, and the sandbox."""

from __future__ import annotations

from typing import Any

import pytest

from consent.models import Decision
from tests.emulators import elevenlabs
from tests.emulators.elevenlabs import ElevenLabsEmulator
from tests.sdk.conftest import SAMPLE, Run
from tests.support.api_client import Customer

pytestmark = [pytest.mark.alone, pytest.mark.django_db(transaction=True)]
BAD = frozenset({"refused", "refused_stream", "models", "token", "timed", "timed_stream", "cut"})
CLASSES = {"python": "ApiError", "javascript": "ElevenLabsError"}


@pytest.fixture(params=["python", "javascript"])
def language(request: pytest.FixtureRequest) -> str:
    """The language of the SDK."""
    return str(request.param)


@pytest.fixture
def run(request: pytest.FixtureRequest, language: str) -> Run:
    """Runs the SDK's program against a base URL with a key."""
    chosen: Run = request.getfixturevalue(f"run_{language}")
    return lambda *words: chosen(f"elevenlabs_{language}", *words)


def check_calls(done: dict[str, Any]) -> None:
    """Every call that is offered gave something."""
    failed = {name for name, told in done.items() if "ok" not in told} - BAD
    assert not failed, done
    assert done["clone"]["ok"] in done["list"]["ok"]
    assert done["clone"]["ok"] in done["search"]["ok"]
    assert min(done[name]["ok"] for name in ("speak", "mp3", "stream")) > 10_000, done


def check_refusals(done: dict[str, Any], language: str) -> None:
    """Refusals are the SDK's own error with our reasons."""
    assert done["clone"]["ok"].startswith("vox_")
    for name in ("refused", "refused_stream", "models", "token"):
        assert done[name]["error"] == CLASSES[language], done
    assert "language_not_covered" in done["refused"]["message"]
    assert "language_not_covered" in done["refused_stream"]["message"]
    assert "past the gate" in done["token"]["message"]


class TestTheSdk:
    def test_drives_the_emulator_itself(self, run: Run) -> None:
        emulator = ElevenLabsEmulator()
        with emulator.running():
            done = run(emulator.base_url, elevenlabs.KEY, str(SAMPLE), "")

        check_calls(done)
        assert min(done[name]["ok"] for name in ("timed", "timed_stream")) > 10_000, done

    def test_drives_the_gate_in_the_sandbox(
        self, gate: str, mara: Customer, acme_key: str, run: Run, language: str
    ) -> None:
        mara.meet()

        done = run(f"{gate}/proxy/elevenlabs", acme_key, str(SAMPLE), mara.consent)

        check_calls(done)
        check_refusals(done, language)
        assert min(done[name]["ok"] for name in ("timed", "timed_stream")) > 10_000, done

    def test_drives_the_gate_before_the_emulator(
        self, gate: str, mara: Customer, acme_key: str, run: Run, language: str
    ) -> None:
        emulator = ElevenLabsEmulator()
        emulator.cut_words = "the quay"
        with emulator.running():
            account = {
                "provider": "elevenlabs",
                "base_url": emulator.base_url,
                "credentials": {"api_key": elevenlabs.KEY},
            }
            mara.connect(account)
            emulator.forget_canary()
            mara.meet()
            done = run(f"{gate}/proxy/elevenlabs", acme_key, str(SAMPLE), mara.consent)
            assert "ok" in done["clone"], done
            voice = done["clone"]["ok"]
            assert mara.until(f"/v1/voices/{voice}", "deleted") == "deleted"

        check_calls(done)
        check_refusals(done, language)
        assert done["timed"]["error"] == done["timed_stream"]["error"] == "UnprocessableEntityError"
        speech = [one.path for one in emulator.asked if "text-to-speech" in one.path]
        assert [path.endswith("/stream") for path in speech] == [False, False, True, True]
        assert "error" in done["cut"], done
        # Each refusal was asked once: no SDK repeats it.
        assert Decision.objects.filter(allowed=False).count() == 2
        assert (emulator.count("POST", "/v1/voices/add"), emulator.voices) == (1, {})
        assert b"Mara" not in b"".join(one.body for one in emulator.asked)
