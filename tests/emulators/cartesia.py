"""Cartesia as its documents and its SDK describe it (cartesia 4.2.0, API version 2026-08-14)."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import re
from collections.abc import Mapping
from typing import Any, Final

import soundfile
from aiohttp import web

from tests.emulators.emulator import Emulator, speak_pcm, wrap_wav
from tests.emulators.forms import read_form_parts
from tests.emulators.inworld import find_fault

KEY: Final = "sk_car_secret_of_acme"
SPEECH: Final = {
    "model_id": str, "transcript": str, "voice": (str, dict), "output_format": dict,
    "generation_config": dict, "language": str, "locale": str, "normalization": str,
    "pronunciation_dict_id": str, "save": bool, "speed": str,
}  # fmt: skip
SSE: Final = SPEECH | {
    "add_timestamps": bool, "add_phoneme_timestamps": bool, "use_normalized_timestamps": bool,
    "context_id": str,
}  # fmt: skip
NEEDED: Final = {"model_id", "transcript", "voice", "output_format"}
CUT_AFTER: Final = 35
CUT_SECONDS: Final = 3.0
"""Until the cut, so that the first pieces have been read and sent on by then."""
RATES: Final = frozenset({8_000, 16_000, 22_050, 24_000, 44_100, 48_000})
_CONFIG: Final = frozenset({"speed", "volume", "emotion"})
_VERSION: Final = re.compile(r"20\d\d-\d\d-\d\d")


class CartesiaEmulator(Emulator):
    """Clones by form, speech as chunks or events. Every call names a version of the API."""

    def __init__(self) -> None:
        self.page_size = 10
        self.cut_words = "\n"
        """A stream of a text with these words breaks off. No text has a line end."""
        super().__init__()

    def add_routes(self) -> None:
        """Add the routes that the documents name."""
        self.route("POST", "/voices/clone", self._clone)
        self.route("GET", "/voices", self._list)
        self.route("GET", "/voices/{id}", self._show)
        self.route("PATCH", "/voices/{id}", self._change)
        self.route("DELETE", "/voices/{id}", self._delete)
        self.route("POST", "/tts/bytes", self._speak)
        self.route("POST", "/tts/sse", self._stream_events)

    def authorised(self, request: web.Request) -> bool:
        """Whether the key is there."""
        return request.headers.get("Authorization") == f"Bearer {KEY}"

    def refuse(self, status: int, message: str) -> web.Response:
        """An error with a code and a title."""
        body = {"error_code": "invalid", "title": "Error", "message": message, "request_id": "r1"}
        return web.json_response(body, status=status)

    async def _clone(self, request: web.Request) -> web.Response:
        if wrong := _find_version_fault(request):
            return self.refuse(400, wrong)
        fields, files = await read_form_parts(request)
        known = {"name", "language", "description", "accent", "base_voice_id"}
        if set(fields) - known or set(files) != {"clip"} or len(files["clip"]) != 1:
            return self.refuse(400, f"fields {sorted({*fields, *files})}")
        if not fields.get("name") or not re.fullmatch(r"[a-z]{2}", fields.get("language", "")):
            return self.refuse(400, "name or language")
        soundfile.info(io.BytesIO(files["clip"][0]))

        voice_id = f"ca{self.take_number():06}-0000-4000-8000-000000000000"
        self.voices[voice_id] = {
            "id": voice_id, "name": fields["name"], "language": fields["language"],
            "description": fields.get("description", ""), "tagline": "", "access": "private",
            "visibility": "owner", "is_owner": True, "user_id": "u1",
            "created_at": "2026-12-01T00:00:00Z",
            "locales": [{"locale": fields["language"], "is_native": True}],
        }  # fmt: skip
        return web.json_response(self.voices[voice_id])

    async def _list(self, request: web.Request) -> web.Response:
        rows = list(self.voices.values())
        after = request.query.get("starting_after")
        begin = 1 + next(
            (at for at, row in enumerate(rows) if row["id"] == after),
            -1 if not after else len(rows),
        )
        page = rows[begin : begin + min(int(request.query.get("limit", "10")), self.page_size)]
        more = begin + len(page) < len(rows)
        next_page = page[-1]["id"] if more else None
        return web.json_response({"data": page, "has_more": more, "next_page": next_page})

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
        return web.Response(status=204) if gone else self.refuse(404, "no such voice")

    async def _speak(self, request: web.Request) -> web.StreamResponse:
        form = await request.json()
        if wrong := self._find_speech_fault(request, form, SPEECH):
            return self.refuse(400, wrong)
        output = form["output_format"]
        rate = output["sample_rate"]
        data, media_type = speak_pcm(form["transcript"], rate), "audio/pcm"
        if output["container"] == "wav":
            data, media_type = wrap_wav(data, rate), "audio/wav"
        response = web.StreamResponse(headers={"Content-Type": media_type})
        await response.prepare(request)
        step = 2 * rate // 5
        for number, begin in enumerate(range(0, len(data), step)):
            if number == CUT_AFTER and self.cut_words in form["transcript"]:
                await asyncio.sleep(CUT_SECONDS)
                assert request.transport is not None
                request.transport.abort()
                return response
            await self.keep_pace(request, number)
            await response.write(data[begin : begin + step])
        await response.write_eof()
        return response

    async def _stream_events(self, request: web.Request) -> web.StreamResponse:
        form = await request.json()
        if wrong := self._find_speech_fault(request, form, SSE):
            return self.refuse(400, wrong)
        if form["output_format"]["container"] != "raw":
            return self.refuse(400, "container")
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        rate = form["output_format"]["sample_rate"]
        pcm, step = speak_pcm(form["transcript"], rate), 2 * rate // 5
        for begin in range(0, len(pcm), step):
            data = base64.b64encode(pcm[begin : begin + step]).decode()
            event = {"type": "chunk", "data": data, "done": False, "status_code": 206,
                     "step_time": 1.0}  # fmt: skip
            await response.write(f"event: chunk\ndata: {json.dumps(event)}\n\n".encode())
        done = {"type": "done", "done": True, "status_code": 200}
        await response.write(f"event: done\ndata: {json.dumps(done)}\n\n".encode())
        await response.write_eof()
        return response

    def _find_speech_fault(
        self, request: web.Request, form: Mapping[str, Any], fields: Mapping[str, Any]
    ) -> str:
        if wrong := _find_version_fault(request) or find_fault(form, fields, NEEDED):
            return wrong
        voice = form["voice"]
        voice_id = voice.get("id") if isinstance(voice, dict) else voice
        if voice_id not in self.voices:
            return "unknown voice"
        if "language" in form and "locale" in form:
            return "language and locale"
        output = form["output_format"]
        if output.get("container") not in {"raw", "wav", "mp3"}:
            return "container"
        if output.get("sample_rate") not in RATES:
            return "sample_rate"
        return "config" if set(form.get("generation_config", {})) - _CONFIG else ""


def _find_version_fault(request: web.Request) -> str:
    version = request.headers.get("cartesia-version", "")
    return "" if _VERSION.fullmatch(version) else "cartesia-version"
