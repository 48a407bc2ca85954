"""The picture of where marks were heard: always within its frame, and the same in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.verification import MarkSegment
from provenance.web import watermark_timeline

SECONDS = st.floats(-5, 400)
STRETCHES = st.lists(
    st.builds(
        lambda begin, length, clip: MarkSegment(start_s=begin, end_s=begin + length, clip_id=clip),
        SECONDS,
        st.floats(0, 300),
        st.sampled_from(["clp_a", "clp_b", "clp_c", None]),
    ),
    max_size=30,
)


def mark(start: float, end: float, clip: str | None = "clp_a") -> MarkSegment:
    return MarkSegment(start_s=start, end_s=end, clip_id=clip)


class TestDraw:
    @given(STRETCHES, st.floats(0.1, 300))
    def test_stays_within_its_frame(self, stretches: list[MarkSegment], seconds: float) -> None:
        drawn = watermark_timeline.draw_timeline(stretches, seconds)
        assert (drawn is None) == (not stretches)
        if drawn is None:
            return
        assert len(drawn.bars) == len(stretches) == sum(len(row.times) for row in drawn.rows)
        assert all(
            bar.x >= 0 and bar.x + bar.width <= watermark_timeline.WIDTH for bar in drawn.bars
        )
        assert all(
            bar.width >= watermark_timeline.LEAST_WIDTH and bar.y < drawn.height
            for bar in drawn.bars
        )
        assert 0 <= drawn.share <= 100
        assert [tick.x for tick in drawn.ticks] == sorted(tick.x for tick in drawn.ticks)
        assert (drawn.ticks[0].x, drawn.ticks[-1].x) == (0, watermark_timeline.WIDTH)

    def test_gives_each_clip_a_row_of_its_own(self) -> None:
        drawn = watermark_timeline.draw_timeline(
            [mark(0, 3), mark(4, 6, "clp_b"), mark(7, 9), mark(9, 10, None)], 10
        )
        assert drawn is not None
        assert [(row.letter, row.clip_id, len(row.times)) for row in drawn.rows] == [
            ("A", "clp_a", 2), ("B", "clp_b", 1), ("C", "", 1),
        ]  # fmt: skip
        assert (drawn.share, drawn.height) == (80, 3 * watermark_timeline.ROW)
        assert [bar.y for bar in drawn.bars] == [
            0,
            0,
            watermark_timeline.ROW,
            2 * watermark_timeline.ROW,
        ]

    def test_counts_time_under_two_marks_once(self) -> None:
        drawn = watermark_timeline.draw_timeline([mark(0, 5), mark(2, 6, "clp_b")], 10)
        assert drawn is not None
        assert drawn.share == 60

    @pytest.mark.parametrize("stretches", [[], [mark(0, 1)]])
    def test_of_nothing_is_none(self, stretches: list[MarkSegment]) -> None:
        assert watermark_timeline.draw_timeline(stretches, 0.0) is None

    @pytest.mark.parametrize(
        ("seconds", "says"),
        [(0, "0:00"), (3.44, "0:03.4"), (59.97, "1:00"), (61, "1:01"), (299.96, "5:00")],
    )
    def test_writes_times_as_people_do(self, seconds: float, says: str) -> None:
        assert watermark_timeline.format_clock(seconds) == says
