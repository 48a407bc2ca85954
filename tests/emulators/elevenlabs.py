"""ElevenLabs as its documents and its SDK describe it (elevenlabs 2.78.0, documents of 2026)."""

from __future__ import annotations

import asyncio
import base64
import io
import json
from collections.abc import Mapping
from typing import Any, Final

import soundfile
from aiohttp import web

from tests.emulators.emulator import Emulator, speak_pcm
from tests.emulators.forms import read_form_parts
from tests.emulators.inworld import find_fault

KEY: Final = "xi-secret-of-acme"
FORMATS: Final = frozenset({"mp3_44100_128", "mp3_22050_32", "pcm_16000", "pcm_24000"})
SPEECH: Final = {
    "text": str, "model_id": str, "language_code": str, "voice_settings": dict, "seed": int,
    "previous_text": str, "next_text": str, "apply_text_normalization": str,
    "apply_language_text_normalization": bool, "use_pvc_as_ivc": bool,
    "pronunciation_dictionary_locators": list, "previous_request_ids": list,
    "next_request_ids": list, "audio_effects": dict,
}  # fmt: skip
SETTINGS: Final = frozenset(
    {"stability", "similarity_boost", "style", "use_speaker_boost", "speed", "clone_strength"}
)
CUT_AFTER: Final = 35
CUT_SECONDS: Final = 3.0
"""Until the cut, so that the first pieces have been read and sent on by then."""


