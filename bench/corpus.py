"""Speech to measure on: synthetic voices in many languages and the real recordings that this machine has."""

from __future__ import annotations

import io
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from provenance.audio.sound import Sound

ROOT = Path(__file__).resolve().parent.parent
LIBRIVOX = ROOT / "tests" / "data" / "audio"
SPHINX = Path("/usr/share/pocketsphinx/test/data")
ALSA = Path("/usr/share/sounds/alsa")
RATES = (16_000, 22_050, 24_000, 44_100, 48_000)

TEXTS = {
    "en": "The harbour lay quiet in the morning; only two boats had come in, and nobody spoke of the storm.",
    "de": "Am Morgen lag der Hafen still, nur zwei Boote waren mit der Flut gekommen, und niemand sprach vom Sturm.",
    "fr": "Au matin, le port était calme ; deux bateaux étaient rentrés, et personne ne parlait de la tempête.",
    "es": "Por la mañana el puerto estaba tranquilo; solo dos barcos habían entrado y nadie hablaba de la tormenta.",
    "it": "Al mattino il porto era tranquillo; solo due barche erano rientrate e nessuno parlava della tempesta.",
    "pt": "De manhã o porto estava calmo; só dois barcos tinham entrado e ninguém falava da tempestade.",
    "nl": "In de ochtend lag de haven stil; slechts twee boten waren binnengekomen en niemand sprak over de storm.",
    "pl": "Rano w porcie było cicho; tylko dwie łodzie wpłynęły z przypływem i nikt nie mówił o burzy.",
    "cs": "Ráno byl přístav tichý; s přílivem připluly jen dvě lodě a o bouři nikdo nemluvil.",
    "sv": "På morgonen låg hamnen stilla; bara två båtar hade kommit in och ingen talade om stormen.",
    "fi": "Aamulla satama oli hiljainen; vain kaksi venettä oli tullut sisään, eikä kukaan puhunut myrskystä.",
    "hu": "Reggel csendes volt a kikötő; csak két hajó érkezett a dagállyal, és senki sem beszélt a viharról.",
    "ru": "Утром в гавани было тихо; с приливом пришли только две лодки, и никто не говорил о буре.",
    "tr": "Sabah liman sessizdi; gelgitle yalnızca iki tekne gelmişti ve kimse fırtınadan söz etmiyordu.",
    "el": "Το πρωί το λιμάνι ήταν ήσυχο· μόνο δύο βάρκες είχαν μπει και κανείς δεν μιλούσε για την καταιγίδα.",
    "hi": "सुबह बंदरगाह शांत था; केवल दो नावें आई थीं और किसी ने तूफ़ान की बात नहीं की।",
}
ESPEAK = tuple(
    (language, f"{language}{variant}")
    for language in TEXTS
    for variant in (("", "+f2", "+m3") if language not in {"en", "de"} else ("", "+f2", "+m3", "+f4"))
)
FLITE = ("awb", "kal", "kal16", "rms", "slt")


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """One piece of speech and where it comes from."""

    name: str
    human: bool
    sound: Sound


def clips(*, least_seconds: float = 3.0, most_seconds: float = 5.0) -> list[Clip]:
    """All speech there is, cut to lengths spread evenly between the bounds, at the rates that products use."""
    found = []
    for index, (name, human, sound) in enumerate(_sources()):
        seconds = least_seconds + (most_seconds - least_seconds) * ((index * 0.618034) % 1.0)
        seconds = min(seconds, max(least_seconds, sound.seconds))
        pieces = 2 if sound.seconds >= 2 * seconds else 1
        for piece in range(pieces):
            start = piece * round(seconds * sound.rate)
            part = sound.samples[start : start + round(seconds * sound.rate)]
            if part.size < 0.95 * least_seconds * sound.rate:
                continue
            # Human recordings keep their rate, synthetic ones take turns.
            rate = sound.rate if human else RATES[index % len(RATES)]
            found.append(
                Clip(
                    name=f"{name}.{piece}" if pieces > 1 else name,
                    human=human,
                    sound=Sound(np.ascontiguousarray(part), sound.rate).resampled(rate),
                )
            )
    return found


def _sources() -> Iterator[tuple[str, bool, Sound]]:
    for path in sorted(LIBRIVOX.glob("*.wav")):
        yield path.stem, True, _read(path.read_bytes())
    if SPHINX.is_dir():
        cards = [_read(path.read_bytes()) for path in sorted((SPHINX / "cards").glob("*.wav"))]
        for at in range(len(cards) - 1):
            yield f"cards-{at}", True, _joined(cards[at : at + 3])
        for name in ("goforward", "numbers", "something"):
            raw = np.fromfile(SPHINX / f"{name}.raw", dtype="<i2")
            yield name, True, Sound((raw / 32768).astype(np.float32), 16_000)
    alsa = [_read(path.read_bytes()) for path in sorted(ALSA.glob("*_*.wav"))]
    for at in range(0, len(alsa) - 2, 3):
        yield f"alsa-{at}", True, _joined(alsa[at : at + 3])
    yield from _synthetic()


def _synthetic() -> Iterator[tuple[str, bool, Sound]]:
    if shutil.which("flite"):
        for voice in FLITE:
            command = ["flite", "-voice", voice, "-t", TEXTS["en"], "-o", "/dev/stdout"]
            yield f"flite-{voice}", False, _read(_run(command))
    if shutil.which("espeak-ng"):
        for language, voice in ESPEAK:
            yield f"espeak-{voice}", False, _read(_run(["espeak-ng", "-v", voice, "--stdout", TEXTS[language]]))


def _run(command: list[str]) -> bytes:
    return subprocess.run(command, check=True, capture_output=True).stdout


def _read(data: bytes) -> Sound:
    samples, rate = soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)
    return _audible(np.ascontiguousarray(samples.mean(axis=1)), int(rate))


def _audible(samples: NDArray[np.float32], rate: int) -> Sound:
    """Without the silence around it, so that a clip of three seconds holds three seconds of speech."""
    loud = np.flatnonzero(np.abs(samples) > 0.02 * np.abs(samples).max())
    return Sound(np.ascontiguousarray(samples[loud[0] : loud[-1] + 1]), rate)


def _joined(sounds: list[Sound]) -> Sound:
    return Sound(np.concatenate([sound.samples for sound in sounds]), sounds[0].rate)
