"""The schemes of `manage.py watermark`: what each does with one sound, and the keys that the
command gives them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

import watermark
from audio.decoding import decode_trusted
from audio.encoding import Output, check_output, encode_sound
from audio.sound import Sound
from provenance.clips import audiowmark_layer, verified_marking
from provenance.clips.errors import MarkFailed
from provenance.clips.verified_marking import apply_headroom
from watermark import audiowmark
from watermark.audiowmark import key_files

LEAST_KEY_BYTES: Final = 16
PURPOSE: Final = b"sayso watermark command line v1"
AUDIOWMARK_PURPOSE: Final = b"sayso audiowmark command line v1"


class BadKey(ValueError):
    """A key that no scheme can use; the message is a whole sentence without the key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemeMatch:
    """A token that was read: hexadecimal, how clearly, by which scheme, and what else that scheme
    says.
    """

    token: str
    score: float
    scheme: str
    details: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """As the command prints it."""
        return {
            "token": self.token,
            "score": round(self.score, 3),
            "scheme": self.scheme,
            **self.details,
        }


class SchemeCommand(Protocol):
    """One way of marking sounds."""

    name: str
    digits: int  # of a token, hexadecimal

    def mark(self, sound: Sound, token: str, output: Output) -> tuple[bytes, dict[str, Any]]:
        """The bytes of the marked sound, and what is to be said of it.

        Raises MarkFailed and Invalid.
        """

    def read(self, sound: Sound) -> SchemeMatch | None:
        """The token in a sound, if it can be believed."""

    def segments(self, sound: Sound) -> list[dict[str, Any]]:
        """Which seconds carry which token."""


class SpeechScheme:
    """Our own scheme: 32 bits, from two seconds on."""

    name = watermark.SCHEME
    digits = 8

    def __init__(self, key: bytes) -> None:
        self._key = key

    def mark(self, sound: Sound, token: str, output: Output) -> tuple[bytes, dict[str, Any]]:
        """Mark, as clips for delivery are marked."""
        marked = verified_marking.mark_sound(
            sound, token=int(token, 16), key=self._key, output=output
        )
        return marked.data, {
            "margin_db": marked.margin_milli_db / 1000,
            "score": marked.score_milli / 1000,
            "checks": list(marked.checks),
            "attempts": marked.attempts,
        }

    def read(self, sound: Sound) -> SchemeMatch | None:
        """Whatever passes its check is believed."""
        reading = watermark.detect(sound.samples, sound.rate, key=self._key)
        if reading is None:
            return None
        details = {
            "speed": reading.speed,
            "tempo": round(reading.tempo, 5),
            "identity": _to_hexadecimal(reading.identity),
        }
        return SchemeMatch(
            token=f"{reading.token:08x}", score=reading.score, scheme=self.name, details=details
        )

    def segments(self, sound: Sound) -> list[dict[str, Any]]:
        """Second by second."""
        return [
            {
                "start_s": round(segment.start_s, 2),
                "end_s": round(segment.end_s, 2),
                "token": f"{segment.token:08x}",
                "score": round(segment.score, 3),
                "identity": _to_hexadecimal(segment.identity),
            }
            for segment in watermark.find_segments(sound.samples, sound.rate, keys={"": self._key})
        ]


class Audiowmark:
    """audiowmark's scheme: 128 bits, read from about 8 seconds on, dependable from 15; strength
    15.
    """

    name = audiowmark.SCHEME
    digits = 32

    def __init__(self, key: audiowmark.AudiowmarkKey) -> None:
        self._key = key

    def mark(self, sound: Sound, token: str, output: Output) -> tuple[bytes, dict[str, Any]]:
        """Mark, and read the token back from the very bytes."""
        rate = check_output(output).sample_rate_hz or sound.rate
        host = sound.resample(rate)
        strength = audiowmark_layer.STRENGTH
        made = audiowmark.embed(
            _to_channels(host), rate, key=self._key, message=token, strength=strength
        )
        samples = apply_headroom(made[:, 0].astype(np.float32))
        data = encode_sound(Sound(samples, rate), check_output(output))
        rows = self._rows(decode_trusted(data, output.codec, rate=rate))
        read = [row for row in rows if row.message == token.lower()]
        if not read:
            raise MarkFailed(
                "The mark could not be read back from the clip.", facts={"reason": "not_read_back"}
            )
        best = max(row.quality for row in read)
        return data, {"strength": strength, "score": round(best, 3)}

    def read(self, sound: Sound) -> SchemeMatch | None:
        """Only a row that can be believed without knowing the token."""
        row = next((row for row in self._rows(sound) if row.believable), None)
        return (
            SchemeMatch(token=row.message, score=row.quality, scheme=self.name)
            if row is not None
            else None
        )

    def segments(self, sound: Sound) -> list[dict[str, Any]]:
        """None: this scheme says where a block begins, not how far the mark reaches."""
        return []

    def _rows(self, sound: Sound) -> list[audiowmark.DetectorRow]:
        return audiowmark.detect(
            _to_channels(sound), sound.rate, keys=[self._key], least=audiowmark.HOPEFUL
        )


def list_schemes(secret: bytes | None, *, master: str) -> tuple[SchemeCommand, ...]:
    """Every scheme with a key that was given, or with the command line's own of this deployment.

    audiowmark's scheme takes the first 16 bytes.
    """
    speech = secret if secret is not None else _derive_key(master, PURPOSE)
    other = secret if secret is not None else _derive_key(master, AUDIOWMARK_PURPOSE)
    return SpeechScheme(speech), Audiowmark(
        audiowmark_layer.to_audiowmark_key(other, "command line")
    )


def derive_command_line_key(master: str) -> audiowmark.AudiowmarkKey:
    """The key with which this deployment's command line marks in audiowmark's scheme."""
    return audiowmark_layer.to_audiowmark_key(
        _derive_key(master, AUDIOWMARK_PURPOSE), "sayso command line"
    )


def parse_secret(digits: str) -> bytes:
    """A key from hexadecimal digits. Raises BadKey."""
    try:
        secret = bytes.fromhex(digits)
    except ValueError as error:
        raise BadKey("The key must be hexadecimal digits.") from error
    if len(secret) < LEAST_KEY_BYTES:
        raise BadKey(f"The key must have at least {2 * LEAST_KEY_BYTES} hexadecimal digits.")
    return secret


def read_secret(path: Path) -> bytes:
    """A key from a file: hexadecimal digits, or a key file of the audiowmark program.

    Raises BadKey and OSError.
    """
    try:
        text = path.read_text(encoding="ascii").strip()
    except UnicodeDecodeError:
        text = ""
    if text and not set(text) - set("0123456789abcdefABCDEF \r\n\t"):
        return parse_secret(text)
    try:
        return key_files.read_key_file(path).secret
    except key_files.KeyFileError as error:
        raise BadKey(f"The key file cannot be used ({error}).") from error


def _to_hexadecimal(identity: int | None) -> str | None:
    return None if identity is None else f"{identity:032x}"


def _to_channels(sound: Sound) -> np.typing.NDArray[np.float64]:
    return sound.samples.astype(np.float64)[:, None]


def _derive_key(master: str, purpose: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=purpose).derive(
        master.encode()
    )
