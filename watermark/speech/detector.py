"""The detector: the token of one clip, read in five stages.

A stage runs only when the stages before it read nothing:

1. At the clip's own pace, all bands. A long clip is read whole and in windows of about five
   seconds.
2. The same with the bands below 2 kHz alone. Telephone vocoders such as GSM invent what lies above.
3. The same as 1 without the echo that stands out in the sound, if there is one (`echo_removal`).
4. At other speeds and tempos (`speed_search`).
5. As 1, in windows of two seconds: what is left of a clip that was cut and joined again. It is the
   last stage because it would also read some clips of another pace, without their pace.

A sound of more than a minute is read in blocks of twenty seconds, so memory does not grow with its
length. The places found in all blocks compete for the few messages of a stage.

False answers, for one file and one key: each stage checks the CRC-24 of at most two messages, and
each passes by chance once in 2^24 (`decoder`). So the rate is at most 10 / 2^24 = 6.0e-7, whatever
the sound is. The thresholds of clearness and score lower the expected rate further. With n keys the
rate is n times that, so a token found under many keys counts only if it was really issued.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from watermark.speech.block_source import BlockSource
from watermark.speech.decoder import DecodedToken, read_tokens
from watermark.speech.echo_removal import Comb, find_comb, remove_echo
from watermark.speech.feature_grid import (
    PER_FRAME,
    Cells,
    FeatureGrid,
    PlaybackSpeed,
    build_feature_grid,
)
from watermark.speech.folding import Folded, split_periods, stack_looks
from watermark.speech.identity_layer import read_identity
from watermark.speech.key_ranking import Keys, choose_keys
from watermark.speech.parameters import Samples, Vector
from watermark.speech.pattern_search import DECODED, find_candidates
from watermark.speech.soft_values import compute_even_values
from watermark.speech.speed_search import SpeedSearch


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """How a sound is folded: in windows of `size` periods, `apart` from one another, and whole."""

    size: int
    apart: int
    # Periods that a sound needs to be folded in windows. A shorter sound is folded whole only.
    least: int
    whole: bool  # whether the whole is searched, too


# A long recording may hold a marked clip among other sound. So it is also read in windows of about
# five seconds.
LONG: Final = Windows(size=5, apart=3, least=9, whole=True)
# The whole was searched before.
SHORT: Final = Windows(size=2, apart=1, least=3, whole=False)

Found = dict[str, DecodedToken]
Stage = Callable[[Keys], Found]


def detect(
    samples: Samples, rate: int, *, key: bytes, thorough: bool = True
) -> DecodedToken | None:
    """Return the token written with `key`, or None. `samples` are mono at any rate.

    Without `thorough`, only the first stage runs.
    """
    found = detect_any(samples, rate, keys={"": key}, thorough=thorough)
    return found[1] if found else None


def detect_any(
    samples: Samples, rate: int, *, keys: Keys, thorough: bool = True
) -> tuple[str, DecodedToken] | None:
    """Return the clearest reading under any of several keys, with the name of its key.

    The sound is analysed once.
    """
    stages = DetectionSession(samples, rate).stages

    for stage in stages if thorough else stages[:1]:
        if found := stage(keys):
            return max(found.items(), key=lambda pair: pair[1].score)

    return None


class DetectionSession:
    """One sound, read for many keys at once, stage by stage.

    The input of a stage is computed when the stage runs.
    """

    def __init__(self, samples: Samples, rate: int) -> None:
        self._sound = BlockSource(samples=samples, rate=rate)

    @property
    def stages(self) -> tuple[Stage, ...]:
        """Return the stages in their order. Each returns its readings by the name of the key."""
        return (
            self._read_plain,
            self._read_low_bands,
            self._read_without_echo,
            self._read_at_other_paces,
            self._read_short_windows,
        )

    def _read_plain(self, keys: Keys) -> Found:
        return _read_features(self._block_features(), keys, LONG)

    def _read_short_windows(self, keys: Keys) -> Found:
        return _read_features(self._block_features(), keys, SHORT)

    def _read_low_bands(self, keys: Keys) -> Found:
        return _read_features((features.low() for features in self._block_features()), keys, LONG)

    def _read_without_echo(self, keys: Keys) -> Found:
        comb = find_comb(self._loudest)
        return _read_features(self._block_features(comb), keys, LONG) if comb else {}

    def _read_at_other_paces(self, keys: Keys) -> Found:
        # Only a sound that is one piece is searched in the grid that the other stages use.
        one_piece = self._sound.one_block and self._loudest.size == self._block.size
        own = self._only if one_piece else None

        search = SpeedSearch(self._loudest, own=own)
        tried = choose_keys(keys, search.contrast)

        return {
            name: reading
            for name, key in tried.items()
            if (reading := search.read(key)) is not None
        }

    def _block_features(self, comb: Comb | None = None) -> Iterator[FeatureGrid]:
        """Yield the features of each block that is neither silent nor too short."""
        if comb is None and self._sound.one_block:
            of_blocks = iter([self._only])
        else:
            blocks = (block for _, block in self._sound.blocks())
            of_blocks = (
                build_feature_grid(remove_echo(block, comb) if comb else block) for block in blocks
            )

        yield from (features for features in of_blocks if features is not None)

    @cached_property
    def _block(self) -> Samples:
        return next(block for _, block in self._sound.blocks())

    @cached_property
    def _only(self) -> FeatureGrid | None:
        return build_feature_grid(self._block)

    @cached_property
    def _loudest(self) -> Samples:
        return self._sound.loudest()[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """A place where the pattern may start, with its soft values.

    `whole` is the fold of the whole block (contrast and square), for the identity.
    """

    clearness: float
    soft: Vector
    whole: tuple[Cells, Cells]
    start: int


def _read_features(of_blocks: Iterator[FeatureGrid], keys: Keys, windows: Windows) -> Found:
    """Return the token that each key finds in its clearest places of all blocks.

    A chooser of keys is asked for each block.
    """
    places: dict[str, list[_Place]] = {}
    asked_keys: dict[str, bytes] = {}

    for features in of_blocks:
        folded = _fold_features(features, windows)
        asked = np.array(
            [look for look in range(len(folded.contrast)) if windows.whole or look % folded.windows]
        )
        if not asked.size:
            continue

        tried = choose_keys(keys, folded.contrast)
        asked_keys.update(tried)
        for name, key in tried.items():
            best = sorted(
                (*places.get(name, ()), *_find_places(folded, key, asked)),
                key=lambda place: -place.clearness,
            )
            places[name] = best[:DECODED]

    found = ((name, _decode_places(places[name], key)) for name, key in asked_keys.items())
    return {name: reading for name, reading in found if reading is not None}


def _find_places(folded: Folded, key: bytes, asked: NDArray[np.intp]) -> Iterator[_Place]:
    """Yield the clearest places of the looks in `asked`."""
    contrast = folded.contrast if asked.size == len(folded.contrast) else folded.contrast[asked]

    for place in find_candidates(contrast, key):
        look = int(asked[place.look])

        # The first look of each alignment is the whole block.
        whole = look // folded.windows * folded.windows

        yield _Place(
            clearness=place.clearness,
            soft=compute_even_values(folded, key, look, place.start),
            # Copies, because a view would keep all looks in memory.
            whole=(folded.contrast[whole].copy(), folded.square[whole].copy()),
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


def _fold_features(features: FeatureGrid, windows: Windows) -> Folded:
    looks: list[Cells] = []
    for first in range(PER_FRAME):
        periods = split_periods(features.frames(first, PlaybackSpeed()))
        looks += [periods[part] for part in _split_windows(len(periods), windows)]

    return stack_looks(looks, windows=len(looks) // PER_FRAME)


def _split_windows(periods: int, windows: Windows) -> tuple[slice, ...]:
    whole = slice(0, periods)
    if periods < windows.least:
        return (whole,)

    starts = range(0, periods - windows.size + windows.apart, windows.apart)
    return (whole, *(slice(start, start + windows.size) for start in starts))
