"""A provider that answers with another voice, as the official SDKs see it: an error, once."""

from __future__ import annotations

from typing import Any

import pytest

from provenance.models import Clip
from tests.emulators import elevenlabs, inworld
from tests.emulators.elevenlabs import ElevenLabsEmulator
from tests.emulators.emulator import Emulator
from tests.emulators.inworld import InworldEmulator
from tests.sdk.conftest import SAMPLE, Run
from tests.support.api_client import Customer
from tests.voices.conftest import STRANGER

pytestmark = [pytest.mark.alone, pytest.mark.django_db(transaction=True)]


def drive(
    mara: Customer, emulator: Emulator, provider: str, key: str, run: Run, *words: str
) -> dict[str, Any]:
    """Drive an SDK's program through the gate, before a provider where a stranger speaks."""
    with emulator.running():
        account = {
            "provider": provider,
            "base_url": emulator.base_url,
            "credentials": {"api_key": key},
        }
        mara.connect(account)
        emulator.forget_canary()
        # The canary passed, and the provider changes afterwards.
        emulator.stranger = STRANGER
        mara.meet()
        done = run(words[0], *words[1:], str(SAMPLE), mara.consent)
        assert mara.until(f"/v1/voices/{done['clone']['ok']}", "deleted") == "deleted"

    return done


def list_states() -> list[str]:
    return sorted(Clip.objects.exclude(state="making").values_list("state", flat=True))


def check_streams_were_cut() -> None:
    """A stream that had begun is aborted with its bytes, and no audio is kept anywhere."""
    clips = Clip.objects.all()
    assert {clip.code for clip in clips} == {"wrong_voice"}
    assert not any(clip.blob_id for clip in clips)
    for clip in clips.filter(state="aborted"):
        assert (clip.size > 0, bool(clip.sha256)) == (True, True)


class TestElevenLabs:
    @pytest.mark.parametrize("language", ["python", "javascript"])
    def test_raises_and_repeats_nothing(
        self,
        gate: str,
        mara: Customer,
        acme_key: str,
        request: pytest.FixtureRequest,
        language: str,
    ) -> None:
        emulator, run = ElevenLabsEmulator(), request.getfixturevalue(f"run_{language}")
        base = f"{gate}/proxy/elevenlabs"
        program = f"elevenlabs_{language}"

        done = drive(mara, emulator, "elevenlabs", elevenlabs.KEY, run, program, base, acme_key)

        for name in ("speak", "mp3"):
            assert done[name]["error"] == "UnprocessableEntityError", done
            assert "wrong_voice" in str(done[name]), done
        assert "error" in done["stream"], done
        assert "error" in done["cut"], done
        assert sum("text-to-speech" in one.path for one in emulator.asked) == 4
        assert list_states()[-2:] == ["held", "held"]
        check_streams_were_cut()


class TestInworld:
    def test_raises_and_repeats_nothing(
        self, gate: str, mara: Customer, acme_key: str, run_python: Run
    ) -> None:
        emulator, base = InworldEmulator(), f"{gate}/proxy/inworld"

        done = drive(
            mara, emulator, "inworld", inworld.KEY, run_python, "inworld_python", base, acme_key
        )

        for name in ("speak", "mp3"):
            assert done[name]["error"] == "ApiError", done
            # This SDK shows the words of an error alone.
            assert "another voice" in done[name]["message"], done
        assert "error" in done["stream"], done
        assert emulator.count("POST", "/tts/v1/voice") == 2
        assert list_states().count("held") == 2
        check_streams_were_cut()
