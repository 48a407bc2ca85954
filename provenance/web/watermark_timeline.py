"""The drawing of where marks were found in a file, as numbers for an inline SVG and in words.

Bars of one clip share a row and a pattern, so that no meaning depends on colour alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from provenance.verification import MarkSegment

WIDTH: Final = 1000
ROW: Final = 64
PATTERNS: Final = 4
LEAST_WIDTH: Final = 6
"""The least width of a bar. A narrower one could not be seen on a phone."""
TICKS: Final = 4
_STEPS: Final = (1, 2, 5, 10, 15, 30, 60, 120)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A bar in units of the drawing."""

    x: int
    width: int
    y: int
    pattern: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A time on the axis: its place, its text, and how the text is anchored there."""

    x: int
    says: str
    anchor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineRow:
    """The bars of one clip in words.

    `clip_id` is "" for a clip that may not be named. `times` are pairs of start and end.
    """

    letter: str
    clip_id: str
    times: tuple[tuple[str, str], ...]
    y: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """The whole drawing.

    `share` is how much of the sound is marked, in percent. `height` is without the axis.
    """

    bars: tuple[Bar, ...]
    ticks: tuple[Tick, ...]
    rows: tuple[TimelineRow, ...]
    height: int
    share: int


def draw_timeline(stretches: Sequence[MarkSegment], seconds: float) -> Picture | None:
    """Return the drawing of marked `stretches` in a sound of this length in seconds.

    Returns None without marks or without a length.
    """
    if not stretches or seconds <= 0:
        return None

    clips = list(dict.fromkeys(stretch.clip_id or "" for stretch in stretches))
    bars: list[Bar] = []
    rows: list[TimelineRow] = []

    for number, clip in enumerate(clips):
        mine = [stretch for stretch in stretches if (stretch.clip_id or "") == clip]
        y = ROW * number
        bars += [_build_bar(stretch, seconds, y, number % PATTERNS) for stretch in mine]
        times = tuple(
            (format_clock(stretch.start_s), format_clock(stretch.end_s)) for stretch in mine
        )
        rows.append(TimelineRow(letter=_get_row_letter(number), clip_id=clip, times=times, y=y))

    return Picture(
        bars=tuple(bars),
        ticks=tuple(_build_ticks(seconds)),
        rows=tuple(rows),
        height=ROW * len(clips),
        share=round(100 * _measure_coverage(stretches, seconds) / seconds),
    )


def format_clock(seconds: float) -> str:
    """Return a time in the file: `0:07`, `1:23`, with tenths unless they are zero (`0:03.4`)."""
    tenths = round(10 * seconds)
    text = f"{tenths // 600}:{tenths // 10 % 60:02d}"
    return f"{text}.{tenths % 10}" if tenths % 10 else text


def _get_row_letter(number: int) -> str:
    return chr(ord("A") + number) if number < 26 else str(number + 1)


def _build_bar(stretch: MarkSegment, seconds: float, y: int, pattern: int) -> Bar:
    begin, end = (max(0.0, min(one, seconds)) for one in (stretch.start_s, stretch.end_s))
    width = max(LEAST_WIDTH, round(WIDTH * (end - begin) / seconds))
    return Bar(
        x=min(round(WIDTH * begin / seconds), WIDTH - width), width=width, y=y, pattern=pattern
    )


def _build_ticks(seconds: float) -> list[Tick]:
    step = next((step for step in _STEPS if seconds / step <= TICKS), _STEPS[-1])
    inner = [at for at in range(step, int(seconds) + 1, step) if at < 0.9 * seconds]
    places = [(0.0, "start"), *((float(at), "middle") for at in inner), (seconds, "end")]
    return [
        Tick(x=round(WIDTH * at / seconds), says=format_clock(at), anchor=anchor)
        for at, anchor in places
    ]


def _measure_coverage(stretches: Sequence[MarkSegment], seconds: float) -> float:
    """Return the seconds under at least one bar."""
    covered = 0.0
    reached = 0.0

    for begin, end in sorted((max(0.0, one.start_s), min(seconds, one.end_s)) for one in stretches):
        covered += max(0.0, end - max(begin, reached))
        reached = max(reached, end)

    return covered
