"""Each documented field of every proxy route: a wrong type, too long, missing, or unknown."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import Model
from django.utils.http import urlencode
from pytest_django import Settings
from rest_framework import serializers

from consent.models import Decision, Reservation
from core.api.fields import WholeNumberField
from core.api.serializers import StrictSerializer
from proxies.proxy_forms import UploadField
from proxies.tensorone.serializers import TensorOneSampleSerializer
from tests.contract.test_every_field import forms
from tests.emulators.tensorone import TensorOneEmulator
from tests.voices.conftest import Http
from tests.voices.providers.proxy_scenes import SCENES, TEXT
from tests.voices.providers.tensorone_world import connect_tensorone
from voices.api.serializers.input_fields import Base64AudioField, SpokenTextField
from voices.models import Voice

pytestmark = [pytest.mark.once, pytest.mark.django_db]

VOICE = "vox_aaaaaaaaaaaaaaaaaaaaaaaaaa"
RECORDING = base64.b64encode(b"RIFF").decode()
KEPT: tuple[type[Model], ...] = (Voice, Decision, Reservation)
WORDS = {
    "language": "en",
    "langCode": "EN_US",
    "consent": "vcs_aaaaaaaaaaaaaaaaaaaaaaaaaa",
    "voice": VOICE,
}


@dataclass(frozen=True, slots=True)
class FormRoute:
    """A route and the form that reads its body, its multipart form or its query."""

    method: str
    path: str
    form: str
    kind: str = "json"


ROUTES = {
    "cartesia": (
        FormRoute("POST", "voices/clone", "CartesiaCloneSerializer", "form"),
        FormRoute("PATCH", f"voices/{VOICE}", "CartesiaChangesSerializer"),
        FormRoute("GET", "voices", "CartesiaPageSerializer", "query"),
        FormRoute("GET", f"voices/{VOICE}", "CartesiaVoiceQuerySerializer", "query"),
        FormRoute("POST", "tts/bytes", "CartesiaSpeechSerializer"),
        FormRoute("POST", "tts/sse", "CartesiaSseSerializer"),
    ),
    "elevenlabs": (
        FormRoute("POST", "v1/voices/add", "ElevenLabsCloneSerializer", "form"),
        FormRoute("POST", f"v1/voices/{VOICE}/edit", "ElevenLabsChangesSerializer", "form"),
        FormRoute("GET", "v2/voices", "ElevenLabsPageSerializer", "query"),
        FormRoute("GET", "v1/voices", "ElevenLabsListSerializer", "query"),
        FormRoute("GET", f"v1/voices/{VOICE}", "ElevenLabsVoiceQuerySerializer", "query"),
        FormRoute("POST", f"v1/text-to-speech/{VOICE}", "ElevenLabsSpeechSerializer"),
        FormRoute(
            "POST", f"v1/text-to-speech/{VOICE}/stream", "ElevenLabsSpeechQuerySerializer", "query"
        ),
    ),
    "fish": (
        FormRoute("POST", "model", "FishModelSerializer", "form"),
        FormRoute("PATCH", f"model/{VOICE}", "FishModelChangesSerializer", "form"),
        FormRoute("GET", "model", "FishListSerializer", "query"),
        FormRoute("POST", "v1/tts", "FishSpeechSerializer"),
    ),
    "inworld": (
        FormRoute("POST", "voices/v1/voices:clone", "InworldCloneSerializer"),
        FormRoute("PATCH", f"voices/v1/voices/{VOICE}", "InworldVoiceChangesSerializer"),
        FormRoute("POST", "tts/v1/voice", "InworldSpeechSerializer"),
        FormRoute("POST", "tts/v1/voice:stream", "InworldSpeechSerializer"),
    ),
    "openai": (
        FormRoute("POST", "v1/audio/voice_consents", "OpenAiConsentSerializer", "form"),
        FormRoute("POST", f"v1/audio/voice_consents/{VOICE}", "OpenAiConsentNameSerializer"),
        FormRoute("POST", "v1/audio/voices", "OpenAiVoiceSerializer", "form"),
        FormRoute("POST", "v1/audio/speech", "OpenAiSpeechSerializer"),
    ),
    "resemble": (
        FormRoute("POST", "api/v2/voices", "ResembleVoiceSerializer"),
        FormRoute("PUT", f"api/v2/voices/{VOICE}", "ResembleVoiceNameSerializer"),
        FormRoute(
            "POST", f"api/v2/voices/{VOICE}/recordings", "ResembleRecordingSerializer", "form"
        ),
        FormRoute("POST", f"api/v2/voices/{VOICE}/build", "ResembleBuildSerializer"),
        FormRoute("POST", "synthesize", "ResembleSpeechSerializer"),
        FormRoute("POST", "stream", "ResembleSpeechSerializer"),
        FormRoute("POST", "api/v2/projects/x/clips", "ResembleClipSerializer"),
    ),
    "tensorone": (
        FormRoute("POST", "v2/ai/voice-cloning", "TensorOneCloneSerializer"),
        FormRoute("POST", f"v2/ai/voice-cloning/{VOICE}/speak", "TensorOneSpeechSerializer"),
        FormRoute("POST", "v2/ai/voice-cloning/batch-speak", "TensorOneBatchSerializer"),
    ),
}
FEWEST = {
    "cartesia": 103, "elevenlabs": 74, "fish": 69, "inworld": 82, "openai": 48, "resemble": 101,
    "tensorone": 48,
}  # fmt: skip
"""How many bodies are tried at least. A field that is demanded no more, or bounded, is missed."""
SHAPES: dict[str, Any] = {
    "cartesia": {
        "error_code": None, "title": None, "message": None, "request_id": None, "reasons": [],
    },
    "elevenlabs": {"detail": [{"loc": [None], "msg": None, "type": None, "request_id": None}]},
    "fish": {
        "status": None, "message": None, "detail": None, "code": None, "reasons": [],
        "request_id": None,
    },
    "inworld": {
        "code": None, "message": None,
        "details": [{"@type": None, "code": None, "reasons": [], "request_id": None}],
    },
    "openai": {
        "error": {
            "message": None, "type": None, "param": None, "code": None, "reasons": [],
            "request_id": None,
        }
    },
    "resemble": {
        "success": None, "message": None, "error_name": None, "reasons": [], "request_id": None,
    },
    "tensorone": {"error": None, "code": None, "reasons": [], "requestId": None},
}  # fmt: skip
"""The errors of each provider, as its SDK reads them."""
PROXY_FORMS = {form.__name__: form for form in forms() if form.__module__.startswith("proxies.")}


def list_parts(form: type[StrictSerializer]) -> Iterator[str]:
    """The names of the forms that stand in fields of this one."""
    for field in form().fields.values():
        inner = getattr(field, "child", None) or field
        if isinstance(inner, StrictSerializer):
            yield type(inner).__name__


def make_value(name: str, field: Any) -> Any:
    """A value that the field takes."""
    if isinstance(field, serializers.ListField):
        return [make_value(name, field.child)]
    if isinstance(field, serializers.ChoiceField):
        return WORDS.get(name) or next(iter(field.choices))
    match field:
        case UploadField():
            return SimpleUploadedFile("mara.wav", b"RIFF")
        case Base64AudioField():
            return RECORDING
        case TensorOneSampleSerializer():
            return {"audioBase64": RECORDING}
        case StrictSerializer():
            return make_body(type(field))
    words = {SpokenTextField: TEXT, WholeNumberField: 24_000}
    return words.get(type(field), WORDS.get(name, "Mara"))


def make_body(form: type[StrictSerializer]) -> dict[str, Any]:
    """A body with every field that must be there."""
    needed = {name: one for name, one in form().fields.items() if one.required}
    return {name: make_value(name, one) for name, one in needed.items()}


def spoil_field(field: Any, kind: str) -> dict[str, Any]:
    """Values that the field does not take, by what is wrong with them."""
    found: dict[str, Any] = {}
    most = getattr(field, "max_length", None)
    if kind == "json":
        is_object = isinstance(field, serializers.BaseSerializer | serializers.DictField)
        found["wrong type"] = 7 if is_object else {"colour": [1]}
        found["null within a list"] = [None] if isinstance(field, serializers.ListField) else [[]]
    elif isinstance(field, UploadField) or isinstance(getattr(field, "child", None), UploadField):
        found["a text for a file"] = "mara.wav"
    elif kind == "form":
        found["a file for a text"] = SimpleUploadedFile("mara.wav", b"RIFF")
    else:
        found["wrong word"] = "\x01\u202e"
    if isinstance(field, serializers.ListField):
        if kind == "json":
            found["too many"] = [make_value("", field.child)] * (most + 1 if most else 5_000)
    elif most:
        found["too long"] = "x" * (most + 1)
    return found


def list_bad_bodies(route: FormRoute) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """What is wrong, the field that is, and a body in which nothing else is."""
    form = PROXY_FORMS[route.form]
    for name, field in form().fields.items():
        for wrong, value in spoil_field(field, route.kind).items():
            yield wrong, name, {**make_body(form), name: value}
        if field.required:
            yield "missing", name, {k: v for k, v in make_body(form).items() if k != name}
    yield "unknown", "colour", {**make_body(form), "colour": "red"}


def send(client: Http, name: str, route: FormRoute, body: dict[str, Any]) -> Any:
    """Call the route. A query stands beside a body that is right."""
    address = f"/proxy/{name}/{route.path}"
    verb = getattr(client, route.method.lower())
    if route.kind == "form":
        return verb(address, body, format="multipart")
    if route.kind == "query" and route.method == "GET":
        return verb(address, body)
    if route.kind == "query":
        return verb(address, {"text": TEXT}, format="json", QUERY_STRING=urlencode(body))
    return client.generic(route.method, address, json.dumps(body), "application/json")


@pytest.fixture(params=sorted(ROUTES))
def name(request: pytest.FixtureRequest) -> str:
    """The name of a provider."""
    return str(request.param)


class TestTheTable:
    def test_has_every_form_of_the_proxies(self) -> None:
        named = {route.form for routes in ROUTES.values() for route in routes}
        parts = {part for form in PROXY_FORMS.values() for part in list_parts(form)}

        # Bases of others are in neither.
        bases = {base.__name__ for form in PROXY_FORMS.values() for base in form.__mro__[1:]}
        assert set(PROXY_FORMS) - named - parts - bases == set()


class TestEachFieldOfEachRoute:
    def test_is_refused_in_the_providers_shape_and_nothing_goes_out(
        self, client: Http, name: str, settings: Settings
    ) -> None:
        settings.SAYSO_DEVELOPMENT = True
        emulator = TensorOneEmulator() if name == "tensorone" else SCENES[name].emulator()
        with emulator.running():
            connect(client, name, emulator)
            before = [kind._default_manager.count() for kind in KEPT]
            tried, wrong = 0, []
            for route in ROUTES[name]:
                for what, field, body in list_bad_bodies(route):
                    answer = send(client, name, route, body)
                    tried += 1
                    is_shaped = shape_of(answer.json()) == SHAPES[name]
                    is_named = field in answer.content.decode()
                    if not (answer.status_code == 422 and is_shaped and is_named):
                        told = answer.content[:160]
                        wrong.append((route.path, field, what, answer.status_code, told))

            assert wrong == []
            assert tried >= FEWEST[name]
            assert [kind._default_manager.count() for kind in KEPT] == before
            assert emulator.asked == []


def connect(client: Http, name: str, emulator: Any) -> None:
    """Connect Acme to the running emulator."""
    if name != "tensorone":
        SCENES[name].connect(client, name, emulator)
        return
    connect_tensorone(client, emulator)


def shape_of(body: Any) -> Any:
    """The names in an answer, without what stands there."""
    if isinstance(body, dict):
        return {key: shape_of(value) for key, value in body.items()}
    return [shape_of(one) for one in body[:1]] if isinstance(body, list) else None
