"""Engines whose speech is `POST /v1/audio/speech`, each with the traps of its own.

Contracts: docs/serving/speech_api.md of vLLM-Omni, schemas.py of Kokoro-FastAPI, requests.py and
voices.py of chatterbox-tts-api, voice_profiles.go of LocalAI, and Mistral's speech API.
"""

from __future__ import annotations

import re
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
    to_float32,
    write_event,
)

SPEECH: Final = "/v1/audio/speech"
_NUMBER: Final = (int, float)


class VllmOmniEmulator(EngineEmulator):
    """Wants a consent with each voice, and overwrites one of the same name without a word."""

    LANGUAGES = frozenset({
        "Auto", "Chinese", "English", "Japanese", "Korean", "German", "French", "Russian",
        "Portuguese", "Spanish", "Italian",
    })  # fmt: skip

    def add_routes(self) -> None:
        """Add the routes of its document."""
        self.route("POST", SPEECH, self._speak)
        self.route("GET", "/v1/audio/voices", self._list)
        self.route("POST", "/v1/audio/voices", self._add)
        self.route("DELETE", "/v1/audio/voices/{name}", self._remove)

    async def _add(self, request: web.Request) -> web.Response:
        fields = {"name", "consent", "ref_text", "speaker_description"}
        form, wrong = await read_form(
            request, fields, {"audio_sample"}, {"name", "consent", "audio_sample"}
        )
        if wrong:
            return self.refuse(400, wrong)
        self.voices[form.fields["name"]] = {**form.fields, "file": form.files["audio_sample"]}
        return web.json_response({"success": True, "voice": form.fields})

    async def _list(self, _request: web.Request) -> web.Response:
        uploaded = [
            {"name": name, "consent": voice["consent"]} for name, voice in self.voices.items()
        ]
        return web.json_response({"voices": ["vivian", *self.voices], "uploaded_voices": uploaded})

    async def _remove(self, request: web.Request) -> web.Response:
        gone = self.voices.pop(request.match_info["name"], None)
        return web.json_response({"success": bool(gone)}, status=200 if gone else 404)

    async def _speak(self, request: web.Request) -> web.StreamResponse:
        known = {
            "input": str, "model": str, "voice": str, "response_format": str, "speed": _NUMBER,
            "language": str, "stream": bool, "stream_format": str, "task_type": str,
        }  # fmt: skip
        form, wrong = await read_json(request, known, {"input"})
        if wrong or form.get("language", "Auto") not in self.LANGUAGES:
            return self.refuse(400, wrong or "language")
        if form.get("voice", "vivian") not in {"vivian", *self.voices}:
            return self.refuse(400, "unknown voice")
        if form.get("stream_format") == "audio":
            if form.get("speed", 1.0) != 1.0 or form.get("response_format") not in {"wav", "pcm"}:
                return self.refuse(400, "streaming wants wav or pcm, and speed 1.0")
            return await self.send_pieces(request, self.wav_of(form["input"]), "audio/wav")
        return self.answer_wav(form["input"])


class KokoroEmulator(EngineEmulator):
    """Preset voices and mixes of them. It streams unless it is told not to."""

    PRESETS = frozenset({"af_heart", "am_michael", "bf_emma", "ff_siwis"})

    def add_routes(self) -> None:
        """Add the routes that are used, and one way round."""
        self.presets = {"af_heart": "second", "am_michael": "first"}
        self.route("POST", SPEECH, self._speak)
        self.route("GET", "/v1/audio/voices", self._list)

    async def _list(self, _request: web.Request) -> web.Response:
        return web.json_response({"voices": sorted(self.PRESETS)})

    async def _speak(self, request: web.Request) -> web.StreamResponse:
        known = {
            "model": str, "input": str, "voice": str, "response_format": str, "speed": _NUMBER,
            "stream": bool, "return_download_link": bool, "lang_code": str,
        }  # fmt: skip
        form, wrong = await read_json(request, known, {"input"})
        if wrong:
            return self.refuse(400, wrong)
        mixed = re.split(r"[+-]", re.sub(r"\([^)]*\)", "", form.get("voice", "af_heart")))
        if not set(mixed) <= self.PRESETS or form.get("lang_code", "a") not in set("abefhijpz"):
            return self.refuse(400, "voice or lang_code")
        if form.get("stream", True):
            pcm = speak_pcm(form["input"], RATE)
            return await self.send_pieces(request, pcm, "audio/pcm")
        return self.answer_wav(form["input"])


