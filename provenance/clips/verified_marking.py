"""Marking of a clip for delivery: a mark counts only when it is read back from the bytes that
leave.

The mark is written at growing margins until it is read from the delivered bytes. It is then read
after every handling that the clearness of that reading leaves in doubt: a cut, other codecs at
other alignments, a telephone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from audio.decoding import decode_trusted
from audio.encoding import Output, check_output, encode_sound
from audio.sound import Sound
from core.canonical_json import Json
from provenance.clips import audiowmark_layer
from provenance.clips.audiowmark_layer import AudiowmarkLayer
from provenance.clips.errors import MarkFailed
from provenance.clips.mark_self_check import TELEPHONE_SECONDS, check_mark
from watermark import SCHEME
from watermark.speech.embedder import Embedder, Margins
from watermark.speech.features import is_speech, measure_speech_seconds
from watermark.speech.identity_layer import LEAST_SECONDS

# Margins to try, weakest first. All begin with 0.7 dB, so that a piece of a long clip reads as well
# as that of a short one: at 0.5 dB, 1.5 s from the middle of a clip of 8 s were read from 24 of 40,
# at 0.7 dB from 29 of 32. A clip shorter than `TELEPHONE_SECONDS` cannot hold inaudibly a mark that
# survives telephone vocoders. A clip of eight seconds has the identity to carry as well.
STRENGTHS: Final = tuple(Margins(token=margin) for margin in (0.7, 0.9, 1.15, 1.5))
TELEPHONE_STRENGTHS: Final = tuple(
    Margins(token=token, low=low)
    for token, low in ((0.7, 0.3), (0.7, 0.45), (0.7, 0.6), (0.75, 0.8), (1.25, 1.0))
)
LONG_STRENGTHS: Final = tuple(
    Margins(token=token, identity=identity, low=low)
    for token, identity, low in (
        (0.7, 0.5, 0.25), (0.7, 0.5, 0.4), (0.7, 0.52, 0.55), (0.75, 0.65, 0.75), (1.2, 0.95, 1.0),
    )
)  # fmt: skip
# Little speech has to say all of the message by itself, once. What Opus leaves of it lies low. A
# line is rather lengthened than marked loudly, so the strong margins come after all lengths.
SHORT_STRENGTHS: Final = tuple(
    tuple(Margins(token=token, low=low) for token, low in step)
    for step in (
        ((0.7, 0.0), (0.7, 0.5), (0.9, 0.6)),
        ((1.15, 0.7), (1.5, 1.0)),
        ((2.0, 1.4), (2.7, 2.0)),
    )
)
# Where a marked clip has its peaks at most: lossy codecs overshoot, and a clipped peak is heard
# before it is seen.
CEILING: Final = 0.95
# -60 dBFS: 16 bits leave too few levels to carry anything.
SILENT_PEAK: Final = 0.001
# Of less speech no mark was read: of half of the lines with 0.4 s of it one was.
LEAST_SHORT_SECONDS: Final = 0.2
SHORT_SECONDS: Final = 1.5
"""A clip with less speech may be lengthened, and what fails in it is called `too_short`."""
LEAST_SPEECH_MS: Final = 1_000
"""How much speech carries a mark (`docs/numbers.md`)."""
PADDED_SECONDS: Final = (1.25, 1.5)
"""The lengths to which such a clip is lengthened, in turn."""

# Returns a sound with something inaudible behind it, so that it lasts this many seconds.
Lengthen = Callable[[Sound, float], Sound]


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """A clip ready to leave.

    `sound` is what the delivered bytes decode to, which is what a hash of the sound must cover.
    `score_milli` is the least score of all readings, in thousandths. `checks` names what was read,
    `delivered` first. `identity_read` says whether the 128-bit identity was read from the delivered
    bytes too, and `clear` whether all checks were passed with room to spare. `padded_ms` says how
    much was put behind the sound, and `second_marks` what else was.
    """

    data: bytes
    sound: Sound
    margin_milli_db: int
    score_milli: int
    checks: tuple[str, ...]
    attempts: int
    identity_read: bool = False
    clear: bool = False
    padded_ms: int = 0
    second_marks: tuple[Mapping[str, Json], ...] = ()

    def columns(self) -> dict[str, Any]:
        """Return what a clip's row keeps of the marks."""
        return {
            **write_mark_columns(self.margin_milli_db, self.score_milli, self.checks),
            "second_marks": self.second_marks,
            "padded_ms": self.padded_ms,
        }


def write_mark_columns(
    margin_milli_db: int, score_milli: int, checks: tuple[str, ...]
) -> dict[str, Any]:
    """Return what a clip's row keeps of our own mark."""
    return {
        "scheme": SCHEME,
        "margin_milli_db": margin_milli_db,
        "score_milli": score_milli,
        "self_checks": checks,
    }


