"""Speech for measurements: real recordings and synthetic voices, the same on every machine.

`clips(seconds, count)` cuts pieces of one length. Real recordings come first, without overlap: the
LibriVox and PocketSphinx recordings of the tests (16 kHz). The rest are espeak-ng voices (16
languages, several variants, speeds and pitches), and one in ten is flite, at the rates that
products use. Nothing is random.
"""

from __future__ import annotations

import io
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from audio.sound import Sound

ROOT = Path(__file__).resolve().parent.parent
RECORDINGS = ROOT / "tests" / "data" / "audio"
RATES = (16_000, 22_050, 24_000, 44_100, 48_000)
# The golden ratio spreads the places in an utterance.
GOLDEN = 0.618034

TEXTS = {
    "en": (
        "The harbour lay quiet in the morning; only two boats had come in, and nobody spoke of the "
        "storm."
    ),
    "de": (
        "Am Morgen lag der Hafen still, nur zwei Boote waren mit der Flut gekommen, und niemand "
        "sprach vom Sturm."
    ),
    "fr": (
        "Au matin, le port était calme ; deux bateaux étaient rentrés, et personne ne parlait de "
        "la tempête."
    ),
    "es": (
        "Por la mañana el puerto estaba tranquilo; solo dos barcos habían entrado y nadie hablaba "
        "de la tormenta."
    ),
    "it": (
        "Al mattino il porto era tranquillo; solo due barche erano rientrate e nessuno parlava "
        "della tempesta."
    ),
    "pt": (
        "De manhã o porto estava calmo; só dois barcos tinham entrado e ninguém falava da "
        "tempestade."
    ),
    "nl": (
        "In de ochtend lag de haven stil; slechts twee boten waren binnengekomen en niemand sprak "
        "over de storm."
    ),
    "pl": (
        "Rano w porcie było cicho; tylko dwie łodzie wpłynęły z przypływem i nikt nie mówił o "
        "burzy."
    ),
    "cs": "Ráno byl přístav tichý; s přílivem připluly jen dvě lodě a o bouři nikdo nemluvil.",
    "sv": (
        "På morgonen låg hamnen stilla; bara två båtar hade kommit in och ingen talade om stormen."
    ),
    "fi": (
        "Aamulla satama oli hiljainen; vain kaksi venettä oli tullut sisään, eikä kukaan puhunut "
        "myrskystä."
    ),
    "hu": (
        "Reggel csendes volt a kikötő; csak két hajó érkezett a dagállyal, és senki sem beszélt a "
        "viharról."
    ),
    "ru": (
        "Утром в гавани было тихо; с приливом пришли только две лодки, и никто не говорил о буре."
    ),
    "tr": (
        "Sabah liman sessizdi; gelgitle yalnızca iki tekne gelmişti ve kimse fırtınadan söz "
        "etmiyordu."
    ),
    "el": (
        "Το πρωί το λιμάνι ήταν ήσυχο· μόνο δύο βάρκες είχαν μπει και κανείς δεν μιλούσε για την "
        "καταιγίδα."
    ),
    "hi": "सुबह बंदरगाह शांत था; केवल दो नावें आई थीं और किसी ने तूफ़ान की बात नहीं की।",
}
OTHER_TEXTS = {
    "en": "Please take the second door on the left, and ask the clerk for a form with two stamps.",
    "de": "Bitte nehmen Sie die zweite Tür links und fragen Sie nach einem Bogen mit zwei Marken.",
    "fr": "Prenez la deuxième porte à gauche et demandez au guichet un formulaire à deux timbres.",
    "es": (
        "Tome la segunda puerta a la izquierda y pida en la ventanilla un impreso con dos sellos."
    ),
    "it": "Prenda la seconda porta a sinistra e chieda allo sportello un modulo con due bolli.",
    "pt": "Entre pela segunda porta à esquerda e peça no balcão um formulário com dois selos.",
    "nl": "Neem de tweede deur links en vraag aan het loket om een formulier met twee zegels.",
    "pl": "Proszę wejść w drugie drzwi po lewej i poprosić o formularz z dwoma znaczkami.",
    "cs": "Vejděte druhými dveřmi vlevo a u přepážky požádejte o tiskopis se dvěma kolky.",
    "sv": "Ta den andra dörren till vänster och be i luckan om en blankett med två stämplar.",
    "fi": "Menkää toisesta ovesta vasemmalle ja pyytäkää luukulta lomake, jossa on kaksi leimaa.",
    "hu": "Kérem, a bal oldali második ajtón menjen be, és kérjen egy űrlapot két bélyeggel.",
    "ru": "Войдите во вторую дверь слева и попросите в окошке бланк с двумя печатями.",
    "tr": "Lütfen soldaki ikinci kapıdan girin ve gişeden iki pullu bir form isteyin.",
    "el": "Μπείτε από τη δεύτερη πόρτα αριστερά και ζητήστε ένα έντυπο με δύο σφραγίδες.",
    "hi": "कृपया बाईं ओर के दूसरे दरवाज़े से जाइए और खिड़की पर दो मुहरों वाला फ़ॉर्म माँगिए।",
}
OTHERS = 100_003
"""The number of the first of `other_clips`."""

