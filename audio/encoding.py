"""Encoding: the outputs that a caller may choose, and their bytes.

They are made with libsndfile or LAME, or in a child process.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import soundfile
from numpy.typing import NDArray

from audio import mp4
from audio.mp3_encoder import encode_mp3
from audio.sound import Sound, quantise_samples
from core.errors import Fault, Invalid

DEFAULT_RATE: Final = 24_000
# The rates of MPEG audio. Every codec here takes them, and a misspelt one is refused.
RATES: Final = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
OPUS_RATES: Final = (8_000, 12_000, 16_000, 24_000, 48_000)  # RFC 6716, section 2
# Layer III bit rates in kbit/s: ISO 11172-3 table 2.4.2.3 for 32 kHz and more, ISO 13818-3 for 16
# to 24 kHz, "2.5" below.
_MPEG1: Final = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_MPEG2: Final = (32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_MPEG25: Final = (32, 40, 48, 56, 64)
_MP3_USUAL: Final = 64_000
_OPUS_LEAST: Final = 12_000
_OPUS_MOST: Final = 256_000
_AAC_LEAST: Final = 16_000
_AAC_USUAL: Final = 64_000
_AAC_MOST: Final = 256_000
# libsndfile's Vorbis and Opus writers put a whole write on the stack and crash on large ones.
_BLOCK: Final = 4096

MEDIA_TYPES: Final = {
    "wav": "audio/wav",
    "mp3": "audio/mpeg",
    "m4a": "audio/mp4",  # RFC 4337, where the encoder is installed
    "flac": "audio/flac",
    "ogg": "audio/ogg; codecs=vorbis",
    "opus": "audio/ogg; codecs=opus",
    # Not audio/L16: that is big-endian (RFC 2586).
    "pcm_s16le": "audio/pcm",
    # RFC 2046, section 4.3: exactly this, 8-bit mu-law, one channel, 8000 Hz, no header.
    "mulaw": "audio/basic",
}
CODECS: Final = tuple(MEDIA_TYPES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """The format that the caller wants. None means the default, until `check_output` has set it.

    `mulaw` is bare G.711 mu-law at 8000 Hz, `pcm_s16le` bare 16-bit samples, `opus` and `ogg` are
    Ogg files.
    """

    codec: str = "wav"
    sample_rate_hz: int | None = None
    bit_rate_bps: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BitRates:
    """The bit rates of a codec at one sample rate, in bit/s.

    They are those `listed`, or where none are, all from `least` to `most`.
    """

    usual: int
    least: int
    most: int
    listed: tuple[int, ...] = ()

    def includes(self, bit_rate: int) -> bool:
        """Return True if this is one of the bit rates."""
        return (not self.listed or bit_rate in self.listed) and self.least <= bit_rate <= self.most


def check_output(output: Output) -> Output:
    """Return `output` with its defaults set. Numbers are refused, never clamped.

    Raises Invalid: `unsupported_field` or, for numbers, `out_of_range`.
    """
    if output.codec not in MEDIA_TYPES:
        raise _build_invalid(
            "unsupported_field", "output.codec", f"The codec must be one of: {', '.join(CODECS)}."
        )
    if not is_codec_available(output.codec):
        raise _build_invalid(
            "unsupported_field", "output.codec", "This installation cannot make m4a."
        )

    rate = output.sample_rate_hz
    if rate is None:
        rate = get_default_rate(output)
    rates = list_sample_rates(output.codec)
    if rate not in rates:
        raise _build_invalid(
            "out_of_range",
            "output.sample_rate_hz",
            f"The sample rate of {output.codec}, in Hz, must be one of: {_join_numbers(rates)}.",
        )

    return replace(output, sample_rate_hz=rate, bit_rate_bps=_choose_bit_rate(output, rate))


def list_sample_rates(codec: str) -> tuple[int, ...]:
    """Return the sample rates of a codec in Hz."""
    return {"opus": OPUS_RATES, "mulaw": (8_000,)}.get(codec, RATES)


def get_bit_rates(codec: str, rate: int) -> BitRates | None:
    """Return the bit rates of a codec at a sample rate, or None for one that has none to set."""
    match codec:
        case "mp3":
            listed = tuple(kbit * 1000 for kbit in _get_mpeg_bit_rates(rate))
            return BitRates(usual=_MP3_USUAL, least=listed[0], most=listed[-1], listed=listed)
        case "opus":
            return BitRates(usual=32_000, least=_OPUS_LEAST, most=_OPUS_MOST)
        case "m4a":
            # ISO 14496-3: 6144 bits for a frame of 1024 samples and a channel.
            most = min(_AAC_MOST, 6 * rate)
            return BitRates(usual=min(_AAC_USUAL, most), least=_AAC_LEAST, most=most)
        case _:
            return None


def is_codec_available(codec: str) -> bool:
    """Return True if this installation can make the codec: m4a needs an encoder of its own."""
    return codec != "m4a" or mp4.is_encoder_available()


def get_file_ending(codec: str) -> str:
    """Return the usual ending of a file of this codec, without its dot."""
    return {"pcm_s16le": "pcm", "mulaw": "ulaw"}.get(codec, codec)


def get_media_type(codec: str) -> str:
    """Return the Content-Type of a codec's bytes."""
    return MEDIA_TYPES[codec]


