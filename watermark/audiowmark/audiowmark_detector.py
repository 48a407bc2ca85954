"""The detector: whole blocks, and clips too short for one, as the audiowmark program lists them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from watermark.audiowmark import block_decoder
from watermark.audiowmark.audiowmark_embedder import check_samples
from watermark.audiowmark.audiowmark_parameters import BLOCK, CODED_BITS, FRAME, RATE, Samples
from watermark.audiowmark.bit_layout import Tables, build_tables
from watermark.audiowmark.block_decoder import BLOCK_SAMPLES, Block, DecodedBlock, Kind
from watermark.audiowmark.key_files import AudiowmarkKey
from watermark.audiowmark.resampling import resample_channels
from watermark.audiowmark.sync import SyncMatch, find_sync_matches
from watermark.audiowmark.sync_scores import SyncSearch, prepare_search

CHUNK: Final = 30 * 60 * RATE
CHUNK_OVERLAP: Final = 5_926_502  # two blocks times 1.3
CLIP_SAMPLES: Final = (BLOCK + 5) * FRAME
MOST_CLIP_FRAMES: Final = 6900  # 160 s, and anything longer holds a whole block
MOST_CLIP_PLACES: Final = 8
SAME_PLACE_SECONDS: Final = FRAME / RATE
# The limits at which a row may be trusted by itself. Of 129 wrong rows (unmarked sounds and wrong
# keys) single blocks have errors from 0.37, the others from 0.45.
SINGLE_ERROR: Final = 0.30
JOINED_ERROR: Final = 0.44
LEAST_QUALITY: Final = 0.6
LEAST_HEARD: Final = CODED_BITS * 9 // 10  # about three seconds
# A place on the coarse grid is at most 128 samples off, which leaves a mark two thirds of its
# quality. So what can be believed once refined is above this before. Wrong places of sounds of 15 s
# and more mostly stay below.
HOPEFUL: Final = 0.4
_PLACES: Final = {Kind.A: 0, Kind.CLIP_A: 0, Kind.B: 1, Kind.CLIP_B: 1, Kind.AB: 2, Kind.ALL: 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorRow:
    """One message under one key.

    `rating` is the sum of the qualities of all rows with this message.
    """

    key: str
    kind: Kind
    seconds: float
    message: str
    quality: float
    error: float
    heard: int
    rating: float

    @property
    def believable(self) -> bool:
        """Check whether the row can be believed without looking its message up."""
        limit = SINGLE_ERROR if self.kind in {Kind.A, Kind.B} else JOINED_ERROR
        return self.quality > LEAST_QUALITY and self.error < limit and self.heard >= LEAST_HEARD


def detect(
    sound: Samples, rate: int, *, keys: Iterable[AudiowmarkKey], minimum: float = 0.0
) -> list[DetectorRow]:
    """Return the rows of a sound under each key, as `audiowmark get` lists them.

    `sound` has shape (samples, channels). The likeliest row comes first. Most rows are wrong,
    because the search always returns its eight best places. Believe a row that is `believable`, or
    whose message was really written. Silence has no rows.

    Places with a quality below `minimum` on the coarse grid are not refined. `HOPEFUL` finds what
    can be believed, much faster.

    Raises ValueError as `embed` does.
    """
    known = list(keys)
    if not known:
        return []

    gathered: list[list[DecodedBlock]] = [[] for _ in known]

    host = resample_channels(check_samples(sound, rate), rate, RATE)
    for start, chunk in _split_chunks(host):
        for number, rows in enumerate(
            _detect_in_chunk(chunk, known, minimum=minimum, clip=start == 0)
        ):
            _merge_rows(gathered[number], rows, offset=start / RATE)

    rated = [
        row for key, rows in zip(known, gathered, strict=True) for row in _rate_rows(rows, key.name)
    ]
    return sorted(rated, key=_rank_row)


def _split_chunks(host: Samples) -> Iterator[tuple[int, Samples]]:
    """Yield half hours, each beginning two blocks and a margin before the end of the last."""
    start = 0
    while True:
        yield start, host[start : start + CHUNK]
        if start + CHUNK >= len(host):
            return
        start += CHUNK - CHUNK_OVERLAP


def _detect_in_chunk(
    chunk: Samples, keys: Sequence[AudiowmarkKey], *, minimum: float, clip: bool
) -> list[list[DecodedBlock]]:
    """Return the rows of a chunk for each key."""
    if not chunk.any():
        return [[] for _ in keys]

    whole = prepare_search(chunk, clip=False)
    parts = _pad_short_clips(chunk) if clip else ()
    clips = [(seconds, prepare_search(part, clip=True)) for seconds, part in parts]

    found = []
    for key in keys:
        tables = build_tables(key.secret)
        rows = block_decoder.decode_blocks(_read_blocks(whole, tables, minimum))
        for seconds, search in clips:
            rows += [
                _decode_clip(search, place, tables, seconds)
                for place in _find_clip_places(search, tables, minimum)
            ]

        found.append(rows)

    return found


def _read_blocks(search: SyncSearch, tables: Tables, minimum: float) -> list[Block]:
    """Return the whole blocks that were found, in order of place."""
    places = find_sync_matches(search, tables, minimum=minimum)
    return [
        Block(found=place, values=block_decoder.read_soft_values(search, place.index, tables))
        for place in places
        if place.index + BLOCK_SAMPLES <= len(search.sound)
    ]


def _pad_short_clips(chunk: Samples) -> Iterator[tuple[float, Samples]]:
    """Yield the start of a short sound, and its end, each with the second at which it begins.

    Silence around it gives room for two whole blocks.
    """
    if len(chunk) // FRAME > MOST_CLIP_FRAMES:
        return

    yield 0.0, _pad_with_silence(chunk[:CLIP_SAMPLES])
    if len(chunk) > CLIP_SAMPLES:
        yield (len(chunk) - CLIP_SAMPLES) / RATE, _pad_with_silence(chunk[-CLIP_SAMPLES:])


def _pad_with_silence(part: Samples) -> Samples:
    # Zeros from the system take no memory until they are written. Padding would write all 52 MB of
    # them.
    amid = np.zeros((3 * CLIP_SAMPLES, part.shape[1]))
    amid[2 * CLIP_SAMPLES - len(part) : 2 * CLIP_SAMPLES] = part
    return amid


def _find_clip_places(search: SyncSearch, tables: Tables, minimum: float) -> list[SyncMatch]:
    places = find_sync_matches(search, tables, minimum=minimum, limit=MOST_CLIP_PLACES)
    return [place for place in places if place.index + 2 * BLOCK_SAMPLES <= len(search.sound)]


def _decode_clip(
    search: SyncSearch, sync_match: SyncMatch, tables: Tables, seconds: float
) -> DecodedBlock:
    """Return the row of two blocks in a row, the second of which is of the other kind."""
    pair = [
        block_decoder.read_soft_values(search, sync_match.index + number * BLOCK_SAMPLES, tables)
        for number in (0, 1)
    ]
    of_a, of_b = pair if sync_match.kind == 0 else pair[::-1]
    kind = Kind.CLIP_B if sync_match.kind else Kind.CLIP_A
    return block_decoder.decode_pair(kind, of_a, of_b, seconds=seconds, quality=sync_match.quality)


def _merge_rows(
    gathered: list[DecodedBlock], rows: Iterable[DecodedBlock], *, offset: float
) -> None:
    """Add rows, ordered by time.

    A row is left out if one with the same message is already in the same place.
    """
    for row in sorted(rows, key=lambda row: row.seconds):
        moved = row if row.kind == Kind.ALL else replace(row, seconds=row.seconds + offset)
        if not any(_is_same_row(moved, other) for other in gathered):
            gathered.append(moved)


def _is_same_row(row: DecodedBlock, other: DecodedBlock) -> bool:
    if (row.kind, row.message) != (other.kind, other.message):
        return False

    return row.kind == Kind.ALL or abs(row.seconds - other.seconds) < SAME_PLACE_SECONDS


def _rate_rows(rows: Sequence[DecodedBlock], key: str) -> Iterator[DetectorRow]:
    for row in rows:
        agreeing = (other for other in rows if other.message == row.message)
        rating = sum(other.quality * (2.0 if other.kind == Kind.ALL else 1.0) for other in agreeing)

        yield DetectorRow(
            key=key,
            kind=row.kind,
            seconds=row.seconds,
            message=row.message,
            quality=row.quality,
            error=row.error,
            heard=row.heard,
            rating=rating,
        )


def _rank_row(row: DetectorRow) -> tuple[str, float, bool, float, int, str]:
    return row.key, -row.rating, row.kind == Kind.ALL, row.seconds, _PLACES[row.kind], row.message