def mark_sound(
    sound: Sound,
    *,
    token: int,
    key: bytes,
    output: Output,
    identity: int | None = None,
    audiowmark: AudiowmarkLayer | None = None,
    lengthen: Lengthen | None = None,
) -> Marked:
    """Write `token` into `sound`, encode it as `output` says, and prove that the mark is there.

    A clip of eight seconds or more carries `identity` as well (128 bits, the clip's whole id). With
    `audiowmark`, a sound that is long enough carries that layer beneath ours. With `lengthen`, a
    clip with too little speech gets as much behind it as its mark needs. The same arguments give
    the same bytes of sound.

    Raises Invalid for an impossible output, and MarkFailed with `facts["reason"]`: `silent`,
    `no_speech`, `too_short` (so little speech that the mark was not read), `not_read_back`.
    """
    wanted = check_output(output)
    assert wanted.sample_rate_hz is not None  # noqa: S101  # check fills it
    host = sound.resample(wanted.sample_rate_hz)
    short = _check_host(host)
    if audiowmark is not None:
        host = audiowmark_layer.write_mark(host, audiowmark)

    marking = _Marking(token=token, key=key, identity=identity, wanted=wanted, short=short)
    proven = (
        _mark_short_line(host, marking, lengthen)
        if short
        else _try_strengths(_Host(host, marking), _choose_strengths(host), marking)
    )
    if proven is None:
        raise _explain_failure(host)
    if audiowmark is None:
        return proven

    written = audiowmark_layer.describe_written_mark(proven.sound, audiowmark)
    return replace(proven, second_marks=written)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Marking:
    """What is written into a clip, with which key, and how the clip is encoded."""

    token: int
    key: bytes = field(repr=False)
    identity: int | None
    wanted: Output
    short: bool


class _Host:
    """A sound that is analysed once and may be marked at any number of margins."""

    def __init__(self, sound: Sound, marking: _Marking) -> None:
        self.sound = sound
        self.embedder = Embedder(
            sound.samples,
            sound.rate,
            token=marking.token,
            key=marking.key,
            identity=marking.identity,
        )


def _mark_short_line(host: Sound, marking: _Marking, lengthen: Lengthen | None) -> Marked | None:
    """Return the line as it is or lengthened, at the weakest margin that reads clearly.

    If none does, the clearest that reads is returned.
    """

    @cache
    def prepare(seconds: float) -> _Host:
        return _Host(lengthen(host, seconds) if lengthen and seconds else host, marking)

    longer = [seconds for seconds in PADDED_SECONDS if lengthen and host.seconds < seconds]
    best: Marked | None = None
    for strengths in SHORT_STRENGTHS:
        for seconds in (0.0, *longer):
            found = _try_strengths(prepare(seconds), strengths, marking)
            if found is not None and (best is None or _rank_mark(found) > _rank_mark(best)):
                added = len(prepare(seconds).sound.samples) - len(host.samples)
                best = replace(found, padded_ms=round(1000 * added / host.rate))
            if best is not None and best.clear:
                return best

    return best


def _try_strengths(host: _Host, strengths: tuple[Margins, ...], marking: _Marking) -> Marked | None:
    """Return the clip at the weakest margin that reads clearly, or at the last one that reads."""
    sound, wanted, identity = host.sound, marking.wanted, marking.identity
    proven: Marked | None = None
    for attempt, margins in enumerate(strengths, start=1):
        samples = apply_headroom(host.embedder.at(margins))
        data = encode_sound(Sound(samples, sound.rate), wanted)
        heard = decode_trusted(data, wanted.codec, rate=sound.rate)
        seen = check_mark(heard, wanted, token=marking.token, key=marking.key, short=marking.short)
        if seen is None:
            continue

        carried = identity is not None and seen.identity == identity
        found = Marked(
            data=data,
            sound=heard,
            margin_milli_db=round(1000 * margins.token),
            score_milli=round(1000 * min(seen.scores.values())),
            checks=tuple(seen.scores),
            attempts=attempt,
            identity_read=carried,
            clear=seen.comfortable,
        )
        if proven is None or not marking.short or _rank_mark(found) > _rank_mark(proven):
            proven = found
        if seen.comfortable and (carried or identity is None or sound.seconds < LEAST_SECONDS):
            break

    return proven


def _rank_mark(marked: Marked) -> tuple[bool, int, int]:
    """Return how good a short line's mark is: clear, read after how much, and how clearly."""
    return marked.clear, len(marked.checks), marked.score_milli


def _explain_failure(host: Sound) -> MarkFailed:
    if measure_speech_seconds(host.samples, host.rate) < SHORT_SECONDS:
        detail, reason = "The clip holds too little speech to carry a mark.", "too_short"
    else:
        detail, reason = "The mark could not be read back from the clip.", "not_read_back"
    return MarkFailed(detail, facts={"reason": reason})


def _check_host(host: Sound) -> bool:
    """Check before any work is done what cannot carry a mark, and return whether it is short.

    Raises MarkFailed.
    """
    if not host.samples.size or not float(np.abs(host.samples).max()) >= SILENT_PEAK:
        raise MarkFailed(
            "The clip is silent, so it cannot carry a mark.", facts={"reason": "silent"}
        )
    if host.seconds < LEAST_SHORT_SECONDS:
        raise _explain_failure(host)
    if not is_speech(host.samples, host.rate):
        # What is too short to be known for speech is not called something else.
        if host.seconds < SHORT_SECONDS:
            raise _explain_failure(host)
        raise MarkFailed(
            "There is no speech in the clip to carry a mark.", facts={"reason": "no_speech"}
        )
    if host.seconds >= TELEPHONE_SECONDS:
        return False

    speech = measure_speech_seconds(host.samples, host.rate)
    if speech < LEAST_SHORT_SECONDS:
        raise _explain_failure(host)
    return speech < SHORT_SECONDS


def _choose_strengths(host: Sound) -> tuple[Margins, ...]:
    if host.seconds >= LEAST_SECONDS:
        return LONG_STRENGTHS
    return TELEPHONE_STRENGTHS if host.seconds >= TELEPHONE_SECONDS else STRENGTHS


def apply_headroom(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the samples, turned down as a whole when a peak would come near full scale.

    The mark does not depend on the level.
    """
    peak = float(np.abs(samples).max(initial=0.0))
    return samples if peak <= CEILING else samples * np.float32(CEILING / peak)
