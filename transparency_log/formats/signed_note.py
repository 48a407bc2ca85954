"""Text formats of a public log: C2SP signed notes, tlog-checkpoint and tlog-proof, with Ed25519."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from core.errors import Refused

ED25519: Final = b"\x01"
PROOF_HEADER: Final = "c2sp.org/tlog-proof@v1"
# signed-note asks for at least 16. More only cost the reader of a hostile note time.
MOST_SIGNATURES: Final = 64
_HASH: Final = 32
_KEY_ID: Final = 4
_NAME: Final = re.compile(r"[^\s+]+\Z")
_NUMBER: Final = re.compile(r"(0|[1-9][0-9]{0,18})\Z")
_LINE: Final = re.compile(r"— (\S+) (\S+)\Z")


class NoteRefused(Refused):
    """A note, checkpoint or proof that is malformed, or that no known key signed."""

    code = "note_refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifierKey:
    """A verifier key: the name in signature lines, and 32 raw Ed25519 bytes."""

    name: str
    public_key: bytes

    @property
    def key_id(self) -> bytes:
        """Return the first four bytes of SHA-256(name, newline, type, key).

        They distinguish keys of one name.
        """
        return hashlib.sha256(
            self.name.encode("utf-8") + b"\n" + ED25519 + self.public_key
        ).digest()[:_KEY_ID]

    def __str__(self) -> str:
        """Return the `vkey` form that verifiers are configured with: name+hex id+base64."""
        return f"{self.name}+{self.key_id.hex()}+{encode_base64(ED25519 + self.public_key)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeHead:
    """What a checkpoint says: the log's name, the number of entries, the root."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """Return the three signed lines. tlog-checkpoint advises against extension lines."""
        return f"{self.origin}\n{self.size}\n{encode_base64(self.root)}\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogProof:
    """A tlog-proof: the entry at `index` is in the tree of this checkpoint."""

    index: int
    path: tuple[bytes, ...]
    checkpoint: str


# --- signed notes ---------------------------------------------------------------------------------
def sign_note(text: str, signers: Sequence[tuple[VerifierKey, Callable[[bytes], bytes]]]) -> str:
    """Return the signed note: the text, an empty line, one signature line for each key.

    Raises ValueError for a text without a final newline or with control characters.
    """
    if not signers or not text.endswith("\n") or _has_control(text):
        raise ValueError("a note is text that ends in a newline and has a signature")

    lines = []
    for key, signature in signers:
        if not _NAME.match(key.name):
            raise ValueError(f"{key.name!r} cannot be the name of a key")
        lines.append(
            f"— {key.name} {encode_base64(key.key_id + signature(text.encode('utf-8')))}\n"
        )

    return f"{text}\n{''.join(lines)}"


def verify_note(note: str, keys: Sequence[VerifierKey]) -> str:
    """Return the text of a note that at least one of the keys signed.

    Lines of unknown keys are ignored, as signed-note demands. A bad signature of a known key
    refuses the whole note.

    Raises NoteRefused.
    """
    text, lines = split_note(note)
    known = {(key.name, key.key_id): key for key in keys}
    verified = 0

    for name, blob in lines:
        key = known.get((name, blob[:_KEY_ID]))

        if key is None:
            continue

        try:
            Ed25519PublicKey.from_public_bytes(key.public_key).verify(
                blob[_KEY_ID:], text.encode("utf-8")
            )
        except (InvalidSignature, ValueError) as error:
            raise NoteRefused("A signature on this note is false.") from error

        verified += 1

    if not verified:
        raise NoteRefused("No known key signed this note.")

    return text


