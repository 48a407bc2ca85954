"""TensorOne as its documents describe it (API v2 of 2026). It has no SDK."""

from __future__ import annotations

import base64
import binascii
import io
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import soundfile
from aiohttp import web

from core import clock
from tests.emulators.emulator import Emulator, identify_recording, speak_pcm, wrap_wav
from tests.emulators.inworld import find_fault
from voices.canary import canary_voices
from voices.canary.canary_voices import Which

KEY: Final = "tensorone-emulated"
BASE: Final = "/v2/ai"
_NUMBER: Final = (int, float)
CLONE: Final = {
    "voiceName": str, "audioSamples": list, "language": str, "voiceType": str,
    "trainingOptions": dict, "multilingualSupport": bool, "emotionalRange": bool,
}  # fmt: skip
SAMPLE: Final = {
    "audioUrl": str, "audioBase64": str, "transcript": str, "duration": _NUMBER, "language": str,
    "emotion": str,
}  # fmt: skip
TRAINING: Final = {
    "enhanceQuality": bool, "removeNoise": bool, "normalizeVolume": bool,
    "speakerConsistency": _NUMBER,
}  # fmt: skip
SPEECH: Final = {
    "voiceId": str, "text": str, "speed": _NUMBER, "pitch": _NUMBER, "emotion": str,
    "outputFormat": str, "sampleRate": int,
}  # fmt: skip
BATCH: Final = {"voiceId": str, "texts": list, "outputFormat": str}
LANGUAGES: Final = frozenset({"en", "es", "fr", "de", "it", "pt", "ja", "ko", "zh"})
TYPES: Final = frozenset({"instant", "standard", "premium", "professional"})
EMOTIONS: Final = frozenset({"neutral", "happy", "sad", "angry", "excited", "calm"})
FORMATS: Final = {"mp3": "MP3", "wav": "WAV", "flac": "FLAC", "ogg": "OGG"}
RATES: Final = frozenset({22_050, 44_100, 48_000})
UNHEARD_SECONDS: Final = 30.0


class TensorOneEmulator(Emulator):
    """Voices that are trained for some questions about them, speech at an address of its own.

    `polls` is how often a voice is still `processing` (below 0: it never is), `trained` what it
    becomes then. `audio_url`
    is what speech is said to be at, when it shall be elsewhere. `made_at` is the time of a clone.
    """

    def __init__(self) -> None:
        self.polls = 1
        self.trained = "completed"
        self.audio_url = ""
        self.made_at: datetime | None = None
        self.files: dict[str, tuple[bytes, str]] = {}
        self._made = 0
        super().__init__()

    def forget_canary(self) -> None:
        """Forget everything, and count from the first number again."""
        super().forget_canary()
        self._made = 0

    def find_canary(self, body: bytes) -> Which | None:
        """Which of the canary's recordings a clone brings: they come as FLAC at another rate."""
        if canary_voices.RECORDED.encode() not in body:
            return None
        data = base64.b64decode(json.loads(body)["audioSamples"][0]["audioBase64"])
        return identify_recording(data)

    def add_routes(self) -> None:
        """Add the routes that the documents name, and the host of the files."""
        voices = f"{BASE}/voice-cloning"
        self.route("POST", voices, self._clone)
        self.route("GET", f"{voices}/voices", self._list)
        self.route("POST", f"{voices}/batch-speak", self._speak_batch)
        self.route("GET", f"{voices}/{{id}}/status", self._show)
        self.route("POST", f"{voices}/{{id}}/speak", self._speak)
        self.route("DELETE", f"{voices}/{{id}}", self._delete)
        self.route("GET", "/generated/{name}", self._fetch)

    def authorised(self, request: web.Request) -> bool:
        """Whether the key is a bearer. A file is fetched without one, and never with it."""
        if request.path.startswith("/generated/"):
            return "Authorization" not in request.headers
        return request.headers.get("Authorization") == f"Bearer {KEY}"

    def refuse(self, status: int, message: str) -> web.Response:
        """An error. Its form is not documented."""
        return web.json_response({"error": message}, status=status)

    async def _clone(self, request: web.Request) -> web.Response:
        form = await request.json()
        if wrong := find_clone_fault(form):
            return self.refuse(400, wrong)
        self._made += 1
        voice_id = f"voice_{self._made:06}"
        seconds = [measure(sample) for sample in form["audioSamples"]]
        if not all(seconds):
            return self.refuse(400, "audioBase64")
        made_at = self.made_at or datetime.now(UTC)
        self.voices[voice_id] = {
            "voiceId": voice_id,
            "voiceName": form["voiceName"],
            "status": "processing" if self.polls >= 0 else self.trained,
            "language": form.get("language", "en"),
            "audioQuality": "good",
            "left": self.polls,
            "createdAt": clock.to_rfc3339(made_at),
        }
        analysis = {
            "totalDuration": sum(seconds), "audioQuality": "good", "speakerConsistency": 0.87,
            "languageDetected": form.get("language", "en"),
        }  # fmt: skip
        return web.json_response(self._describe(voice_id) | {"audioAnalysis": analysis})

    def _describe(self, voice_id: str) -> dict[str, Any]:
        row = self.voices[voice_id]
        shown = {name: row[name] for name in ("voiceId", "status", "voiceName", "createdAt")}
        step = "completed" if row["status"] == "completed" else "preprocessing"
        percent = 100.0 if step == "completed" else 15.0
        progress = {
            "currentStep": step, "percentComplete": percent,
            "estimatedTimeRemaining": "8-12 minutes",
        }  # fmt: skip
        return shown | {"trainingProgress": progress}

    async def _list(self, _request: web.Request) -> web.Response:
        hidden = {"left"}
        rows = [
            {name: value for name, value in row.items() if name not in hidden}
            for row in self.voices.values()
        ]
        return web.json_response({"voices": rows})

    async def _show(self, request: web.Request) -> web.Response:
        row = self.voices.get(request.match_info["id"])
        if row is None:
            return self.refuse(404, "no such voice")
        row["left"] -= 1
        if row["left"] < 0:
            row["status"] = self.trained
        return web.json_response(self._describe(row["voiceId"]))

    async def _delete(self, request: web.Request) -> web.Response:
        if self.voices.pop(request.match_info["id"], None) is None:
            return self.refuse(404, "no such voice")
        return web.Response(status=204)

    async def _speak(self, request: web.Request) -> web.Response:
        form = await request.json()
        voice_id = request.match_info["id"]
        if wrong := self._find_speech_fault(form, voice_id):
            return self.refuse(400, wrong)
        codec, rate = form.get("outputFormat", "mp3"), form.get("sampleRate", 44_100)
        self._made += 1
        name = f"speech_{self._made}.{codec}"
        self.files[name] = (encode(form["text"], codec, rate), f"audio/{codec}")
        body = {
            "audioUrl": self.audio_url or f"{self.base_url}/generated/{name}",
            "duration": 1.0,
            "text": form["text"][:40],
            "voiceId": voice_id,
            "format": codec,
            "sampleRate": rate,
            "generatedAt": clock.to_rfc3339(datetime.now(UTC)),
        }
        return web.json_response(body)

    def _find_speech_fault(self, form: Mapping[str, Any], voice_id: str) -> str:
        if wrong := find_fault(form, SPEECH, {"text"}):
            return wrong
        row = self.voices.get(voice_id)
        if row is None or row["status"] != "completed":
            return "unknown voice"
        if not 0 < len(form["text"]) <= 5_000 or not 0.5 <= form.get("speed", 1) <= 2:
            return "text or speed"
        if abs(form.get("pitch", 0)) > 12 or form.get("emotion", "calm") not in EMOTIONS:
            return "pitch or emotion"
        good = form.get("outputFormat", "mp3") in FORMATS
        return "" if good and form.get("sampleRate", 44_100) in RATES else "outputFormat"

    async def _speak_batch(self, request: web.Request) -> web.Response:
        form = await request.json()
        if wrong := find_fault(form, BATCH, {"voiceId", "texts"}):
            return self.refuse(400, wrong)
        for line in form["texts"]:
            if wrong := find_fault(line, {"text": str, "filename": str}, {"text", "filename"}):
                return self.refuse(400, wrong)
        self._made += 1
        return web.json_response({"batchId": f"batch_{self._made}"})

    async def _fetch(self, request: web.Request) -> web.StreamResponse:
        found = self.files.get(request.match_info["name"])
        if found is None:
            return self.refuse(404, "no such file")
        if "file" in self.faults:
            return await send_half(request, found[0])
        return web.Response(body=found[0], content_type=found[1])


