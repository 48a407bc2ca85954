"""The AAC encoder: a program that reads 16-bit samples from stdin and writes M4A to stdout.

It is started by `audio/sandbox/rlimits.py`. So FFmpeg's libraries, which PyAV brings, stay out of
the service. Its input is one line of JSON {"rate", "bit_rate", "size"}, then `size` bytes of mono
samples, little-endian. Its output is the byte R once the libraries are loaded, then the file, with
its index (`moov`) behind the sound.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
from typing import BinaryIO

import av
import numpy as np

FRAME = 1024  # samples of one AAC-LC frame


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


def main(source: BinaryIO, sink: BinaryIO) -> None:
    """Encode the samples of one order."""
    sink.write(b"R")
    sink.flush()

    order = json.loads(source.readline(4096))
    pcm = np.frombuffer(source.read(order["size"]), dtype="<i2")
    sink.write(encode_aac(pcm, rate=order["rate"], bit_rate=order["bit_rate"]))
    sink.flush()


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        main(sys.stdin.buffer, sys.stdout.buffer)
