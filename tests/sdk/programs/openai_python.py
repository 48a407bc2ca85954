"""Drives the official Python SDK of OpenAI, and prints what came of each call as JSON.

`openai_python.py BASE KEY VOICE_FILE STATEMENT_FILE CONSENT` runs in the SDKs' own environment.
"""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path
from typing import Any

from openai import OpenAI

MODEL = "gpt-4o-mini-tts"
TEXT = "The harbour lamps were lit before the boats came home that evening."


def note(call: Any) -> dict[str, Any]:
    """Return what a call gave, or the class and the words of its error."""
    try:
        return {"ok": call()}
    except Exception as error:  # noqa: BLE001 - the error's class is what is tested
        return {"error": type(error).__name__, "message": str(error)}


def stream(client: Any, **words: Any) -> int:
    """Return how many bytes a streamed answer gave."""
    speech = client.audio.speech.with_streaming_response
    with speech.create(model=MODEL, input=TEXT, **words) as response:
        return sum(len(piece) for piece in response.iter_bytes())


def read_events(client: Any, **words: Any) -> int:
    """Return how many bytes of audio the events held, behind which stood the last one."""
    speech = client.audio.speech.with_streaming_response
    heard, ended = 0, False
    with speech.create(model=MODEL, input=TEXT, stream_format="sse", **words) as response:
        for line in response.iter_lines():
            if line.startswith("data: "):
                event = json.loads(line.removeprefix("data: "))
                ended = event["type"] == "speech.audio.done"
                heard += len(base64.b64decode(event.get("audio", "")))
    return heard if ended else 0


def main(base: str, key: str, sample: str, statement: str, consent: str) -> None:
    """Upload a consent, clone, speak, stream, be refused, delete."""
    headers = {"Sayso-Language": "en", **({"Sayso-Consent": consent} if consent else {})}
    client = OpenAI(api_key=key, base_url=base, default_headers=headers)
    speech, consents, voices = client.audio.speech, client.audio.voice_consents, client.audio.voices
    done: dict[str, Any] = {}

    spoken, recording = Path(statement), Path(sample)
    facts = {"name": "Mara", "language": "en-US"}
    done["consent"] = note(lambda: consents.create(recording=spoken, **facts).id)
    stated = done["consent"].get("ok", "none")
    done["consents"] = note(lambda: [one.id for one in consents.list()])
    done["shown"] = note(lambda: consents.retrieve(stated).name)
    done["renamed"] = note(lambda: consents.update(stated, name="Harbour").name)
    done["clone"] = note(
        lambda: voices.create(name="Mara", audio_sample=recording, consent=stated).id
    )
    voice: Any = {"id": done["clone"].get("ok", "none")}

    words = {"model": MODEL, "voice": voice}
    done["speak"] = note(lambda: len(speech.create(input=TEXT, **words).read()))
    done["wav"] = note(
        lambda: len(speech.create(input=TEXT, response_format="wav", **words).read())
    )
    done["stream"] = note(lambda: stream(client, voice=voice, response_format="pcm"))
    done["events"] = note(lambda: read_events(client, voice=voice, response_format="pcm"))
    done["refused"] = note(
        lambda: len(
            speech.create(
                input="港の明かりは船が帰る前に灯されました。",
                extra_headers={"Sayso-Language": "ja"},
                **words,
            ).read()
        )
    )
    done["stranger"] = note(
        lambda: len(speech.create(input=TEXT, model=MODEL, voice="shimmer").read())
    )
    done["models"] = note(lambda: len(list(client.models.list())))
    done["forgotten"] = note(lambda: consents.delete(stated).deleted)
    done["delete"] = note(lambda: voices.delete(voice["id"]).deleted)
    json.dump(done, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
