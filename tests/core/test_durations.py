"""ISO 8601 durations, read and added by the calendar."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import durations
from core.durations import BadDuration, Duration
from tests.conftest import NOON


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


class TestParse:
    @pytest.mark.parametrize(
        ("text", "duration"),
        [
            ("P1Y", Duration(months=12)),
            ("P1Y2M10DT2H30M5S", Duration(months=14, days=10, seconds=9005)),
            ("P2W", Duration(days=14)),
            ("PT36H", Duration(seconds=129600)),
            ("P0D", Duration()),
            ("PT1M", Duration(seconds=60)),
            ("P1M", Duration(months=1)),
        ],
    )
    def test_reads(self, text: str, duration: Duration) -> None:
        assert durations.parse_duration(text) == duration

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "P",
            "PT",
            "P1",
            "1Y",
            "P1YT",
            "-P1Y",
            "P-1Y",
            "P+1Y",
            "p1y",
            "P1.5Y",
            "P1,5D",
            "P1W2D",
            "P1M1Y",
            "P1H",
            "PT1D",
            "P1Y ",
            " P1Y",
            "P1Y\n",
            "P99999Y",
            "P١Y",
            "P1Y2Y",
        ],
    )
    def test_refuses(self, text: str) -> None:
        with pytest.raises(BadDuration):
            durations.parse_duration(text)

    @given(st.text(max_size=20))
    def test_refuses_or_reads_but_never_breaks(self, text: str) -> None:
        try:
            assert durations.parse_duration(text).after(NOON) >= NOON
        except BadDuration:
            assert text != "P1Y"


class TestAfter:
    @pytest.mark.parametrize(
        ("start", "text", "end"),
        [
            ("2026-11-20", "P1Y", "2027-11-20"),
            ("2027-01-31", "P1M", "2027-02-28"),
            ("2028-01-31", "P1M", "2028-02-29"),
            ("2028-02-29", "P1Y", "2029-02-28"),
            ("2028-02-29", "P4Y", "2032-02-29"),
            ("2026-12-31", "P2M", "2027-02-28"),
            ("2027-01-31", "P1M1D", "2027-03-01"),
            ("2026-11-20", "P2W", "2026-12-04"),
        ],
    )
    def test_follows_the_calendar(self, start: str, text: str, end: str) -> None:
        assert durations.parse_duration(text).after(day(start)) == day(end)

    @given(st.integers(0, 5000), st.integers(0, 5000))
    def test_never_leads_backwards(self, months: int, days: int) -> None:
        assert Duration(months=months, days=days).after(NOON) >= NOON + timedelta(days=days)

    @pytest.mark.parametrize("text", ["P9999Y", "P99999M", "PT999999999M"])
    def test_refuses_to_leave_the_calendar(self, text: str) -> None:
        duration = durations.parse_duration(text)
        with pytest.raises(BadDuration):
            duration.after(day("9990-01-01"))


class TestBefore:
    @pytest.mark.parametrize(
        ("end", "text", "start"),
        [
            ("2026-11-20", "P1Y", "2025-11-20"),
            ("2026-03-31", "P1M", "2026-02-28"),
            ("2028-02-29", "P1Y", "2027-02-28"),
            ("2026-01-15", "P2M", "2025-11-15"),
            ("2026-03-31", "P1M1D", "2026-02-27"),
            ("2026-11-20", "P30D", "2026-10-21"),
        ],
    )
    def test_follows_the_calendar(self, end: str, text: str, start: str) -> None:
        assert durations.parse_duration(text).before(day(end)) == day(start)

    @pytest.mark.parametrize("text", ["P9999Y", "P99999M", "P999999D"])
    def test_refuses_to_leave_the_calendar(self, text: str) -> None:
        duration = durations.parse_duration(text)
        with pytest.raises(BadDuration):
            duration.before(day("2026-01-01"))
