"""OpenAI's voices and speech as its SDK describes them (openai 3.52.0)."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Mapping
from typing import Any, Final

import soundfile
from aiohttp import web

from tests.emulators.emulator import Emulator, speak_pcm, wrap_wav
from tests.emulators.forms import FormFile, read_form_files
from tests.emulators.inworld import find_fault

KEY: Final = "sk-emulated"
RATE: Final = 24_000
MOST_FILE: Final = 10 * 2**20
SPEECH: Final = {
    "input": str, "model": str, "voice": (str, dict), "instructions": str,
    "response_format": str, "speed": (int, float), "stream_format": str,
}  # fmt: skip
FORMATS: Final = {
    "mp3": "audio/mpeg", "opus": "audio/opus", "aac": "audio/aac", "flac": "audio/flac",
    "wav": "audio/wav", "pcm": "audio/pcm",
}  # fmt: skip
WRITTEN: Final = {"mp3": ("MP3", None), "flac": ("FLAC", None), "opus": ("OGG", "OPUS")}
STOCK: Final = frozenset({"alloy", "ash", "coral", "nova", "sage"})


class OpenAiEmulator(Emulator):
    """Consents by upload, voices by a consent's id, speech as audio or events."""

    def __init__(self) -> None:
        self.consents: dict[str, dict[str, Any]] = {}
        super().__init__()

    def add_routes(self) -> None:
        """Add the routes that the SDK calls."""
        consents = "/v1/audio/voice_consents"
        self.route("POST", consents, self._add_consent)
        self.route("GET", consents, self._list_consents)
        self.route("GET", f"{consents}/{{id}}", self._show_consent)
        self.route("POST", f"{consents}/{{id}}", self._rename_consent)
        self.route("DELETE", f"{consents}/{{id}}", self._delete_consent)
        self.route("POST", "/v1/audio/voices", self._add_voice)
        self.route("DELETE", "/v1/audio/voices/{id}", self._delete_voice)
        self.route("POST", "/v1/audio/speech", self._speak)

    def authorised(self, request: web.Request) -> bool:
        """Whether the key follows `Bearer`."""
        return request.headers.get("Authorization") == f"Bearer {KEY}"

    def refuse(self, status: int, message: str) -> web.Response:
        """An error with a message, a type and a code."""
        error = {
            "message": message,
            "type": "invalid_request_error",
            "param": None,
            "code": None,
        }
        return web.json_response({"error": error}, status=status)

    def forget_canary(self) -> None:
        """Forget the statements of the service's voices as well."""
        super().forget_canary()
        self.consents.clear()

    def _name(self, kind: str) -> str:
        return f"{kind}_{self.take_number() + 1}"

    async def _read(self, request: web.Request, fields: set[str], file: str) -> Any:
        """The fields of a form with one file, or what is wrong with it."""
        form = dict(await read_form_files(request))
        if set(form) - {"type"} != fields | {file}:
            return f"the form has {sorted(form)}"
        upload = form[file]
        if not isinstance(upload, FormFile) or len(upload.data) > MOST_FILE:
            return f"{file} is no file, or too large"
        if not upload.media_type.startswith("audio/"):
            return f"{file} is {upload.media_type}"
        soundfile.info(io.BytesIO(upload.data))
        return {name: form[name] for name in fields}

    async def _add_consent(self, request: web.Request) -> web.Response:
        form = await self._read(request, {"name", "language"}, "recording")
        if isinstance(form, str):
            return self.refuse(400, form)
        consent_id = self._name("cons")
        self.consents[consent_id] = {
            "id": consent_id,
            "object": "audio.voice_consent",
            "created_at": 1,
            **form,
        }
        return web.json_response(self.consents[consent_id])

    async def _list_consents(self, request: web.Request) -> web.Response:
        limit, after = int(request.query.get("limit", "20")), request.query.get("after")
        rows = list(self.consents.values())
        if after is not None:
            rows = rows[[row["id"] for row in rows].index(after) + 1 :]
        body = {"object": "list", "data": rows[:limit], "has_more": len(rows) > limit}
        return web.json_response(body)

    async def _show_consent(self, request: web.Request) -> web.Response:
        found = self.consents.get(request.match_info["id"])
        return web.json_response(found) if found else self.refuse(404, "no such consent")

    async def _rename_consent(self, request: web.Request) -> web.Response:
        found = self.consents.get(request.match_info["id"])
        form = await request.json()
        if found is None or find_fault(form, {"name": str}, {"name"}):
            return self.refuse(404 if found is None else 400, "no such consent")
        found |= form
        return web.json_response(found)

    async def _delete_consent(self, request: web.Request) -> web.Response:
        return self._forget(self.consents, request.match_info["id"], "audio.voice_consent")

    async def _delete_voice(self, request: web.Request) -> web.Response:
        return self._forget(self.voices, request.match_info["id"], "audio.voice")

    def _forget(self, rows: dict[str, Any], row_id: str, kind: str) -> web.Response:
        if rows.pop(row_id, None) is None:
            return self.refuse(404, "not found")
        return web.json_response({"id": row_id, "object": kind, "deleted": True})

    async def _add_voice(self, request: web.Request) -> web.Response:
        form = await self._read(request, {"name", "consent"}, "audio_sample")
        if isinstance(form, str):
            return self.refuse(400, form)
        if form["consent"] not in self.consents:
            return self.refuse(400, "no such consent")
        voice_id = self._name("voice")
        self.voices[voice_id] = {
            "id": voice_id, "object": "audio.voice", "created_at": 1, "name": form["name"],
            "type": "audio_sample",
        }  # fmt: skip
        return web.json_response(self.voices[voice_id])

    async def _speak(self, request: web.Request) -> web.StreamResponse:
        form = await request.json()
        if wrong := self._find_speech_fault(form):
            return self.refuse(400, wrong)
        pcm = speak_pcm(form["input"], RATE)
        codec = form.get("response_format", "mp3")
        data = encode(pcm, codec)
        events = form.get("stream_format") == "sse"
        kind = "text/event-stream" if events else FORMATS[codec]
        response = web.StreamResponse(headers={"Content-Type": kind})
        await response.prepare(request)
        fault, step = self.faults.get("stream"), RATE // 2
        for number, begin in enumerate(range(0, len(data), step)):
            if fault is not None and fault.cut_after == number:
                assert request.transport is not None
                request.transport.abort()
                return response
            await self.keep_pace(request, number)
            await response.write(write(data[begin : begin + step], events=events))
        if events:
            await response.write(b'data: {"type":"speech.audio.done","usage":{}}\n\n')
        await response.write_eof()
        return response

    def _find_speech_fault(self, form: Mapping[str, Any]) -> str:
        if wrong := find_fault(form, SPEECH, {"input", "model", "voice"}):
            return wrong
        voice = form["voice"]
        known = voice in STOCK if isinstance(voice, str) else voice.get("id") in self.voices
        if not known:
            return "unknown voice"
        if len(form["input"]) > 4_096 or not 0.25 <= form.get("speed", 1.0) <= 4.0:
            return "input or speed"
        if form.get("response_format", "mp3") not in FORMATS:
            return "response_format"
        return "" if form.get("stream_format", "audio") in {"audio", "sse"} else "stream_format"


def encode(pcm: bytes, codec: str) -> bytes:
    """The samples in a codec."""
    if codec == "pcm":
        return pcm
    wav = wrap_wav(pcm, RATE)
    if codec not in WRITTEN:
        return wav
    container, subtype = WRITTEN[codec]
    samples, _ = soundfile.read(io.BytesIO(wav), dtype="int16")
    pieces = io.BytesIO()
    soundfile.write(pieces, samples, RATE, format=container, subtype=subtype)
    return pieces.getvalue()


def write(piece: bytes, *, events: bool) -> bytes:
    """One piece of a stream."""
    if not events:
        return piece
    event = {"type": "speech.audio.delta", "audio": base64.b64encode(piece).decode()}
    return b"data: " + json.dumps(event).encode() + b"\n\n"
