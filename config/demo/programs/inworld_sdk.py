"""Speaks with Inworld's own SDK. Only its address and its key are ours.

`inworld_sdk.py BASE KEY CONSENT SAMPLE WAV` runs in the environment of the providers' SDKs, and
prints a line a call.
"""

from __future__ import annotations

import sys

from inworld_tts import ApiError, InworldTTS

ENGLISH = "The harbour lamps were lit before the boats came home that evening."
JAPANESE = "港の明かりは、船が帰る前に灯されました。"


def main(base: str, key: str, consent: str, sample: str, wav: str) -> None:
    """Clone a voice, speak with it, and be refused."""
    tts = InworldTTS(api_key=key, base_url=base)

    made = tts.clone_voice([sample], display_name="Mara", lang="EN_US", tags=[f"sayso:{consent}"])
    voice = made["voice"]["voiceId"]
    sys.stdout.write(f"clone_voice: {voice}\n")

    words = {"voice": voice, "model": "inworld-tts-2", "encoding": "WAV", "sample_rate": 24_000}
    audio = tts.generate(ENGLISH, language="en", output_file=wav, **words)
    sys.stdout.write(f"generate, English: {len(audio) // 1024} kB\n")

    try:
        tts.generate(JAPANESE, language="ja", **words)
    except ApiError as refusal:
        sys.stdout.write(f"generate, Japanese: {type(refusal).__name__}: {refusal}\n")
    else:
        sys.exit("Japanese was not refused")


if __name__ == "__main__":
    main(*sys.argv[1:])
