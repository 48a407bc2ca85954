"""Drives the official Python SDK of ElevenLabs, and prints what came of each call as JSON.

`elevenlabs_python.py BASE KEY VOICE_FILE CONSENT` runs in the SDKs' own environment.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from elevenlabs.client import ElevenLabs


def note(call: Any) -> dict[str, Any]:
    """Return what a call gave, or the class and the words of its error."""
    try:
        return {"ok": call()}
    except Exception as error:  # noqa: BLE001 - the error's class is what is tested
        return {"error": type(error).__name__, "message": str(error)}


def main(base: str, key: str, sample: str, consent: str) -> None:
    """Clone, list, get, change, speak, stream, be refused, delete."""
    client = ElevenLabs(api_key=key, base_url=base)
    done: dict[str, Any] = {}
    text = "The harbour lamps were lit before the boats came home that evening."
    quay = "Nobody was left on the quay when the last of them had tied up."
    japanese = "港の明かりは船が帰る前に灯されました。"
    labels = {"language": "en", **({"sayso": f"sayso:{consent}"} if consent else {})}
    clone = note(
        lambda: (
            client.voices.ivc.create(
                name="Mara", files=[("mara.wav", Path(sample).read_bytes())], labels=labels
            ).voice_id
        )
    )
    done["clone"], voice = clone, clone.get("ok", "none")
    words = {"voice_id": voice, "model_id": "eleven_flash_v2_5", "language_code": "en"}
    speech = client.text_to_speech

    done["list"] = note(lambda: [one.voice_id for one in client.voices.get_all().voices])
    done["search"] = note(lambda: [one.voice_id for one in client.voices.search().voices])
    done["get"] = note(lambda: client.voices.get(voice).voice_id)
    done["edit"] = note(lambda: client.voices.update(voice, name="Mara").status)
    done["speak"] = note(
        lambda: len(b"".join(speech.convert(text=text, output_format="pcm_16000", **words)))
    )
    done["mp3"] = note(lambda: len(b"".join(speech.convert(text=text, **words))))
    done["stream"] = note(
        lambda: len(b"".join(speech.stream(text=text, output_format="pcm_16000", **words)))
    )
    done["cut"] = note(lambda: len(b"".join(speech.stream(text=f"{text} {quay}", **words))))
    done["timed"] = note(
        lambda: len(speech.convert_with_timestamps(text=text, **words).audio_base_64)
    )
    done["timed_stream"] = note(
        lambda: sum(
            len(one.audio_base_64) for one in speech.stream_with_timestamps(text=text, **words)
        )
    )
    other = words | {"language_code": "ja"}
    done["refused"] = note(lambda: len(b"".join(speech.convert(text=japanese, **other))))
    done["refused_stream"] = note(lambda: len(b"".join(speech.stream(text=japanese, **other))))
    done["models"] = note(lambda: len(client.models.list()))
    done["token"] = note(lambda: client.tokens.single_use.create("realtime_scribe").token)
    done["delete"] = note(lambda: client.voices.delete(voice).status)
    json.dump(done, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
