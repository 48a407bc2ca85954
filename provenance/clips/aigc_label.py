"""China's hidden label of synthetic content: the `AIGC` block in a file's metadata, written, proven
and recognised.

Measures for Labelling AI-Generated Synthetic Content (in force 1 September 2025), article 5; GB
45438-2025, section 6 and annexes E and F: attribute, producer's name or code, content number. No
personal data: the producer is the organisation's code, the number the clip's id. What spreads the
clip adds its own two fields, which stay empty here.
"""

from __future__ import annotations

import html
import json
import re
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
whoever spreads it).
"""
PRODUCER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")
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
        """The block as JSON, in ASCII and in the standard's order."""
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
    """The clip with the block in it, and proven: it is found there, and the file still sounds like
    `heard`, sample by sample. Bare samples (`pcm_s16le`, `mulaw`) have no place for it and stay as
    they are. Raises LabelFailed.
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
    """The beginning of a stream with the block in it; None while it is too short to say where that
    belongs.

    Raises LabelFailed.
    """
    try:
        return metadata_tags.add_text_tag(data, codec, name=NAME, text=label.text())
    except ValueError as error:
        raise LabelFailed(
            "The label of synthetic content cannot be written into this stream."
        ) from error


def get_label_json(clip: Clip) -> str:
    """The block of a clip as JSON, "" for a clip without one."""
    return (
        AigcLabel(producer=clip.aigc_producer, clip_id=clip.id).text() if clip.aigc_producer else ""
    )


def read_label_attribute(data: bytes) -> str | None:
    """The attribute that a block in a file names, its own word for it, None without a block.

    Whoever wrote the file may have put the block anywhere (ID3, RIFF, Vorbis comment, MP4 atom,
    XMP), so its four letters are looked for in all bytes, and what stands behind them must be such
    a block. Raises nothing.
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
    """Whether a block's attribute says that the content is synthetic; a word of nobody's standard
    does too.
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