def encode_sound(sound: Sound, output: Output) -> bytes:
    """Return the delivered bytes. The sound is resampled to the output's rate.

    Raises Invalid as `check_output` does, and for `m4a` EncoderUnavailable.
    """
    wanted = check_output(output)
    assert wanted.sample_rate_hz is not None  # noqa: S101  # `check_output` sets it
    pcm = quantise_samples(sound.resample(wanted.sample_rate_hz).samples)

    if wanted.codec == "pcm_s16le":
        return pcm.tobytes()
    if wanted.codec == "m4a":
        bit_rate = wanted.bit_rate_bps or _AAC_USUAL
        return mp4.encode_m4a(pcm, rate=wanted.sample_rate_hz, bit_rate=bit_rate)
    if wanted.codec == "mp3":
        bit_rate = wanted.bit_rate_bps or _MP3_USUAL
        return encode_mp3(pcm, rate=wanted.sample_rate_hz, bit_rate=bit_rate)

    return _write_sndfile(pcm, wanted.sample_rate_hz, **get_sndfile_options(wanted))


def get_sndfile_options(output: Output) -> dict[str, Any]:
    """Return libsndfile's options for a checked output other than bare samples, MP3 and M4A."""
    match output.codec:
        case "mulaw":
            return {"format": "RAW", "subtype": "ULAW"}
        case "wav":
            return {"format": "WAV", "subtype": "PCM_16"}
        case "flac":
            return {"format": "FLAC", "subtype": "PCM_16"}
        case "ogg":
            return {"format": "OGG", "subtype": "VORBIS"}
        case "opus":
            level = _get_opus_level(output.bit_rate_bps or 0)
            return {"format": "OGG", "subtype": "OPUS", "compression_level": level}
        case _:
            # An output that is made elsewhere.
            raise ValueError(output.codec)


def get_default_rate(output: Output) -> int:
    """Return the sample rate of an output that names none, in Hz."""
    if output.codec == "mulaw":
        return 8_000

    # Only MPEG-1 rates carry more than 160 kbit/s.
    if output.codec == "mp3" and (output.bit_rate_bps or 0) > _MPEG2[-1] * 1000:
        return 48_000

    return DEFAULT_RATE


def _choose_bit_rate(output: Output, rate: int) -> int | None:
    asked, codec = output.bit_rate_bps, output.codec
    allowed = get_bit_rates(codec, rate)

    if allowed is None:
        if asked is not None:
            raise _build_invalid(
                "unsupported_field", "output.bit_rate_bps", f"{codec} has no bit rate to set."
            )
        return None

    if asked is not None and not allowed.includes(asked):
        bounds = (
            f"must be one of: {_join_numbers(allowed.listed)}."
            if allowed.listed
            else f"must be from {allowed.least} to {allowed.most}."
        )
        raise _build_invalid(
            "out_of_range",
            "output.bit_rate_bps",
            f"The bit rate of {codec} at {rate} Hz, in bit/s, {bounds}",
        )

    return asked or allowed.usual


def _get_mpeg_bit_rates(rate: int) -> tuple[int, ...]:
    if rate >= 32_000:
        return _MPEG1
    return _MPEG2 if rate >= 16_000 else _MPEG25


def _get_opus_level(bit_rate: int) -> float:
    """Return the level for one channel: 256 kbit/s at level 0 down to 6 kbit/s at level 1."""
    return (256_000 - bit_rate) / 250_000


def _write_sndfile(pcm: NDArray[np.int16], rate: int, **kind: Any) -> bytes:
    sink = io.BytesIO()
    with soundfile.SoundFile(sink, "w", samplerate=rate, channels=1, **kind) as file:
        for at in range(0, len(pcm), _BLOCK):
            file.write(pcm[at : at + _BLOCK])

    return sink.getvalue()


def _join_numbers(numbers: tuple[int, ...]) -> str:
    return ", ".join(str(number) for number in numbers)


def _build_invalid(code: str, attr: str, detail: str) -> Invalid:
    return Invalid(detail, code=code, faults=(Fault(code=code, detail=detail, attr=attr),))
