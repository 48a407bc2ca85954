"""Marking a clip for delivery: nothing is returned whose mark was not read back from the very bytes that will leave.

The mark is written at growing margins until it is read from the delivered bytes, and from those bytes after the
handling that a clip may meet: other codecs at other alignments, and a cut.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from core.canonical import Json
from provenance import second_mark
from provenance.audio.decoding import decode_trusted
from provenance.audio.encoding import OPUS_RATES, Output, check, encode
from provenance.audio.sound import Sound
from provenance.second_mark import Second
from provenance.watermark import MarkFailed, Reading, detect
from provenance.watermark.analysis import speech_seconds
from provenance.watermark.embedding import Embedder

MARGINS_DB: Final = (0.6, 0.75, 0.95, 1.25)
# Where a marked clip has its peaks at most: lossy codecs overshoot, and a clipped peak is heard before it is seen.
CEILING: Final = 0.95
SILENT_PEAK: Final = 0.001  # -60 dBFS: 16 bits leave too few levels to carry anything
SHORT_SECONDS: Final = 1.5
SHIFT_SECONDS: Final = 0.0071  # of silence in front: another alignment to every codec's frames and to our grid
CUT_SECONDS: Final = 0.31
CUT_FROM_SECONDS: Final = 2.5  # shorter clips are not asked to survive a cut
OPUS_BPS: Final = 20_000  # passing at 20k does not strictly imply 24k, hence two alignments
MP3_BPS: Final = 64_000
# A reading this clear after the first Opus coding makes the second one pointless (none of 70 clips lost its mark).
CLEAR_SCORE: Final = 1.3
# Every reading should be this clear, so that handling somewhat rougher than ours is survived too; a clip that does
# not get there at the highest margin is still good when its token was read every time.
COMFORTABLE_SCORE: Final = 1.0

Handling = Callable[[Sound], Sound]


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """A clip ready to leave.

    `sound` is what the delivered bytes decode to, which is what a hash of the sound must cover. `score_milli` is the
    least score of all readings in units of 1/1000; `checks` names what was read, `delivered` first. `second_marks` says
    what else was read from the delivered bytes.
    """

    data: bytes
    sound: Sound
    margin_milli_db: int
    score_milli: int
    checks: tuple[str, ...]
    attempts: int
    second_marks: tuple[Mapping[str, Json], ...] = ()


def mark(sound: Sound, *, token: int, key: bytes, output: Output, second: Second | None = None) -> Marked:
    """Write `token` into `sound`, encode it as `output` says and prove that the mark is there.

    With `second`, a sound that is long enough carries that mark beneath ours.

    The same arguments give the same bytes of sound. Raises Invalid for an impossible output and MarkFailed with
    `facts["reason"]`: `silent`, `too_short` (under 1.5 s of speech, and not read), `not_read_back`.
    """
    wanted = check(output)
    assert wanted.sample_rate_hz is not None  # noqa: S101  # check fills it
    host = sound.resampled(wanted.sample_rate_hz)
    if not host.samples.size or not float(np.abs(host.samples).max()) >= SILENT_PEAK:
        raise MarkFailed("The clip is silent, so it cannot carry a mark.", facts={"reason": "silent"})
    if second is not None:
        host = second_mark.written(host, second)
    embedder = Embedder(host.samples, host.rate, token=token, key=key)
    proven: Marked | None = None
    for attempt, margin in enumerate(MARGINS_DB, start=1):
        samples = with_headroom(embedder.at(margin))
        data = encode(Sound(samples, host.rate), wanted)
        heard = decode_trusted(data, wanted.codec, rate=host.rate)
        scores = _self_check(heard, wanted, token=token, key=key)
        if scores is None:
            continue
        proven = Marked(
            data=data,
            sound=heard,
            margin_milli_db=round(1000 * margin),
            score_milli=round(1000 * min(scores.values())),
            checks=tuple(scores),
            attempts=attempt,
        )
        if min(scores.values()) >= COMFORTABLE_SCORE:
            break
    if proven is not None:
        return proven if second is None else replace(proven, second_marks=second_mark.read_back(proven.sound, second))
    if speech_seconds(host.samples, host.rate) < SHORT_SECONDS:
        raise MarkFailed("The clip holds too little speech to carry a mark.", facts={"reason": "too_short"})
    raise MarkFailed("The mark could not be read back from the clip.", facts={"reason": "not_read_back"})


def with_headroom(samples: np.typing.NDArray[np.float32]) -> np.typing.NDArray[np.float32]:
    """The samples, turned down as a whole when a peak would come near full scale. The mark does not mind levels."""
    peak = float(np.abs(samples).max(initial=0.0))
    return samples if peak <= CEILING else samples * np.float32(CEILING / peak)


def _self_check(heard: Sound, wanted: Output, *, token: int, key: bytes) -> dict[str, float] | None:
    """Scores of the token by check, cheapest and likeliest to fail first; None as soon as one does not read it."""
    scores: dict[str, float] = {}
    for name, handling in _checks(heard, wanted):
        if name == "opus-20k-shifted" and scores.get("opus-20k", 0.0) >= CLEAR_SCORE:
            continue
        reading = _read(handling(heard), key)
        if reading is None or reading.token != token:
            return None
        scores[name] = reading.score
    return scores


def _read(sound: Sound, key: bytes) -> Reading | None:
    return detect(sound.samples, sound.rate, key=key, thorough=False)


def _checks(heard: Sound, wanted: Output) -> Iterator[tuple[str, Handling]]:
    """What this clip must survive. Codings that the delivered bytes have been through already are left out."""
    yield "delivered", lambda sound: sound
    if heard.seconds >= CUT_FROM_SECONDS:
        yield "cut", _cut
    bit_rate = wanted.bit_rate_bps or 0
    if wanted.codec != "opus" or bit_rate > OPUS_BPS:
        yield "opus-20k", _opus
    yield "opus-20k-shifted", lambda sound: _opus(_shifted(sound))
    if wanted.codec != "mp3" or bit_rate > MP3_BPS:
        yield "mp3-64k", _mp3
    yield "mp3-64k-shifted", lambda sound: _mp3(_shifted(sound))


def _cut(sound: Sound) -> Sound:
    return Sound(sound.samples[round(CUT_SECONDS * sound.rate) :], sound.rate)


def _shifted(sound: Sound) -> Sound:
    return Sound(np.pad(sound.samples, (round(SHIFT_SECONDS * sound.rate), 0)), sound.rate)


def _opus(sound: Sound) -> Sound:
    rate = next((rate for rate in OPUS_RATES if rate >= sound.rate), OPUS_RATES[-1])
    return _through(sound, Output(codec="opus", sample_rate_hz=rate, bit_rate_bps=OPUS_BPS))


def _mp3(sound: Sound) -> Sound:
    return _through(sound, Output(codec="mp3", sample_rate_hz=sound.rate, bit_rate_bps=MP3_BPS))


def _through(sound: Sound, output: Output) -> Sound:
    return decode_trusted(encode(sound, output), output.codec)
