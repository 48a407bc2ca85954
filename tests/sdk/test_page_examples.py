"""The examples of providers' own pages, changed in address, key and voice id alone.

TensorOne has no SDK, and Inworld's page calls its API without one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
import soundfile

from accounts.models import ApiKey
from tests.emulators import inworld, tensorone
from tests.emulators.emulator import Emulator
from tests.emulators.inworld import InworldEmulator
from tests.emulators.tensorone import TensorOneEmulator
from tests.sdk.page_examples import (
    lay_recordings,
    read_example,
    run_javascript,
    run_python,
    run_shell,
)
from tests.support.api_client import AUDIO, GRANT, Customer

pytestmark = [pytest.mark.alone, pytest.mark.django_db(transaction=True)]

ADDRESS: Final = "https://api.tensorone.ai/v2/ai"
KEY: Final = "YOUR_API_KEY"
VOICE: Final = "voice_abc123_def456"
SAMPLES: Final = ("sample1.wav", "sample2.wav", "sample3.wav")
LANGUAGES: Final = ("en", "es", "ja", "fr")
# Called on the page, and not defined there.
MONITOR: Final = """
async function monitorTraining(voiceId) {
  for (;;) {
    const answer = await fetch(`BASE/voice-cloning/${voiceId}/status`, {
      headers: { 'Authorization': 'Bearer KEY' }
    });
    const { status } = await answer.json();
    if (status === 'completed') return;
    if (status === 'failed') throw new Error('training failed');
    await new Promise(resolve => setTimeout(resolve, 250));
  }
}
"""


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where examples are sent: the provider's base address there, and the key."""

    base: str
    key: str
    files: str
    """A server with the recordings that examples name by an address."""


@pytest.fixture
def files() -> Iterator[str]:
    """A server on loopback with recordings."""
    server = TensorOneEmulator()
    for number, reading in enumerate(("0870", "0930", "0880"), 1):
        data = (AUDIO / f"librivox-austen-{reading}.wav").read_bytes()
        server.files[f"sample{number}.wav"] = (data, "audio/wav")
    with server.running():
        yield f"{server.base_url}/generated"


def meet(mara: Customer) -> None:
    """Mara agrees to the languages of the pages."""
    ApiKey.objects.update(default_language="en")
    mara.meet(sign=False)
    body = {
        "speaker": mara.speaker,
        "duration": "P1Y",
        "jurisdictions": ["EU"],
        "grants": [GRANT | {"languages": list(LANGUAGES)}],
    }
    mara.consent = mara.post("/v1/consents", body)["id"]
    assert mara.post(f"/v1/test/consents/{mara.consent}/sign")["state"] == "active"


def connect(mara: Customer, name: str, emulator: Emulator, base: str, key: str) -> None:
    """Connect the customer to an emulated provider."""
    body = {"provider": name, "base_url": base, "credentials": {"api_key": key}}
    origins = {"audio_origins": [emulator.base_url]} if name == "tensorone" else {}
    mara.connect(body | origins)
    emulator.forget_canary()


def write_tensorone_program(target: Target) -> str:
    """The page's examples in Python, one below the other, to the batch."""
    there = {ADDRESS: target.base}
    keyed = there | {KEY: target.key}
    # These two name no key, and recordings that are files.
    mended = {f'"{ADDRESS}/voice-cloning",': f'"{target.base}/voice-cloning", headers=OWN,'}
    parts = (
        read_example("tensorone_create.py", keyed),
        read_example("tensorone_speak.py", keyed | {f'"{VOICE}"': "voice_id"}),
        read_example("tensorone_list.py", keyed),
        f'OWN = {{"Authorization": "Bearer {target.key}"}}',
        read_example(
            "tensorone_multilingual.py",
            mended
            | {
                "english_sample.wav": f"{target.files}/sample1.wav",
                "spanish_sample.wav": f"{target.files}/sample2.wav",
            },
        ),
        read_example(
            "tensorone_emotional.py",
            mended
            | {
                "happy_sample.wav": f"{target.files}/sample1.wav",
                "sad_sample.wav": f"{target.files}/sample2.wav",
                "neutral_sample.wav": f"{target.files}/sample3.wav",
            },
        ),
        'print("MADE", multilingual_voice.json()["voiceId"], emotional_voice.json()["voiceId"])',
        read_example("tensorone_batch.py", keyed | {f'"{VOICE}"': "voice_id"}),
        'print("VOICE", voice_id)',
    )
    return "\n".join(parts)


