"""Streams a long text through one provider's official Python SDK until the end or an error.

`cut_python.py PROVIDER GATE KEY VOICE` prints `ready`, waits for a line, and prints what came of
the stream as JSON.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

TEXT = "The harbour lamps were lit before the boats came home that evening. " * 28


def stream_cartesia(gate: str, key: str, voice: str) -> Iterator[Any]:
    """Yield the events that hold sound."""
    from cartesia import Cartesia  # noqa: PLC0415 - one SDK is loaded, not five

    speech = Cartesia(api_key=key, base_url=f"{gate}/proxy/cartesia").tts
    raw: Any = {"container": "raw", "encoding": "pcm_s16le", "sample_rate": 24_000}
    words: Any = {"model_id": "sonic-3", "transcript": TEXT, "language": "en", "voice": voice}
    return (one for one in speech.generate_sse(output_format=raw, **words) if one.type == "chunk")


def stream_elevenlabs(gate: str, key: str, voice: str) -> Iterator[Any]:
    """Yield the pieces."""
    from elevenlabs.client import ElevenLabs  # noqa: PLC0415 - as above

    speech = ElevenLabs(api_key=key, base_url=f"{gate}/proxy/elevenlabs").text_to_speech
    words: Any = {"voice_id": voice, "model_id": "eleven_flash_v2_5", "language_code": "en"}
    return iter(speech.stream(text=TEXT, output_format="pcm_16000", **words))


def stream_fish(gate: str, key: str, voice: str) -> Iterator[Any]:
    """Yield the pieces."""
    import fishaudio  # noqa: PLC0415 - as above

    client = fishaudio.FishAudio(api_key=key, base_url=f"{gate}/proxy/fish")
    return iter(client.tts.stream(text=TEXT, reference_id=voice, format="pcm"))


def stream_inworld(gate: str, key: str, voice: str) -> Iterator[Any]:
    """Yield the pieces, which come by an asynchronous call."""
    from inworld_tts import InworldTTS  # noqa: PLC0415 - as above

    tts = InworldTTS(api_key=key, base_url=f"{gate}/proxy/inworld")
    words: Any = {"voice": voice, "model": "inworld-tts-2", "language": "en"}
    pieces: AsyncIterator[Any] = aiter(
        tts.stream(text=TEXT, encoding="LINEAR16", sample_rate=24_000, **words)
    )

    async def take() -> Any:
        return await anext(pieces, None)

    with asyncio.Runner() as runner:
        while (piece := runner.run(take())) is not None:
            yield piece


def stream_openai(gate: str, key: str, voice: str) -> Iterator[Any]:
    """Yield the pieces."""
    from openai import OpenAI  # noqa: PLC0415 - as above

    client = OpenAI(
        api_key=key,
        base_url=f"{gate}/proxy/openai/v1",
        default_headers={"Sayso-Language": "en"},
    )
    speech = client.audio.speech.with_streaming_response
    named: Any = {"id": voice}
    words: Any = {"model": "gpt-4o-mini-tts", "response_format": "pcm", "voice": named}
    with speech.create(input=TEXT, **words) as response:
        yield from response.iter_bytes()


MODULES = {
    "cartesia": "cartesia",
    "elevenlabs": "elevenlabs.client",
    "fish": "fishaudio",
    "inworld": "inworld_tts",
    "openai": "openai",
}
STREAMS: dict[str, Callable[[str, str, str], Iterator[Any]]] = {
    "cartesia": stream_cartesia,
    "elevenlabs": stream_elevenlabs,
    "fish": stream_fish,
    "inworld": stream_inworld,
    "openai": stream_openai,
}


def say(words: str) -> None:
    """Tell the test."""
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def main(provider: str, gate: str, key: str, voice: str) -> None:
    """Wait for a word of the test, and stream to the end, whatever that is."""
    begin = STREAMS[provider]
    importlib.import_module(MODULES[provider])
    say("ready")
    sys.stdin.readline()
    try:
        told: dict[str, Any] = {"ok": sum(1 for _ in begin(gate, key, voice))}
    except Exception as error:  # noqa: BLE001 - the error's class is what is tested
        told = {"error": type(error).__name__}
    say(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