ESPEAK = tuple(
    (language, f"{language}{variant}")
    for language in TEXTS
    for variant in (
        ("", "+f2", "+m3") if language not in {"en", "de"} else ("", "+f2", "+m3", "+f4")
    )
)
FLITE = ("awb", "kal", "kal16", "rms", "slt")


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """One piece of speech and where it comes from."""

    name: str
    human: bool
    sound: Sound


def clips(seconds: float, count: int = 300) -> list[Clip]:
    """Return `count` clips of this many seconds, a quarter of them real at most."""
    human = list(_human(seconds))[: max(1, count // 4)]
    return human + [_synthetic(index, seconds) for index in range(count - len(human))]


def other_clips(seconds: float, count: int = 100) -> list[Clip]:
    """Return `count` clips of texts, voices' settings and places that `clips` does not have.

    For what was tuned on those. None is of people.
    """
    return [_synthetic(index, seconds, OTHER_TEXTS) for index in range(OTHERS, OTHERS + count)]


def _human(seconds: float) -> Iterator[Clip]:
    for path in sorted(RECORDINGS.glob("librivox-*.wav")) + sorted(
        RECORDINGS.glob("pocketsphinx-*.flac")
    ):
        sound = read_recording(path.read_bytes())
        size = round(seconds * sound.rate)
        for piece in range(sound.samples.size // size):
            part = np.ascontiguousarray(sound.samples[piece * size : (piece + 1) * size])
            yield Clip(name=f"{path.stem}.{piece}", human=True, sound=Sound(part, sound.rate))


def _synthetic(index: int, seconds: float, texts: Mapping[str, str] = TEXTS) -> Clip:
    """Return the synthetic clip with this number.

    Voice, speed, pitch and place in the utterance all follow from the number.
    """
    if index % 10 == 9:
        voice = FLITE[index // 10 % len(FLITE)]
        stretch = f"duration_stretch={0.85 + 0.05 * (index // 50 % 7):.2f}"
        text = " ".join([texts["en"]] * 3)
        spoken = read_recording(
            _run(["flite", "-voice", voice, "--setf", stretch, "-t", text, "-o", "/dev/stdout"])
        )
        name = f"flite-{voice}-{index}"
    else:
        language, voice = ESPEAK[index % len(ESPEAK)]
        speed, pitch = 130 + 10 * (index % 7), 35 + 7 * index % 30
        text = " ".join([texts[language]] * 3)
        spoken = read_recording(
            _run(["espeak-ng", "-v", voice, "-s", str(speed), "-p", str(pitch), "--stdout", text])
        )
        name = f"espeak-{voice}-{index}"

    start = int((index * GOLDEN) % 1.0 * (spoken.samples.size - seconds * spoken.rate))
    part = np.ascontiguousarray(spoken.samples[start : start + round(seconds * spoken.rate)])
    return Clip(
        name=name, human=False, sound=Sound(part, spoken.rate).resample(RATES[index % len(RATES)])
    )


def _run(command: list[str]) -> bytes:
    return subprocess.run(command, check=True, capture_output=True).stdout


def read_recording(data: bytes) -> Sound:
    """Return the sound of a file without the silence around it."""
    samples, rate = soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)
    return _audible(np.ascontiguousarray(samples.mean(axis=1)), int(rate))


def _audible(samples: NDArray[np.float32], rate: int) -> Sound:
    """Return the sound without the silence around it, so that a whole clip is speech."""
    loud = np.flatnonzero(np.abs(samples) > 0.02 * np.abs(samples).max())
    return Sound(np.ascontiguousarray(samples[loud[0] : loud[-1] + 1]), rate)