def split_note(note: str) -> tuple[str, list[tuple[str, bytes]]]:
    """Return the text of a note, and the name and bytes of every signature line.

    Nothing is verified.

    Raises NoteRefused.
    """
    text, separator, tail = note.rpartition("\n\n")
    if not separator or not tail.endswith("\n") or _has_control(note):
        raise NoteRefused("This is not a signed note.")

    rows = tail[:-1].split("\n")
    if len(rows) > MOST_SIGNATURES:
        raise NoteRefused("This note has too many signatures.")

    lines = []
    for row in rows:
        found = _LINE.match(row)
        if not found:
            raise NoteRefused("This is not a signed note.")
        lines.append((found[1], decode_note_base64(found[2])))

    return f"{text}\n", lines


# --- checkpoints and proofs -----------------------------------------------------------------------
def read_checkpoint(note: str, keys: Sequence[VerifierKey]) -> TreeHead:
    """Return what a checkpoint says after verifying its signature.

    Raises NoteRefused.
    """
    return parse_checkpoint(verify_note(note, keys))


def parse_checkpoint(text: str) -> TreeHead:
    """Return what the text of a checkpoint says. Extension lines are ignored.

    No signature is verified.

    Raises NoteRefused.
    """
    lines = text.split("\n")
    if len(lines) < 4 or not lines[0] or not _NUMBER.match(lines[1]):
        raise NoteRefused("This is not a checkpoint.")

    return TreeHead(origin=lines[0], size=int(lines[1]), root=_decode_hash(lines[2]))


def write_proof(proof: LogProof) -> str:
    """Return the tlog-proof file. It carries no `extra` line."""
    path = "".join(f"{encode_base64(step)}\n" for step in proof.path)
    return f"{PROOF_HEADER}\nindex {proof.index}\n{path}\n{proof.checkpoint}"


def read_proof(text: str) -> LogProof:
    """Return what a tlog-proof file says. Nothing in it is verified yet.

    Raises NoteRefused.
    """
    head, separator, checkpoint = text.partition("\n\n")
    lines = head.split("\n")
    if not separator or lines[0] != PROOF_HEADER:
        raise NoteRefused("This is not a tlog-proof.")

    rest = lines[2:] if len(lines) > 1 and lines[1].startswith("extra ") else lines[1:]
    word, _, number = (rest[0] if rest else "").partition(" ")
    if word != "index" or not _NUMBER.match(number):
        raise NoteRefused("This proof names no entry.")

    return LogProof(
        index=int(number),
        path=tuple(_decode_hash(line) for line in rest[1:]),
        checkpoint=checkpoint,
    )


def parse_verifier_key(text: str) -> VerifierKey:
    """Return the key of a `vkey`.

    Raises NoteRefused for any other text, for another key type, and for an id that does not fit.
    """
    name, _, rest = text.strip().partition("+")
    hex_id, _, encoded = rest.partition("+")
    blob = decode_note_base64(encoded)
    if not _NAME.match(name) or blob[:1] != ED25519 or len(blob) != 1 + _HASH:
        raise NoteRefused("This is not an Ed25519 verifier key.")

    key = VerifierKey(name=name, public_key=blob[1:])
    if key.key_id.hex() != hex_id:
        raise NoteRefused("The id of this verifier key does not fit it.")

    return key


def head_to_mapping(head: TreeHead) -> Mapping[str, str | int]:
    """Return the facts of a tree head for JSON: origin, size, root in base64."""
    return {"origin": head.origin, "size": head.size, "root": encode_base64(head.root)}


def _decode_hash(text: str) -> bytes:
    value = decode_note_base64(text)
    if len(value) != _HASH:
        raise NoteRefused("A hash has 32 bytes.")

    return value


def encode_base64(data: bytes) -> str:
    """Return base64 as notes hold it."""
    return base64.b64encode(data).decode("ascii")


def decode_note_base64(text: str) -> bytes:
    """Return the bytes of base64 in its one canonical spelling.

    Raises NoteRefused.
    """
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NoteRefused("This is not base64.") from error

    if encode_base64(data) != text:
        raise NoteRefused("This is not canonical base64.")

    return data


def _has_control(text: str) -> bool:
    return any(ord(character) < 0x20 and character != "\n" for character in text)
