"""Ways round the gate, as an attacker would spell them: each is refused, and nothing goes out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django import Settings

from core import streaming_response
from tests.emulators.emulator import Emulator
from tests.fixtures.consents import MakeConsent
from tests.voices.conftest import Http, revoke
from tests.voices.providers.proxy_scenes import SCENES, TEXT, ProxyScene
from voices.models import Voice
from voices.speech.streaming.session import StreamSession

pytestmark = [pytest.mark.once, pytest.mark.django_db]

REFUSED = {
    "a minted token": (
        "key with which the provider is called past the gate|key of its own|keeps keys",
        [
            ("elevenlabs", "POST", "v1/single-use-token/realtime_scribe"),
            ("elevenlabs", "GET", "v1/convai/conversation/get-signed-url"),
            ("elevenlabs", "POST", "v1/service-accounts/x/api-keys"),
            ("cartesia", "POST", "access-token"),
            ("openai", "POST", "v1/realtime/client_secrets"),
            ("openai", "POST", "v1/realtime/sessions"),
            ("openai", "POST", "v1/vaults"),
        ],
    ),
    "a voice from elsewhere": (
        "another provider|no consent here|out of reach|professional clone|no one's clone",
        [
            ("inworld", "GET", "v1/voices/x"),
            ("inworld", "POST", "voices/v1/voices:design"),
            ("elevenlabs", "POST", "v1/voices/add/public/x"),
            ("elevenlabs", "POST", "v1/voices/x/replicate-to-isolated-environment"),
            ("elevenlabs", "POST", "v1/voices/pvc"),
            ("elevenlabs", "POST", "v1/text-to-voice/design"),
        ],
    ),
    "another language's copy": (
        "another language",
        [("cartesia", "POST", "voices/localize")],
    ),
    "a voice changer": (
        "recording that no one has judged",
        [
            ("elevenlabs", "POST", "v1/voice-changer/x"),
            ("elevenlabs", "POST", "v1/speech-to-speech/x/stream"),
            ("cartesia", "POST", "voice-changer/bytes"),
            ("cartesia", "POST", "voice-changer/sse"),
        ],
    ),
    "an infill": (
        "in a recording what they did not",
        [("cartesia", "POST", "infill/bytes"), ("resemble", "POST", "api/v2/edit")],
    ),
    "a publication": (
        "another use than was signed",
        [
            ("inworld", "POST", "voices/v1/voices/x:publish"),
            ("elevenlabs", "POST", "v1/workspace/resources/x/share"),
        ],
    ),
    "a dubbing": (
        "clones every speaker",
        [("elevenlabs", "POST", "v1/dubbing"), ("elevenlabs", "POST", "v1/dubbing/x/render/en")],
    ),
    "a dialogue": (
        "several voices",
        [
            ("elevenlabs", "POST", "v1/text-to-dialogue"),
            ("elevenlabs", "POST", "v1/text-to-dialogue/stream"),
        ],
    ),
    "a batch": (
        "batch",
        [
            ("resemble", "POST", "api/v2/projects/x/batch"),
            ("openai", "POST", "v1/batches"),
        ],
    ),
    "a voice of vectors": (
        "no such route",
        [
            ("fish", "POST", "v1/vqgan/encode"),
            ("openai", "POST", "v1/voice/embed"),
            ("openai", "POST", "v1/audio/voices/combine"),
        ],
    ),
    "a model of recordings": (
        "no one has checked",
        [("cartesia", "POST", "fine-tunes"), ("openai", "POST", "v1/fine_tuning/jobs")],
    ),
}
ROUTES = [(kind, *route) for kind, (_, routes) in REFUSED.items() for route in routes]
OTHER = "vox_aaaaaaaaaaaaaaaaaaaaaaaaaa"
VECTOR = [0.25] * 192
ADDED: dict[str, Any] = {
    "a vector": {"speaker_embedding": VECTOR},
    "a vector of another name": {"embedding": VECTOR, "mode": "embedding"},
    "latents": {"gpt_cond_latent": [VECTOR], "latents": [VECTOR]},
    "an address": {"audio_url": "https://evil.example/mara.wav"},
    "an address of a reference": {"ref_audio": "file:///etc/passwd", "ref_text": "Hello."},
    "references by address": {"references": [{"url": "https://evil.example/mara.wav"}]},
    "a second voice": {"speaker": OTHER},
    "turns": {"inputs": [{"text": "Hello.", "voice_id": OTHER}]},
    "turns of another name": {"dialogue": [{"text": "Hello.", "voice": OTHER}]},
    "a batch": {"texts": ["Hello.", "Goodbye."], "items": [{"text": "Hello."}]},
    "a share": {"visibility": "public", "share": True},
    "options of ours": {"provider_options": {"inworld": {"voiceId": OTHER}}},
    "a body within": {"extra_body": {"voice": OTHER, "voice_id": OTHER}},
    "a nested voice": {"voice_settings": {"voice_id": OTHER}},
    "a nested voice in the format": {"audioConfig": {"voiceId": OTHER}},
    "a nested voice in the options": {"generation_config": {"voice": OTHER}},
    "a nested voice in the pace": {"prosody": {"voice": OTHER}},
    "our name for it": {"VOICE": OTHER, "Voice_Id": OTHER},
    "letters of double width": {"ｖｏｉｃｅ": OTHER},
    "the prototype": {"__proto__": {"voice": OTHER}},
}
"""What is added to a call that is right in all else."""
TEXTS = {
    "SSML": f'<speak><voice name="{OTHER}">Hello.</voice></speak>',
    "SSML without an end": f'Good evening <voice name="{OTHER}"',
    "SSML in capitals": f'Good evening <VOICE NAME="{OTHER}">you</VOICE>',
    "SSML with blanks": f"Good evening < voice name='{OTHER}' > to you",
    "SSML of double width": f"Good evening ＜voice name='{OTHER}'＞ to you",
    "SSML with invisible letters": f"Good evening <vo\u200bice name='{OTHER}'> to you",
    "SSML by references": f"Good evening &lt;voice name='{OTHER}'&gt; to you",
    "SSML by numbers": f"Good evening &#60;voice name='{OTHER}'&#62; to you",
    "a tag": f"Good evening. [voice:{OTHER}] And from me.",
    "a tag with blanks": f"Good evening. [ Voice : {OTHER} ] And from me.",
    "a tag of double width": f"Good evening. ［ｖｏｉｃｅ：{OTHER}］ And from me.",
    "a tag with invisible letters": f"Good evening. [v\u2060oice:{OTHER}] And from me.",
    "a tag of a speaker": "Good evening. [speaker_id=2] And from me.",
    "a turn": "[S1] Good evening. [S2] And from me.",
    "a control word": "Good evening. <|speaker:1|> And from me.",
    "a control word with blanks": "Good evening. < |im_start|> And from me.",
}
"""What takes the place of the text."""


def list_voice_spellings(voice: str) -> dict[str, Any]:
    """What takes the place of the voice's id."""
    return {
        "a mix": f"{voice}(0.5)+{OTHER}(0.5)",
        "a mix by weights": f"{voice}:0.7,{OTHER}:0.3",
        "a path": f"../voices/{voice}",
        "a path behind": f"{voice}/../{OTHER}",
        "a file": "file:///etc/passwd",
        "an address": "https://evil.example/mara.wav",
        "a profile": "localai://voice-profiles/x",
        "capitals": voice.upper(),
        "double width": chr(ord(voice[0]) + 0xFEE0) + voice[1:],
        "an array": [voice, OTHER],
        "an array of one": [voice],
        "a vector": {"mode": "embedding", "embedding": VECTOR},
        "a vector beside": {"mode": "id", "id": voice, "embedding": VECTOR},
        "an object of two": {"id": voice, "name": OTHER},
        "weights": {voice: 0.5, OTHER: 0.5},
    }


