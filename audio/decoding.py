"""Decoding: foreign bytes in a limited child process, bytes of our own in this one."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import soundfile

from audio import channel_mixes, containers, header_checks
from audio.containers import Container, UnreadableAudio
from audio.sandbox import answers
from audio.sandbox.answers import AnswerForged
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
_MOST_PARTS: Final = 1024
_MOST_FRAMES: Final = 2**62
_LOUDEST: Final = 4.0
"""Full scale is 1. Joined tracks that were resampled overshoot it a little."""
_APART: Final = 0.1
"""Seconds by which the sound that came may differ from the length that the child names."""
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
    of a file that ends before the length that it declares, and `has_unread_tracks` of sound tracks
    in codecs that are not read. `others` are other mixes of its channels, the loudest first, where
    they are other sounds.
    """

    sound: Sound
    container: Container
    channels: int
    rate: int
    seconds: float
    is_cut_off: bool = False
    has_unread_tracks: bool = False
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
    try:
        facts, sounds = _parse_answer(_run_decoder(order, b"".join(split.parts)))
    except UnreadableAudio as error:
        # Too little is left of the file to be read.
        if split.is_cut_off and error.reason in {"unreadable", "empty"}:
            raise UnreadableAudio("truncated") from error
        raise

    is_cut_off = (
        split.is_cut_off
        or facts["cut"] > 0
        or _is_cut_off(decoded=facts["frames"], declared=facts["declared"])
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
        has_unread_tracks=facts["unread"] > 0,
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
    """Return the facts of the file, and its sound before other mixes of its channels.

    Raises UnreadableAudio, also for an answer that no decoder of ours gives.
    """
    try:
        said, start = answers.split_answer(output)
        if "error" in said:
            reason = answers.read_short_text(said, "error")
            raise UnreadableAudio(reason if reason in containers.REASONS else "unreadable")

        facts = _read_facts(said)
        return facts, _read_sounds(output, start, facts, _read_lengths(said))
    # Without a line the child was killed, by a limit or by a fault in a codec.
    except AnswerForged as error:
        raise UnreadableAudio("unreadable") from error


def _read_facts(said: Mapping[str, Any]) -> dict[str, int]:
    lowest, highest = header_checks.MIN_RATE, header_checks.MAX_RATE
    limits = {
        "rate": (lowest, KEEP_RATE),
        "source_rate": (lowest, highest),
        "channels": (1, header_checks.MAX_CHANNELS),
        "frames": (0, MAX_SECONDS * highest),
        "declared": (-_MOST_FRAMES, _MOST_FRAMES),
        "cut": (0, 1),
        "unread": (0, _MOST_PARTS),
    }
    return {name: answers.read_whole_number(said, name, *limits[name]) for name in limits}


def _read_lengths(said: Mapping[str, Any]) -> list[int]:
    found = said.get("others")
    if not isinstance(found, list) or len(found) > _MOST_PARTS:
        raise AnswerForged("others")

    most = _MOST_OTHER_SECONDS * channel_mixes.RATE
    return [answers.read_whole_number({"others": one}, "others", 1, most) for one in found]


def _read_sounds(
    output: bytes, start: int, facts: Mapping[str, int], others: Sequence[int]
) -> list[np.typing.NDArray[np.float32]]:
    count = (len(output) - start) // 4
    own = count - sum(others)
    if own <= 0:
        raise UnreadableAudio("empty")
    # What a sound costs and what a sample is worth is counted by this length.
    if abs(own / facts["rate"] - facts["frames"] / facts["source_rate"]) > _APART:
        raise AnswerForged("frames")

    # Read where it lies: five minutes of sound are 58 MB, and each slice would be another copy.
    samples = np.frombuffer(output, dtype="<f4", count=count, offset=start)
    # No comparison holds for what is no number.
    if not (samples.min() >= -_LOUDEST and samples.max() <= _LOUDEST):
        raise AnswerForged("samples")

    parts = np.split(samples, np.cumsum([own, *others[:-1]])) if others else [samples]
    return [part.astype(np.float32) for part in parts]


def _is_cut_off(*, decoded: int, declared: int) -> bool:
    """Check the decoded length against the declared one.

    Raises UnreadableAudio for a file that is longer than it declares.
    """
    if not declared or abs(decoded - declared) <= header_checks.LENGTH_TOLERANCE * declared:
        return False
    if decoded > declared:
        raise UnreadableAudio("unreadable")

    return True
