"""Times of the admin in German. Evidence shows its time zone, which is UTC everywhere."""

from __future__ import annotations

DATETIME_FORMAT = "j. F Y, H:i e"
SHORT_DATETIME_FORMAT = "d.m.Y H:i e"
