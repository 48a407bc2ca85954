"""Times in forms: RFC 3339 and nothing else that Python's reader would take."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from rest_framework import serializers

from core.api.fields import MomentField


class TestAMoment:
    @pytest.mark.parametrize(
        ("written", "meant"),
        [
            ("2027-03-10T00:00:00Z", datetime(2027, 3, 10, tzinfo=UTC)),
            ("2027-03-10t00:00:00z", datetime(2027, 3, 10, tzinfo=UTC)),
            ("2027-03-10T02:00:00+02:00", datetime(2027, 3, 10, tzinfo=UTC)),
            ("2027-03-10T00:00:00-00:00", datetime(2027, 3, 10, tzinfo=UTC)),
            ("2027-03-10T00:00:00.5Z", datetime(2027, 3, 10, 0, 0, 0, 500_000, tzinfo=UTC)),
            (
                "2027-03-10T00:00:00.1234567890Z",
                datetime(2027, 3, 10, 0, 0, 0, 123_456, tzinfo=UTC),
            ),
            # Leap seconds are in the grammar.
            ("2027-06-30T23:59:60Z", datetime(2027, 7, 1, tzinfo=UTC)),
            ("2027-07-01T01:59:60.25+02:00", datetime(2027, 7, 1, 0, 0, 0, 250_000, tzinfo=UTC)),
        ],
    )
    def test_is_read_as_rfc_3339_writes_it(self, written: str, meant: datetime) -> None:
        assert MomentField().run_validation(written) == meant

    @pytest.mark.parametrize(
        "written",
        [
            "2027-W10-1T00:00:00Z",
            "2027W101T000000Z",
            "2027-069T00:00:00Z",
            "20270310T000000Z",
            "20270310T00:00:00Z",
            "2027-03-10T000000Z",
            "2027-03-10T00:00Z",
            "2027-03-10T00Z",
            "2027-03-10T00:00:00,5Z",
            "2027-03-10T00:00:00.Z",
            "2027-03-10T00:00:00+00",
            "2027-03-10T00:00:00+0000",
            "2027-03-10T00:00:00+00:00:30",
            "2027-03-10T00:00:00",
            "2027-03-10",
            "2027-03-10 00:00:00Z",
            "2027-03-10T00:00:00Z ",
            "2027-03-10T00:00:00Z\n",
            " 2027-03-10T00:00:00Z",
            "2027-3-10T00:00:00Z",
            "\uff12\uff10\uff12\uff17-03-10T00:00:00Z",
            "+002027-03-10T00:00:00Z",
            "2027-02-30T00:00:00Z",
            "2027-03-10T24:00:00Z",
            "2027-03-10T00:00:60Z",
            "2027-06-30T23:59:61Z",
            "2027-03-10T00:00:00+00:60",
            "2027-03-10T00:00:00+24:00",
            "2027-03-10T00:00:00\u221201:00",
            1_800_000_000,
            True,
            "",
            "now",
        ],
    )
    def test_of_cases_39_and_40_in_another_grammar_is_refused(self, written: object) -> None:
        with pytest.raises(serializers.ValidationError) as refusal:
            MomentField().run_validation(written)

        # An example says more than the name of a grammar.
        if isinstance(written, str) and written:
            assert "2027-11-20T00:00:00Z" in str(refusal.value.detail)

    @pytest.mark.parametrize(
        "written", ["1999-12-31T23:59:59Z", "2200-01-01T00:00:00Z", "9999-12-31T23:59:59-23:59"]
    )
    def test_that_lies_too_far_away_is_refused(self, written: str) -> None:
        with pytest.raises(serializers.ValidationError):
            MomentField().run_validation(written)
