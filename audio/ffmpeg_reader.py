"""m4a and webm read with PyAV, in the decoder's child, if the operator installed it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any, cast

import numpy as np

from audio.audio_track import AudioTrack, Block, UnreadableFile, check_facts

try:
    import av
except ImportError:
    av = None  # type: ignore[assignment]  # the extra `containers` is not installed

# Samples that the last frame holds behind the end that the file declares. HE-AAC's is the longest.
PADDING = 2048
MOST_TRACKS = 16
FORMATS = {"m4a": "mov", "webm": "matroska"}
WRITTEN = {"m4a": ("ipod", "aac"), "webm": ("webm", "libopus")}


def is_available() -> bool:
    """Check whether PyAV is installed."""
    return av is not None


def count_tracks(order: dict[str, Any], data: bytes) -> int:
    """Return the number of sound tracks.

    Raises UnreadableFile without one, and with more than are read.
    """
    with _open_file(order, data) as file:
        count = len(file.streams.audio)
    if count == 0:
        raise UnreadableFile("unknown_format")
    if count > MOST_TRACKS:
        raise UnreadableFile("too_long")

    return count


def _open_file(order: dict[str, Any], data: bytes) -> Any:
    """Open m4a or webm with PyAV, if the operator installed it.

    The format is fixed and no protocol may be opened.
    """
    if av is None:
        raise UnreadableFile("unknown_format")

    return av.open(
        io.BytesIO(data),
        "r",
        format=FORMATS[order["container"]],
        options={"protocol_whitelist": ""},
    )


def read_with_ffmpeg(order: dict[str, Any], data: bytes, number: int) -> AudioTrack:
    """Open one sound track of a file, by its number.

    Raises UnreadableFile.
    """
    file = _open_file(order, data)
    stream = file.streams.audio[number]
    # A confined process starts no thread.
    stream.codec_context.thread_count = 1
    rate = stream.rate or 0
    channels = stream.codec_context.channels
    declared = _read_declared_frames(file, stream, rate)
    check_facts(order, rate=rate, channels=channels, frames=declared)

    layout = stream.codec_context.layout.name
    convert = av.AudioResampler(format="fltp", layout=layout, rate=rate)

    def blocks() -> Iterator[Block]:
        for frame in file.decode(stream):
            for part in convert.resample(frame):
                yield np.asarray(part.to_ndarray().T, dtype=np.float32)

    return AudioTrack(rate, channels, declared, blocks())


def _read_declared_frames(file: Any, stream: Any, rate: int) -> int:
    """Return the length of a track in samples, or 0 where the file names none.

    The length of the film is no length of its sound.
    """
    if stream.duration:
        return int(stream.duration * stream.time_base * rate)
    if file.duration and len(file.streams) == 1:
        return int(file.duration * rate / av.time_base)

    return 0


def encode_with_ffmpeg(samples: Block, name: str, codec: str) -> bytes:
    """Return a small file in the format `name`, for the readers to load their parts with."""
    sink = io.BytesIO()
    with av.open(sink, "w", format=name) as container:
        stream = cast("av.AudioStream", container.add_stream(codec, rate=48_000, layout="mono"))
        frame = av.AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
        frame.sample_rate = 48_000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))

    return sink.getvalue()
