"""Fish Audio as its documents and its SDKs describe it (fish-audio-sdk 1.3.0, of 2026)."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from typing import Any, Final

import msgpack
import soundfile
from aiohttp import web

from tests.emulators.emulator import Emulator, speak_pcm, wrap_wav
from tests.emulators.inworld import find_fault

KEY: Final = "fish_secret_of_acme"
NUMBER: Final = (int, float)
SPEECH: Final = {
    "text": str, "chunk_length": int, "format": str, "sample_rate": (int, type(None)),
    "mp3_bitrate": int, "opus_bitrate": int, "references": list,
    "reference_id": (str, type(None)), "normalize": bool, "latency": str,
    "prosody": (dict, type(None)), "top_p": NUMBER, "temperature": NUMBER, "max_new_tokens": int,
    "repetition_penalty": NUMBER, "min_chunk_length": int, "condition_on_previous_chunks": bool,
    "early_stop_threshold": NUMBER,
}  # fmt: skip
MODELS: Final = frozenset({"speech-1.5", "speech-1.6", "s1", "s2-pro"})
CREATE: Final = frozenset(
    {"type", "title", "train_mode", "visibility", "description", "tags", "texts",
     "enhance_audio_quality"}
)  # fmt: skip
CHANGE: Final = frozenset({"title", "description", "visibility", "tags"})
QUERY: Final = frozenset(
    {"page_size", "page_number", "title", "tag", "self", "author_id", "language",
     "title_language", "sort_by"}
)  # fmt: skip
VISIBILITIES: Final = frozenset({"public", "unlist", "private"})


class FishEmulator(Emulator):
    """Models by form, speech by MessagePack as chunks. A model is public unless told otherwise."""

    def __init__(self) -> None:
        self.state = "trained"
        self.forces_public = False
        super().__init__()

    def add_routes(self) -> None:
        """Add the routes that the documents name."""
        self.route("POST", "/model", self._create)
        self.route("GET", "/model", self._list)
        self.route("GET", "/model/{id}", self._show)
        self.route("PATCH", "/model/{id}", self._change)
        self.route("DELETE", "/model/{id}", self._delete)
        self.route("POST", "/v1/tts", self._speak)

    def authorised(self, request: web.Request) -> bool:
        """Whether the key is there."""
        return request.headers.get("Authorization") == f"Bearer {KEY}"

    def refuse(self, status: int, message: str) -> web.Response:
        """An error with its status and a message."""
        return web.json_response({"status": status, "message": message}, status=status)

    async def _create(self, request: web.Request) -> web.Response:
        fields, files = await _read_repeated_form(request)
        if set(fields) - CREATE or set(files) - {"voices", "cover_image"} or "voices" not in files:
            return self.refuse(400, f"fields {sorted({*fields, *files})}")
        said = {name: values[-1] for name, values in fields.items()}
        if not said.get("title") or said.get("train_mode") != "fast" or said.get("type") != "tts":
            return self.refuse(400, "title, train_mode or type")
        if said.get("visibility", "public") not in VISIBILITIES:
            return self.refuse(400, "visibility")
        if said.get("enhance_audio_quality", "true") not in {"true", "false"}:
            return self.refuse(400, "enhance_audio_quality")
        if len(fields.get("texts", files["voices"])) != len(files["voices"]):
            return self.refuse(400, "texts")
        for data in files["voices"]:
            soundfile.info(io.BytesIO(data))

        model_id = f"fi{self.take_number():030}"
        shown = "public" if self.forces_public else said.get("visibility", "public")
        self.voices[model_id] = {
            "_id": model_id, "type": "tts", "title": said["title"], "cover_image": "",
            "description": said.get("description", ""), "train_mode": "fast", "state": self.state,
            "tags": fields.get("tags", []), "samples": [], "languages": ["en"],
            "created_at": "2026-12-01T00:00:00Z", "updated_at": "2026-12-01T00:00:00Z",
            "visibility": shown, "lock_visibility": False, "like_count": 0, "mark_count": 0,
            "shared_count": 0, "task_count": 0, "liked": False, "marked": False,
            "author": {"_id": "a1", "nickname": "acme", "avatar": ""},
        }  # fmt: skip
        return web.json_response(self.voices[model_id], status=201)

    async def _list(self, request: web.Request) -> web.Response:
        if set(request.query) - QUERY:
            return self.refuse(400, "query")
        size = int(request.query.get("page_size", "10"))
        begin = (int(request.query.get("page_number", "1")) - 1) * size
        rows = list(self.voices.values())
        return web.json_response({"total": len(rows), "items": rows[begin : begin + size]})

    async def _show(self, request: web.Request) -> web.Response:
        found = self.voices.get(request.match_info["id"])
        return web.json_response(found) if found else self.refuse(404, "no such model")

    async def _change(self, request: web.Request) -> web.Response:
        found = self.voices.get(request.match_info["id"])
        if found is None:
            return self.refuse(404, "no such model")
        form = dict(await request.post())
        if set(form) - CHANGE:
            return self.refuse(400, f"fields {sorted(form)}")
        found |= form
        return web.json_response({})

    async def _delete(self, request: web.Request) -> web.Response:
        gone = self.voices.pop(request.match_info["id"], None)
        return web.Response() if gone else self.refuse(404, "no such model")

    async def _speak(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Content-Type") != "application/msgpack":
            return self.refuse(415, "not MessagePack")
        form = msgpack.unpackb(await request.read())
        if wrong := self._find_speech_fault(request, form):
            return self.refuse(400, wrong)
        data, media_type = _encode_speech(form)
        response = web.StreamResponse(headers={"Content-Type": media_type})
        await response.prepare(request)
        fault, step = self.faults.get("stream"), 16_000
        for number, begin in enumerate(range(0, len(data), step)):
            if fault is not None and fault.cut_after == number:
                assert request.transport is not None
                request.transport.abort()
                return response
            await self.keep_pace(request, number)
            await response.write(data[begin : begin + step])
        await response.write_eof()
        return response

    def _find_speech_fault(self, request: web.Request, form: Any) -> str:
        if request.headers.get("model") not in MODELS:
            return "model"
        if wrong := find_fault(form, SPEECH, {"text"}):
            return wrong
        references = form.get("references") or []
        for reference in references:
            if wrong := find_fault(reference, {"audio": bytes, "text": str}, {"audio", "text"}):
                return wrong
            soundfile.info(io.BytesIO(reference["audio"]))
        if not references and form.get("reference_id") not in self.voices:
            return "unknown voice"
        return _find_range_fault(form)


def _find_range_fault(form: Mapping[str, Any]) -> str:
    if form.get("format", "mp3") not in {"wav", "pcm", "mp3", "opus"}:
        return "format"
    if form.get("latency", "normal") not in {"normal", "balanced"}:
        return "latency"
    if not 100 <= form.get("chunk_length", 200) <= 300:
        return "chunk_length"
    prosody = form.get("prosody") or {}
    if set(prosody) - {"speed", "volume"} or not 0.5 <= prosody.get("speed", 1) <= 2:
        return "prosody"
    return next((name for name in ("top_p", "temperature") if not 0 <= form.get(name, 0) <= 1), "")


def _encode_speech(form: Mapping[str, Any]) -> tuple[bytes, str]:
    """The speech in the format that was asked for, and its media type."""
    kind, rate = form.get("format", "mp3"), form.get("sample_rate") or 44_100
    pcm = speak_pcm(form["text"], rate)
    if kind == "pcm":
        return pcm, "audio/pcm"
    if kind == "wav":
        return wrap_wav(pcm, rate), "audio/wav"
    samples, _ = soundfile.read(io.BytesIO(wrap_wav(pcm, rate)), dtype="int16")
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format="MP3")
    return file.getvalue(), "audio/mpeg"


async def _read_repeated_form(
    request: web.Request,
) -> tuple[dict[str, list[str]], dict[str, list[bytes]]]:
    """The fields and the files of a form, each of which may stand there again."""
    fields: dict[str, list[str]] = {}
    files: dict[str, list[bytes]] = {}
    told = re.search(r'boundary="?([^";]+)', request.headers.get("Content-Type", ""))
    assert told is not None, "no form"
    for part in (await request.read()).split(b"--" + told[1].encode())[1:-1]:
        head, _, rest = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        named = re.search(rb'name="([^"]*)"', head)
        assert named is not None, "a part without a name"
        name, data = named[1].decode(), rest.removesuffix(b"\r\n")
        if b"filename=" in head:
            files.setdefault(name, []).append(data)
        else:
            fields.setdefault(name, []).append(data.decode())
    return fields, files
