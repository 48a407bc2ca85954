"""Drives both Python SDKs of Fish Audio, and prints what came of each call as JSON.

`fish_python.py MODULE BASE KEY VOICE_FILE CONSENT` runs in the SDKs' own environment. `MODULE` is
`fishaudio`, or `fish_audio_sdk`, the older one.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path
from typing import Any

import fish_audio_sdk
import fishaudio
from fishaudio.core import RequestOptions

TEXT = "The harbour lamps were lit before the boats came home that evening."
SPANISH = "Las lámparas del puerto se encendieron antes de que volvieran los barcos."


def note(call: Any) -> dict[str, Any]:
    """Return what a call gave, or the class and the words of its error."""
    try:
        return {"ok": call()}
    except Exception as error:  # noqa: BLE001 - the error's class is what is tested
        return {"error": type(error).__name__, "message": str(error)}


def drive_new(base: str, key: str, sample: bytes, consent: str) -> dict[str, Any]:
    """Clone, list, speak, stream, be refused, delete."""
    client = fishaudio.FishAudio(api_key=key, base_url=base)
    tags = [f"sayso:{consent}"] if consent else ["calm"]
    done = {
        "clone": note(lambda: client.voices.create(title="Mara", voices=[sample], tags=tags).id)
    }
    voice = done["clone"].get("ok", "none")
    done["list"] = note(lambda: [one.id for one in client.voices.list().items])
    done["get"] = note(lambda: client.voices.get(voice).visibility)
    done["update"] = note(lambda: client.voices.update(voice, title="Calm Mara"))
    done["public"] = note(lambda: client.voices.update(voice, visibility="public"))
    words = {"reference_id": voice, "format": "wav"}
    done["speak"] = note(lambda: len(client.tts.convert(text=TEXT, **words)))
    done["mp3"] = note(lambda: len(client.tts.convert(text=TEXT, reference_id=voice)))
    done["stream"] = note(lambda: sum(map(len, client.tts.stream(text=TEXT, **words))))
    recordings = [fishaudio.ReferenceAudio(audio=sample, text="")]
    named = RequestOptions(additional_headers={"Sayso-Consent": consent} if consent else {})
    done["inline"] = note(
        lambda: len(
            client.tts.convert(
                text=TEXT, references=recordings, request_options=named, format="wav"
            )
        )
    )
    other = [fishaudio.ReferenceAudio(audio=sample[:-4000], text="")]
    done["refused_inline"] = note(
        lambda: len(client.tts.convert(text=TEXT, references=other, request_options=named))
    )
    done["refused"] = note(lambda: len(client.tts.convert(text=SPANISH, **words)))
    done["websocket"] = note(
        lambda: sum(map(len, client.tts.stream_websocket(iter([TEXT]), reference_id=voice)))
    )
    done["credits"] = note(lambda: str(client.account.get_credits()))
    done["delete"] = note(lambda: client.voices.delete(voice))
    return done


def drive_old(base: str, key: str, sample: bytes, consent: str) -> dict[str, Any]:
    """Do the same with the older SDK, whose calls name no header."""
    client = fish_audio_sdk.Session(key, base_url=base)
    facts = {"title": "Mara", "description": f"sayso:{consent}" if consent else "calm"}
    done = {"clone": note(lambda: client.create_model(voices=[sample], **facts).id)}
    voice = done["clone"].get("ok", "none")
    done["list"] = note(lambda: [one.id for one in client.list_models().items])
    done["get"] = note(lambda: client.get_model(voice).visibility)
    done["update"] = note(lambda: client.update_model(voice, title="Calm Mara"))
    done["public"] = note(lambda: client.update_model(voice, visibility="public"))

    def speak(text: str, **words: Any) -> int:
        order = fish_audio_sdk.TTSRequest(text=text, **words)
        return sum(map(len, client.tts(order, backend="s1")))

    done["speak"] = note(lambda: speak(TEXT, reference_id=voice, format="wav"))
    done["mp3"] = note(lambda: speak(TEXT, reference_id=voice))
    done["stream"] = note(lambda: speak(TEXT, reference_id=voice, format="pcm"))
    done["refused"] = note(lambda: speak(SPANISH, reference_id=voice))
    done["credits"] = note(lambda: str(client.get_api_credit()))
    done["delete"] = note(lambda: client.delete_model(voice))
    return done


def main(module: str, base: str, key: str, sample: str, consent: str) -> None:
    """Drive one of the two."""
    warnings.simplefilter("ignore")
    drive = {"fishaudio": drive_new, "fish_audio_sdk": drive_old}[module]
    json.dump(drive(base, key, Path(sample).read_bytes(), consent), sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
