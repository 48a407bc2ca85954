"""Drives the official Python SDK of Inworld, and prints what came of each call as JSON.

`inworld_python.py BASE KEY VOICE_FILE CONSENT` runs in the SDKs' own environment.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from inworld_tts import InworldTTS


def note(call: Any) -> dict[str, Any]:
    """Return what a call gave, or the class and the words of its error."""
    try:
        return {"ok": call()}
    except Exception as error:  # noqa: BLE001 - the error's class is what is tested
        return {"error": type(error).__name__, "message": str(error)}


async def collect(tts: Any, **words: Any) -> int:
    """Return how many bytes a stream gave."""
    return sum([len(piece) async for piece in tts.stream(**words)])


def main(base: str, key: str, sample: str, consent: str) -> None:
    """Clone, list, speak, stream, be refused, delete."""
    tts = InworldTTS(api_key=key, base_url=base)
    done: dict[str, Any] = {}
    tags = [f"sayso:{consent}"] if consent else []
    facts = {"display_name": "Mara", "lang": "EN_US", "tags": tags}
    clone = note(lambda: tts.clone_voice([sample], **facts)["voice"]["voiceId"])
    done["clone"], voice = clone, clone.get("ok", "none")
    text = "The harbour lamps were lit before the boats came home that evening."
    words = {"voice": voice, "model": "inworld-tts-2"}

    done["list"] = note(lambda: [one["voiceId"] for one in tts.list_voices()])
    done["get"] = note(lambda: tts.get_voice(voice)["displayName"])
    done["speak"] = note(lambda: len(tts.generate(text, language="en", encoding="WAV", **words)))
    done["mp3"] = note(lambda: len(tts.generate(text, language="en", **words)))
    done["stream"] = note(
        lambda: asyncio.run(
            collect(tts, text=text, encoding="LINEAR16", sample_rate=24_000, language="en", **words)
        )
    )
    done["refused"] = note(
        lambda: len(tts.generate("港の明かりは船が帰る前に灯されました。", language="ja", **words))
    )
    done["publish"] = note(lambda: tts.publish_voice(voice)["voiceId"])
    done["delete"] = note(lambda: tts.delete_voice(voice))
    json.dump(done, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
