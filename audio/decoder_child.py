"""The decoder: a program of the sandbox that reads one foreign audio file and returns its samples.

A bug in a codec library ends here.

Its order is {"container", "sizes", "max_seconds", "max_channels", "min_rate", "max_rate",
"keep_rate", "most_others", "most_other_frames"}, with files of those sizes behind it. The sound of
all files, and of all tracks of a film, is joined at the rate of the first.

Its answer is one line of JSON, {"error": reason} or {"rate", "channels", "source_rate", "frames",
"declared", "cut", "unread", "others"}, then float32 samples, little-endian: the mix of the channels
that sounds most like speech, and behind it other mixes of the lengths in `others`, at
`channel_mixes.RATE`.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import numpy as np
import soundfile
import soxr

from audio import channel_mixes, ffmpeg_reader, sndfile_reader
from audio.audio_track import AudioTrack, Block, UnreadableFile

LOUDEST = 2.0**31  # floats on the scale of 32-bit integers are sound, more is damage
READABLE: str | None = None


@dataclass(slots=True)
class DecodedTrack:
    """The sound of one track: its mix, other mixes of its channels, and facts of the file."""

    facts: dict[str, int]
    mono: Block
    others: list[Block] = field(default_factory=list)


def decode_files(order: dict[str, Any], files: list[bytes]) -> DecodedTrack:
    """Decode files one after the other and join their sound.

    Raises UnreadableFile.
    """
    tracks: list[tuple[bytes, int]] = []
    unread = 0
    for data in files:
        numbers, others = _list_tracks(order, data)
        tracks += [(data, number) for number in numbers]
        unread += others

    whole = _decode_track(order, *tracks[0])
    whole.facts["unread"] = unread
    sounds = [whole.mono]
    facts = whole.facts

    for data, number in tracks[1:]:
        more = _decode_track(order, data, number)
        sound = more.mono
        if more.facts["rate"] != facts["rate"]:
            sound = np.asarray(soxr.resample(sound, more.facts["rate"], facts["rate"]), np.float32)
        sounds.append(sound)
        whole.others += more.others

        share = facts["source_rate"] / more.facts["source_rate"]
        facts["frames"] += round(more.facts["frames"] * share)
        facts["declared"] += round(more.facts["declared"] * share)
        facts["cut"] |= more.facts["cut"]
        facts["channels"] = max(facts["channels"], more.facts["channels"])
        if facts["frames"] > order["max_seconds"] * facts["source_rate"]:
            raise UnreadableFile("too_long")

    whole.mono = np.concatenate(sounds)
    return whole


def _list_tracks(order: dict[str, Any], data: bytes) -> tuple[list[int], int]:
    """Return the numbers of the sound tracks to decode, and how many others there are."""
    if order["container"] in ffmpeg_reader.FORMATS:
        return ffmpeg_reader.list_tracks(order, data)

    return [0], 0


def _decode_track(order: dict[str, Any], data: bytes, number: int) -> DecodedTrack:
    track = _open_track(order, data, number)
    limit = int(order["max_seconds"] * track.rate)
    others: list[Block] = []

    if track.channels == 1:
        mono = _join_blocks((block[:, 0] for block in track.blocks), limit=limit)
    else:
        recorder = channel_mixes.MixRecorder(track.channels, track.rate)
        mono = _join_blocks(recorder.record(track.blocks), limit=limit)
        mixes = recorder.join_mixes()
        chosen = channel_mixes.choose_mix(mixes)
        if chosen:
            # The mean was decoded for nothing. Few files are so, and all channels of a long file at
            # full rate would need too much memory.
            weights = recorder.weights[chosen]
            again = _open_track(order, data, number).blocks
            mono = _join_blocks((block @ weights for block in again), limit=limit)

        if order["most_others"]:
            different = channel_mixes.list_different(mixes, chosen)[: order["most_others"]]
            others = [_fit_full_scale(mixes[at], scales=True) for at in different]

    behind = len(mono) - track.declared
    if order["container"] in ffmpeg_reader.FORMATS and 0 < behind <= ffmpeg_reader.PADDING:
        mono = mono[: track.declared or None]

    facts = {
        "source_rate": track.rate,
        "channels": track.channels,
        "frames": len(mono),
        "declared": track.declared,
        "cut": int(track.is_cut_off),
        "rate": track.rate,
    }
    if track.rate > order["keep_rate"]:
        mono = np.asarray(soxr.resample(mono, track.rate, order["keep_rate"]), dtype=np.float32)
        facts["rate"] = order["keep_rate"]

    return DecodedTrack(facts, _fit_full_scale(mono, scales=track.holds_floats), others)


def _open_track(order: dict[str, Any], data: bytes, number: int) -> AudioTrack:
    if order["container"] in ffmpeg_reader.FORMATS:
        return ffmpeg_reader.read_with_ffmpeg(order, data, number)

    return sndfile_reader.read_with_sndfile(order, data)


def _fit_full_scale(sound: Block, *, scales: bool) -> Block:
    """Return the sound within full scale: made softer if it `scales`, else cut off there.

    Lossy codecs overshoot a little where the sound that was encoded was cut off.
    """
    peak = float(np.abs(sound).max(initial=0))
    if peak <= 1:
        return sound

    fitted = sound / np.float32(peak) if scales else np.clip(sound, -1, 1)
    return np.asarray(fitted, dtype=np.float32)


def _join_blocks(blocks: Iterable[Block], *, limit: int) -> Block:
    """Join the blocks of one row each, up to the limit of `limit` samples."""
    parts: list[Block] = []
    total = 0
    for block in blocks:
        # A length in a header is not trusted, so the samples themselves are counted.
        total += len(block)
        if total > limit:
            raise UnreadableFile("too_long")
        if not np.isfinite(block).all() or np.abs(block).max(initial=0) > LOUDEST:
            raise UnreadableFile("unreadable")
        parts.append(np.asarray(block, dtype=np.float32))

    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.float32)


def _limit_others(others: list[Block], most: int) -> list[Block]:
    """Return the first of them, of `most` frames together."""
    ends = np.cumsum([len(other) for other in others])
    return others[: int(np.searchsorted(ends, most, side="right"))]


def load_libraries() -> None:
    """Decode a little, since libraries load parts of themselves with their first file."""
    # Long enough to be measured in frames, since NumPy loads parts of itself for that.
    silence = np.zeros(8192, dtype=np.float32)
    soxr.resample(silence, 96_000, 48_000)
    order = {
        "max_seconds": 1,
        "max_channels": 2,
        "min_rate": 48_000,
        "max_rate": 48_000,
        "keep_rate": 48_000,
        "most_others": 1,
    }

    with io.BytesIO() as sink:
        soundfile.write(sink, np.zeros((8192, 2), np.float32), 48_000, "PCM_16", format="WAV")
        _decode_track({**order, "container": "wav"}, sink.getvalue(), 0)

    if ffmpeg_reader.is_available():
        for container, written in ffmpeg_reader.WRITTEN.items():
            data = ffmpeg_reader.encode_with_ffmpeg(silence, *written)
            _decode_track({**order, "container": container}, data, 0)


def prepare_order(order: dict[str, Any]) -> dict[str, Any]:
    """Return the order as it is."""
    return order


def answer_order(order: dict[str, Any], source: BinaryIO, sink: BinaryIO) -> None:
    """Decode the file of one order."""
    try:
        track = decode_files(order, [source.read(size) for size in order["sizes"]])
    except UnreadableFile as error:
        answer: dict[str, object] = {"error": str(error)}
    # Codec libraries raise any error about a foreign file. All of them mean that it is unreadable.
    except Exception:  # noqa: BLE001
        answer = {"error": "unreadable"}
    else:
        track.others = _limit_others(track.others, order["most_other_frames"])
        answer = {**track.facts, "others": [len(other) for other in track.others]}

    sink.write(json.dumps(answer).encode() + b"\n")
    if "error" not in answer:
        for sound in (track.mono, *track.others):
            sink.write(sound.astype("<f4").tobytes())
