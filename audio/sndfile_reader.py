"""WAV, FLAC, MP3, Vorbis and Opus read with libsndfile, in the decoder's child."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import soundfile

from audio.audio_track import AudioTrack, Block, UnreadableFile, check_facts

BLOCK_FRAMES = 65_536
FLAC_FRAMES = 4096  # the most that is lost where a file was cut off
# libsndfile reports the greatest count when a FLAC written to a pipe declares none.
UNKNOWN_FRAMES = 2**60
RESUMED = 64  # how often the decoder is called again after an error behind the sound
ID3 = (21, 14, 7, 0)
# What libsndfile may read. Its other parsers (AIFF, MAT5, GSM, ADPCM ...) are never reached.
ALLOWED = {
    "wav": ("WAV", {"PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW"}),
    "flac": ("FLAC", {"PCM_S8", "PCM_16", "PCM_24"}),
    "mp3": ("MP3", {"MPEG_LAYER_III"}),
    # A chained file may go on in the other codec.
    "ogg": ("OGG", {"VORBIS", "OPUS"}),
    "opus": ("OGG", {"VORBIS", "OPUS"}),
}


class Forward(soundfile.SoundFile):  # type: ignore[misc]  # the library has no types
    """A file read once from front to back."""

    def seekable(self) -> bool:
        """Return False."""
        # Otherwise soundfile seeks after each read, which fails at the end of a FLAC of undeclared
        # length.
        return False


def read_with_sndfile(order: dict[str, Any], data: bytes) -> AudioTrack:
    """Open a file of one of the kinds in `ALLOWED`.

    Raises UnreadableFile.
    """
    kind, subtypes = ALLOWED[order["container"]]
    file = Forward(io.BytesIO(data))
    if file.format not in {kind, f"{kind}EX"} or file.subtype not in subtypes:
        raise UnreadableFile("unknown_format")

    frames = 0 if file.frames > UNKNOWN_FRAMES else file.frames
    check_facts(order, rate=file.samplerate, channels=file.channels, frames=frames)

    holds_floats = file.subtype in {"FLOAT", "DOUBLE"}
    track = AudioTrack(file.samplerate, file.channels, frames, holds_floats=holds_floats)
    track.blocks = _read_flac(file, data, track) if kind == "FLAC" else _read_blocks(file)
    return track


def _read_blocks(file: Forward) -> Iterator[Block]:
    while len(block := file.read(BLOCK_FRAMES, dtype="float32", always_2d=True)):
        yield block


def _read_flac(file: Forward, data: bytes, track: AudioTrack) -> Iterator[Block]:
    """Yield the blocks of a FLAC, as far as it goes."""
    # No more than it declares: a tag may stand behind its end, which is an error to the decoder.
    whole = track.declared or UNKNOWN_FRAMES
    left, step = whole, BLOCK_FRAMES
    while left:
        try:
            block = file.read(min(left, step), dtype="float32", always_2d=True)
        except soundfile.LibsndfileError:
            if step > FLAC_FRAMES:
                # What the block held before the fault went with it. Small blocks lose less.
                file, step = Forward(io.BytesIO(data)), FLAC_FRAMES
                _skip_frames(file, whole - left)
                continue
            # Sound behind the fault: the file is damaged, and no half of it is taken for all.
            if left == whole or _has_more(file):
                raise
            track.is_cut_off = True
            return
        if not len(block):
            break
        yield block
        left -= len(block)

    # The header declares fewer samples than the file has.
    if track.declared and _is_longer(data, track.declared):
        raise UnreadableFile("unreadable")


def _has_more(file: Forward) -> bool:
    """Check whether there is sound behind a few errors, behind which the decoder goes on."""
    for _ in range(RESUMED):
        try:
            return len(file.read(1)) > 0
        except soundfile.LibsndfileError:
            continue

    return False


def _is_longer(flac: bytes, frames: int) -> bool:
    """Check whether there is sound behind `frames` frames."""
    # libsndfile stops at the count in the header, so the file is read without it.
    file = Forward(io.BytesIO(_clear_declared_length(flac)))

    # A second header declares a length again.
    if file.frames <= UNKNOWN_FRAMES:
        raise UnreadableFile("unreadable")

    _skip_frames(file, frames)
    # Whatever else stands behind the sound, such as a tag, is an error to the decoder.
    return _has_more(file)


def _skip_frames(file: Forward, frames: int) -> None:
    """Read so many frames, or to the end."""
    ahead = np.zeros((BLOCK_FRAMES, file.channels), dtype=np.float32)
    left = frames
    while left and (got := len(file.read(out=ahead[: min(left, BLOCK_FRAMES)]))):
        left -= got


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