async def send_half(request: web.Request, data: bytes) -> web.StreamResponse:
    """Break a file off in its middle."""
    response = web.StreamResponse(headers={"Content-Length": str(len(data))})
    await response.prepare(request)
    await response.write(data[: len(data) // 2])
    assert request.transport is not None
    request.transport.abort()
    return response


def find_clone_fault(form: Any) -> str:
    """What is wrong with the body of a clone."""
    if wrong := find_fault(form, CLONE, {"voiceName", "audioSamples"}):
        return wrong
    if form.get("language", "en") not in LANGUAGES or not form["audioSamples"]:
        return "language or audioSamples"
    if form.get("voiceType", "standard") not in TYPES:
        return "voiceType"
    wrong = next(filter(None, map(find_sample_fault, form["audioSamples"])), "")
    return wrong or find_fault(form.get("trainingOptions", {}), TRAINING, set())


def find_sample_fault(sample: Any) -> str:
    """What is wrong with one recording of a clone."""
    if wrong := find_fault(sample, SAMPLE, set()):
        return wrong
    if ("audioUrl" in sample) == ("audioBase64" in sample):
        return "audioUrl or audioBase64"
    good = sample.get("language", "en") in LANGUAGES and sample.get("emotion", "calm") in EMOTIONS
    return "" if good else "language or emotion"


def measure(sample: Mapping[str, Any]) -> float:
    """The seconds of a recording, 0 for what is none. One at an address is not fetched."""
    if "audioUrl" in sample:
        return UNHEARD_SECONDS
    try:
        data = base64.b64decode(sample["audioBase64"], validate=True)
        return float(soundfile.info(io.BytesIO(data)).duration)
    except (binascii.Error, soundfile.LibsndfileError):
        return 0.0


def encode(text: str, codec: str, rate: int) -> bytes:
    """A file of a reader, as long as the text would take."""
    wav = wrap_wav(speak_pcm(text, rate), rate)
    if codec == "wav":
        return wav
    samples, _ = soundfile.read(io.BytesIO(wav), dtype="int16")
    made = io.BytesIO()
    soundfile.write(made, samples, rate, format=FORMATS[codec])
    return made.getvalue()
