"""Engines of other shapes: voices as files, references by id, and recordings with each text.

Contracts: models.py and server.py of Chatterbox-TTS-Server, schema.py of fish-speech, the FastAPI
servers of xtts-api-server and CosyVoice.
"""

from __future__ import annotations

from typing import Final

from aiohttp import web

from tests.emulators.emulator import speak_pcm
from tests.emulators.engine_emulator import EngineEmulator, read_form, read_json

COSY_RATE: Final = 22_050
_NUMBER: Final = (int, float)


class ChatterboxServerEmulator(EngineEmulator):
    """Keeps a file whose name is there without a word, and removes none."""

    def add_routes(self) -> None:
        """Add the routes of files and speech. There is none that removes."""
        self.route("POST", "/upload_reference", self._add)
        self.route("GET", "/get_reference_files", self._list)
        self.route("POST", "/tts", self._speak)

    async def _add(self, request: web.Request) -> web.Response:
        form, wrong = await read_form(request, set(), {"files"}, {"files"})
        if wrong:
            return self.refuse(400, wrong)
        name, data = form.files["files"]
        added = [] if name in self.voices else [name]
        self.voices.setdefault(name, {"data": data})
        return web.json_response(
            {"message": "ok", "uploaded_files": added, "all_reference_files": sorted(self.voices)}
        )

    async def _list(self, _request: web.Request) -> web.Response:
        return web.json_response(sorted(self.voices))

    async def _speak(self, request: web.Request) -> web.StreamResponse:
        known = {
            "text": str, "voice_mode": str, "reference_audio_filename": str, "output_format": str,
            "language": str, "speed_factor": _NUMBER, "temperature": _NUMBER, "seed": int,
        }  # fmt: skip
        form, wrong = await read_json(request, known, {"text", "voice_mode"})
        if wrong:
            return self.refuse(422, wrong)
        if form.get("reference_audio_filename") not in self.voices:
            return self.refuse(404, "no such file")
        return self.answer_wav(form["text"])


class FishSpeechEmulator(EngineEmulator):
    """Speaks with any voice where it does not know the reference."""

    def add_routes(self) -> None:
        """Add the routes of references and speech."""
        self.route("POST", "/v1/references/add", self._add)
        self.route("GET", "/v1/references/list", self._list)
        self.route("DELETE", "/v1/references/delete", self._remove)
        self.route("POST", "/v1/tts", self._speak)

    def refuse(self, status: int, message: str) -> web.Response:
        """An error as it writes it."""
        return web.json_response({"success": False, "message": message}, status=status)

    async def _add(self, request: web.Request) -> web.Response:
        form, wrong = await read_form(request, {"id", "text"}, {"audio"}, {"id", "text", "audio"})
        if wrong:
            return self.refuse(400, wrong)
        if form.fields["id"] in self.voices:
            return self.refuse(409, "exists")
        self.voices[form.fields["id"]] = {"text": form.fields["text"]}
        return self._tell(reference_id=form.fields["id"])

    async def _list(self, request: web.Request) -> web.Response:
        if request.headers.get("Accept") != "application/json":
            return web.Response(body=b"\x80", content_type="application/msgpack")
        return self._tell(reference_ids=sorted(self.voices))

    async def _remove(self, request: web.Request) -> web.Response:
        form, wrong = await read_json(request, {"reference_id": str}, {"reference_id"})
        if wrong:
            return self.refuse(400, wrong)
        gone = self.voices.pop(form["reference_id"], None)
        return self._tell(reference_id=form["reference_id"]) if gone else self.refuse(404, "gone")

    def _tell(self, **facts: object) -> web.Response:
        return web.json_response({"success": True, "message": "ok", **facts})

    async def _speak(self, request: web.Request) -> web.StreamResponse:
        known = {
            "text": str, "format": str, "reference_id": str, "streaming": bool, "seed": int,
            "references": list, "normalize": bool, "chunk_length": int,
        }  # fmt: skip
        form, wrong = await read_json(request, known, {"text"})
        if wrong:
            return self.refuse(400, wrong)
        if form.get("streaming"):
            return await self.send_pieces(request, self.wav_of(form["text"]), "audio/wav")
        return self.answer_wav(form["text"])


class XttsEmulator(EngineEmulator):
    """Redirects a path without its final slash, as FastAPI does."""

    SPEAKERS = frozenset({"calm_female", "male"})

    def add_routes(self) -> None:
        """Add the route of speech."""
        self.presets = {"calm_female": "second", "male": "first"}
        self.route("POST", "/tts_to_audio/", self._speak)
        self.route("POST", "/tts_to_audio", self._redirect)

    async def _redirect(self, _request: web.Request) -> web.Response:
        return web.Response(status=307, headers={"Location": "/tts_to_audio/"})

    async def _speak(self, request: web.Request) -> web.StreamResponse:
        known = {"text": str, "speaker_wav": str, "language": str}
        form, wrong = await read_json(request, known, set(known))
        if wrong or form["speaker_wav"] not in self.SPEAKERS:
            return self.refuse(400, wrong or "no such speaker")
        return self.answer_wav(form["text"])


class CosyVoiceEmulator(EngineEmulator):
    """Answers with samples alone: no header, and no content type."""

    def add_routes(self) -> None:
        """Add the route of cloned speech."""
        self.route("POST", "/inference_zero_shot", self._speak)

    async def _speak(self, request: web.Request) -> web.StreamResponse:
        needed = {"tts_text", "prompt_text", "prompt_wav"}
        form, wrong = await read_form(request, {"tts_text", "prompt_text"}, {"prompt_wav"}, needed)
        if wrong:
            return self.refuse(422, wrong)
        pcm = speak_pcm(form.fields["tts_text"], COSY_RATE)
        return await self.send_pieces(request, pcm, None)