class TestARefusedRoute:
    @pytest.mark.parametrize(
        ("kind", "name", "method", "path"), ROUTES, ids=[f"{one[0]}-{one[3]}" for one in ROUTES]
    )
    def test_says_why(self, client: Http, kind: str, name: str, method: str, path: str) -> None:
        answer = getattr(client, method.lower())(f"/proxy/{name}/{path}")

        assert answer.status_code == 404, answer.content
        words, _ = REFUSED[kind]
        told = answer.content.decode()
        assert any(word in told for word in words.split("|")), told
        assert "route_not_offered" in told


@pytest.fixture(params=sorted(SCENES))
def name(request: pytest.FixtureRequest) -> str:
    """The name of a provider."""
    return str(request.param)


@pytest.fixture
def scene(name: str) -> ProxyScene:
    """What its proxy takes."""
    return SCENES[name]


@pytest.fixture
def emulator(client: Http, name: str, scene: ProxyScene, settings: Settings) -> Iterator[Emulator]:
    """The provider, which Acme is connected to."""
    settings.SAYSO_DEVELOPMENT = True
    running = scene.emulator()
    with running.running():
        scene.connect(client, name, running)
        yield running


@pytest.fixture
def voice(
    client: Http, name: str, scene: ProxyScene, emulator: Emulator, make_consent: MakeConsent
) -> str:
    """A voice there that may speak."""
    made = scene.make(client, make_consent(providers=[name, "local"]).id)
    assert len(emulator.voices) == 1
    return made


