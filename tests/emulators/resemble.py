"""Resemble's voices and speech as its SDK describes them (resemble 1.9.0)."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from typing import Any, Final

import soundfile
from aiohttp import web

from tests.emulators.emulator import Emulator, speak_pcm, wrap_wav
from tests.emulators.forms import FormFile, read_form_files
from tests.emulators.inworld import find_fault

KEY: Final = "resemble-emulated"
VOICE: Final = {
    "name": str,
    "consent": str,
    "dataset_url": str,
    "callback_uri": str,
    "voice_type": str,
}
SPEECH: Final = {
    "voice_uuid": str, "project_uuid": str, "data": str, "title": str, "precision": str,
    "output_format": str, "sample_rate": int, "wav_encoded_timestamps": bool,
}  # fmt: skip
RATES: Final = frozenset({8_000, 16_000, 22_050, 32_000, 44_100, 48_000})
RECORDING: Final = {"name", "text", "emotion", "is_active", "fill", "file"}


class ResembleEmulator(Emulator):
    """Voices with a consent, trained after `build`; speech as base64 or as a running WAV."""

    def __init__(self) -> None:
        self.recordings: dict[str, list[bytes]] = {}
        self.trained = "finished"
        super().__init__()

    def add_routes(self) -> None:
        """Add the routes that the SDK calls."""
        self.route("POST", "/v2/voices", self._create)
        self.route("GET", "/v2/voices", self._list)
        self.route("GET", "/v2/voices/{id}", self._show)
        self.route("PUT", "/v2/voices/{id}", self._rename)
        self.route("DELETE", "/v2/voices/{id}", self._delete)
        self.route("POST", "/v2/voices/{id}/recordings", self._record)
        self.route("POST", "/v2/voices/{id}/build", self._build)
        self.route("POST", "/synthesize", self._speak)
        self.route("POST", "/stream", self._stream)

    def authorised(self, request: web.Request) -> bool:
        """Whether the key stands where this server wants it."""
        if request.path not in {"/synthesize", "/stream"}:
            return request.headers.get("Authorization") == f"Token token={KEY}"
        # The SDKs differ: Python's sends a bearer for direct speech, JavaScript's the token.
        bearer = request.headers.get("Authorization") == f"Bearer {KEY}"
        return bearer or request.headers.get("x-access-token") == KEY

    def refuse(self, status: int, message: str) -> web.Response:
        """An error that no SDK raises."""
        return web.json_response({"success": False, "message": message}, status=status)

    async def _create(self, request: web.Request) -> web.Response:
        form = await request.json()
        if wrong := find_fault(form, VOICE, {"name", "consent"}):
            return self.refuse(400, wrong)
        info = soundfile.info(io.BytesIO(base64.b64decode(form["consent"], validate=True)))
        if info.format != "WAV":
            return self.refuse(400, "consent")
        uuid = f"rv{self.take_number() + 1}"
        self.recordings[uuid] = []
        self.voices[uuid] = {
            "uuid": uuid,
            "name": form["name"],
            "status": "initializing",
            "created_at": "2026-11-30T00:00:00Z",
        }
        return web.json_response({"success": True, "item": self.voices[uuid]})

    async def _list(self, request: web.Request) -> web.Response:
        page = int(request.query["page"])
        size = int(request.query.get("page_size", "10"))
        rows = list(self.voices.values())
        body = {
            "success": True,
            "page": page,
            "page_size": size,
            "num_pages": max(1, -(-len(rows) // size)),
            "items": rows[(page - 1) * size : page * size],
        }
        return web.json_response(body)

    async def _show(self, request: web.Request) -> web.Response:
        found = self.voices.get(request.match_info["id"])
        if found is None:
            return self.refuse(404, "no such voice")
        return web.json_response({"success": True, "item": found})

    async def _rename(self, request: web.Request) -> web.Response:
        found = self.voices.get(request.match_info["id"])
        if found is None:
            return self.refuse(404, "no such voice")
        found["name"] = (await request.json())["name"]
        return web.json_response({"success": True, "item": found})

    async def _delete(self, request: web.Request) -> web.Response:
        if self.voices.pop(request.match_info["id"], None) is None:
            return self.refuse(404, "no such voice")
        self.recordings.pop(request.match_info["id"])
        return web.json_response({"success": True})

    async def _record(self, request: web.Request) -> web.Response:
        kept = self.recordings.get(request.match_info["id"])
        form = dict(await read_form_files(request))
        if kept is None or not RECORDING - {"fill"} <= set(form) <= RECORDING or not form["text"]:
            return self.refuse(404 if kept is None else 400, f"recording {sorted(form)}")
        file = form["file"]
        assert isinstance(file, FormFile)
        soundfile.info(io.BytesIO(file.data))
        kept.append(file.data)
        return web.json_response({"success": True, "item": {"uuid": f"rec{len(kept)}"}})

    async def _build(self, request: web.Request) -> web.Response:
        uuid = request.match_info["id"]
        if not self.recordings.get(uuid):
            return self.refuse(400, "no recordings")
        self.voices[uuid]["status"] = self.trained
        return web.json_response({"success": True})

    async def _speak(self, request: web.Request) -> web.Response:
        form = await request.json()
        if wrong := self._find_speech_fault(form):
            return self.refuse(400, wrong)
        rate = form.get("sample_rate", 44_100)
        audio = base64.b64encode(wrap_wav(speak_pcm(form["data"], rate), rate)).decode()
        body = {
            "success": True, "audio_content": audio, "output_format": "wav", "sample_rate": rate,
            "issues": [], "duration": 1.0, "synth_duration": 1.0,
        }  # fmt: skip
        return web.json_response(body)

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        form = await request.json()
        if wrong := self._find_speech_fault(form):
            return self.refuse(400, wrong)
        rate = form.get("sample_rate", 44_100)
        data = wrap_wav(speak_pcm(form["data"], rate), rate)
        response = web.StreamResponse(headers={"Content-Type": "audio/wav"})
        await response.prepare(request)
        fault = self.faults.get("stream")
        for number, begin in enumerate(range(0, len(data), rate // 2)):
            if fault is not None and fault.cut_after == number:
                assert request.transport is not None
                request.transport.abort()
                return response
            await response.write(data[begin : begin + rate // 2])
        await response.write_eof()
        return response

    def _find_speech_fault(self, form: Mapping[str, Any]) -> str:
        if wrong := find_fault(form, SPEECH, {"voice_uuid", "data"}):
            return wrong
        voice = self.voices.get(form["voice_uuid"])
        if voice is None or voice["status"] != "finished":
            return "unknown voice"
        if len(form["data"]) > 2_000 or form.get("sample_rate", 44_100) not in RATES:
            return "data or sample_rate"
        return "" if form.get("precision", "PCM_32") in {"PCM_16", "PCM_32"} else "precision"
