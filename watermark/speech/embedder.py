"""The embedder: it writes a token into a clip with the smallest gains that reach a margin."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from watermark.speech import error_correction
from watermark.speech.feature_grid import LOW_BANDS
from watermark.speech.features import (
    compute_energies,
    compute_features,
    measure_speech_level,
    resample_mono,
)
from watermark.speech.gain_solver import FrameBlock, build_block, compute_ease, solve_gains
from watermark.speech.identity_layer import LEAST_SECONDS, build_identity_layout, identity_to_signs
from watermark.speech.keyed_pattern import Layout, build_layout, derive_start_slot
from watermark.speech.parameters import SPEECH_1, Bits, Matrix, Samples, Scheme, Vector
from watermark.speech.synthesis import Synthesizer

GAIN_LIMIT_DB: Final = 7.0
PASSES: Final = 4
OVERSHOOT: Final = 1.15  # a step gains a little less than the linear model says (measured)
STRETCH_PERIODS: Final = 3
IDENTITY_STRETCH_PERIODS: Final = 8
LOW_STRETCH_PERIODS: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Margins:
    """How clearly the groups of each layer must stand out, in dB of mean contrast.

    0 leaves a layer out. `low` is the token's layer once more, in the bands below 2 kHz by
    themselves: all that telephone vocoders keep.
    """

    token: float
    identity: float = 0.0
    low: float = 0.0


def token_to_message(token: int, layout: Layout, scheme: Scheme = SPEECH_1) -> Bits:
    """Return the whitened message of a token: its bits and their CRC.

    Raises ValueError when the token does not fit into 32 bits.
    """
    if not 0 <= token < 1 << scheme.token_bits:
        raise ValueError("a token has 32 bits")

    bits = error_correction.unpack_bits(token, scheme.token_bits)
    checked = np.concatenate([bits, error_correction.compute_crc24(bits)])
    message: Bits = checked ^ layout.whitening

    return message


def token_to_signs(token: int, layout: Layout) -> Vector:
    """Return the sign of each group: coded bits first, then the sync groups.

    Raises ValueError when the token does not fit into 32 bits.
    """
    return np.concatenate(
        [error_correction.encode_message(token_to_message(token, layout)), layout.sync_sign]
    )


def embed(
    samples: Samples,
    rate: int,
    *,
    token: int,
    key: bytes,
    margin_db: float,
    identity: int | None = None,
) -> Samples:
    """Return `samples` (mono, any rate) with `token` written at `margin_db`.

    The result has the same length and may exceed [-1, 1] a little. A clip of eight seconds and more
    also carries `identity` (128 bits), if there is one. A clip of fewer than three frames is
    returned unchanged, because nothing can be written into it.

    Raises ValueError for a token that does not fit into 32 bits or an identity that does not fit
    into 128.
    """
    margins = Margins(token=margin_db, identity=margin_db)
    return Embedder(samples, rate, token=token, key=key, identity=identity).at(margins)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One message spread over the cells of a period.

    Every stretch of `periods` carries it by itself, in the `bands` lowest bands.
    """

    group: NDArray[np.intp]  # (slots, bands)
    chip: Matrix  # (slots, bands)
    signs: Vector
    start: int  # the slot with which the clip begins
    periods: int
    bands: int = SPEECH_1.bands


def build_layers(token: int, identity: int | None, key: bytes) -> tuple[Layer, ...]:
    """Return the layers of a clip.

    Raises ValueError when a number does not fit.
    """
    layout = build_layout(key)
    start = derive_start_slot(key, token)
    signs = token_to_signs(token, layout)

    layers = [
        Layer(
            group=layout.group, chip=layout.chip, signs=signs, start=start, periods=STRETCH_PERIODS
        )
    ]

    if identity is not None:
        second = build_identity_layout(key)
        signs = identity_to_signs(identity, second)
        layers.append(
            Layer(
                group=second.group,
                chip=second.chip,
                signs=signs,
                start=start,
                periods=IDENTITY_STRETCH_PERIODS,
            )
        )

    return tuple(layers)


