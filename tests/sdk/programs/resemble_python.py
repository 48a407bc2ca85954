"""Drives the official Python SDK of Resemble, and prints what came of each call as JSON.

`resemble_python.py BASE API_BASE KEY VOICE_FILE STATEMENT_FILE CONSENT` runs in the SDKs' own
environment. The SDK raises for no status but that of a stream: an answer is a dictionary.
"""

from __future__ import annotations

import base64
import json
import sys
import time
from pathlib import Path
from typing import Any

from resemble import Resemble

TEXT = "The harbour lamps were lit before the boats came home that evening."
MOST_SECONDS = 100


def note(call: Any) -> dict[str, Any]:
    """Return what a call gave, or the class and the words of its error."""
    try:
        return {"ok": call()}
    except Exception as error:  # noqa: BLE001 - the error's class is what is tested
        return {"error": type(error).__name__, "message": str(error)}


def wait_until_trained(voice: str) -> str:
    """Return the voice's status once it is trained, or failed."""
    status = ""
    for _ in range(MOST_SECONDS):
        status = Resemble.v2.voices.get(voice)["item"]["status"]
        if status in {"finished", "failed"}:
            break
        time.sleep(1)
    return status


def main(base: str, api_base: str, key: str, sample: str, statement: str, consent: str) -> None:
    """Create a voice with its consent, record, build, speak, stream, be refused, delete."""
    Resemble.api_key(key)
    Resemble.base_url(api_base)
    Resemble.direct_syn_server_url(f"{base}/synthesize")
    Resemble.syn_server_url(base)
    api, done = Resemble.v2, {}
    token = f" sayso:{consent}" if consent else ""
    spoken = base64.b64encode(Path(statement).read_bytes()).decode()

    done["create"] = note(lambda: api.voices.create(f"Mara{token}", spoken)["item"]["uuid"])
    voice = done["create"].get("ok", "none")
    with Path(sample).open("rb") as file:
        done["record"] = note(
            lambda: api.recordings.create(voice, file, "one", "A reading.", True, "neutral")
        )
    done["build"] = note(lambda: api.voices.build(voice))
    done["trained"] = note(lambda: wait_until_trained(voice))
    done["list"] = note(lambda: [one["name"] for one in api.voices.all(1, 10)["items"]])

    direct = {"project_uuid": "harbour", "voice_uuid": voice, "output_format": "wav"}
    done["direct"] = note(
        lambda: len(api.clips.create_direct(data=TEXT, **direct)["audio_content"])
    )
    done["stream"] = note(
        lambda: sum(len(piece) for piece in api.clips.stream("harbour", voice, TEXT))
    )
    if consent:
        done["clip"] = note(
            lambda: len(
                api.clips.create_sync("harbour", voice, TEXT, raw=True)["item"]["raw_audio"]
            )
        )
        other = "港の明かりは船が帰る前に灯されました。"
        done["refused"] = note(lambda: api.clips.create_direct(data=other, **direct))
        done["refused_stream"] = note(lambda: list(api.clips.stream("harbour", voice, other)))
        done["batch"] = note(lambda: api.batches.create("harbour", voice, [TEXT]))
    done["delete"] = note(lambda: api.voices.delete(voice)["success"])
    json.dump(done, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
