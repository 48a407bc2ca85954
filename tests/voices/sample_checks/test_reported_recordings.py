"""The recordings of the cases as samples, with their bytes: each is read and judged as it should
be.
"""

from __future__ import annotations

import io
import struct
from functools import cache

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from audio.decoding import decode_untrusted
from audio.sound import Sound
from tests.support import audio_files
from tests.support import sample_recordings as r

PERSON = r.joined(audio_files.clip("0870"), audio_files.clip("0890")).samples.astype(np.float64)
RECORDING = 0.8 * PERSON
FULL = PERSON / np.abs(PERSON).max()
CLIPPED = np.clip(6 * FULL, -1, 1)
A_LIST = b"LIST" + struct.pack("<I", 17) + b"INFOICMT" + struct.pack("<I", 5) + b"hello"


def pcm16(samples: NDArray[np.float64], **header: int | bytes) -> bytes:
    whole = np.clip(np.rint(samples * 32768), -32768, 32767).astype("<i2")
    return audio_files.wav(whole.tobytes(), **header)  # type: ignore[arg-type]  # by their names


def floats(samples: NDArray[np.float64]) -> bytes:
    return audio_files.wav(samples.astype("<f4").tobytes(), bits=32, kind=3)


def stereo(left: NDArray[np.float64], right: NDArray[np.float64]) -> bytes:
    return pcm16(np.stack([left, right], axis=1).ravel(), channels=2)


def extensible(samples: NDArray[np.float64]) -> bytes:
    sink = io.BytesIO()
    soundfile.write(sink, samples, 16_000, "PCM_24", format="WAVEX")
    return sink.getvalue()


def with_ds64(kind: bytes) -> bytes:
    """A WAV whose lengths stand in a chunk of 64 bits."""
    plain = pcm16(RECORDING, size=0xFFFFFFFF)
    size = 2 * len(RECORDING)
    ds64 = b"ds64" + struct.pack("<IQQQI", 28, len(plain) + 28, size, 0, 0)
    return kind + b"\xff" * 4 + b"WAVE" + ds64 + plain[12:]


def decibels(change: float) -> float:
    return float(10 ** (change / 20))


THE_SAME = {
    "03 lengths written to a pipe": pcm16(RECORDING, size=0x7FFFF000, riff=0x7FFFF024),
    "05 lengths of nothing": pcm16(RECORDING, size=0, riff=0),
    "06 an odd chunk without a pad": pcm16(RECORDING, before=A_LIST),
    "16 one channel turned round": stereo(RECORDING, -RECORDING),
    "60 24 bits in an extensible format": extensible(RECORDING),
    "60 lengths of all ones": pcm16(RECORDING, size=0xFFFFFFFF, riff=0xFFFFFFFF),
    "60 a list of zeros": pcm16(RECORDING, before=b"LIST" + struct.pack("<I", 4092) + bytes(4092)),
    "60 a broadcast chunk": pcm16(RECORDING, before=b"bext" + struct.pack("<I", 602) + bytes(602)),
    "60 the left channel alone": stereo(RECORDING, 0 * RECORDING),
}
"""Files that are read as the recording itself."""
JUDGED: dict[str, tuple[bytes, list[str]]] = {
    "the recording": (pcm16(RECORDING), []),
    "18 a tenth of full scale added": (pcm16(0.7 * RECORDING + 0.1), []),
    "18 a fifth of full scale added": (pcm16(0.7 * RECORDING + 0.2), []),
    "20 a peak of +8 dB": (floats(FULL * decibels(8)), []),
    "20 a peak of +12 dB": (floats(FULL * decibels(12)), []),
    "20 a peak of +20 dB": (floats(FULL * decibels(20)), []),
    "20 a clipped one": (pcm16(CLIPPED), ["sample_clipped"]),
    "20 a clipped one made louder": (floats(3 * CLIPPED), ["sample_clipped"]),
    "21 a peak of -52 dB": (floats(FULL * decibels(-52)), []),
    "21 a peak of -60 dB": (floats(FULL * decibels(-60)), ["sample_too_quiet"]),
    "22 five seconds of nothing in front": (
        pcm16(np.concatenate((np.zeros(80_000), RECORDING))),
        [],
    ),
}


@pytest.mark.parametrize("case", THE_SAME)
def test_a_case_is_read_as_the_recording_itself(case: str) -> None:
    found = decode_untrusted(THE_SAME[case])

    # The mean of speech and of an empty channel is half as loud.
    louder = np.abs(RECORDING).max() / np.abs(found.sound.samples).max()
    assert louder * found.sound.samples == pytest.approx(RECORDING, abs=1e-3)
    assert not found.is_cut_off


@cache
def find_codes(samples: bytes, rate: int) -> list[str]:
    """What is wrong with a sound. Several files are one sound."""
    report = r.report_on(Sound(np.frombuffer(samples, np.float32), rate))
    return [fault.code for fault in report.faults]


@pytest.mark.parametrize("case", JUDGED)
def test_a_case_is_judged_as_it_should_be(case: str) -> None:
    data, wanted = JUDGED[case]
    sound = decode_untrusted(data).sound

    assert find_codes(sound.samples.tobytes(), sound.rate) == wanted
