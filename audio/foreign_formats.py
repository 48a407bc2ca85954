"""Names of formats that are not read here, by the first bytes of a file.

A refusal that names what a file is tells its owner what to do with it.
"""

from __future__ import annotations

from typing import Final

_NAMES: Final = (
    (0, b"FORM", "AIFF"),
    (0, b"caff", "CAF"),
    (0, b"#!AMR", "AMR"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "Windows Media (ASF)"),
    (0, b"RIFX", "a WAV with big-endian numbers (RIFX)"),
    (0, b"riff\x2e\x91\xcf\x11", "Wave64"),
    (8, b"AVI ", "AVI"),
    (0, b".snd", "AU"),
    (0, b"wvpk", "WavPack"),
    (0, b"MAC ", "Monkey's Audio"),
    (0, b"TTA1", "True Audio"),
    (0, b"Creative Voice File", "VOC"),
    (0, b"#!SILK_V3", "SILK"),
    (0, b"\x02#!SILK_V3", "SILK"),
    (0, b"\x0b\x77", "AC-3"),
    (0, b"ADIF", "AAC without a container"),
    (0, b"MThd", "MIDI"),
    (0, b"PK\x03\x04", "a ZIP archive"),
    (0, b"%PDF", "a PDF"),
    (0, b"data:", "a data URL: send the bytes behind its comma"),
)
_MPEG_LAYERS: Final = {
    0: "AAC without a container",
    2: "MPEG audio of layer II",
    3: "MPEG audio of layer I",
}


def name_format(data: bytes) -> str | None:
    """Return the name of the format of a file, or None."""
    for at, magic, name in _NAMES:
        if data[at : at + len(magic)] == magic:
            return name

    # The sync word of MPEG audio, and the layer behind it (ISO 11172-3, 2.4.2.3). ADTS, which holds
    # AAC, has a layer of its own.
    if len(data) >= 2 and data[0] == 0xFF and data[1] & 0xF0 == 0xF0:
        return _MPEG_LAYERS.get(data[1] >> 1 & 3)

    return None
