"""C2SP tlog-witness and tlog-cosignature: requests to a witness, and its Ed25519 lines."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from core.errors import Refused
from transparency_log.formats import signed_note

COSIGNATURE: Final = b"\x04"
# Clocks differ. A cosignature from further in the future is false about when the log was seen.
AHEAD: Final = timedelta(minutes=10)
MOST_STEPS: Final = 63
_KEY_ID, _TIME, _SIGNATURE = 4, 8, 64
_SIZE: Final = re.compile(rb"(0|[1-9][0-9]{0,18})\n?\Z")
# C2SP signed-note: a key's name has neither spaces nor plus signs.
_NAME: Final = re.compile(r"[^\s+]{1,200}\Z")


class CosignatureRefused(Refused):
    """A witness answered with a line that is false, of another key, or from the future. The line is
    not stored.
    """

    code = "cosignature_refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessKey:
    """The name and the 32 raw Ed25519 bytes under which a witness cosigns (type 0x04)."""

    name: str
    public_key: bytes

    @property
    def key_id(self) -> bytes:
        """Return the first four bytes of SHA-256(name, newline, 0x04, key)."""
        return hashlib.sha256(self.name.encode() + b"\n" + COSIGNATURE + self.public_key).digest()[
            :_KEY_ID
        ]

    def __str__(self) -> str:
        """Return the `vkey` form."""
        key = signed_note.encode_base64(COSIGNATURE + self.public_key)
        return f"{self.name}+{self.key_id.hex()}+{key}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """A configured witness: its key and its submission prefix."""

    """A witness to be asked: its key, and its submission prefix."""

    key: WitnessKey
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cosignature:
    """One verified line: the witness's key, and when it found the log consistent."""

    key: WitnessKey
    at: datetime
    line: str


def parse_witness_key(text: str) -> WitnessKey:
    """Return the key of a witness's `vkey`.

    Raises NoteRefused for any other text, and for a key of another signature type.
    """
    name, _, rest = text.strip().partition("+")
    hex_id, _, encoded = rest.partition("+")
    blob = signed_note.decode_note_base64(encoded)
    if not _NAME.match(name) or blob[:1] != COSIGNATURE or len(blob) != 33:
        raise signed_note.NoteRefused("This is not the key of an Ed25519 witness (type 0x04).")

    key = WitnessKey(name=name, public_key=blob[1:])
    if key.key_id.hex() != hex_id:
        raise signed_note.NoteRefused("The id of this witness's key does not fit it.")

    return key


def parse_witnesses(text: str) -> tuple[Witness, ...]:
    """Return the witnesses of `VKEY URL` pairs, separated by newlines or commas.

    Raises ValueError in words for an operator.
    """
    found = []
    for part in re.split(r"[\n,]", text):
        words = part.split()
        if not words or words[0].startswith("#"):
            continue

        if len(words) != 2 or urlsplit(words[1]).scheme not in {"http", "https"}:
            raise ValueError(
                "holds something other than a verifier key and a URL, one pair a line or comma"
            )

        try:
            found.append(Witness(key=parse_witness_key(words[0]), url=words[1].rstrip("/")))
        except signed_note.NoteRefused as error:
            raise ValueError(f"holds a key that cannot be used: {error.detail}") from error

    if len({str(witness.key) for witness in found}) != len(found):
        raise ValueError("names a witness twice")

    return tuple(found)


def build_request(*, old: int, proof: Sequence[bytes], note: str) -> bytes:
    """Return the body of `add-checkpoint`.

    Raises ValueError for a proof longer than the protocol allows.
    """
    if len(proof) > MOST_STEPS:
        raise ValueError("a consistency proof has at most 63 steps")

    steps = "".join(f"{signed_note.encode_base64(step)}\n" for step in proof)
    return f"old {old}\n{steps}\n{note}".encode()


def parse_size(body: bytes) -> int:
    """Return the size that the body of a 409 names: the one that the witness cosigned last.

    Raises CosignatureRefused.
    """
    found = _SIZE.match(body)
    if not found:
        raise CosignatureRefused("The witness says no size in its conflict.")

    return int(found[1])


def read_cosignature(lines: bytes, *, text: str, key: WitnessKey, at: datetime) -> Cosignature:
    """Verify the witness's lines against the checkpoint's `text`. Return the one of `key`.

    `at` is our time. Lines of other keys are ignored, as the protocol demands.

    Raises CosignatureRefused.
    """
    try:
        signed, found = signed_note.split_note(f"{text}\n{lines.decode()}")
    except (signed_note.NoteRefused, UnicodeDecodeError) as error:
        raise CosignatureRefused(
            "The witness answered with something other than signature lines."
        ) from error

    if signed != text:
        raise CosignatureRefused("The witness answered with a note of its own.")

    mine = [blob for name, blob in found if (name, blob[:_KEY_ID]) == (key.name, key.key_id)]
    if not mine:
        raise CosignatureRefused("No line of the witness's answer is by its key.")

    when = verify_cosignature(mine[0], text=text, key=key)
    if when > at + AHEAD:
        raise CosignatureRefused("The witness's clock is far ahead, or it lies about the time.")

    return Cosignature(
        key=key, at=when, line=f"— {key.name} {signed_note.encode_base64(mine[0])}\n"
    )


def read_kept_line(line: bytes, *, text: str, key: WitnessKey) -> Cosignature:
    """Verify a stored line without a limit in time.

    Raises CosignatureRefused.
    """
    return read_cosignature(line, text=text, key=key, at=datetime.max.replace(tzinfo=UTC) - AHEAD)


def verify_cosignature(blob: bytes, *, text: str, key: WitnessKey) -> datetime:
    """Verify one signature and return the time in it.

    `blob` is the key id (4 bytes), the time (8 bytes) and the Ed25519 signature (64 bytes) over two
    header lines and the text.

    Raises CosignatureRefused.
    """
    if len(blob) != _KEY_ID + _TIME + _SIGNATURE:
        raise CosignatureRefused("A cosignature has 76 bytes.")

    seconds = int.from_bytes(blob[_KEY_ID : _KEY_ID + _TIME])
    message = f"cosignature/v1\ntime {seconds}\n{text}".encode()

    try:
        Ed25519PublicKey.from_public_bytes(key.public_key).verify(blob[_KEY_ID + _TIME :], message)
        return datetime.fromtimestamp(seconds, UTC)
    except (InvalidSignature, ValueError, OverflowError, OSError) as error:
        raise CosignatureRefused("The witness's signature is false.") from error
