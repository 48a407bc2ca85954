"""Decoding: foreign bytes in a limited child process, bytes of our own in this one."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import soundfile

from audio import channel_mixes, containers, header_checks
from audio.containers import Container, UnreadableAudio
from audio.sandbox.template_client import ChildFailed, Limits, Sandbox
from audio.sound import Sound, from_pcm16
from core.errors import Unavailable

MAX_SECONDS: Final = 300
MAX_BYTES: Final = 2**28
KEEP_RATE: Final = 48_000
"""Faster recordings are resampled to this rate: no check and no codec of ours needs more."""
WALL_SECONDS: Final = 30
MOST_OTHERS: Final = 9
"""Other mixes of one track's channels: the mean, and each of eight channels."""
_MOST_OTHER_SECONDS: Final = 4 * MAX_SECONDS
_SANDBOX: Final = Sandbox(
    Path(__file__).with_name("decoder_child.py"),
    Limits(
        seconds=WALL_SECONDS,
        most_out=4 * (MAX_SECONDS * KEEP_RATE + _MOST_OTHER_SECONDS * channel_mixes.RATE) + 4096,
    ),
)


Order = Mapping[str, str | int | list[int]]


class DecoderUnavailable(Unavailable):
    """The audio decoder could not be started or ended before it began. The file was not judged."""

    code = "decoder_unavailable"


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodedFile:
    """A foreign file as sound.

    `rate` and `channels` are those of the file, `seconds` is its decoded length. `is_cut_off` tells
    of a file that ends before the length that it declares. `others` are other mixes of its
    channels, the loudest first, where they are other sounds.
    """

    sound: Sound
    container: Container
    channels: int
    rate: int
    seconds: float
    is_cut_off: bool = False
    others: tuple[Sound, ...] = ()


def decode_untrusted(
    data: bytes,
    *,
    most_bytes: int = MAX_BYTES,
    accepts_cut: bool = False,
    most_others: int = 0,
) -> DecodedFile:
    """Decode a foreign file in a confined child process, with limits on memory, time and size.

    A file of more than `most_bytes` is refused unread. Of several channels, the mix that sounds
    most like speech is kept, and up to `most_others` others of each track. Rates above 48 kHz are
    resampled to it. A file that was cut off is refused unless `accepts_cut`.

    Raises UnreadableAudio for every fault of the file, and DecoderUnavailable when the child could
    not work.
    """
    if len(data) > most_bytes:
        raise UnreadableAudio("too_large")

    container = containers.recognise_container(data)
    split = header_checks.split_file(data, container)
    order = _build_order(container, [len(part) for part in split.parts], most_others=most_others)
    facts, sounds = _parse_answer(_run_decoder(order, b"".join(split.parts)))

    is_cut_off = split.is_cut_off or _is_cut_off(
        decoded=facts["frames"], declared=facts["declared"]
    )
    if is_cut_off and not accepts_cut:
        raise UnreadableAudio("truncated")

    return DecodedFile(
        sound=Sound(sounds[0], facts["rate"]),
        container=container,
        channels=facts["channels"],
        rate=facts["source_rate"],
        seconds=facts["frames"] / facts["source_rate"],
        is_cut_off=is_cut_off,
        others=tuple(Sound(other, channel_mixes.RATE) for other in sounds[1:]),
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


def _build_order(container: Container, sizes: Sequence[int], *, most_others: int) -> Order:
    return {
        "container": container.value,
        "sizes": list(sizes),
        "max_seconds": MAX_SECONDS,
        "max_channels": header_checks.MAX_CHANNELS,
        "min_rate": header_checks.MIN_RATE,
        "max_rate": header_checks.MAX_RATE,
        "keep_rate": KEEP_RATE,
        "most_others": most_others,
        "most_other_frames": _MOST_OTHER_SECONDS * channel_mixes.RATE,
    }


def _run_decoder(order: Order, file: bytes) -> bytes:
    try:
        return _SANDBOX.run(order, file)
    except ChildFailed as error:
        raise DecoderUnavailable("The audio decoder could not be started.") from error


def _parse_answer(output: bytes) -> tuple[dict[str, int], list[np.typing.NDArray[np.float32]]]:
    """Return the facts of the file, and its sound before other mixes of its channels."""
    # Without a header the child was killed, by a limit or by a fault in a codec.
    end = output.find(b"\n")
    if end < 1:
        raise UnreadableAudio("unreadable")

    facts = json.loads(output[:end])
    if "error" in facts:
        known = facts["error"] in containers.REASONS
        raise UnreadableAudio(facts["error"] if known else "unreadable")

    others: list[int] = facts.pop("others")
    count = (len(output) - end - 1) // 4
    own = count - sum(others)
    if own <= 0:
        raise UnreadableAudio("empty")

    # Read where it lies: five minutes of sound are 58 MB, and each slice would be another copy.
    samples = np.frombuffer(output, dtype="<f4", count=count, offset=end + 1)
    parts = np.split(samples, np.cumsum([own, *others[:-1]])) if others else [samples]
    return facts, [part.astype(np.float32) for part in parts]


def _is_cut_off(*, decoded: int, declared: int) -> bool:
    """Check the decoded length against the declared one.

    Raises UnreadableAudio for a file that is longer than it declares.
    """
    if not declared or abs(decoded - declared) <= header_checks.LENGTH_TOLERANCE * declared:
        return False
    if decoded > declared:
        raise UnreadableAudio("unreadable")

    return True