class ChatterboxApiEmulator(EngineEmulator):
    """Speaks with its default voice where it does not know the one that is asked for."""

    def add_routes(self) -> None:
        """Add the routes of its voice library and its speech."""
        self.route("POST", SPEECH, self._speak)
        self.route("POST", f"{SPEECH}/stream", self._stream)
        self.route("GET", "/voices", self._list)
        self.route("POST", "/voices", self._add)
        self.route("GET", "/voices/{name}", self._show)
        self.route("DELETE", "/voices/{name}", self._remove)

    async def _add(self, request: web.Request) -> web.Response:
        form, wrong = await read_form(
            request, {"voice_name", "language"}, {"voice_file"}, {"voice_name", "voice_file"}
        )
        name = form.fields.get("voice_name", "")
        if wrong or not form.files["voice_file"][0].endswith(".wav"):
            return self.refuse(400, wrong or "format")
        if name in self.voices:
            return self.refuse(409, "exists")
        language = form.fields.get("language", "en")
        self.voices[name] = {"name": name, "language": language, "filename": f"{name}.wav"}
        return web.json_response({"message": "ok", "voice": self.voices[name]}, status=201)

    async def _list(self, _request: web.Request) -> web.Response:
        rows = list(self.voices.values())
        return web.json_response({"voices": rows, "count": len(rows)})

    async def _show(self, request: web.Request) -> web.Response:
        found = self.voices.get(request.match_info["name"])
        return web.json_response({"voice": found}) if found else self.refuse(404, "no such voice")

    async def _remove(self, request: web.Request) -> web.Response:
        gone = self.voices.pop(request.match_info["name"], None)
        return web.json_response({"message": "ok"}) if gone else self.refuse(404, "no such voice")

    async def _read(self, request: web.Request) -> tuple[dict[str, Any], str]:
        known = {
            "input": str, "voice": str, "response_format": str, "speed": _NUMBER, "model": str,
            "stream_format": str, "exaggeration": _NUMBER, "cfg_weight": _NUMBER,
            "temperature": _NUMBER,
        }  # fmt: skip
        return await read_json(request, known, {"input"})

    async def _speak(self, request: web.Request) -> web.StreamResponse:
        form, wrong = await self._read(request)
        return self.refuse(422, wrong) if wrong else self.answer_wav(form["input"])

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        form, wrong = await self._read(request)
        if wrong:
            return self.refuse(422, wrong)
        return await self.send_pieces(request, self.wav_of(form["input"]), "audio/wav")


class LocalAiEmulator(EngineEmulator):
    """Names profiles itself, and reads a voice that is no profile as a path."""

    PREFIX = "localai://voice-profiles/"

    def add_routes(self) -> None:
        """Add the routes of profiles and speech."""
        self.route("POST", SPEECH, self._speak)
        self.route("GET", "/api/voice-profiles", self._list)
        self.route("POST", "/api/voice-profiles", self._add)
        self.route("DELETE", "/api/voice-profiles/{id}", self._remove)

    async def _add(self, request: web.Request) -> web.Response:
        fields = {"name", "description", "language", "transcript", "consent_confirmed"}
        form, wrong = await read_form(request, fields, {"audio"}, {"name", "transcript", "audio"})
        if wrong or form.fields.get("consent_confirmed") not in {"1", "t", "true", "True"}:
            return self.refuse(400, wrong or "voice cloning consent must be confirmed")
        new = str(uuid.UUID(int=self.take_number() + 1))
        self.voices[new] = {"id": new, "voice": self.PREFIX + new, **form.fields}
        return web.json_response(self.voices[new], status=201)

    async def _list(self, _request: web.Request) -> web.Response:
        return web.json_response({"data": list(self.voices.values())})

    async def _remove(self, request: web.Request) -> web.Response:
        gone = self.voices.pop(request.match_info["id"], None)
        return web.Response(status=204) if gone else self.refuse(404, "voice profile not found")

    async def _speak(self, request: web.Request) -> web.StreamResponse:
        known = {"model": str, "input": str, "voice": str, "language": str, "response_format": str}
        form, wrong = await read_json(request, known, {"model", "input"})
        name = form.get("voice", "")
        if wrong or name.removeprefix(self.PREFIX) not in self.voices or self.PREFIX not in name:
            return self.refuse(400, wrong or "no such voice")
        return self.answer_wav(form["input"])


class VoxtralEmulator(EngineEmulator):
    """Mistral's speech: JSON with base64, and events with samples of 32 bits."""

    def add_routes(self) -> None:
        """Add the one route."""
        self.route("POST", SPEECH, self._speak)

    async def _speak(self, request: web.Request) -> web.StreamResponse:
        known = {
            "model": str, "input": str, "voice_id": str, "ref_audio": str, "response_format": str,
            "stream": bool,
        }  # fmt: skip
        form, wrong = await read_json(request, known, {"input", "model"})
        if wrong or ("voice_id" in form) == ("ref_audio" in form):
            return self.refuse(422, wrong or "one of voice_id and ref_audio")
        if not form.get("stream"):
            return web.json_response({"audio_data": to_base64(self.wav_of(form["input"]))})
        floats = to_float32(speak_pcm(form["input"], RATE))
        step = len(floats) // 5 + 1
        events = [
            write_event("speech.audio.delta", {"audio_data": to_base64(floats[at : at + step])})
            for at in range(0, len(floats), step)
        ]
        data = b"".join([*events, write_event("speech.audio.done", {"usage": {}})])
        return await self.send_pieces(request, data, "text/event-stream")
