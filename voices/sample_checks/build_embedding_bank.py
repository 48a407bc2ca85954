"""The builder of the bank of synthesisers' embeddings.

Run it with `python -m voices.sample_checks.build_embedding_bank`. It needs Flite on the PATH. Run
it again only when the encoder's weights change. The result is checked in.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

import numpy as np
import soundfile

from audio.sound import Sound
from engine.espeak_process import NORMAL_RATE, SynthesiserProcess, Utterance
from voices.sample_checks import speaker_encoder, voice_activity

BANK: Final = Path(__file__).with_name("weights") / "synthesiser_bank_f16.npz"
TEXT: Final = (
    "The night train left at ten, a little late as ever. Nobody on the platform waved, and the "
    "guard, who had seen it "
    "all before, went back inside to finish his tea. How many such evenings had there been since "
    "the summer?"
)
ESPEAK: Final = tuple(
    (f"{voice}{variant}", pitch)
    for voice, variants in (
        ("gmw/en", ("", "+f3", "+m3")),
        ("gmw/en-US", ("", "+f2", "+f3", "+f5", "+m1", "+m3", "+m7")),
        ("gmw/de", ("", "+f3")),
        ("roa/es", ("", "+f3")),
        ("roa/fr", ("", "+f3")),
        ("roa/it", ("", "+f3")),
        ("zlw/pl", ("", "+f3")),
        ("gmw/nl", ("",)),
        ("gmq/sv", ("",)),
    )
    for variant in variants
    for pitch in (35, 65)
)
FLITE: Final = ("kal16", "awb", "rms", "slt")


def main() -> None:
    """Speak the text with every voice and store the embeddings."""
    synthesiser = SynthesiserProcess()
    names, rows = [], []
    for voice, pitch in ESPEAK:
        sound = synthesiser.say(Utterance(text=TEXT, voice=voice, rate=NORMAL_RATE, pitch=pitch))
        if sound is None:
            raise SystemExit(f"espeak-ng has no voice {voice}")
        names.append(f"espeak:{voice}:{pitch}")
        rows.append(_embed(sound))

    for voice in FLITE:
        names.append(f"flite:{voice}")
        rows.append(_embed(_synthesize_with_flite(voice)))

    np.savez_compressed(BANK, names=np.array(names), embeddings=np.stack(rows).astype(np.float16))
    sys.stdout.write(f"{len(names)} voices in {BANK.name}\n")


def _embed(sound: Sound) -> np.ndarray:
    return speaker_encoder.compute_embedding(voice_activity.detect_speech(sound).speech)


def _synthesize_with_flite(voice: str) -> Sound:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "said.wav"
        # A fixed command of a developer's tool, with Flite from the PATH.
        subprocess.run(  # noqa: S603
            ["flite", "-voice", voice, "-t", TEXT, "-o", str(path)],  # noqa: S607
            check=True,
        )
        samples, rate = soundfile.read(path, dtype="float32")

    return Sound(samples, rate)


if __name__ == "__main__":
    main()