def post(client: Http, name: str, path: str, voice: str, body: Any) -> Any:
    """Call a route that speaks, as at the edge. What streams is given up at once."""
    filled = path.replace("{voice_id}", voice).replace("{project_uuid}", "harbour")
    data = body if isinstance(body, str) else json.dumps(body)
    slot = streaming_response.Slot()
    token = streaming_response.slot.set(slot)
    try:
        return client.generic("POST", f"/proxy/{name}/{filled}", data, "application/json")
    finally:
        streaming_response.slot.reset(token)
        if isinstance(slot.stream, StreamSession):
            slot.stream.give_up_now(ConnectionError("the client has gone"))


class TestACallOfSpeech:
    def test_says_nothing_beside_what_is_judged(
        self, client: Http, name: str, scene: ProxyScene, emulator: Emulator, voice: str
    ) -> None:
        path, body = next(iter(scene.speech.items()))
        field = next(key for key, value in body.items() if value == TEXT)
        right = scene.write_body(voice)
        tries = {f"added {door}": right | more for door, more in ADDED.items()}
        tries |= {f"text with {door}": right | {field: text} for door, text in TEXTS.items()}
        tries["a list of texts"] = right | {field: [TEXT, TEXT]}
        if scene.voice_field:
            spellings = list_voice_spellings(voice)
            tries |= {f"voice as {d}": right | {scene.voice_field: v} for d, v in spellings.items()}
            tries["two voices by one name"] = json.dumps(right)[:-1] + (
                f', "{scene.voice_field}": "{OTHER}"}}'
            )
        before = len(emulator.asked)

        passed = {
            door: answer.content[:80]
            for door, tried in tries.items()
            if not 400 <= (answer := post(client, name, path, voice, tried)).status_code < 500
        }

        assert (passed, len(emulator.asked) - before) == ({}, 0)
        form = {key: str(value) for key, value in right.items()}
        address = f"/proxy/{name}/{path}".replace("{voice_id}", voice)
        query = f"{scene.voice_field or 'voice_id'}={OTHER}&text=Hello&speaker_embedding=1"
        for answer in (
            client.post(address, form),
            client.post(f"{address}?{query}", {}, format="json"),
            client.post(f"{address}?{query}", form),
        ):
            assert 400 <= answer.status_code < 500, answer.content
        assert len(emulator.asked) == before
        # It was not something else that was wrong. Of a query that no one reads nothing goes out.
        answer = post(client, name, f"{path}?ignored={OTHER}", voice, right)
        assert answer.status_code == (422 if name == "elevenlabs" else 200), answer.content
        assert post(client, name, path, voice, right).status_code == 200
        sent = emulator.asked[before:]
        assert not any(OTHER in one.path or OTHER.encode() in one.body for one in sent)

    def test_goes_nowhere_by_another_spelling_of_its_path(
        self,
        client: Http,
        name: str,
        scene: ProxyScene,
        emulator: Emulator,
        voice: str,
    ) -> None:
        consent = Voice.objects.get().consent_id
        remote = next(iter(emulator.voices))
        revoke(consent, Voice.objects.get().organisation_id)
        before = len(emulator.asked)
        speech = next(iter(scene.speech))

        answered = {
            spelled: answer.status_code
            for named in (voice, remote)
            for spelled in spell_path(speech.replace("{voice_id}", named))
            if (answer := post(client, name, spelled, named, scene.write_body(named))).status_code
            < 400
        }

        sent = [one for one in emulator.asked[before:] if one.method != "DELETE"]
        assert (answered, sent) == ({}, [])


def spell_path(path: str) -> list[str]:
    """The path and other spellings of it."""
    first, _, rest = path.partition("/")
    return [
        path, path.upper(), f"/{path}", f"{path}/", f"{first}//{rest}", f"{first}/../{path}",
        f"{first}/%2e%2e/{path}", f"{first}%2f{rest}", f"{path};x=1", f"{path}%00", f"./{path}",
        f"{path}/..", f"x/../{path}", f"{path}.json", path.replace("s", "ｓ", 1), f"{path}?{path}",
    ]  # fmt: skip
