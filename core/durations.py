"""ISO 8601 durations such as `P1Y2M10DT2H30M` or `P2W`, added to a time by the calendar."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from core.errors import Invalid

_SHAPE: Final = re.compile(
    r"P(?=[0-9T])(?:(?P<weeks>[0-9]{1,4})W"
    r"|(?:(?P<years>[0-9]{1,4})Y)?(?:(?P<months>[0-9]{1,5})M)?(?:(?P<days>[0-9]{1,6})D)?"
    r"(?:T(?=[0-9])(?:(?P<hours>[0-9]{1,7})H)?(?:(?P<minutes>[0-9]{1,9})M)?"
    r"(?:(?P<seconds>[0-9]{1,9})S)?)?)\Z"
)


class BadDuration(Invalid):
    """Not an ISO 8601 duration, or one that leads out of the calendar."""

    code = "invalid_duration"


@dataclass(frozen=True, slots=True, kw_only=True)
class Duration:
    """Months (years are twelve), days (weeks are seven) and seconds, added in that order."""

    months: int = 0
    days: int = 0
    seconds: int = 0

    def after(self, start: datetime) -> datetime:
        """Return the time this long after `start`, by the calendar.

        A month after 31 January is the last of February.

        Raises BadDuration beyond the year 9999.
        """
        try:
            return _add_months(start, self.months) + timedelta(days=self.days, seconds=self.seconds)
        except (OverflowError, ValueError) as error:
            raise BadDuration("This duration leads out of the calendar.") from error

    def before(self, end: datetime) -> datetime:
        """Return the time this long before `end`: months by the calendar, then days and seconds.

        Raises BadDuration before the year 1.
        """
        try:
            return _add_months(end, -self.months) - timedelta(days=self.days, seconds=self.seconds)
        except (OverflowError, ValueError) as error:
            raise BadDuration("This duration leads out of the calendar.") from error


def parse_duration(text: str) -> Duration:
    """Read a duration: whole numbers, no sign, at least one part, weeks alone.

    Raises BadDuration.
    """
    match = _SHAPE.match(text)
    if match is None:
        raise BadDuration("This is not an ISO 8601 duration such as P1Y or PT36H.")

    part = {name: int(value or 0) for name, value in match.groupdict().items()}

    return Duration(
        months=part["years"] * 12 + part["months"],
        days=part["weeks"] * 7 + part["days"],
        seconds=part["hours"] * 3600 + part["minutes"] * 60 + part["seconds"],
    )


def _add_months(start: datetime, months: int) -> datetime:
    years, month = divmod(start.month - 1 + months, 12)
    year = start.year + years
    if not 1 <= year <= 9999:
        raise OverflowError(year)

    last = calendar.monthrange(year, month + 1)[1]
    return start.replace(year=year, month=month + 1, day=min(start.day, last))