class ElevenLabsEmulator(Emulator):
    """Instant clones by form, speech as a file, chunks, or JSON with times."""

    def __init__(self) -> None:
        self.page_size: int | None = None
        self.wants_verification = False
        self.cut_words = "\n"
        """A stream of a text with these words breaks off. No text has a line end."""
        super().__init__()

    def add_routes(self) -> None:
        """Add the routes that the documents name."""
        self.route("POST", "/v1/voices/add", self._clone)
        self.route("GET", "/v1/voices", self._list_all)
        self.route("GET", "/v2/voices", self._list)
        self.route("GET", "/v1/voices/{id}", self._show)
        self.route("DELETE", "/v1/voices/{id}", self._delete)
        self.route("POST", "/v1/voices/{id}/edit", self._change)
        self.route("POST", "/v1/text-to-speech/{id}", self._speak)
        self.route("POST", "/v1/text-to-speech/{id}/stream", self._stream)
        self.route("POST", "/v1/text-to-speech/{id}/with-timestamps", self._speak_timed)
        self.route("POST", "/v1/text-to-speech/{id}/stream/with-timestamps", self._stream_timed)

    def authorised(self, request: web.Request) -> bool:
        """Whether the key stands in its own header."""
        return request.headers.get("xi-api-key") == KEY

    def refuse(self, status: int, message: str) -> web.Response:
        """An error with a word and a sentence."""
        detail: Any = {"status": message.replace(" ", "_"), "message": message}
        if status == 422:
            detail = [{"loc": ["body"], "msg": message, "type": "value_error"}]
        return web.json_response({"detail": detail}, status=status)

    async def _clone(self, request: web.Request) -> web.Response:
        fields, files = await read_form_parts(request)
        known = {"name", "description", "labels", "remove_background_noise"}
        if set(fields) - known or set(files) != {"files"} or not fields.get("name"):
            return self.refuse(422, f"fields {sorted({*fields, *files})}")
        json.loads(fields.get("labels", "null"))
        for data in files["files"]:
            soundfile.info(io.BytesIO(data))

        voice_id = f"el{self.take_number():018}"
        self.voices[voice_id] = {
            "voice_id": voice_id, "name": fields["name"], "category": "cloned",
            "labels": json.loads(fields.get("labels", "null")) or {}, "samples": [],
            "description": fields.get("description"), "is_owner": True,
        }  # fmt: skip
        return web.json_response(
            {"voice_id": voice_id, "requires_verification": self.wants_verification}
        )

    async def _list_all(self, _request: web.Request) -> web.Response:
        return web.json_response({"voices": list(self.voices.values())})

    async def _list(self, request: web.Request) -> web.Response:
        size = self.page_size or int(request.query.get("page_size", "10"))
        begin = int(request.query.get("next_page_token", "0"))
        rows = list(self.voices.values())
        more = begin + size < len(rows)
        return web.json_response(
            {
                "voices": rows[begin : begin + size],
                "has_more": more,
                "total_count": len(rows),
                "next_page_token": str(begin + size) if more else None,
            }
        )

    async def _show(self, request: web.Request) -> web.Response:
        found = self.voices.get(request.match_info["id"])
        return web.json_response(found) if found else self.refuse(400, "voice not found")

    async def _change(self, request: web.Request) -> web.Response:
        found = self.voices.get(request.match_info["id"])
        if found is None:
            return self.refuse(400, "voice not found")
        fields, _ = await read_form_parts(request)
        found["name"] = fields["name"]
        return web.json_response({"status": "ok"})

    async def _delete(self, request: web.Request) -> web.Response:
        gone = self.voices.pop(request.match_info["id"], None)
        answer = {"status": "ok"}
        return web.json_response(answer) if gone else self.refuse(400, "voice does not exist")

    async def _speak(self, request: web.Request) -> web.StreamResponse:
        form = await request.json()
        if wrong := self._find_speech_fault(request, form):
            return self.refuse(*wrong)
        data, media_type = _encode(form["text"], request.query.get("output_format", ""))
        return web.Response(body=data, content_type=media_type)

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        form = await request.json()
        if wrong := self._find_speech_fault(request, form):
            return self.refuse(*wrong)
        data, media_type = _encode(form["text"], request.query.get("output_format", ""))
        response = web.StreamResponse(headers={"Content-Type": media_type})
        await response.prepare(request)
        step = 9_600
        for number, begin in enumerate(range(0, len(data), step)):
            if number == CUT_AFTER and self.cut_words in form["text"]:
                await asyncio.sleep(CUT_SECONDS)
                assert request.transport is not None
                request.transport.abort()
                return response
            await self.keep_pace(request, number)
            await response.write(data[begin : begin + step])
            await asyncio.sleep(0)
        await response.write_eof()
        return response

    async def _speak_timed(self, request: web.Request) -> web.StreamResponse:
        form = await request.json()
        if wrong := self._find_speech_fault(request, form):
            return self.refuse(*wrong)
        return web.json_response(_time_audio(form["text"], request.query.get("output_format", "")))

    async def _stream_timed(self, request: web.Request) -> web.StreamResponse:
        form = await request.json()
        if wrong := self._find_speech_fault(request, form):
            return self.refuse(*wrong)
        line = json.dumps(_time_audio(form["text"], request.query.get("output_format", "")))
        return web.Response(text=line + "\n", content_type="application/json")

    def _find_speech_fault(
        self, request: web.Request, form: Mapping[str, Any]
    ) -> tuple[int, str] | None:
        query = request.query
        if set(query) - {"output_format", "enable_logging", "optimize_streaming_latency"}:
            return 422, "unknown parameter"
        if query.get("output_format", "mp3_44100_128") not in FORMATS:
            return 422, "output format"
        if wrong := find_fault(form, SPEECH, {"text"}):
            return 422, wrong
        if set(form.get("voice_settings", {})) - SETTINGS:
            return 422, "voice_settings"
        model = form.get("model_id", "eleven_multilingual_v2")
        if "multilingual" in model and "language_code" in form:
            return 400, "unsupported language code"
        if request.match_info["id"] not in self.voices:
            return 404, "voice not found"
        return None


def _encode(text: str, output_format: str) -> tuple[bytes, str]:
    codec, rate, *_ = (output_format or "mp3_44100_128").split("_")
    pcm = speak_pcm(text, int(rate))
    if codec == "pcm":
        return pcm, "audio/pcm"

    sink = io.BytesIO()
    samples, _ = soundfile.read(
        io.BytesIO(pcm), dtype="int16", format="RAW", subtype="PCM_16", channels=1,
        samplerate=int(rate),
    )  # fmt: skip
    soundfile.write(sink, samples, int(rate), format="MP3")
    return sink.getvalue(), "audio/mpeg"


def _time_audio(text: str, output_format: str) -> dict[str, Any]:
    data, _ = _encode(text, output_format)
    times = [round(number / 15, 3) for number in range(len(text) + 1)]
    alignment = {
        "characters": list(text),
        "character_start_times_seconds": times[:-1],
        "character_end_times_seconds": times[1:],
    }
    return {"audio_base64": base64.b64encode(data).decode(), "alignment": alignment}