def run_tensorone_pages(folder: Path, target: Target) -> dict[str, str]:
    """Run all examples, and return the ids that they printed."""
    lay_recordings(folder, SAMPLES)
    keyed = {ADDRESS: target.base, KEY: target.key}

    printed = run_python(folder, write_tensorone_program(target))
    found = dict(re.findall(r"^(VOICE|MADE|Batch job started:) (\S+)", printed, re.MULTILINE))
    voice, batch = found["VOICE"], found["Batch job started:"]
    assert "Voice cloning completed!" in printed
    assert "Status: " in printed, printed
    assert re.search(r"Audio quality: (good|fair)", printed)
    assert re.search(r"Total duration: [0-9]+\.", printed)
    assert f"- JohnDoeVoice ({voice}) - completed" in printed
    assert "  Language: en, Quality: " in printed
    heard = soundfile.info(folder / "generated_speech.mp3")
    assert (heard.format, heard.samplerate, heard.duration > 2) == ("MP3", 44_100, True)

    monitor = MONITOR.replace("BASE", target.base).replace("KEY", target.key)
    script = run_javascript(folder, monitor + read_example("tensorone_create.js", keyed))
    assert "Voice clone ready!" in script

    created = json.loads(
        run_shell(
            folder,
            read_example("tensorone_create.sh", keyed | {"https://example.com": target.files}),
        )
    )
    assert created["voiceName"] == "MyCustomVoice"
    spoken = json.loads(
        run_shell(folder, read_example("tensorone_speak.sh", keyed | {VOICE: voice}))
    )
    assert spoken["voiceId"] == voice
    listed = json.loads(run_shell(folder, read_example("tensorone_list.sh", keyed)))
    assert len(listed["voices"]) == 5
    return {"voice": voice, "batch": batch, "other": created["voiceId"], "url": spoken["audioUrl"]}


def delete_tensorone_voices(folder: Path, target: Target, made: dict[str, str]) -> None:
    """Run the two examples that delete."""
    keyed = {ADDRESS: target.base, KEY: target.key}
    code = f"import requests\nvoice_id = '{made['voice']}'\n"
    printed = run_python(folder, code + read_example("tensorone_delete.py", keyed))
    assert printed == "Voice clone deleted successfully\n"
    run_shell(folder, read_example("tensorone_delete.sh", keyed | {VOICE: made["other"]}))


class TestTensorOnesPage:
    def test_drives_the_emulator_itself(self, files: str, tmp_path: Path) -> None:
        emulator = TensorOneEmulator()
        with emulator.running():
            base = f"{emulator.base_url}{tensorone.BASE}"
            target = Target(base=base, key=tensorone.KEY, files=files)
            made = run_tensorone_pages(tmp_path, target)
            delete_tensorone_voices(tmp_path, target, made)

        assert len(emulator.voices) == 3

    @pytest.mark.parametrize("behind", ["the sandbox", "the emulator"])
    def test_drives_the_gate(
        self, gate: str, mara: Customer, acme_key: str, files: str, tmp_path: Path, behind: str
    ) -> None:
        emulator = TensorOneEmulator()
        # A voice that trains is asked about every half minute. Here it is ready when it is made.
        emulator.polls = -1
        with ExitStack() as stack:
            if behind == "the emulator":
                stack.enter_context(emulator.running())
                base = f"{emulator.base_url}{tensorone.BASE}"
                connect(mara, "tensorone", emulator, base, tensorone.KEY)
            meet(mara)
            base = f"{gate}/proxy/tensorone/consent/{mara.consent}/v2/ai"
            target = Target(base=base, key=acme_key, files=files)

            made = run_tensorone_pages(tmp_path, target)

            path = f"/proxy/tensorone/v2/ai/voice-cloning/batch/{made['batch']}"
            mara.until(f"/v1/jobs/{made['batch']}", "done")
            results = mara.get(path)["results"]
            assert [one["filename"] for one in results] == [f"speech_{n}.mp3" for n in range(3)]
            assert all(one["audioUrl"].startswith(gate) for one in results), results
            assert made["url"].startswith(gate)
            delete_tensorone_voices(tmp_path, target, made)
            assert mara.until(f"/v1/voices/{made['voice']}", "deleted") == "deleted"

        if behind == "the emulator":
            names = {row["voiceName"] for row in emulator.voices.values()}
            assert made["voice"] not in names
            bodies = b"".join(one.body for one in emulator.asked)
            assert not [name for name in (b"JohnDoe", b"SarahVoice", b"Mara") if name in bodies]


