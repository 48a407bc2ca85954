"""The recordings of cases 03 to 22 and 60, sent to a server that listens: who is honest gets a
voice, and who is refused is told the true cause.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from config.demo.client import Client, DemoResponse
from tests.support import processes
from tests.support.api_client import AUDIOBOOK, Customer
from tests.voices.sample_checks import test_reported_recordings as reported

FIELD_FILES: Final = Path(__file__).parents[1] / "data" / "field_files"
NOISY_LEAD: Final = np.random.default_rng(4).normal(0, 0.001, 60 * 16_000)
GATE: Final = np.convolve(np.abs(reported.RECORDING), np.ones(800) / 800, "same") > 0.01

HONEST: Final = {
    **reported.THE_SAME,
    **{name: data for name, (data, faults) in reported.JUDGED.items() if not faults},
    "07 a header of 64 bits": reported.with_ds64(b"RF64"),
    "08 a broadcast header of 64 bits": reported.with_ds64(b"BW64"),
    "17 the other channel hums": reported.stereo(
        reported.RECORDING, 0.3 * np.sin(2 * np.pi * 50 * np.arange(len(GATE)) / 16_000)
    ),
    "19 an offset that wanders": reported.pcm16(
        0.7 * reported.RECORDING + 0.2 * np.sin(np.arange(len(GATE)) * 2 * np.pi * 3 / 16_000)
    ),
    "22 a minute of nothing in front": reported.pcm16(
        np.concatenate((np.zeros(60 * 16_000), reported.RECORDING))
    ),
    "23 a gate between the words": reported.pcm16(np.where(GATE, reported.RECORDING, 0)),
    "24 a minute of room in front": reported.pcm16(
        np.concatenate((NOISY_LEAD, reported.RECORDING))
    ),
}
REFUSED: Final = {
    **{name: (data, faults[0], "") for name, (data, faults) in reported.JUDGED.items() if faults},
    # Three seconds are too few for a voice, and that alone is wrong with these.
    **{
        path.name: (path.read_bytes(), "sample_too_short", "")
        for path in sorted(FIELD_FILES.iterdir())
        if path.name[:2] in {"03", "05", "06", "07", "08", "11", "12"}
    },
    "09-gsm.wav": ((FIELD_FILES / "09-gsm.wav").read_bytes(), "sample_unreadable", "GSM"),
    "09-ima.wav": ((FIELD_FILES / "09-ima.wav").read_bytes(), "sample_unreadable", "ADPCM"),
    "10 no sound at all": (b"only words", "sample_unreadable", ""),
}
"""By case: the bytes, the code of the fault, and a word that its sentence has."""


def clone(person: Customer, data: bytes) -> DemoResponse:
    """Ask for a voice of this recording."""
    return person.client.post(
        "/v1/voices",
        {
            "consent": person.consent,
            "name": "Mara",
            "language": "en",
            "use_case": AUDIOBOOK,
            "samples": [{"audio_base64": base64.b64encode(data).decode()}],
        },
    )


def is_refused_for(answer: DemoResponse, code: str, word: str) -> bool:
    """Whether this alone is wrong with the recording, with its place."""
    if answer.status != 422:
        return False
    errors: list[dict[str, Any]] = answer.json["errors"]
    found = [(fault["attr"], fault["code"], word in fault["detail"]) for fault in errors]
    return found == [("samples.0", code, True)]


def test_recordings_of_cases_03_to_24_are_let_in_or_refused_for_what_is_true(
    child_environment: Mapping[str, str], acme_key: str, tmp_path: Path
) -> None:
    wrong = {}
    environment = {**child_environment, "REDIS_URL": ""}
    with processes.web(environment, tmp_path / "web.log") as base:
        person = Customer(client=Client(base=base, key=acme_key))
        person.meet()

        for case, data in HONEST.items():
            answer = clone(person, data)
            if answer.status != 201:
                wrong[case] = answer.body
        for case, (data, code, word) in REFUSED.items():
            answer = clone(person, data)
            if not is_refused_for(answer, code, word):
                wrong[case] = answer.body

        assert len(person.get("/v1/voices?limit=100")["data"]) == len(HONEST)
    assert wrong == {}
