"""Decoding: foreign bytes in a limited child process, bytes of our own in this one."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import soundfile

from audio import containers, header_checks
from audio.containers import Container, UnreadableAudio
from audio.sandbox.template_client import ChildFailed, Limits, Sandbox
from audio.sound import Sound, from_pcm16
from core.errors import Unavailable

MAX_SECONDS: Final = 300
MAX_BYTES: Final = 2**28
KEEP_RATE: Final = 48_000
"""Faster recordings are resampled to this rate: no check and no codec of ours needs more."""
WALL_SECONDS: Final = 30
_SANDBOX: Final = Sandbox(
    Path(__file__).with_name("decoder_child.py"),
    Limits(seconds=WALL_SECONDS, most_out=MAX_SECONDS * KEEP_RATE * 4 + 4096),
)


class DecoderUnavailable(Unavailable):
    """The audio decoder could not be started or ended before it began. The file was not judged."""

    code = "decoder_unavailable"


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodedFile:
    """A foreign file as sound.

    `rate` and `channels` are those of the file, `seconds` is its decoded length.
    """

    sound: Sound
    container: Container
    channels: int
    rate: int
    seconds: float


def decode_untrusted(data: bytes, *, most_bytes: int = MAX_BYTES) -> DecodedFile:
    """Decode a foreign file in a confined child process, with limits on memory, time and size.

    A file of more than `most_bytes` is refused unread. Channels are averaged, and rates above 48
    kHz are resampled to it.

    Raises UnreadableAudio for every fault of the file, and DecoderUnavailable when the child could
    not work.
    """
    if len(data) > most_bytes:
        raise UnreadableAudio("too_large")

    container = containers.recognise_container(data)
    file = header_checks.check_headers(data, container)
    answer = _run_decoder(_build_order(container, len(file)), file)
    facts, samples = _parse_answer(answer)
    _check_length(decoded=facts["frames"], declared=facts["declared"])

    return DecodedFile(
        sound=Sound(samples, facts["rate"]),
        container=container,
        channels=facts["channels"],
        rate=facts["source_rate"],
        seconds=facts["frames"] / facts["source_rate"],
    )


def decode_trusted(data: bytes, codec: str, *, rate: int = 24_000) -> Sound:
    """Decode bytes that `encoding.encode_sound` made.

    `rate` is the rate of headerless pcm_s16le. Only `m4a` is decoded in the child.

    Raises DecoderUnavailable when the child could not read `m4a`.
    """
    if codec == "pcm_s16le":
        return from_pcm16(data, rate)
    if codec == "m4a":
        return decode_untrusted(data).sound

    # Bare mu-law has no header to read.
    raw: dict[str, Any] = {}
    if codec == "mulaw":
        raw = {"samplerate": 8_000, "channels": 1, "format": "RAW", "subtype": "ULAW"}

    samples, found = soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True, **raw)

    return Sound(np.ascontiguousarray(samples[:, 0]), int(found))


def _build_order(container: Container, size: int) -> dict[str, str | int]:
    return {
        "container": container.value,
        "max_bytes": size,
        "max_seconds": MAX_SECONDS,
        "max_channels": header_checks.MAX_CHANNELS,
        "min_rate": header_checks.MIN_RATE,
        "max_rate": header_checks.MAX_RATE,
        "keep_rate": KEEP_RATE,
    }


def _run_decoder(order: Mapping[str, str | int], file: bytes) -> bytes:
    try:
        return _SANDBOX.run(order, file)
    except ChildFailed as error:
        raise DecoderUnavailable("The audio decoder could not be started.") from error


def _parse_answer(output: bytes) -> tuple[dict[str, int], np.typing.NDArray[np.float32]]:
    # Without a header the child was killed, by a limit or by a fault in a codec.
    end = output.find(b"\n")
    if end < 1:
        raise UnreadableAudio("unreadable")

    facts = json.loads(output[:end])
    if "error" in facts:
        known = facts["error"] in containers.REASONS
        raise UnreadableAudio(facts["error"] if known else "unreadable")

    count = (len(output) - end - 1) // 4
    if count == 0:
        raise UnreadableAudio("empty")

    # Read where it lies: five minutes of sound are 58 MB, and each slice would be another copy.
    samples = np.frombuffer(output, dtype="<f4", count=count, offset=end + 1)
    return facts, samples.astype(np.float32)


def _check_length(*, decoded: int, declared: int) -> None:
    if declared and abs(decoded - declared) > header_checks.LENGTH_TOLERANCE * declared:
        raise UnreadableAudio("truncated" if decoded < declared else "unreadable")
