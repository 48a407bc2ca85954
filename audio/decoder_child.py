"""The decoder: a program of the sandbox that reads one foreign audio file and returns its samples.

It knows nothing of the service, and a bug in a codec library ends here.

Its order is {"container", "max_bytes", "max_seconds", "max_channels", "min_rate", "max_rate",
"keep_rate"}, with the file behind it. Its answer is one line of JSON, {"error": reason} or {"rate",
"channels", "source_rate", "frames", "declared"}, then float32 samples, little-endian, mono (the
mean of the channels).
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any, BinaryIO, cast

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

try:
    import av
except ImportError:
    av = None  # type: ignore[assignment]  # the extra `containers` is not installed

Block = NDArray[np.float32]
BLOCK_FRAMES = 65_536
# libsndfile reports the greatest count when a FLAC written to a pipe declares none.
UNKNOWN_FRAMES = 2**60
RESUMED = 64  # how often the decoder is called again after an error behind the sound
ID3 = (21, 14, 7, 0)
LOUDEST = 16.0  # float files may overshoot full scale, but more than this is not scaled to 1
# What libsndfile may read. Its other parsers (AIFF, MAT5, GSM, ADPCM ...) are never reached.
ALLOWED = {
    "wav": ("WAV", {"PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW"}),
    "flac": ("FLAC", {"PCM_S8", "PCM_16", "PCM_24"}),
    "mp3": ("MP3", {"MPEG_LAYER_III"}),
    "ogg": ("OGG", {"VORBIS"}),
    "opus": ("OGG", {"OPUS"}),
}
# Samples that the last frame holds behind the end that the file declares. HE-AAC's is the longest.
PADDING = 2048
FFMPEG_FORMATS = {"m4a": "mov", "webm": "matroska"}
READABLE: str | None = None


class UnreadableFile(Exception):
    """The file is refused. The message is the stable reason."""


class Forward(soundfile.SoundFile):  # type: ignore[misc]  # the library has no types
    """A file read once from front to back."""

    def seekable(self) -> bool:
        """Return False."""
        # Otherwise soundfile seeks after each read, which fails at the end of a FLAC of undeclared
        # length.
        return False


def decode_file(order: dict[str, Any], data: bytes) -> tuple[dict[str, int], Block]:
    """Decode one file within the limits of `order`.

    Raises UnreadableFile.
    """
    if order["container"] in FFMPEG_FORMATS:
        rate, channels, declared, blocks = _read_with_ffmpeg(order, data)
    else:
        rate, channels, declared, blocks = _read_with_sndfile(order, data)

    mono = _join_blocks(blocks, limit=int(order["max_seconds"] * rate))
    if order["container"] in FFMPEG_FORMATS and 0 < len(mono) - declared <= PADDING:
        mono = mono[: declared or None]

    facts = {
        "source_rate": rate,
        "channels": channels,
        "frames": len(mono),
        "declared": declared,
        "rate": rate,
    }
    if rate > order["keep_rate"]:
        mono = np.asarray(soxr.resample(mono, rate, order["keep_rate"]), dtype=np.float32)
        facts["rate"] = order["keep_rate"]

    return facts, mono


def _check_facts(order: dict[str, Any], *, rate: int, channels: int, frames: int) -> None:
    if not order["min_rate"] <= rate <= order["max_rate"]:
        raise UnreadableFile("bad_rate")
    if not 1 <= channels <= order["max_channels"]:
        raise UnreadableFile("too_many_channels" if channels else "unreadable")
    if frames > order["max_seconds"] * rate:
        raise UnreadableFile("too_long")


def _read_with_sndfile(order: dict[str, Any], data: bytes) -> tuple[int, int, int, Iterator[Block]]:
    kind, subtypes = ALLOWED[order["container"]]
    file = Forward(io.BytesIO(data))
    if file.format not in {kind, f"{kind}EX"} or file.subtype not in subtypes:
        raise UnreadableFile("unknown_format")

    frames = 0 if file.frames > UNKNOWN_FRAMES else file.frames
    _check_facts(order, rate=file.samplerate, channels=file.channels, frames=frames)

    def blocks() -> Iterator[Block]:
        # Read no more of a FLAC than it declares: a tag may stand behind its end, which is an error
        # to the decoder.
        left = frames if kind == "FLAC" and frames else UNKNOWN_FRAMES
        while len(block := file.read(min(left, BLOCK_FRAMES), dtype="float32", always_2d=True)):
            yield block.mean(axis=1)
            left -= len(block)

        # The header declares fewer samples than the file has.
        if kind == "FLAC" and frames and _is_longer(data, frames):
            raise UnreadableFile("unreadable")

    return file.samplerate, file.channels, frames, blocks()


def _is_longer(flac: bytes, frames: int) -> bool:
    """Check whether there is sound behind `frames` frames."""
    # libsndfile stops at the count in the header, so the file is read without it.
    file = Forward(io.BytesIO(_clear_declared_length(flac)))

    # A second header declares a length again.
    if file.frames <= UNKNOWN_FRAMES:
        raise UnreadableFile("unreadable")

    ahead = np.zeros((BLOCK_FRAMES, file.channels), dtype=np.float32)
    left = frames
    while left and (got := len(file.read(out=ahead[: min(left, BLOCK_FRAMES)]))):
        left -= got

    # Whatever else stands behind the sound, such as a tag, is an error to the decoder. It continues
    # behind a few of them.
    for _ in range(RESUMED):
        try:
            return len(file.read(out=ahead[:1])) > 0
        except soundfile.LibsndfileError:
            continue

    return False


def _clear_declared_length(flac: bytes) -> bytes:
    """Return the FLAC without the count of samples in its first block.

    The count has 36 bits that end 26 bytes behind the block's start.
    """
    start = 0
    while flac[start : start + 3] == b"ID3":
        # The size of a tag has seven bits a byte.
        size = zip(flac[start + 6 : start + 10], ID3, strict=True)
        start += 10 + sum((byte & 127) << shift for byte, shift in size)

    if flac[start : start + 4] != b"fLaC":
        raise UnreadableFile("unreadable")

    kept = flac[start + 21] & 0xF0
    return flac[: start + 21] + bytes((kept, 0, 0, 0, 0)) + flac[start + 26 :]


def _read_with_ffmpeg(order: dict[str, Any], data: bytes) -> tuple[int, int, int, Iterator[Block]]:
    """Read m4a or webm with PyAV, if the operator installed it.

    The format is fixed and no protocol may be opened.
    """
    if av is None:
        raise UnreadableFile("unknown_format")

    file = av.open(
        io.BytesIO(data),
        "r",
        format=FFMPEG_FORMATS[order["container"]],
        options={"protocol_whitelist": ""},
    )

    if not file.streams.audio:
        raise UnreadableFile("unknown_format")

    stream = file.streams.audio[0]
    # A confined process starts no thread.
    stream.codec_context.thread_count = 1
    rate = stream.rate or 0
    channels = stream.codec_context.channels
    declared = int(file.duration * rate / av.time_base) if file.duration else 0
    _check_facts(order, rate=rate, channels=channels, frames=declared)

    convert = av.AudioResampler(format="fltp", layout="mono", rate=rate)

    def blocks() -> Iterator[Block]:
        for frame in file.decode(stream):
            for part in convert.resample(frame):
                yield part.to_ndarray()[0]

    return rate, channels, declared, blocks()


def _join_blocks(blocks: Iterator[Block], *, limit: int) -> Block:
    """Join the blocks, up to the limit of `limit` samples."""
    parts: list[Block] = []
    total = 0
    for block in blocks:
        # A length in a header is not trusted, so the samples themselves are counted.
        total += len(block)
        if total > limit:
            raise UnreadableFile("too_long")
        if not np.isfinite(block).all() or np.abs(block).max(initial=0) > LOUDEST:
            raise UnreadableFile("unreadable")
        parts.append(np.clip(block, -1, 1).astype(np.float32))

    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.float32)


def load_libraries() -> None:
    """Decode a little, since libraries load parts of themselves with their first file."""
    silence = np.zeros(1024, dtype=np.float32)
    soxr.resample(silence, 96_000, 48_000)

    if av is not None:
        order = {"max_seconds": 1, "max_channels": 1, "min_rate": 48_000, "max_rate": 48_000}
        for container, format_name, codec in (("m4a", "ipod", "aac"), ("webm", "webm", "libopus")):
            data = _encode_with_ffmpeg(silence, format_name, codec)
            _, _, _, blocks = _read_with_ffmpeg({**order, "container": container}, data)
            _join_blocks(blocks, limit=48_000)


def _encode_with_ffmpeg(samples: Block, name: str, codec: str) -> bytes:
    sink = io.BytesIO()
    with av.open(sink, "w", format=name) as container:
        stream = cast("av.AudioStream", container.add_stream(codec, rate=48_000, layout="mono"))
        frame = av.AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
        frame.sample_rate = 48_000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))

    return sink.getvalue()


def prepare_order(order: dict[str, Any]) -> dict[str, Any]:
    """Return the order as it is."""
    return order


def answer_order(order: dict[str, Any], source: BinaryIO, sink: BinaryIO) -> None:
    """Decode the file of one order."""
    try:
        facts, mono = decode_file(order, source.read(order["max_bytes"]))
    except UnreadableFile as error:
        answer: dict[str, object] = {"error": str(error)}
    # Codec libraries raise any error about a foreign file. All of them mean that it is unreadable.
    except Exception:  # noqa: BLE001
        answer = {"error": "unreadable"}
    else:
        answer = dict(facts)

    sink.write(json.dumps(answer).encode() + b"\n")
    if "error" not in answer:
        sink.write(mono.astype("<f4").tobytes())
