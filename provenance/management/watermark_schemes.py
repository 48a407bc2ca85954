"""The schemes of `manage.py watermark`: what each does with one sound, and their keys."""

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
    """A key that no scheme can use. The message is a whole sentence without the key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemeMatch:
    """A token that was read, in hexadecimal digits, with its score and its scheme.

    `details` is what this scheme reports beyond that.
    """

    token: str
    score: float
    scheme: str
    details: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return the match as the command prints it."""
        return {
            "token": self.token,
            "score": round(self.score, 3),
            "scheme": self.scheme,
            **self.details,
        }


class SchemeCommand(Protocol):
    """One scheme of marking sounds."""

    name: str
    digits: int
    """How many hexadecimal digits a token has."""

    def mark(self, sound: Sound, token: str, output: Output) -> tuple[bytes, dict[str, Any]]:
        """Return the bytes of the marked sound, and facts about the mark.

        Raises MarkFailed and Invalid.
        """

    def read(self, sound: Sound) -> SchemeMatch | None:
        """Return the token in a sound, if the reading is reliable."""

    def segments(self, sound: Sound) -> list[dict[str, Any]]:
        """Return the marked segments with start and end in seconds, and their tokens."""


class SpeechScheme:
    """Our own scheme: 32 bits, from two seconds on."""

    name = watermark.SCHEME
    digits = 8

    def __init__(self, key: bytes) -> None:
        self._key = key

    def mark(self, sound: Sound, token: str, output: Output) -> tuple[bytes, dict[str, Any]]:
        """Mark a sound in the same way as clips for delivery."""
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
        """Return the token, which is reliable when it passes its own check."""
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
        """Return the segments, found second by second."""
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
    """audiowmark's scheme: 128 bits at strength 15, read from about 8 seconds, reliable from 15."""

    name = audiowmark.SCHEME
    digits = 32

    def __init__(self, key: audiowmark.AudiowmarkKey) -> None:
        self._key = key

    def mark(self, sound: Sound, token: str, output: Output) -> tuple[bytes, dict[str, Any]]:
        """Mark a sound, and read the token back from the final bytes.

        Raises MarkFailed, Invalid.
        """
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
        """Return the first token that is reliable without knowing it beforehand."""
        row = next((row for row in self._rows(sound) if row.believable), None)
        if row is None:
            return None

        return SchemeMatch(token=row.message, score=row.quality, scheme=self.name)

    def segments(self, sound: Sound) -> list[dict[str, Any]]:
        """Return no segments: this scheme finds where a block begins, and not where marks end."""
        return []

    def _rows(self, sound: Sound) -> list[audiowmark.DetectorRow]:
        return audiowmark.detect(
            _to_channels(sound), sound.rate, keys=[self._key], minimum=audiowmark.HOPEFUL
        )


def list_schemes(secret: bytes | None, *, master: str) -> tuple[SchemeCommand, ...]:
    """Return every scheme with the key `secret`, or with this deployment's command-line key.

    audiowmark's scheme takes the first 16 bytes.
    """
    speech = secret if secret is not None else _derive_key(master, PURPOSE)
    other = secret if secret is not None else _derive_key(master, AUDIOWMARK_PURPOSE)
    return SpeechScheme(speech), Audiowmark(
        audiowmark_layer.to_audiowmark_key(other, "command line")
    )


def derive_command_line_key(master: str) -> audiowmark.AudiowmarkKey:
    """Return the key with which this deployment's command line marks in audiowmark's scheme."""
    return audiowmark_layer.to_audiowmark_key(
        _derive_key(master, AUDIOWMARK_PURPOSE), "sayso command line"
    )


def parse_secret(digits: str) -> bytes:
    """Return a key from hexadecimal digits.

    Raises BadKey.
    """
    try:
        secret = bytes.fromhex(digits)
    except ValueError as error:
        raise BadKey("The key must be hexadecimal digits.") from error

    if len(secret) < LEAST_KEY_BYTES:
        raise BadKey(f"The key must have at least {2 * LEAST_KEY_BYTES} hexadecimal digits.")

    return secret


def read_key_secret(path: Path) -> bytes:
    """Return a key from a file of hexadecimal digits or a key file of the audiowmark program.

    Raises BadKey and OSError.
    """
    try:
        text = path.read_text(encoding="utf-8-sig").strip()
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
