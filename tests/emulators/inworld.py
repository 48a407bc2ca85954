"""Inworld as its documents and its SDK describe it (inworld-tts 1.2.1, documents of 2026)."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Mapping
from typing import Any, Final

import soundfile
from aiohttp import web

from tests.emulators.emulator import Emulator, speak_pcm, wrap_wav

KEY: Final = "aW53b3JsZDpzZWNyZXQ="
LANGUAGES: Final = frozenset(
    [
        "EN_US",
        "ZH_CN",
        "KO_KR",
        "JA_JP",
        "RU_RU",
        "AUTO",
        "IT_IT",
        "ES_ES",
        "PT_BR",
        "DE_DE",
        "FR_FR",
        "AR_SA",
        "PL_PL",
        "NL_NL",
        "HI_IN",
        "HE_IL",
    ]
)
CLONE: Final = {"displayName": str, "langCode": str, "voiceSamples": list, "description": str,
                "tags": list, "audioProcessingConfig": dict}  # fmt: skip
SPEECH: Final = {"text": str, "voiceId": str, "modelId": str, "audioConfig": dict,
                 "temperature": (int, float), "language": str, "deliveryMode": str,
                 "applyTextNormalization": str, "timestampType": str}  # fmt: skip
PIECE_SECONDS: Final = 0.2


class InworldEmulator(Emulator):
    """Voices by clone, speech as JSON, streams as lines of JSON."""

    def add_routes(self) -> None:
        """Add the routes that the documents name."""
        self.route("POST", "/voices/v1/voices:clone", self._clone)
        self.route("GET", "/voices/v1/voices", self._list)
        self.route("GET", "/voices/v1/voices/{id}", self._show)
        self.route("PATCH", "/voices/v1/voices/{id}", self._change)
        self.route("DELETE", "/voices/v1/voices/{id}", self._delete)
        self.route("POST", "/tts/v1/voice", self._speak)
        self.route("POST", "/tts/v1/voice:stream", self._stream)

    def authorised(self, request: web.Request) -> bool:
        """Whether the key follows `Basic`."""
        return request.headers.get("Authorization") == f"Basic {KEY}"

    def refuse(self, status: int, message: str) -> web.Response:
        """An error with a number of gRPC."""
        numbers = {400: 3, 401: 16, 404: 5}
        body = {"code": numbers.get(status, 13), "message": message, "details": []}
        return web.json_response(body, status=status)

    async def _clone(self, request: web.Request) -> web.Response:
        form = await request.json()
        if wrong := find_fault(form, CLONE, {"displayName", "langCode", "voiceSamples"}):
            return self.refuse(400, wrong)
        if form["langCode"] not in LANGUAGES or not form["voiceSamples"]:
            return self.refuse(400, "langCode or voiceSamples")
        for sample in form["voiceSamples"]:
            if wrong := find_fault(sample, {"audioData": str, "transcription": str}, {"audioData"}):
                return self.refuse(400, wrong)
            soundfile.info(io.BytesIO(base64.b64decode(sample["audioData"], validate=True)))

        voice_id = f"workspace__{form['displayName']}_{self.take_number()}"
        self.voices[voice_id] = {
            "voiceId": voice_id, "langCode": form["langCode"], "source": "IVC",
            "displayName": form["displayName"], "description": form.get("description", ""),
            "tags": form.get("tags", []), "name": f"workspaces/workspace/voices/{voice_id}",
        }  # fmt: skip
        return web.json_response({"voice": self.voices[voice_id], "audioSamplesValidated": []})

    async def _list(self, _request: web.Request) -> web.Response:
        return web.json_response({"voices": list(self.voices.values())})

    async def _show(self, request: web.Request) -> web.Response:
        found = self.voices.get(request.match_info["id"])
        return web.json_response(found) if found else self.refuse(404, "no such voice")

    async def _change(self, request: web.Request) -> web.Response:
        found = self.voices.get(request.match_info["id"])
        if found is None:
            return self.refuse(404, "no such voice")
        found |= await request.json()
        return web.json_response(found)

    async def _delete(self, request: web.Request) -> web.Response:
        gone = self.voices.pop(request.match_info["id"], None)
        return web.json_response({}) if gone else self.refuse(404, "no such voice")

    async def _speak(self, request: web.Request) -> web.Response:
        form = await request.json()
        if wrong := self._find_speech_fault(form):
            return self.refuse(400, wrong)
        config = form.get("audioConfig", {})
        rate = config.get("sampleRateHertz", 48_000)
        pcm = speak_pcm(form["text"], rate)
        data = wrap_wav(pcm, rate)
        if config.get("audioEncoding", "MP3") not in {"WAV", "LINEAR16"}:
            pieces = io.BytesIO()
            samples, _ = soundfile.read(io.BytesIO(data), dtype="int16")
            soundfile.write(pieces, samples, rate, format="MP3")
            data = pieces.getvalue()
        usage = {"processedCharactersCount": len(form["text"]), "modelId": form["modelId"]}
        body = {"audioContent": base64.b64encode(data).decode(), "usage": usage}
        return web.json_response(body)

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        form = await request.json()
        if wrong := self._find_speech_fault(form):
            return self.refuse(400, wrong)
        rate = form.get("audioConfig", {}).get("sampleRateHertz", 48_000)
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        pcm, step = speak_pcm(form["text"], rate), 2 * round(PIECE_SECONDS * rate)
        fault = self.faults.get("stream")
        for number, begin in enumerate(range(0, len(pcm), step)):
            if fault is not None and fault.cut_after == number:
                assert request.transport is not None
                request.transport.abort()
                return response
            await self.keep_pace(request, number)
            piece = wrap_wav(pcm[begin : begin + step], rate)
            line = {"result": {"audioContent": base64.b64encode(piece).decode()}}
            await response.write(json.dumps(line).encode() + b"\n")
        self.pace.whole += 1
        await response.write_eof()
        return response

    def _find_speech_fault(self, form: Mapping[str, Any]) -> str:
        if wrong := find_fault(form, SPEECH, {"text", "voiceId", "modelId"}):
            return wrong
        if form["voiceId"] not in self.voices:
            return "unknown voice"
        if len(form["text"]) > 2000:
            return "text too long"
        known = {"audioEncoding", "sampleRateHertz", "bitRate", "speakingRate"}
        return "audioConfig" if set(form.get("audioConfig", {})) - known else ""


def find_fault(form: Any, fields: Mapping[str, Any], needed: set[str]) -> str:
    """What is wrong with a body: an unknown field, a missing one, another type."""
    if not isinstance(form, dict):
        return "not an object"
    if unknown := set(form) - set(fields):
        return f"unknown field {min(unknown)}"
    if missing := needed - set(form):
        return f"missing {min(missing)}"
    return next((name for name, value in form.items() if not isinstance(value, fields[name])), "")
