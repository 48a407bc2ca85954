"""Marking of a clip for delivery: a mark counts only when it is read back from the bytes that
leave.

The mark is written at growing margins until it is read from the delivered bytes. It is then read
after every handling that the clearness of that reading leaves in doubt: a cut, other codecs at
other alignments, a telephone.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import soundfile
from numpy.typing import NDArray

from audio.decoding import decode_trusted
from audio.encoding import Output, check_output, encode_sound
from audio.sound import Sound
from core.canonical_json import Json
from provenance.clips import audiowmark_layer
from provenance.clips.audiowmark_layer import AudiowmarkLayer
from provenance.clips.errors import MarkFailed
from watermark import SCHEME, DecodedToken, detect
from watermark.speech.embedder import Embedder, Margins
from watermark.speech.features import is_speech, measure_speech_seconds
from watermark.speech.identity_layer import LEAST_SECONDS

# Margins to try, weakest first. All begin with 0.7 dB, so that a piece of a long clip reads as well
# as that of a short one: at 0.5 dB, 1.5 s from the middle of a clip of 8 s were read from 24 of 40,
# at 0.7 dB from 29 of 32. A clip shorter than `TELEPHONE_SECONDS` cannot hold what telephone
# vocoders leave inaudibly; one of eight seconds has the identity to carry.
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
TELEPHONE_SECONDS: Final = 4.0
# Where a marked clip has its peaks at most: lossy codecs overshoot, and a clipped peak is heard
# before it is seen.
CEILING: Final = 0.95
# -60 dBFS: 16 bits leave too few levels to carry anything.
SILENT_PEAK: Final = 0.001
SHORT_SECONDS: Final = 1.5
# Of silence in front: another alignment to every codec's frames and to our grid.
SHIFT_SECONDS: Final = 0.0071
CUT_SECONDS: Final = 0.31
# Shorter clips are not asked to survive a cut.
CUT_FROM_SECONDS: Final = 2.5
# The mark lies below 5 kHz, so Opus is tried at 12 kHz, which takes a third of the time. That
# leaves as much of the score as 20 kbit/s do at the clip's own rate (24 clips of 2 s). Passing it
# does not strictly imply passing 24 kbit/s.
OPUS_BPS: Final = 22_000
OPUS_RATE: Final = 12_000
MP3_BPS: Final = 64_000
# What the score of one reading says about the next (40 clips at three margins): Opus at 20 kbit/s
# leaves 0.57 of the delivered score and more, MP3 at 64 kbit/s 0.92 and more. So a coding is only
# tried when it could bring the score below `COMFORTABLE_SCORE`. A clear reading saves the encoder's
# run.
CLEAR_OF_OPUS: Final = 1.9
CLEAR_OF_SHIFT: Final = 0.97
# Every reading should be this clear, so that handling somewhat rougher than ours is survived too. A
# clip that does not get there at the highest margin is still good when its token was read every
# time.
COMFORTABLE_SCORE: Final = 0.9
COMFORTABLE_TELEPHONE_SCORE: Final = 0.88

Handling = Callable[[Sound], Sound]


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """A clip ready to leave.

    `sound` is what the delivered bytes decode to, which is what a hash of the sound must cover.
    `score_milli` is the least score of all readings, in thousandths. `checks` names what was read,
    `delivered` first. `identity_read` says whether the 128-bit identity was read from the delivered
    bytes too. `second_marks` says what else was.
    """

    data: bytes
    sound: Sound
    margin_milli_db: int
    score_milli: int
    checks: tuple[str, ...]
    attempts: int
    identity_read: bool = False
    second_marks: tuple[Mapping[str, Json], ...] = ()

    def columns(self) -> dict[str, Any]:
        """Return what a clip's row keeps of the marks."""
        return {
            "scheme": SCHEME,
            "margin_milli_db": self.margin_milli_db,
            "score_milli": self.score_milli,
            "self_checks": self.checks,
            "second_marks": self.second_marks,
        }


def mark_sound(
    sound: Sound,
    *,
    token: int,
    key: bytes,
    output: Output,
    identity: int | None = None,
    second: AudiowmarkLayer | None = None,
) -> Marked:
    """Write `token` into `sound`, encode it as `output` says, and prove that the mark is there.

    A clip of eight seconds or more carries `identity` as well (128 bits, the clip's whole id). With
    `second`, a sound that is long enough carries that mark beneath ours. The same arguments give
    the same bytes of sound.

    Raises Invalid for an impossible output, and MarkFailed with `facts["reason"]`: `silent`,
    `no_speech`, `too_short` (under 1.5 s, or so little speech that it was not read),
    `not_read_back`.
    """
    wanted = check_output(output)
    assert wanted.sample_rate_hz is not None  # noqa: S101  # check fills it
    host = sound.resample(wanted.sample_rate_hz)
    _check_host(host)
    if second is not None:
        host = audiowmark_layer.write_mark(host, second)

    embedder = Embedder(host.samples, host.rate, token=token, key=key, identity=identity)
    proven: Marked | None = None
    for attempt, margins in enumerate(_choose_strengths(host), start=1):
        data = encode_sound(Sound(apply_headroom(embedder.at(margins)), host.rate), wanted)
        heard = decode_trusted(data, wanted.codec, rate=host.rate)
        seen = _self_check(heard, wanted, token=token, key=key)
        if seen is None:
            continue

        carried = identity is not None and seen.identity == identity
        proven = Marked(
            data=data,
            sound=heard,
            margin_milli_db=round(1000 * margins.token),
            score_milli=round(1000 * min(seen.scores.values())),
            checks=tuple(seen.scores),
            attempts=attempt,
            identity_read=carried,
        )
        if seen.comfortable and (carried or identity is None or host.seconds < LEAST_SECONDS):
            break

    if proven is None:
        raise _explain_failure(host)
    if second is None:
        return proven

    written = audiowmark_layer.describe_written_mark(proven.sound, second)
    return replace(proven, second_marks=written)


