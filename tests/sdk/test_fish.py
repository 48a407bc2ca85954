"""Fish Audio's own SDKs against its emulator, the gate before the emulator, and the sandbox."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import ApiKey
from tests.emulators import fish
from tests.emulators.fish import FishEmulator
from tests.sdk.conftest import SAMPLE, Run
from tests.support.api_client import Customer

pytestmark = [pytest.mark.alone, pytest.mark.django_db(transaction=True)]
MODULES = ["fishaudio", "fish_audio_sdk"]
REFUSALS = {"refused", "refused_inline", "public", "websocket", "credits"}


def check_all_done(done: dict[str, Any], *, gated: bool, module: str) -> None:
    """Every call that is no refusal gave something."""
    failed = {
        name: told for name, told in done.items() if "ok" not in told and name not in REFUSALS
    }
    assert not failed, done
    assert done["clone"]["ok"] in done["list"]["ok"]
    assert done["get"]["ok"] == "private"
    assert min(done[name]["ok"] for name in ("speak", "mp3", "stream")) > 10_000, done
    if gated:
        check_refusals(done, module)


def check_refusals(done: dict[str, Any], module: str) -> None:
    """Each refusal is the SDK's own error with our reason."""
    is_new = module == "fishaudio"
    assert done["clone"]["ok"].startswith("vox_")
    assert done["refused"]["error"] == ("PermissionError" if is_new else "HttpCodeErr")
    assert done["public"]["error"] == ("APIError" if is_new else "HttpCodeErr")
    assert "private" in done["public"]["message"], done
    assert "account" in done["credits"]["message"], done
    if not is_new:
        # It reads no body of a stream, so only the status is left of the reason.
        assert done["refused"]["message"] == "403 Forbidden"
        return

    assert "language_mismatch" in done["refused"]["message"]
    assert done["inline"]["ok"] > 10_000
    assert done["refused_inline"]["error"] == "PermissionError"
    assert "sample_not_covered" in done["refused_inline"]["message"]
    assert "ok" not in done["websocket"]


@pytest.fixture
def english(acme_key: str) -> str:
    """A key whose texts are English, which no call of this provider can say."""
    ApiKey.objects.update(default_language="en")
    return acme_key


@pytest.mark.parametrize("module", MODULES)
class TestThePythonSdks:
    def test_drive_the_emulator_itself(self, run_python: Run, module: str) -> None:
        emulator = FishEmulator()
        with emulator.running():
            words = (module, emulator.base_url, fish.KEY, str(SAMPLE), "")
            done = run_python("fish_python", *words)

        check_all_done(done, gated=False, module=module)

    def test_drive_the_gate_in_the_sandbox(
        self, gate: str, mara: Customer, english: str, run_python: Run, module: str
    ) -> None:
        mara.meet()

        words = (module, f"{gate}/proxy/fish", english, str(SAMPLE), mara.consent)
        done = run_python("fish_python", *words)

        check_all_done(done, gated=True, module=module)

    def test_drive_the_gate_before_the_emulator(
        self, gate: str, mara: Customer, english: str, run_python: Run, module: str
    ) -> None:
        emulator = FishEmulator()
        with emulator.running():
            account = {
                "provider": "fish",
                "base_url": emulator.base_url,
                "credentials": {"api_key": fish.KEY},
            }
            mara.connect(account)
            emulator.forget_canary()
            mara.meet()
            words = (module, f"{gate}/proxy/fish", english, str(SAMPLE), mara.consent)
            done = run_python("fish_python", *words)
            assert "ok" in done["clone"], done
            voice = done["clone"]["ok"]
            assert mara.until(f"/v1/voices/{voice}", "deleted") == "deleted"

        check_all_done(done, gated=True, module=module)
        assert emulator.count("POST", "/model") == 1
        spoken = 4 if module == "fishaudio" else 3
        assert (emulator.count("POST", "/v1/tts"), emulator.voices) == (spoken, {})
        assert b"Mara" not in b"".join(one.body for one in emulator.asked)


class TestTheJavaScriptSdk:
    def test_drives_the_emulator_itself(self, run_javascript: Run) -> None:
        emulator = FishEmulator()
        with emulator.running():
            done = run_javascript("fish_javascript", emulator.base_url, fish.KEY, str(SAMPLE), "")

        assert done["clone"]["ok"] in done["list"]["ok"], done
        # The provider's own default, which the gate does not let stand.
        assert done["get"]["ok"] == "public"
        assert min(done[name]["ok"] for name in ("speak", "mp3", "stream", "inline")) > 10_000, done

    def test_drives_the_gate_in_the_sandbox(
        self, gate: str, mara: Customer, english: str, run_javascript: Run
    ) -> None:
        mara.meet()

        words = (f"{gate}/proxy/fish", english, str(SAMPLE), mara.consent)
        done = run_javascript("fish_javascript", *words)

        check_javascript(done)

    def test_drives_the_gate_before_the_emulator(
        self, gate: str, mara: Customer, english: str, run_javascript: Run
    ) -> None:
        emulator = FishEmulator()
        with emulator.running():
            account = {
                "provider": "fish",
                "base_url": emulator.base_url,
                "credentials": {"api_key": fish.KEY},
            }
            mara.connect(account)
            emulator.forget_canary()
            mara.meet()
            words = (f"{gate}/proxy/fish", english, str(SAMPLE), mara.consent)
            done = run_javascript("fish_javascript", *words)
            assert "ok" in done["clone"], done
            assert mara.until(f"/v1/voices/{done['clone']['ok']}", "deleted") == "deleted"

        check_javascript(done)
        assert emulator.count("POST", "/model") == 1
        assert (emulator.count("POST", "/v1/tts"), emulator.voices) == (4, {})
        assert b"Mara" not in b"".join(one.body for one in emulator.asked)


def check_javascript(done: dict[str, Any]) -> None:
    """Every call gave something, but for the refusals, which are the SDK's own errors."""
    assert done["clone"]["ok"] in done["list"]["ok"], done
    assert done["get"]["ok"] == "private"
    assert min(done[name]["ok"] for name in ("speak", "mp3", "stream", "inline")) > 10_000, done
    assert (done["update"], done["delete"]) == ({"ok": True}, {"ok": True}), done
    assert done["public"]["error"] == "UnprocessableEntityError"
    for name, code in (
        ("refused", "language_mismatch"),
        ("refused_inline", "sample_not_covered"),
        ("credits", "route_not_offered"),
    ):
        assert done[name]["error"] == "FishAudioError", done
        assert code in done[name]["message"], done
