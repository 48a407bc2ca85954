"""One sound track of a foreign file, as the readers hand it to the decoder's child."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Block = NDArray[np.float32]


class UnreadableFile(Exception):
    """The file is refused. The message is the stable reason."""


@dataclass(slots=True)
class AudioTrack:
    """One track: its rate (Hz), its channels, and its blocks of frames by channels.

    `declared` is the length in frames that the file claims, or 0 where it claims none. A file that
    `holds_floats` may rise over full scale without being cut off there. Whether it `is_cut_off` in
    the middle of a frame is known behind its last block.
    """

    rate: int
    channels: int
    declared: int
    blocks: Iterator[Block] = field(default_factory=lambda: iter(()))
    holds_floats: bool = False
    is_cut_off: bool = False


def check_facts(order: dict[str, Any], *, rate: int, channels: int, frames: int) -> None:
    """Check what a file claims against the order's limits.

    Raises UnreadableFile.
    """
    if not order["min_rate"] <= rate <= order["max_rate"]:
        raise UnreadableFile("bad_rate")
    if not 1 <= channels <= order["max_channels"]:
        raise UnreadableFile("too_many_channels" if channels else "unreadable")
    if frames > order["max_seconds"] * rate:
        raise UnreadableFile("too_long")
