"""A provider of two steps, as a guide of Speeko's draws it: a form that clones, JSON that speaks.

`kind` says in which way it answers a text.
"""

from __future__ import annotations

import uuid
from typing import Any, Final

from aiohttp import web

from tests.emulators.emulator import speak_pcm
from tests.emulators.engine_emulator import (
    RATE,
    EngineEmulator,
    read_form,
    read_json,
    to_base64,
    write_event,
)

SETTINGS: Final[dict[str, Any]] = {
    "clone": {"path": "/v1/voices/clone"},
    "speech": {"path": "/v1/tts", "answer": {"kind": "file"}},
    "delete": {"path": "/v1/voices/{voice}"},
}
"""How an account describes it."""
ANSWERS: Final[dict[str, dict[str, Any]]] = {
    "file": {"kind": "file"},
    "pcm": {"kind": "pcm", "sample_rate_hz": RATE},
    "sse": {"kind": "sse", "member": "delta", "event": "speech.audio.delta",
            "sample_rate_hz": RATE},
    "json": {"kind": "json", "member": "audio.content"},
    "url": {"kind": "url", "member": "audio.url"},
}  # fmt: skip


class TwoStepEmulator(EngineEmulator):
    """Names voices itself. A voice that is not there is 404."""

    def __init__(self, kind: str = "file", key: str = "", header: str = "Authorization") -> None:
        self.kind, self.header, self.audio_url = kind, header, ""
        self.keeps = False
        super().__init__(key)

    def add_routes(self) -> None:
        """Add the two steps, the removal and a file."""
        self.route("POST", "/v1/voices/clone", self._clone)
        self.route("POST", "/v1/tts", self._speak)
        self.route("DELETE", "/v1/voices/{id}", self._remove)
        self.route("GET", "/v1/voices", self._list)
        self.route("GET", "/files/{name}", self._show_file)

    def authorised(self, request: web.Request) -> bool:
        """Whether the key is in its header. Files are signed by their address."""
        if request.path.startswith("/files/"):
            return "Authorization" not in request.headers
        wanted = f"Bearer {self.key}" if self.header == "Authorization" else self.key
        return not self.key or request.headers.get(self.header) == wanted

    async def _clone(self, request: web.Request) -> web.Response:
        form, wrong = await read_form(request, {"name", "consent"}, {"audio"}, {"name", "audio"})
        if wrong:
            return self.refuse(400, wrong)
        new = f"vc_{uuid.UUID(int=self.take_number()).hex[-6:]}"
        self.voices[new] = {"voice_id": new, **form.fields}
        return web.json_response({"voice_id": new})

    async def _list(self, _request: web.Request) -> web.Response:
        return web.json_response({"voices": list(self.voices.values())})

    async def _remove(self, request: web.Request) -> web.Response:
        if self.keeps:
            return web.json_response({})
        gone = self.voices.pop(request.match_info["id"], None)
        return web.json_response({}) if gone else self.refuse(404, "no such voice")

    async def _show_file(self, _request: web.Request) -> web.Response:
        return self.answer_wav("The lamps along the harbour were lit one after another.")

    async def _speak(self, request: web.Request) -> web.StreamResponse:
        known = {"text": str, "voice_id": str}
        form, wrong = await read_json(request, known, set(known))
        if wrong or form["voice_id"] not in self.voices:
            return self.refuse(404, wrong or "no such voice")
        pcm = speak_pcm(form["text"], RATE)
        match self.kind:
            case "pcm":
                return await self.send_pieces(request, pcm, "audio/pcm")
            case "sse":
                step = len(pcm) // 7 + 1
                events = [
                    write_event("speech.audio.delta", {"delta": to_base64(pcm[at : at + step])})
                    for at in range(0, len(pcm), step)
                ]
                data = b"".join(events) + b"data: [DONE]\n\n"
                return await self.send_pieces(request, data, "text/event-stream")
            case "json":
                content = to_base64(self.wav_of(form["text"]))
                return web.json_response({"audio": {"content": content}})
            case "url":
                url = self.audio_url or f"{self.base_url}/files/one.wav?sig=a%2Fb"
                return web.json_response({"audio": {"url": url}})
        return self.answer_wav(form["text"])
