"""Drives the official Python SDK of Cartesia, and prints what came of each call as JSON.

`cartesia_python.py BASE KEY VOICE_FILE CONSENT` runs in the SDKs' own environment.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from cartesia import Cartesia


def note(call: Any) -> dict[str, Any]:
    """Return what a call gave, or the class and the words of its error."""
    try:
        return {"ok": call()}
    except Exception as error:  # noqa: BLE001 - the error's class is what is tested
        return {"error": type(error).__name__, "message": str(error)}


def main(base: str, key: str, sample: str, consent: str) -> None:
    """Clone, list, get, change, speak, stream, be refused, delete."""
    client = Cartesia(api_key=key, base_url=base)
    done: dict[str, Any] = {}
    text = "The harbour lamps were lit before the boats came home that evening."
    quay = "Nobody was left on the quay when the last of them had tied up."
    japanese = "港の明かりは船が帰る前に灯されました。"
    facts = {"description": f"sayso:{consent}"} if consent else {}
    clip = ("mara.wav", Path(sample).read_bytes())
    clone = note(lambda: client.voices.clone(clip=clip, name="Mara", language="en", **facts).id)
    done["clone"], voice = clone, clone.get("ok", "none")
    raw: Any = {"container": "raw", "encoding": "pcm_s16le", "sample_rate": 24_000}
    wav: Any = raw | {"container": "wav"}
    words: Any = {"model_id": "sonic-3", "transcript": text, "language": "en", "voice": voice}
    speech = client.tts

    done["list"] = note(lambda: [one.id for one in client.voices.list(limit=1)])
    done["get"] = note(lambda: client.voices.get(voice).id)
    done["update"] = note(lambda: client.voices.update(voice, name="Mara").id)
    done["speak"] = note(lambda: len(speech.generate(output_format=raw, **words).read()))
    as_object = words | {"voice": {"mode": "id", "id": voice}}
    done["wav"] = note(lambda: len(speech.generate(output_format=wav, **as_object).read()))
    done["stream"] = note(
        lambda: sum(
            len(one.audio or b"")
            for one in speech.generate_sse(output_format=raw, **words)
            if one.type == "chunk"
        )
    )
    done["events"] = note(
        lambda: sorted({one.type for one in speech.generate_sse(output_format=raw, **words)})
    )
    longer = words | {"transcript": f"{text} {quay}"}
    done["cut"] = note(lambda: len(speech.generate(output_format=raw, **longer).read()))
    done["cut_events"] = note(lambda: len(list(speech.generate_sse(output_format=raw, **longer))))
    other = words | {"transcript": japanese, "language": "ja"}
    done["refused"] = note(lambda: len(speech.generate(output_format=raw, **other).read()))
    done["refused_stream"] = note(
        lambda: len(list(speech.generate_sse(output_format=raw, **other)))
    )
    vector = words | {"voice": {"mode": "embedding", "embedding": [0.1, 0.2]}}
    done["vector"] = note(lambda: len(speech.generate(output_format=raw, **vector).read()))
    done["token"] = note(lambda: client.access_token.create(grants={"tts": True}).token)
    done["delete"] = note(lambda: client.voices.delete(voice))
    json.dump(done, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
