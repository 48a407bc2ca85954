"""WAV files: their chunks are read with the faults of recorders, and written as one plain file.

A recorder that writes to a pipe cannot go back to fill in a length. Some writers forget the byte
that pads an odd chunk. Long recordings are RF64 or BW64. All of them become one plain RIFF file of
format and sound, and only that reaches a decoder.

Sources: Multimedia Programming Interface 1.0 (RIFF), EBU Tech 3306 (RF64), ITU-R BS.2088 (BW64).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

LENGTH_TOLERANCE: Final = 0.05
"""The share of the declared sound that may be missing before the file counts as cut off."""
_KINDS: Final = (b"RIFF", b"RF64", b"BW64")
_KNOWN_NAMES: Final = frozenset(
    b"fmt |data|fact|LIST|bext|iXML|cue |smpl|inst|plst|PEAK|JUNK|junk|PAD |FLLR|ds64|id3 |ID3 |"
    b"axml|chna|cart|ltxt|adtl|labl|note|minf|elm1|regn|umid|DGDA|afsp|wavl|slnt|acid|C2PA|_PMX".split(
        b"|"
    )
)
_HEAD: Final = 12
_CHUNK_HEAD: Final = 8
_MOST_CHUNKS: Final = 4096
# RF64 says in a 32-bit length that the true one stands in the chunk `ds64`.
_SEE_DS64: Final = 0xFFFFFFFF
# Writers to a pipe leave a length near 2 or 4 GiB, less their headers.
_PLACEHOLDERS: Final = (2**31, 2**32)
_NEAR: Final = 2**20
_UNBELIEVABLE: Final = 10
"""A length of this many times what is there is no claim but a placeholder."""
# Format tags of RFC 2361 that recorders and telephone systems use.
_CODECS: Final = {
    0x0002: "Microsoft ADPCM",
    0x0010: "OKI ADPCM",
    0x0011: "IMA ADPCM",
    0x0014: "G.723 ADPCM",
    0x0016: "G.723.1",
    0x0022: "TrueSpeech",
    0x0031: "GSM 6.10",
    0x0040: "G.721 ADPCM",
    0x0042: "G.723.1",
    0x0045: "G.726 ADPCM",
    0x0050: "MPEG audio",
    0x0055: "MP3",
    0x0057: "AMR",
    0x0064: "G.726 ADPCM",
    0x0083: "G.729",
    0x00FF: "AAC",
    0x0161: "Windows Media Audio",
    0x028F: "G.722",
    0x704F: "Opus",
    0xF1AC: "FLAC",
}
_READABLE_TAGS: Final = frozenset({1, 3, 6, 7, 0xFFFE})


class NoSound(Exception):
    """The file has no format or no sound, or ends before either."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WavFile:
    """What is read of a WAV.

    `format` and `sound` are the bodies of its chunks. `tag` is the format's code, that of the
    subformat for an extensible one. `declared` is the length of the sound that the file claims, in
    bytes, or None where it claims none that can be true.
    """

    format: bytes
    sound: bytes
    tag: int
    channels: int
    rate: int
    declared: int | None

    @property
    def codec(self) -> str | None:
        """Return the name of a codec that is not read here, or None."""
        return (
            None if self.tag in _READABLE_TAGS else _CODECS.get(self.tag, f"codec {self.tag:#06x}")
        )

    @property
    def is_cut_off(self) -> bool:
        """Check whether the file ends well before a length that it could have had."""
        return (
            self.declared is not None and len(self.sound) < (1 - LENGTH_TOLERANCE) * self.declared
        )


def is_wav(data: bytes) -> bool:
    """Check whether the first bytes are those of a WAV."""
    return data[:4] in _KINDS and data[8:_HEAD] == b"WAVE"


