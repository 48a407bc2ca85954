"""Reading the mark of one clip, in five stages; the next one only when those before read nothing.

1. At the clip's own pace, all bands: whole, and a long clip also in windows of about five seconds.
2. The same with the bands below 2 kHz alone: telephone vocoders such as GSM make up what lies
   above.
3. The same as 1 without the echo that stands out in the sound, if one does (`combs`).
4. At other speeds and tempos (`pacing`).
5. As 1, in windows of two seconds: what is left of a clip that was cut and joined again. Last, for
   it would also read some clips of another pace, and not say at which.

A sound of more than a minute is read in blocks of twenty seconds, so memory does not grow with its
length. The places found in all blocks compete for the few messages of a stage.

False answers, for one file and one key: at most two messages in each stage are asked for their
CRC-24, and each passes by chance once in 2^24 (`reading`). So the rate is at most 10 / 2^24 =
6.0e-7, whatever the sound is like; the thresholds of clearness and score lower what is to be
expected further. With n keys tried it is n times that, so a token found under many keys counts only
when it is one that was really given out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from watermark.speech.block_source import BlockSource
from watermark.speech.decoder import (
    DECODED,
    DecodedToken,
    Folded,
    compute_even_values,
    find_candidates,
    read_tokens,
    split_periods,
    stack_looks,
)
from watermark.speech.echo_removal import Comb, find_comb, remove_echo
from watermark.speech.feature_grid import PER_FRAME, Cells, FeatureGrid, PlaybackSpeed, build_ground
from watermark.speech.identity_layer import read_identity
from watermark.speech.parameters import Samples, Vector
from watermark.speech.speed_search import SpeedSearch


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """In what parts a sound is folded: windows of `size` periods, `apart` from one another, and the
    whole.
    """

    size: int
    apart: int
    # periods that a sound has at least to be folded in windows; a shorter one is folded whole alone
    least: int
    whole: bool  # whether the whole is asked, too


# A long recording may hold a marked clip among other sound: it is also read in windows of about
# five seconds.
LONG: Final = Windows(size=5, apart=3, least=9, whole=True)
SHORT: Final = Windows(size=2, apart=1, least=3, whole=False)  # the whole was asked before

Found = dict[str, DecodedToken]
Stage = Callable[[Mapping[str, bytes]], Found]


def detect(
    samples: Samples, rate: int, *, key: bytes, thorough: bool = True
) -> DecodedToken | None:
    """The token written with `key`, or None. `samples` mono at any rate.

    Not `thorough`: the first stage alone.
    """
    found = detect_any(samples, rate, keys={"": key}, thorough=thorough)
    return found[1] if found else None


def detect_any(
    samples: Samples, rate: int, *, keys: Mapping[str, bytes], thorough: bool = True
) -> tuple[str, DecodedToken] | None:
    """The clearest reading under any of several keys, with the name of its key.

    The sound is analysed once.
    """
    stages = DetectionSession(samples, rate).stages
    for stage in stages if thorough else stages[:1]:
        if found := stage(keys):
            return max(found.items(), key=lambda pair: pair[1].score)
    return None


class DetectionSession:
    """One sound, to be asked for many keys at once, stage by stage; what a stage needs is made when
    it is asked.
    """

    def __init__(self, samples: Samples, rate: int) -> None:
        self._sound = BlockSource(samples=samples, rate=rate)

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The ways to read, in the order in which to try them.

        Each gives what it reads under each key's name.
        """
        return (
            self._read_plain,
            self._read_low_bands,
            self._read_without_echo,
            self._read_at_other_paces,
            self._read_short_windows,
        )

    def _read_plain(self, keys: Mapping[str, bytes]) -> Found:
        return _read_grounds(self._grounds(), keys, LONG)

    def _read_short_windows(self, keys: Mapping[str, bytes]) -> Found:
        return _read_grounds(self._grounds(), keys, SHORT)

    def _read_low_bands(self, keys: Mapping[str, bytes]) -> Found:
        return _read_grounds((ground.low() for ground in self._grounds()), keys, LONG)

    def _read_without_echo(self, keys: Mapping[str, bytes]) -> Found:
        comb = find_comb(self._loudest)
        return _read_grounds(self._grounds(comb), keys, LONG) if comb else {}

    def _read_at_other_paces(self, keys: Mapping[str, bytes]) -> Found:
        own = (
            self._only if self._sound.one_block and self._loudest.size == self._block.size else None
        )
        search = SpeedSearch(self._loudest, own=own)
        return {
            name: reading for name, key in keys.items() if (reading := search.read(key)) is not None
        }

    def _grounds(self, comb: Comb | None = None) -> Iterator[FeatureGrid]:
        """The ground of each block that is neither silent nor too short."""
        if comb is None and self._sound.one_block:
            grounds = iter([self._only])
        else:
            blocks = (block for _, block in self._sound.blocks())
            grounds = (
                build_ground(remove_echo(block, comb) if comb else block) for block in blocks
            )
        yield from (ground for ground in grounds if ground is not None)

    @cached_property
    def _block(self) -> Samples:
        return next(block for _, block in self._sound.blocks())

    @cached_property
    def _only(self) -> FeatureGrid | None:
        return build_ground(self._block)

    @cached_property
    def _loudest(self) -> Samples:
        return self._sound.loudest()[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where the pattern may start: what its groups say there, and the fold of the whole block for
    the identity.
    """

    clearness: float
    soft: Vector
    whole: tuple[Cells, Cells]
    start: int


def _read_grounds(
    grounds: Iterator[FeatureGrid], keys: Mapping[str, bytes], windows: Windows
) -> Found:
    """The token that each key finds in its clearest places of all blocks."""
    places: dict[str, list[_Place]] = {name: [] for name in keys}
    for ground in grounds:
        folded = _fold_ground(ground, windows)
        asked = np.array(
            [look for look in range(len(folded.contrast)) if windows.whole or look % folded.windows]
        )
        if not asked.size:
            continue
        for name, key in keys.items():
            best = sorted(
                (*places[name], *_find_places(folded, key, asked)),
                key=lambda place: -place.clearness,
            )
            places[name] = best[:DECODED]
    found = ((name, _decode_places(places[name], key)) for name, key in keys.items())
    return {name: reading for name, reading in found if reading is not None}


def _find_places(folded: Folded, key: bytes, asked: NDArray[np.intp]) -> Iterator[_Place]:
    """The clearest places of the looks that are asked."""
    contrast = folded.contrast if asked.size == len(folded.contrast) else folded.contrast[asked]
    for place in find_candidates(contrast, key):
        look = int(asked[place.look])
        whole = (
            look // folded.windows * folded.windows
        )  # the first look of each alignment is the whole block
        yield _Place(
            clearness=place.clearness,
            soft=compute_even_values(folded, key, look, place.start),
            whole=(
                folded.contrast[whole].copy(),
                folded.square[whole].copy(),
            ),  # a view would keep all looks
            start=place.start,
        )


def _decode_places(places: list[_Place], key: bytes) -> DecodedToken | None:
    if not places:
        return None
    found = read_tokens(np.array([place.soft for place in places]), key)
    if not found:
        return None
    row, reading = found[0]
    identity = read_identity(*places[row].whole, key, start=places[row].start)
    return replace(reading, identity=identity)


def _fold_ground(ground: FeatureGrid, windows: Windows) -> Folded:
    looks: list[Cells] = []
    for first in range(PER_FRAME):
        periods = split_periods(ground.frames(first, PlaybackSpeed()))
        looks += [periods[part] for part in _split_windows(len(periods), windows)]
    return stack_looks(looks, windows=len(looks) // PER_FRAME)


def _split_windows(periods: int, windows: Windows) -> tuple[slice, ...]:
    whole = slice(0, periods)
    if periods < windows.least:
        return (whole,)
    starts = range(0, periods - windows.size + windows.apart, windows.apart)
    return (whole, *(slice(start, start + windows.size) for start in starts))
