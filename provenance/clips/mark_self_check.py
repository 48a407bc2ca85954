"""Self-check of a marked clip: its token is read after whatever its clearness leaves in doubt."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import soundfile
from numpy.typing import NDArray

from audio.decoding import decode_trusted
from audio.encoding import OPUS_RATES, Output, encode_sound
from audio.sound import Sound
from watermark import DecodedToken, detect

TELEPHONE_SECONDS: Final = 4.0
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
# Of little speech a higher bit rate may leave less of a mark: at 24 kbit/s lines were not read that
# were read at 22, in the same mode of Opus. So a short line is tried at what is promised, and
# shifted below it.
SHORT_OPUS_BPS: Final = 24_000
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
class MarkReadings:
    """What the self-check read: scores by check, whether all are clear, and the identity."""

    scores: dict[str, float]
    comfortable: bool
    identity: int | None


def check_mark(
    heard: Sound, output: Output, *, token: int, key: bytes, short: bool = False
) -> MarkReadings | None:
    """Read the token after each handling that the delivered score leaves in doubt.

    Returns None as soon as one reading fails. Of a `short` line, which may not survive all of them,
    a telephone among them, it returns what was read by then.
    """
    delivered = _read_token(heard, key)
    if delivered is None or delivered.token != token:
        return None

    scores = {"delivered": delivered.score}
    whole = True
    for name, handling in _list_checks(heard, output, scores, short=short):
        reading = _read_token(handling(heard), key)
        if reading is not None and reading.token == token:
            scores[name] = reading.score
        elif short:
            whole = False
            break
        else:
            return None

    comfortable = whole and min(scores.values()) >= COMFORTABLE_SCORE
    if comfortable and heard.seconds >= TELEPHONE_SECONDS:
        reading = detect(*_encode_as_gsm(heard), key=key, thorough=True)
        known = reading is not None and reading.token == token
        comfortable = known and reading is not None and reading.score >= COMFORTABLE_TELEPHONE_SCORE
        if comfortable and reading is not None:
            scores["gsm"] = reading.score

    return MarkReadings(scores=scores, comfortable=comfortable, identity=delivered.identity)


def _read_token(sound: Sound, key: bytes) -> DecodedToken | None:
    return detect(sound.samples, sound.rate, key=key, thorough=False)


def _list_checks(
    heard: Sound, output: Output, scores: dict[str, float], *, short: bool
) -> Iterator[tuple[str, Handling]]:
    """Yield what this clip must survive, and what its scores leave in doubt.

    `scores` grows between two steps. Codings that the delivered bytes have been through are left
    out.
    """
    if heard.seconds >= CUT_FROM_SECONDS:
        yield "cut", _drop_start
    bit_rate = output.bit_rate_bps or 0
    if short and output.codec != "mulaw":
        yield "mu-law", _encode_as_mulaw
    if scores["delivered"] >= CLEAR_OF_OPUS:
        return
    # Little speech leaves no room for what Opus at 12 kHz does not show.
    promised = SHORT_OPUS_BPS if short else OPUS_BPS
    if output.codec != "opus" or bit_rate > OPUS_BPS:
        yield "opus", lambda sound: _encode_as_opus(sound, promised, wide=short)
    if min(scores.values()) < CLEAR_OF_SHIFT:
        yield (
            "opus-shifted",
            lambda sound: _encode_as_opus(_shift_start(sound), OPUS_BPS, wide=short),
        )
    if min(scores.values()) < COMFORTABLE_SCORE and (output.codec != "mp3" or bit_rate > MP3_BPS):
        yield "mp3-64k", _encode_as_mp3


def _drop_start(sound: Sound) -> Sound:
    return Sound(sound.samples[round(CUT_SECONDS * sound.rate) :], sound.rate)


def _shift_start(sound: Sound) -> Sound:
    return Sound(np.pad(sound.samples, (round(SHIFT_SECONDS * sound.rate), 0)), sound.rate)


def _encode_as_opus(sound: Sound, bit_rate: int, *, wide: bool) -> Sound:
    """Send a sound through Opus at `OPUS_RATE`, or `wide` at its own rate or the next of Opus."""
    rate = OPUS_RATE
    if wide:
        rate = next((rate for rate in OPUS_RATES if rate >= sound.rate), OPUS_RATES[-1])
    return _encode_and_decode(
        sound.resample(rate), Output(codec="opus", sample_rate_hz=rate, bit_rate_bps=bit_rate)
    )


def _encode_as_mulaw(sound: Sound) -> Sound:
    """Send a sound through G.711 mu-law at 8 kHz and back."""
    low = sound.resample(8_000)
    data = encode_sound(low, Output(codec="mulaw"))
    return decode_trusted(data, "mulaw", rate=low.rate)


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
