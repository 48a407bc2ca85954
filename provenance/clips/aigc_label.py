"""China's hidden label of synthetic content: the `AIGC` block in a file's metadata.

Measures for Labelling AI-Generated Synthetic Content (in force 1 September 2025), article 5. GB
45438-2025, section 6 and annexes E and F: attribute, producer's name or code, content number. The
block holds no personal data: the producer is the organisation's code, the number is the clip's id.
A service that spreads the clip adds its own two fields, which stay empty here.
"""

from __future__ import annotations

import html
import json
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import soundfile

from audio import metadata_tags
from audio.containers import UnreadableAudio
from audio.decoding import decode_trusted
from audio.sound import Sound
from core.errors import Refused
from provenance.models import Clip

NAME: Final = "AIGC"
CERTAIN: Final = "1"
"""Attributes of the standard: 1 is synthetic, 2 may be (the file says so), 3 is suspected (by
the service that spreads it).
"""
_DOUBTFUL: Final = frozenset({"2", "3"})
_MOST_PLACES: Final = 64  # of the four letters in a foreign file
_NEAR: Final = (
    128  # characters between the letters and their block: a frame's head, or an XMP element's
)
_LONGEST: Final = 16_384


class LabelFailed(Refused):
    """The label could not be read back from the bytes that were to leave, or they would have
    sounded otherwise.
    """

    code = "aigc_label_failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class AigcLabel:
    """What the block says of a clip."""

    producer: str
    clip_id: str

    def text(self) -> str:
        """Return the block as JSON, in ASCII and in the standard's order."""
        fields = {
            "Label": CERTAIN,
            "ContentProducer": self.producer,
            "ProduceID": self.clip_id,
            "ReservedCode1": "",
            "ContentPropagator": "",
            "PropagateID": "",
            "ReservedCode2": "",
        }
        return json.dumps(fields, separators=(",", ":"))


def add_label(data: bytes, codec: str, label: AigcLabel, *, heard: Sound) -> bytes:
    """Return the clip with the block in it, after proof that it is there.

    The block is read back, and the file must still sound like `heard`, sample by sample. Bare
    samples (`pcm_s16le`, `mulaw`) have no place for it and stay as they are. Raises LabelFailed.
    """
    if codec not in metadata_tags.TAGGED:
        return data
    try:
        made = metadata_tags.add_text_tag(data, codec, name=NAME, text=label.text())
    except ValueError as error:
        raise LabelFailed(
            "The label of synthetic content cannot be written into this clip."
        ) from error
    if (
        made is None
        or read_label_attribute(made) != CERTAIN
        or not _is_same_sound(made, codec, heard)
    ):
        raise LabelFailed("The label of synthetic content cannot be read from this clip.")
    return made


def label_stream_start(label: AigcLabel, codec: str, data: bytes) -> bytes | None:
    """Return the beginning of a stream with the block in it.

    Returns None while `data` is too short to say where the block belongs. Raises LabelFailed.
    """
    try:
        return metadata_tags.add_text_tag(data, codec, name=NAME, text=label.text())
    except ValueError as error:
        raise LabelFailed(
            "The label of synthetic content cannot be written into this stream."
        ) from error


def get_label_json(clip: Clip) -> str:
    """Return the block of a clip as JSON, empty for a clip without one."""
    return (
        AigcLabel(producer=clip.aigc_producer, clip_id=clip.id).text() if clip.aigc_producer else ""
    )


def read_label_attribute(data: bytes) -> str | None:
    """Return the attribute that a file's block names, in the file's own word, or None without a
    block.

    The block may lie anywhere (ID3, RIFF, Vorbis comment, MP4 atom, XMP). So its four letters are
    looked for in all bytes, and what stands behind them must be such a block. Raises nothing.
    """
    for letters, encoding in ((NAME.encode(), "utf-8"), (NAME.encode("utf-16-le"), "utf-16-le")):
        at = -1
        for _ in range(_MOST_PLACES):
            at = data.find(letters, at + 1)
            if at < 0:
                break
            text = data[at + len(letters) : at + _LONGEST].decode(encoding, "ignore")
            if (block := _parse_block(text)) is not None:
                return str(block["Label"])[:16]
    return None


def is_synthetic_attribute(word: str | None) -> bool:
    """Check whether a block's attribute says that the content is synthetic.

    An attribute that no standard knows counts as synthetic too.
    """
    return word is not None and word not in _DOUBTFUL


def _parse_block(text: str) -> dict[str, Any] | None:
    brace = text[:_NEAR].find("{")
    if brace < 0:
        return None
    for form in (text[brace:], html.unescape(text[brace:])):
        try:
            block, _ = json.JSONDecoder().raw_decode(form)
        except (ValueError, RecursionError):
            continue
        if isinstance(block, dict):
            inner = block.get(NAME, block)
            return inner if isinstance(inner, dict) and "Label" in inner else None
    return None


def _is_same_sound(made: bytes, codec: str, heard: Sound) -> bool:
    try:
        sound = decode_trusted(made, codec, rate=heard.rate)
    except (soundfile.LibsndfileError, UnreadableAudio):
        return False
    return sound.rate == heard.rate and np.array_equal(sound.samples, heard.samples)
