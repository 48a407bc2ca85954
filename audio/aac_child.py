"""The AAC encoder: a program of the sandbox that makes M4A of 16-bit samples.

So FFmpeg's libraries, which PyAV brings, stay out of the service. Its order is {"rate", "bit_rate",
"size"}, with `size` bytes of mono samples behind it, little-endian. Its answer is the file, with
its index (`moov`) behind the sound.
"""

from __future__ import annotations

import io
from typing import Any, BinaryIO

import av
import numpy as np

FRAME = 1024  # samples of one AAC-LC frame
READABLE: str | None = None


def encode_aac(pcm: np.ndarray, *, rate: int, bit_rate: int) -> bytes:
    """Return the file. The same samples give the same bytes.

    No samples become one silent sample, because a file needs a frame.
    """
    if not len(pcm):
        pcm = np.zeros(1, dtype=np.int16)

    sink = io.BytesIO()

    with av.open(sink, "w", format="ipod", options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream("aac", rate=rate, layout="mono")
        stream.bit_rate = bit_rate
        stream.codec_context.flags |= av.codec.context.Flags.bitexact

        for at in range(0, len(pcm), FRAME):
            frame = av.AudioFrame.from_ndarray(
                pcm[None, at : at + FRAME], format="s16", layout="mono"
            )
            frame.sample_rate = rate
            frame.pts = at
            container.mux(stream.encode(frame))

        # The frames that the encoder still holds.
        container.mux(stream.encode(None))

    return sink.getvalue()


def load_libraries() -> None:
    """Encode one sample, so that the codec is loaded."""
    encode_aac(np.zeros(0, dtype=np.int16), rate=48_000, bit_rate=64_000)


def prepare_order(order: dict[str, Any]) -> dict[str, Any]:
    """Return the order as it is."""
    return order


def answer_order(order: dict[str, Any], source: BinaryIO, sink: BinaryIO) -> None:
    """Encode the samples of one order."""
    pcm = np.frombuffer(source.read(order["size"]), dtype="<i2")
    sink.write(encode_aac(pcm, rate=order["rate"], bit_rate=order["bit_rate"]))
