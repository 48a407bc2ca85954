"""The ranking of keys: the same score as the search by sync cells, and the right key stands out."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from tests.support.watermark_speech import clip
from watermark import embed
from watermark.speech import key_ranking
from watermark.speech.detector import DetectionSession
from watermark.speech.feature_grid import Cells
from watermark.speech.folding import centre_bands
from watermark.speech.keyed_pattern import build_layout
from watermark.speech.pattern_search import score_sync

MANY = 200


def key_of(number: int) -> bytes:
    return hashlib.sha256(number.to_bytes(4, "big")).digest()


class Chooser:
    """Chooses the few keys that stand out, and remembers them."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.spectra = np.array(
            [key_ranking.compute_pattern_spectrum(key_of(n)) for n in range(MANY)]
        )
        self.chosen: list[list[int]] = []

    def __len__(self) -> int:
        return MANY

    def choose_keys(self, contrast: Cells) -> dict[str, bytes]:
        scores = key_ranking.rank_spectra(self.spectra, contrast)
        self.chosen.append(np.argsort(-scores)[: self.most].tolist())
        return {str(number): key_of(number) for number in self.chosen[-1]}


def test_scores_are_those_of_the_search_by_sync_cells() -> None:
    contrast = np.random.default_rng(1).normal(0, 1, (70, 85, 56)).astype(np.float32)
    keys = [key_of(number) for number in range(70)]
    spectra = np.array([key_ranking.compute_pattern_spectrum(key) for key in keys])

    scores = key_ranking.rank_spectra(spectra, contrast)

    wanted = [score_sync(centre_bands(contrast), build_layout(key)).max() for key in keys]
    assert scores == pytest.approx(wanted, abs=1e-3)


def test_nothing_to_hear_ranks_no_key_before_another() -> None:
    spectra = np.array(
        [key_ranking.compute_pattern_spectrum(key_of(number)) for number in range(3)]
    )
    assert set(key_ranking.rank_spectra(spectra, np.zeros((0, 85, 56), np.float32))) == {-np.inf}


def test_the_right_key_is_among_the_few_that_are_read() -> None:
    sound = clip(seconds=3.0)
    marked = embed(sound.samples, sound.rate, token=7, key=key_of(150), margin_db=0.75)
    chooser = Chooser(4)

    found = DetectionSession(marked, sound.rate).stages[0](chooser)

    assert {name: reading.token for name, reading in found.items()} == {"150": 7}
    assert [len(chosen) for chosen in chooser.chosen] == [4]
