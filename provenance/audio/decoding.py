"""Decoding: foreign bytes in a limited child process, bytes of our own making in this one."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import soundfile
from django.conf import settings

from core.errors import Unavailable
from provenance import processes
from provenance.audio import claims, formats
from provenance.audio.formats import Container, UnreadableAudio
from provenance.audio.sound import Sound, from_pcm16

MAX_SECONDS: Final = 300
KEEP_RATE: Final = 48_000
"""Faster recordings are brought down to this; no check and no codec of ours wants more."""
WALL_SECONDS: Final = 30
_COMMAND: Final = processes.command(Path(__file__).with_name("child.py"))
_MOST_OUT: Final = MAX_SECONDS * KEEP_RATE * 4 + 4096


class DecoderDown(Unavailable):
    """The decoder process could not be started or ended before it began; nothing is said about the file."""

    code = "decoder_unavailable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """A foreign file as sound: `rate` and `channels` are those of the file, `seconds` its decoded length."""

    sound: Sound
    container: Container
    channels: int
    rate: int
    seconds: float


def decode(data: bytes) -> Decoded:
    """Decode a file from outside, in a fresh child process with limits on memory, time, files and size.

    Channels are averaged, rates above 48 kHz brought down to it. Raises UnreadableAudio whatever is wrong with the
    file, and DecoderDown when the child could not work.
    """
    if len(data) > settings.SAYSO_MAX_UPLOAD_BYTES:
        raise UnreadableAudio("too_large")
    container = formats.recognise(data)
    file = claims.checked(data, container)
    facts, samples = _answer(_run(_order(container, len(file)) + file))
    _check_length(decoded=facts["frames"], declared=facts["declared"])
    return Decoded(
        sound=Sound(samples, facts["rate"]),
        container=container,
        channels=facts["channels"],
        rate=facts["source_rate"],
        seconds=facts["frames"] / facts["source_rate"],
    )


def decode_trusted(data: bytes, codec: str, *, rate: int = 24_000) -> Sound:
    """Decode bytes that `encoding.encode` just made. `rate` says how fast headerless pcm_s16le is.

    In this process, but for `m4a`, which only the child can read. Raises DecoderDown for that.
    """
    if codec == "pcm_s16le":
        return from_pcm16(data, rate)
    if codec == "m4a":
        return decode(data).sound
    raw = {"samplerate": 8_000, "channels": 1, "format": "RAW", "subtype": "ULAW"} if codec == "mulaw" else {}
    samples, found = soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True, **raw)
    return Sound(np.ascontiguousarray(samples[:, 0]), int(found))


def _order(container: Container, size: int) -> bytes:
    order = {
        "container": container.value,
        "max_bytes": size,
        "max_seconds": MAX_SECONDS,
        "max_channels": claims.MAX_CHANNELS,
        "min_rate": claims.MIN_RATE,
        "max_rate": claims.MAX_RATE,
        "keep_rate": KEEP_RATE,
    }
    return json.dumps(order).encode() + b"\n"


def _run(order: bytes) -> bytes:
    try:
        return processes.run(_COMMAND, order, most_out=_MOST_OUT, seconds=WALL_SECONDS)
    except OSError as error:
        raise DecoderDown("The audio decoder could not be started.") from error


def _answer(output: bytes) -> tuple[dict[str, int], np.typing.NDArray[np.float32]]:
    if output[:1] != b"R":
        raise DecoderDown("The audio decoder ended before it began.")
    header, _, body = output[1:].partition(b"\n")
    if not header:  # killed on the way, by a limit or by a fault in a codec
        raise UnreadableAudio("unreadable")
    facts = json.loads(header)
    if "error" in facts:
        raise UnreadableAudio(facts["error"] if facts["error"] in formats.REASONS else "unreadable")
    samples = np.frombuffer(body[: len(body) // 4 * 4], dtype="<f4").astype(np.float32)
    if len(samples) == 0:
        raise UnreadableAudio("empty")
    return facts, samples


def _check_length(*, decoded: int, declared: int) -> None:
    if declared and abs(decoded - declared) > claims.LENGTH_TOLERANCE * declared:
        raise UnreadableAudio("truncated" if decoded < declared else "unreadable")
