"""Content Credentials in a real adapter's answer: kept as the ingredient of ours in every codec,
at once and as a job.
"""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from provenance.c2pa import manifest_reader
from provenance.models import Clip
from tests.emulators.emulator import Fault
from tests.emulators.inworld import InworldEmulator
from tests.support.signed_files import MANIFEST, plain, signed
from tests.voices.conftest import Http, noon
from tests.voices.providers.conftest import speak
from voices.speech import job_queue

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]
SPEAK = "/tts/v1/voice"
LINE = "Good evening to you all."


def answer_with(data: bytes) -> Fault:
    body = {"audioContent": base64.b64encode(data).decode()}
    return Fault(answer=json.dumps(body).encode())


def ingredients_of(data: bytes) -> tuple[str, ...]:
    found = manifest_reader.read_credentials(data)
    assert found.ours
    return found.ingredients


@pytest.mark.parametrize("codec", ["wav", "mp3", "flac"])
def test_is_kept_whatever_codec_it_comes_in(
    client: Http, provider: InworldEmulator, remote_voice: str, codec: str
) -> None:
    provider.fail(SPEAK, answer_with(signed(codec, "provider").data))

    answer = speak(client, remote_voice, text=LINE)

    assert answer.status_code == 200, answer.content
    assert ingredients_of(answer.content) == (MANIFEST,)


def test_of_a_job_is_kept(client: Http, provider: InworldEmulator, remote_voice: str) -> None:
    provider.fail(SPEAK, answer_with(signed("mp3", "provider").data))
    asked: Any = speak(client, remote_voice, text=LINE, delivery={"mode": "job"})

    job_queue.run_job_items(asked.json()["id"], wall_clock=noon)

    audio = client.get(f"/v1/clips/{Clip.objects.get().id}/audio").content
    assert ingredients_of(audio) == (MANIFEST,)


def test_is_left_out_where_there_is_none(
    client: Http, provider: InworldEmulator, remote_voice: str
) -> None:
    provider.fail(SPEAK, answer_with(plain("wav")))

    assert ingredients_of(speak(client, remote_voice, text=LINE).content) == ()