def _explain_failure(host: Sound) -> MarkFailed:
    if measure_speech_seconds(host.samples, host.rate) < SHORT_SECONDS:
        detail, reason = "The clip holds too little speech to carry a mark.", "too_short"
    else:
        detail, reason = "The mark could not be read back from the clip.", "not_read_back"
    return MarkFailed(detail, facts={"reason": reason})


def _check_host(host: Sound) -> None:
    """Refuse what cannot carry a mark before any work is done. Raises MarkFailed."""
    if not host.samples.size or not float(np.abs(host.samples).max()) >= SILENT_PEAK:
        raise MarkFailed(
            "The clip is silent, so it cannot carry a mark.", facts={"reason": "silent"}
        )
    if host.seconds < SHORT_SECONDS:
        raise MarkFailed("The clip is too short to carry a mark.", facts={"reason": "too_short"})
    if not is_speech(host.samples, host.rate):
        raise MarkFailed(
            "There is no speech in the clip to carry a mark.", facts={"reason": "no_speech"}
        )


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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What the self-check read: scores by check, whether all are clear, and the identity."""

    scores: dict[str, float]
    comfortable: bool
    identity: int | None


def _self_check(heard: Sound, wanted: Output, *, token: int, key: bytes) -> _Seen | None:
    """Read the token after each handling that the delivered score leaves in doubt.

    Returns None as soon as one reading fails.
    """
    delivered = _read_token(heard, key)
    if delivered is None or delivered.token != token:
        return None

    scores = {"delivered": delivered.score}
    for name, handling in _list_checks(heard, wanted, scores):
        reading = _read_token(handling(heard), key)
        if reading is None or reading.token != token:
            return None
        scores[name] = reading.score

    comfortable = min(scores.values()) >= COMFORTABLE_SCORE
    if comfortable and heard.seconds >= TELEPHONE_SECONDS:
        reading = detect(*_encode_as_gsm(heard), key=key, thorough=True)
        known = reading is not None and reading.token == token
        comfortable = known and reading is not None and reading.score >= COMFORTABLE_TELEPHONE_SCORE
        if comfortable and reading is not None:
            scores["gsm"] = reading.score

    return _Seen(scores=scores, comfortable=comfortable, identity=delivered.identity)


def _read_token(sound: Sound, key: bytes) -> DecodedToken | None:
    return detect(sound.samples, sound.rate, key=key, thorough=False)


def _list_checks(
    heard: Sound, wanted: Output, scores: dict[str, float]
) -> Iterator[tuple[str, Handling]]:
    """Yield what this clip must survive, and what its scores leave in doubt.

    `scores` grows between two steps. Codings that the delivered bytes have been through are left
    out.
    """
    if heard.seconds >= CUT_FROM_SECONDS:
        yield "cut", _drop_start
    bit_rate = wanted.bit_rate_bps or 0
    if scores["delivered"] >= CLEAR_OF_OPUS:
        return
    if wanted.codec != "opus" or bit_rate > OPUS_BPS:
        yield "opus", _encode_as_opus
    if min(scores.values()) < CLEAR_OF_SHIFT:
        yield "opus-shifted", lambda sound: _encode_as_opus(_shift_start(sound))
    if min(scores.values()) < COMFORTABLE_SCORE and (wanted.codec != "mp3" or bit_rate > MP3_BPS):
        yield "mp3-64k", _encode_as_mp3


def _drop_start(sound: Sound) -> Sound:
    return Sound(sound.samples[round(CUT_SECONDS * sound.rate) :], sound.rate)


def _shift_start(sound: Sound) -> Sound:
    return Sound(np.pad(sound.samples, (round(SHIFT_SECONDS * sound.rate), 0)), sound.rate)


def _encode_as_opus(sound: Sound) -> Sound:
    return _encode_and_decode(
        sound.resample(OPUS_RATE),
        Output(codec="opus", sample_rate_hz=OPUS_RATE, bit_rate_bps=OPUS_BPS),
    )


def _encode_as_gsm(sound: Sound) -> tuple[NDArray[np.float32], int]:
    """Send a sound through GSM full rate at 8 kHz and back."""
    low, coded = sound.resample(8_000), io.BytesIO()
    soundfile.write(coded, low.samples, low.rate, format="WAV", subtype="GSM610")
    samples, rate = soundfile.read(io.BytesIO(coded.getvalue()), dtype="float32")
    return samples, int(rate)


def _encode_as_mp3(sound: Sound) -> Sound:
    return _encode_and_decode(
        sound, Output(codec="mp3", sample_rate_hz=sound.rate, bit_rate_bps=MP3_BPS)
    )


def _encode_and_decode(sound: Sound, output: Output) -> Sound:
    return decode_trusted(encode_sound(sound, output), output.codec)