class Embedder:
    """One clip and one message, analysed once and written at any number of margins."""

    def __init__(
        self, samples: Samples, rate: int, *, token: int, key: bytes, identity: int | None = None
    ) -> None:
        self._samples = samples
        self._rate = rate
        self._writer = Writer(
            resample_mono(samples, rate, SPEECH_1.rate), token=token, key=key, identity=identity
        )

    def at(self, margins: Margins) -> Samples:
        """Return the clip with its mark.

        Only the difference is resampled to the clip's rate. The clip itself is not.
        """
        difference = self._writer.difference(margins)
        back = resample_mono(difference, SPEECH_1.rate, self._rate)[: self._samples.size]

        out = np.array(self._samples, dtype=np.float32)
        out[: back.size] += back

        return out


@dataclass(frozen=True, slots=True, kw_only=True)
class _PlacedLayer:
    """A layer over one clip: the frames of each stretch and their block."""

    layer: Layer
    blocks: tuple[tuple[slice, FrameBlock], ...]


class Writer:
    """One clip at the scheme's rate and its message, ready to be written at any margin."""

    def __init__(
        self,
        host: Samples,
        *,
        token: int,
        key: bytes,
        identity: int | None = None,
        scheme: Scheme = SPEECH_1,
    ) -> None:
        self.scheme = scheme
        self.host = host

        energy = compute_energies(host)
        self.frames = energy.shape[0]
        self.level = measure_speech_level(energy)
        self.ease = compute_ease(energy, self.level, scheme)
        self.canvas = Synthesizer(host)

        long = host.size >= LEAST_SECONDS * scheme.rate
        layers = build_layers(token, identity if long else None, key)
        low = replace(layers[0], periods=LOW_STRETCH_PERIODS, bands=LOW_BANDS)
        self.layers = [
            _PlacedLayer(layer=layer, blocks=tuple(self._stretches(layer)))
            for layer in (*layers, low)
        ]

    def difference(self, margins: Margins) -> Samples:
        """Return what to add to the host, at the scheme's rate.

        The embedder computes what the detector will compute. It takes the host's own contribution
        into account and changes only bits that do not yet have the margin ("informed" embedding),
        by a least-norm solution for each stretch.
        """
        gains = np.zeros((self.frames, self.scheme.bands))
        change = np.zeros_like(self.host)
        if not self.frames:
            return change

        second = [margins.identity] * (len(self.layers) - 2)
        wanted = [margins.token, *second, margins.low]

        # Repeated, because energies are not quite linear in the gains.
        for placed, margin in list(zip(self.layers, wanted, strict=True)) * PASSES:
            if not margin:
                continue

            # One layer after the other: at once, both would add what either lacks.
            contrast, slope = compute_features(compute_energies(self.host + change), self.level)
            for frames, block in placed.blocks:
                cells = frames, slice(placed.layer.bands)
                gains[cells] += OVERSHOOT * solve_gains(
                    block, contrast[cells], slope[cells], self.ease[cells], margin
                )

            np.clip(gains, -GAIN_LIMIT_DB, GAIN_LIMIT_DB, out=gains)
            change = self.canvas.difference(gains)

        return change

    def _stretches(self, layer: Layer) -> Iterator[tuple[slice, FrameBlock]]:
        """Yield the blocks of frames in which every bit must reach its margin by itself."""
        count = max(1, int(self.frames / (self.scheme.slots * layer.periods) + 0.5))
        edges = np.linspace(0, self.frames, count + 1).astype(int)

        for start, stop in pairwise(edges):
            slots = (layer.start + np.arange(start, stop)) % self.scheme.slots
            group = layer.group[slots, : layer.bands]
            chip = layer.chip[slots, : layer.bands]
            yield slice(int(start), int(stop)), build_block(group, chip, layer.signs)
