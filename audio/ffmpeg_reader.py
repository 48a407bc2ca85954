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


def list_tracks(order: dict[str, Any], data: bytes) -> tuple[list[int], int]:
    """Return the numbers of the sound tracks that can be decoded, and how many others there are.

    Raises UnreadableFile without one, and with more than are read.
    """
    with _open_file(order, data) as file:
        tracks = list(file.streams.audio)
        # A telephone may write a track of its own codec beside one that all can read.
        read = [at for at, track in enumerate(tracks) if track.codec_context is not None]
    if not tracks:
        raise UnreadableFile("empty")
    if not read:
        raise UnreadableFile("inner_codec")
    if len(tracks) > MOST_TRACKS:
        raise UnreadableFile("too_long")

    return read, len(tracks) - len(read)


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

    track = AudioTrack(rate, channels, declared)

    def blocks() -> Iterator[Block]:
        is_heard = False
        for packet in file.demux(stream):
            # The last packet only asks for what the decoder holds back.
            is_sound = packet.size > 0
            try:
                frames = packet.decode()
            except av.FFmpegError:
                track.is_cut_off = True
                continue
            # Sound behind a fault: the file is damaged, and no half of it is taken for all.
            if track.is_cut_off and is_sound:
                raise UnreadableFile("unreadable")
            for frame in frames:
                is_heard = True
                for part in convert.resample(frame):
                    yield np.asarray(part.to_ndarray().T, dtype=np.float32)

        if track.is_cut_off and not is_heard:
            raise UnreadableFile("unreadable")

    track.blocks = blocks()
    return track


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