def run_inworld_page(folder: Path, base: str, key: str) -> list[str]:
    """Run the page's clone, its four languages and its stream, and return what they printed."""
    lay_recordings(folder, ("reference_voice_english.wav",))
    there, own = {"https://api.inworld.ai": base}, {'"YOUR_CLONED_VOICE_ID"': "cloned_voice_id"}
    program = "\n".join(
        (
            read_example("inworld_clone.py", there),
            read_example("inworld_speak.py", there | own),
            read_example("inworld_stream.py", there | own),
        )
    )
    printed = run_python(folder, program, INWORLD_API_KEY=key).splitlines()
    assert printed[1:] == [*(f"Wrote out_{one}.mp3" for one in LANGUAGES), "Wrote streamed_ja.mp3"]
    for name in (*(f"out_{one}.mp3" for one in LANGUAGES), "streamed_ja.mp3"):
        assert len((folder / name).read_bytes()) > 10_000, name
    return printed


def clone_by_curl(folder: Path, base: str, key: str) -> str:
    """Run the reference's command, with a recording in its place, and return the voice's id.

    A shell takes no argument of more than 128 KiB, so the recording is an MP3.
    """
    samples, rate = soundfile.read(folder / "reference_voice_english.wav")
    soundfile.write(folder / "small.mp3", samples, rate)
    changes = {
        "https://api.inworld.ai": base,
        "Authorization: <api-key>": f"Authorization: Basic {key}",
        "<base64-audio-data>": "'\"$(base64 -w0 small.mp3)\"'",
    }
    told = json.loads(run_shell(folder, read_example("inworld_clone.sh", changes)))
    return str(told["voice"]["voiceId"])


class TestInworldsPages:
    def test_drive_the_emulator_itself(self, tmp_path: Path) -> None:
        emulator = InworldEmulator()
        with emulator.running():
            run_inworld_page(tmp_path, emulator.base_url, inworld.KEY)
            clone_by_curl(tmp_path, emulator.base_url, inworld.KEY)

        assert len(emulator.voices) == 2

    @pytest.mark.parametrize("behind", ["the sandbox", "the emulator"])
    def test_drive_the_gate(
        self, gate: str, mara: Customer, acme_key: str, tmp_path: Path, behind: str
    ) -> None:
        emulator = InworldEmulator()
        with ExitStack() as stack:
            if behind == "the emulator":
                stack.enter_context(emulator.running())
                connect(mara, "inworld", emulator, emulator.base_url, inworld.KEY)
            meet(mara)
            base = f"{gate}/proxy/inworld/consent/{mara.consent}"

            printed = run_inworld_page(tmp_path, base, acme_key)
            second = clone_by_curl(tmp_path, base, acme_key)

        assert printed[0].startswith("Cloned voiceId: vox_")
        assert second.startswith("vox_")
        if behind == "the emulator":
            spoken = emulator.count("POST", "/tts/v1/voice")
            assert (spoken, emulator.count("POST", "/tts/v1/voice:stream")) == (4, 1)
            assert len(emulator.voices) == 2
