"""The keys of one search for marks: which are tried, though there may be very many.

A key costs milliseconds in each stage of the detector, so a search that tried all would grow with
every organisation and year. With few keys all are tried. With more, the process keeps the pattern
of the synchronisation of each (`watermark.speech.key_ranking`), and those are tried that stand out
most in the sound at hand. Live data and test data have shares of their own.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from provenance.clips import watermark_keys
from provenance.models import MarkKey
from watermark.speech import key_ranking
from watermark.speech.feature_grid import Cells

MOST_LIVE: Final = 64
MOST_TEST: Final = 16
"""Keys that are tried on one look at a sound, beside those that are always tried."""
MOST_CERTAIN: Final = 16
"""Keys of preferred organisations that are always tried, the newest first."""
_OPENED_AT_ONCE: Final = 256

Row = tuple[str, int]


class KeySearch:
    """The keys of one search, opened as they are wanted and forgotten with the search.

    The keys of `prefer_organisation_ids` are always tried.
    """

    def __init__(self, *, prefer_organisation_ids: Collection[str] = ()) -> None:
        rows = watermark_keys.list_key_rows(
            MarkKey.objects.all(), prefer_organisation_ids=prefer_organisation_ids
        )
        preferred = [row for row in rows if row[0] in prefer_organisation_ids]
        self._certain = preferred[:MOST_CERTAIN]
        rest = rows[len(self._certain) :]
        self._live = [row for row in rest if row[1] != watermark_keys.TEST_EPOCH]
        self._test = [row for row in rest if row[1] == watermark_keys.TEST_EPOCH]
        self._opened: dict[Row, bytes | None] = {}

    def __len__(self) -> int:
        return len(self._certain) + len(self._live) + len(self._test)

    @property
    def tries_all(self) -> bool:
        """Whether there are so few keys that all are tried."""
        return len(self._live) <= MOST_LIVE and len(self._test) <= MOST_TEST

    def choose_keys(self, contrast: Cells) -> dict[str, bytes]:
        """Return the keys to try on these looks at a sound, by their names."""
        live, test = self._live, self._test
        if len(live) > MOST_LIVE:
            live = _choose_rows(live, self._live_spectra, MOST_LIVE, contrast)
        if len(test) > MOST_TEST:
            test = _choose_rows(test, self._test_spectra, MOST_TEST, contrast)

        return self._open_keys((*self._certain, *live, *test))

    def open_certain_keys(self) -> dict[str, bytes]:
        """Return the keys of the preferred organisations."""
        return self._open_keys(self._certain)

    def open_keys_by_name(self, names: Collection[str]) -> dict[str, bytes]:
        """Return the keys of these names that are not destroyed."""
        return self._open_keys([watermark_keys.parse_key_name(name) for name in names])

    def open_all_keys(self) -> dict[str, bytes]:
        """Return every key. To be used where `tries_all` is true."""
        return self._open_keys((*self._certain, *self._live, *self._test))

    @cached_property
    def _live_spectra(self) -> NDArray[np.complex64]:
        return _patterns.collect(self._live)

    @cached_property
    def _test_spectra(self) -> NDArray[np.complex64]:
        return _patterns.collect(self._test)

    def _open_keys(self, rows: Sequence[Row]) -> dict[str, bytes]:
        missing = [row for row in rows if row not in self._opened]
        if missing:
            keys = watermark_keys.derive_watermark_keys(missing)
            self._opened |= {row: keys.get(_name(row)) for row in missing}

        found = ((_name(row), self._opened[row]) for row in rows)
        return {name: key for name, key in found if key is not None}


class _PatternStore:
    """The spectra of the synchronisation patterns of all keys (19 kB each), for this process.

    A pattern gives no key away. Whether its key still exists is asked when the key is opened.
    """

    def __init__(self) -> None:
        self._places: dict[Row, int] = {}
        self._spectra: NDArray[np.complex64] | None = None
        self._lock = threading.Lock()

    def collect(self, rows: Sequence[Row]) -> NDArray[np.complex64]:
        """Return the spectra of these rows, in their order. Those of destroyed keys are zero."""
        with self._lock:
            missing = [row for row in rows if row not in self._places]
            for first in range(0, len(missing), _OPENED_AT_ONCE):
                self._add(missing[first : first + _OPENED_AT_ONCE])

            spectra = self._spectra
            if spectra is None:
                raise ValueError("there are no rows")
            return spectra[[self._places[row] for row in rows]]

    def _add(self, rows: Sequence[Row]) -> None:
        keys: Mapping[str, bytes] = watermark_keys.derive_watermark_keys(rows)
        shape = key_ranking.compute_pattern_spectrum(bytes(16)).shape
        added = np.zeros((len(rows), *shape), dtype=np.complex64)
        for place, row in enumerate(rows):
            if key := keys.get(_name(row)):
                added[place] = key_ranking.compute_pattern_spectrum(key)

        start = len(self._places)
        self._spectra = added if self._spectra is None else np.concatenate([self._spectra, added])
        self._places |= {row: start + place for place, row in enumerate(rows)}


_patterns: Final = _PatternStore()


def _choose_rows(
    rows: Sequence[Row], spectra: NDArray[np.complex64], most: int, contrast: Cells
) -> list[Row]:
    scores = key_ranking.rank_spectra(spectra, contrast)
    best = np.argsort(-scores, kind="stable")[:most]
    return [rows[index] for index in best.tolist()]


def _name(row: Row) -> str:
    organisation_id, epoch = row
    return f"{organisation_id}|{epoch}"