def read_wav(data: bytes) -> WavFile:
    """Return format and sound of a WAV file.

    Raises NoSound.
    """
    found: bytes | None = None
    sounds: list[tuple[int, int]] = []
    long_sound = 0

    for name, start, size in islice(_walk_chunks(data), _MOST_CHUNKS):
        if name == b"ds64" and size >= 16:
            long_sound = struct.unpack_from("<Q", data, start + 8)[0]
        elif name == b"fmt " and size >= 16 and found is None:
            found = data[start : start + size]
        elif name == b"data":
            sounds.append((start, size))

    if found is None:
        raise NoSound

    # A chunk with a wrong length may have led past the sound.
    sounds = sounds or _search_sound(data)
    return _build_file(found, data, [(at, _get_length(size, long_sound)) for at, size in sounds])


def write_wav(file: WavFile) -> bytes:
    """Return a plain RIFF file of one format and one sound."""
    chunks = _encode_chunk(b"fmt ", file.format) + _encode_chunk(b"data", file.sound)
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


def _search_sound(data: bytes) -> list[tuple[int, int]]:
    """Return start and declared size of the first sound that stands anywhere.

    Raises NoSound.
    """
    at = data.find(b"data", _HEAD)
    if at < 0 or at + _CHUNK_HEAD > len(data):
        raise NoSound

    return [(at + _CHUNK_HEAD, struct.unpack_from("<I", data, at + 4)[0])]


def _get_length(size: int, long_size: int) -> int:
    return long_size if size == _SEE_DS64 and long_size else size


def _build_file(found: bytes, data: bytes, sounds: list[tuple[int, int]]) -> WavFile:
    tag, channels, rate = struct.unpack_from("<HHI", found)
    if tag == 0xFFFE and len(found) >= 26:
        # The first two bytes of the subformat's GUID are the format's code.
        tag = struct.unpack_from("<H", found, 24)[0]

    # Players go on with a second chunk of sound, so it is read as well.
    parts: list[bytes] = []
    is_known = True
    for start, declared in sounds:
        if _is_placeholder(data, start, declared):
            parts.append(data[start:])
            is_known = False
            break
        parts.append(data[start : start + declared])

    return WavFile(
        format=found,
        sound=b"".join(parts),
        tag=tag,
        channels=channels,
        rate=rate,
        declared=sum(declared for _, declared in sounds) if is_known else None,
    )


def _is_placeholder(data: bytes, start: int, declared: int) -> bool:
    """Check whether a declared length says only that the writer did not know it."""
    there = len(data) - start
    if declared == 0:
        # Nothing but other chunks behind it is an empty file that says so.
        return there > 0 and _rate_chunk_head(data, start) < 2
    if declared <= there:
        # A writer that died after its first block left the length of that alone.
        return there > 2 * declared + _CHUNK_HEAD and not _ends_at_chunk(data, start + declared)
    if any(abs(declared - limit) <= _NEAR for limit in _PLACEHOLDERS):
        return True

    # Where the length of the whole file says the same, the writer knew both, and most is missing.
    whole = struct.unpack_from("<I", data, 4)[0]
    is_known = (
        abs(whole + _CHUNK_HEAD - (start + declared)) <= _NEAR and declared < _PLACEHOLDERS[0]
    )
    return declared > _UNBELIEVABLE * there and not is_known


def _walk_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield name, start of the body, and declared size of each chunk."""
    at = _HEAD
    while at + _CHUNK_HEAD <= len(data):
        name = data[at : at + 4]
        size = struct.unpack_from("<I", data, at + 4)[0]
        yield name, at + _CHUNK_HEAD, size

        behind = at + _CHUNK_HEAD + size
        padded = behind + (size & 1)
        # Some writers leave the pad byte out. The name of the next chunk shows it.
        at = max((padded, behind), key=lambda place: _rate_chunk_head(data, place))


def _ends_at_chunk(data: bytes, behind: int) -> bool:
    return max(_rate_chunk_head(data, behind), _rate_chunk_head(data, behind + (behind & 1))) == 2


def _rate_chunk_head(data: bytes, at: int) -> int:
    """Return 2 for a chunk of a known name, 1 for one that may be a name, or 0."""
    name = data[at : at + 4]
    if len(data) < at + _CHUNK_HEAD:
        return 0
    if name in _KNOWN_NAMES:
        return 2

    return int(all(32 <= byte < 127 for byte in name))


def _encode_chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) & 1)
