"""The canary against each engine and provider, whole, and against every trap that it is for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from pytest_django import Settings

from tests.emulators import cartesia, elevenlabs, fish, inworld, openai, resemble, tensorone
from tests.emulators.cartesia import CartesiaEmulator
from tests.emulators.elevenlabs import ElevenLabsEmulator
from tests.emulators.emulator import Emulator, Fault
from tests.emulators.fish import FishEmulator
from tests.emulators.inworld import InworldEmulator
from tests.emulators.openai import OpenAiEmulator
from tests.emulators.resemble import ResembleEmulator
from tests.emulators.tensorone import TensorOneEmulator
from tests.support.engine_calls import BY_NAME, CASES, connect_case
from upstream import loop_thread
from upstream.account_limits import ACCOUNT_LIMITS
from voices.canary import canary_voices
from voices.canary.canary_findings import CanaryOutcome, CanaryPlan, CanaryVoice
from voices.canary.canary_run import run_canary
from voices.models import CanaryState
from voices.providers import registry
from voices.providers.adapter_kinds import ConnectedAccount
from voices.providers.base import ProviderVoice, TrainingProgress, TrainingState

pytestmark = pytest.mark.once

CLOUDS: dict[str, tuple[type[Emulator], str, str]] = {
    "inworld": (InworldEmulator, inworld.KEY, ""),
    "elevenlabs": (ElevenLabsEmulator, elevenlabs.KEY, ""),
    "cartesia": (CartesiaEmulator, cartesia.KEY, ""),
    "fish": (FishEmulator, fish.KEY, ""),
    "openai": (OpenAiEmulator, openai.KEY, "/v1"),
    "resemble": (ResembleEmulator, resemble.KEY, ""),
    "tensorone": (TensorOneEmulator, tensorone.KEY, tensorone.BASE),
}
STORING = ("vllm_omni", "chatterbox_tts_api", "fish_speech", "localai")


@pytest.fixture(autouse=True)
def development(settings: Settings) -> Iterator[None]:
    settings.SAYSO_DEVELOPMENT = True
    yield
    loop_thread.stop_loop_thread()
    ACCOUNT_LIMITS.forget_all()


@contextmanager
def connected(name: str, *, key: str | None = None) -> Iterator[tuple[Emulator, Any]]:
    """An emulator, and the adapter before it."""
    if name in BY_NAME:
        case = BY_NAME[name]
        engine = case.emulator(case.key)
        with engine.running():
            yield engine, connect_case(case, engine)
        return

    emulated, good_key, path = CLOUDS[name]
    emulator = emulated()
    with emulator.running():
        account = ConnectedAccount(
            account_id=f"pac_{name}",
            base_url=emulator.base_url + path,
            credentials={"api_key": key or good_key},
            audio_origins=(emulator.base_url,),
        )
        yield emulator, registry.get_adapter_kind(name).connect(account)


def run(name: str, provider: Any, **changes: Any) -> CanaryOutcome:
    kind = registry.get_adapter_kind(name)
    plan = CanaryPlan(
        run_id="cny_test",
        is_full=True,
        keeps_second=not kind.is_self_hosted,
        presets=kind.presets[:2],
        unknown_preset=kind.unknown_preset,
    )
    return run_canary(provider, replace(plan, **changes), pause=lambda _seconds: None)


def results(outcome: CanaryOutcome) -> set[tuple[str, str]]:
    return {(one.check, one.result) for one in outcome.findings}


class TestAGoodProvider:
    @pytest.mark.parametrize("name", [*(case.name for case in CASES), *CLOUDS])
    def test_passes_and_keeps_none_of_the_voices_that_it_can_delete(self, name: str) -> None:
        with connected(name) as (emulator, provider):
            outcome = run(name, provider)
            assert (outcome.state, outcome.code) == (CanaryState.PASSED, ""), outcome.findings

            kept = {one.which for one in outcome.left}
            if name in CLOUDS:
                assert (kept, len(emulator.voices)) == ({"second"}, 1)
            elif name == "chatterbox_tts_server":
                assert ("deletion", "skipped") in results(outcome)
                assert kept == set(canary_voices.BOTH)
            else:
                assert (kept, emulator.voices) == (set(), {})

    @pytest.mark.parametrize("name", [*STORING, "chatterbox_tts_server", *CLOUDS])
    def test_is_asked_for_a_voice_that_it_has_not(self, name: str) -> None:
        with connected(name) as (_, provider):
            assert ("unknown_voice", "passed") in results(run(name, provider))

    def test_is_measured_in_each_language_that_it_speaks(self) -> None:
        with connected("vllm_omni") as (_, provider):
            outcome = run("vllm_omni", provider)
            assert set(outcome.thresholds) == set(canary_voices.SENTENCES)
            assert all(500 <= one <= 700 for one in outcome.thresholds.values())
            spoken = [len(one) for one in canary_voices.SENTENCES.values()]
            assert outcome.characters == sum(spoken) + spoken[0]

    def test_with_presets_alone_is_heard_by_two_of_them(self) -> None:
        with connected("kokoro_fastapi") as (emulator, provider):
            assert results(run("kokoro_fastapi", provider)) == {
                ("listing", "skipped"),
                ("voices_differ", "passed"),
                ("language", "passed"),
                ("unknown_voice", "passed"),
            }
            asked = b"".join(one.body for one in emulator.asked)
            assert b"af_heart" in asked and b"am_michael" in asked and b"zz_canary0" in asked


class TestATrap:
    def test_of_a_default_voice_is_found(self) -> None:
        """fish-speech speaks with any voice. Our adapter asks first, so that is turned off."""
        with connected("fish_speech") as (_, provider):
            provider.declaration = replace(provider.declaration, asks_first=False)
            outcome = run("fish_speech", provider)
            assert (outcome.state, outcome.code) == ("failed", "canary_unknown_voice")

    @pytest.mark.parametrize("status", [429, 402])
    def test_of_a_default_voice_is_not_hidden_by_an_account_that_can_do_no_more(
        self, status: int
    ) -> None:
        """An error about all voices says nothing about one that is not there."""
        with connected("fish_speech") as (emulator, provider):
            provider.declaration = replace(provider.declaration, asks_first=False)
            delete = provider.delete

            def delete_and_overload(handle: ProviderVoice) -> None:
                delete(handle)
                emulator.fail("/v1/tts", Fault(status=status, answer=b"{}", times=None))

            provider.delete = delete_and_overload
            outcome = run("fish_speech", provider)
            assert outcome.state != CanaryState.PASSED
            assert ("unknown_voice", "passed") not in results(outcome)

    def test_of_a_default_voice_is_not_hidden_by_one_call_that_failed(self) -> None:
        with connected("fish_speech") as (emulator, provider):
            provider.declaration = replace(provider.declaration, asks_first=False)
            delete = provider.delete

            def delete_and_fail_once(handle: ProviderVoice) -> None:
                delete(handle)
                if not emulator.faults:
                    emulator.fail("/v1/tts", Fault(status=503, answer=b"{}", times=1))

            provider.delete = delete_and_fail_once
            assert run("fish_speech", provider).code == "canary_unknown_voice"

    @pytest.mark.parametrize("name", ["vllm_omni", "inworld", "cosyvoice"])
    def test_of_one_voice_for_all_is_found(self, name: str) -> None:
        with connected(name) as (emulator, provider):
            emulator.one_voice = "first"
            outcome = run(name, provider)
            assert (outcome.state, outcome.code) == ("failed", "canary_voices_alike")
            assert emulator.voices == {}

    def test_of_a_preset_for_all_is_found(self) -> None:
        with connected("xtts_api_server") as (emulator, provider):
            emulator.one_voice = "first"
            assert run("xtts_api_server", provider).code == "canary_voices_alike"

    def test_of_voices_that_are_mixed_up_is_found(self) -> None:
        """A name that is there already was overwritten, or kept: the second one's sound is not its
        own.
        """
        with connected("vllm_omni") as (emulator, provider):
            heard = run("vllm_omni", provider)
            assert heard.code == ""
            emulator.is_mixed_up = True
            assert run("vllm_omni", provider).code == "canary_wrong_voice"

    @pytest.mark.parametrize("name", ["vllm_omni", "elevenlabs", "xtts_api_server"])
    def test_of_another_language_is_found(self, name: str) -> None:
        with connected(name) as (emulator, provider):
            emulator.one_language = "en"
            outcome = run(name, provider)
            assert (outcome.state, outcome.code) == ("failed", "canary_wrong_language")
            failed = [one for one in outcome.findings if one.result == "failed"]
            assert failed[0].facts["nearest"] == "en"

    def test_of_a_deletion_that_does_nothing_is_found(self) -> None:
        with connected("localai") as (emulator, provider):
            nothing = Fault(status=200, answer=b"{}", times=None)
            emulator.method_faults["DELETE"] = nothing
            outcome = run("localai", provider)
            assert (outcome.state, outcome.code) == ("failed", "canary_not_deleted")
            assert {one.which for one in outcome.left} == set(canary_voices.BOTH)

    def test_of_a_voice_that_is_still_listed_is_found(self) -> None:
        """A provider that says that a voice is gone, and lists it."""
        with connected("localai") as (emulator, provider):
            provider.get_progress = lambda _voice: TrainingProgress(state=TrainingState.MISSING)
            emulator.method_faults["DELETE"] = Fault(status=200, answer=b"{}", times=None)
            outcome = run("localai", provider)
            assert (outcome.state, outcome.code) == ("failed", "canary_not_deleted")

    def test_of_silence_is_found(self) -> None:
        with connected("cosyvoice") as (emulator, provider):
            silence = Fault(answer=bytes(200_000), media_type="audio/pcm", times=None)
            emulator.fail("/inference_zero_shot", silence)
            assert run("cosyvoice", provider).code == "canary_not_heard"

    def test_of_a_wrong_key_is_found(self) -> None:
        with connected("inworld", key="another") as (_, provider):
            outcome = run("inworld", provider)
            assert (outcome.state, outcome.code) == ("failed", "provider_account_refused")

    def test_of_a_refused_clone_is_found(self) -> None:
        with connected("vllm_omni") as (emulator, provider):
            emulator.method_faults["POST"] = Fault(status=400, times=None)
            assert run("vllm_omni", provider).code == "canary_refused"


class TestAProviderThatIsAway:
    def test_is_not_judged(self) -> None:
        with connected("vllm_omni") as (emulator, provider):
            emulator.fail("/v1/audio/speech", Fault(status=503, times=None))
            outcome = run("vllm_omni", provider)
            assert (outcome.state, outcome.code) == ("unfinished", "provider_unavailable")
            assert emulator.voices == {}

    def test_that_still_trains_is_waited_for_by_the_next_run(self) -> None:
        with connected("resemble") as (emulator, provider):
            assert isinstance(emulator, ResembleEmulator)
            emulator.trained = "training"
            outcome = run("resemble", provider)
            assert (outcome.state, outcome.code) == ("unfinished", "canary_training")
            assert len(outcome.left) == len(emulator.voices) == 2

            for voice in emulator.voices.values():
                voice["status"] = "finished"
            emulator.trained = "finished"
            again = run("resemble", provider, left=outcome.left, goes_on=True)
            assert again.state == CanaryState.PASSED, again
            assert emulator.count("POST", "/v2/voices") == 2


class TestTheDailyRunOfAPaidAccount:
    def test_lists_and_speaks_one_sentence_with_the_voice_that_was_left(self) -> None:
        with connected("elevenlabs") as (emulator, provider):
            left = run("elevenlabs", provider).left
            emulator.asked.clear()

            outcome = run("elevenlabs", provider, is_full=False, left=left)

            assert (outcome.state, outcome.left) == (CanaryState.PASSED, left)
            assert outcome.characters == len(canary_voices.SENTENCES["en"])
            assert len([one for one in emulator.asked if one.method == "POST"]) == 1

    def test_whose_voice_is_gone_says_so_and_judges_nothing(self) -> None:
        with connected("elevenlabs") as (emulator, provider):
            left = run("elevenlabs", provider).left
            emulator.voices.clear()
            outcome = run("elevenlabs", provider, is_full=False, left=left)
            assert (outcome.state, outcome.code) == ("unfinished", "canary_voice_lost")

    def test_of_one_that_keeps_no_voice_sends_the_recording(self) -> None:
        with connected("voxtral") as (emulator, provider):
            outcome = run("voxtral", provider, is_full=False)
            assert (outcome.state, len(emulator.asked)) == (CanaryState.PASSED, 1)


class TestWhatAnEarlierRunLeft:
    def test_is_deleted_before_new_ones_are_made(self) -> None:
        with connected("elevenlabs") as (emulator, provider):
            left = run("elevenlabs", provider).left
            again = run("elevenlabs", provider, left=left)
            assert again.state == CanaryState.PASSED, again
            assert (len(emulator.voices), again.left != left) == (1, True)

    def test_is_used_again_where_no_call_removes_it(self) -> None:
        with connected("chatterbox_tts_server") as (emulator, provider):
            left = run("chatterbox_tts_server", provider).left
            again = run("chatterbox_tts_server", provider, left=left)
            assert (again.state, again.left) == (CanaryState.PASSED, left)
            assert len(emulator.voices) == 2

    def test_is_found_by_its_name_after_a_crash(self) -> None:
        with connected("vllm_omni") as (emulator, provider):
            lost = CanaryVoice(which="first", reference="vox_" + "a" * 26, remote_id=None)
            emulator.voices[lost.reference] = {"name": lost.reference, "consent": "x"}
            assert run("vllm_omni", provider, left=(lost,)).state == CanaryState.PASSED
            assert emulator.voices == {}
