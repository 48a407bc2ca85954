"""The provider of the gateway bench: as little as a server can do before it sends 100 kB.

It answers as ElevenLabs for ours and as OpenAI for the competitor, with the same samples of a real
reader.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Final

import soundfile
import uvloop
from aiohttp import web

AUDIO: Final = Path(__file__).parent.parent / "tests" / "data" / "audio"
RATE: Final = 24_000
SIZE: Final = 100_000
LINES: Final = 20
APART_SECONDS: Final = 0.01
VOICE: Final = "bench"
LONG: Final = 1_000
"""Characters of a text that is spoken for LONG_SECONDS, at the pace of speech."""
LONG_SECONDS: Final = 700


def read_samples() -> bytes:
    """Return SIZE bytes of a reader as 16-bit little-endian mono PCM at RATE."""
    samples, rate = soundfile.read(AUDIO / "librivox-austen-0870.wav", dtype="int16")
    step = rate / RATE
    picked = [int(samples[int(at * step) % len(samples)]) for at in range(SIZE // 2)]
    return b"".join(value.to_bytes(2, "little", signed=True) for value in picked)


def build_application() -> web.Application:
    """Return the routes of both providers."""
    sound = read_samples()
    step = SIZE // LINES // 2 * 2

    async def add_voice(_request: web.Request) -> web.Response:
        return web.json_response({"voice_id": VOICE, "requires_verification": False})

    async def speak(_request: web.Request) -> web.Response:
        return web.Response(body=sound, content_type="audio/pcm")

    async def stream(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "audio/pcm"})
        await response.prepare(request)
        body = await request.json()
        pause, count = APART_SECONDS, LINES
        if len(body.get("text") or body["input"]) >= LONG:
            pause = step / 2 / RATE
            count = round(LONG_SECONDS / pause)
        due = asyncio.get_running_loop().time()
        for number in range(count):
            at = number % LINES * step
            try:
                await response.write(sound[at : at + step])
            except ConnectionResetError:  # the other side has ended it
                return response
            due += pause
            await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))
        await response.write_eof()
        return response

    application = web.Application(client_max_size=2**24)
    application.router.add_post("/v1/voices/add", add_voice)
    application.router.add_post("/v1/text-to-speech/{voice}", speak)
    application.router.add_post("/v1/text-to-speech/{voice}/stream", stream)
    application.router.add_post("/v1/audio/speech", speak)
    application.router.add_post("/stream/v1/audio/speech", stream)
    return application


def main(port: int) -> None:
    """Serve until the process is ended."""
    uvloop.install()
    web.run_app(build_application(), host="127.0.0.1", port=port, print=None, access_log=None)


if __name__ == "__main__":
    main(int(sys.argv[1]))
