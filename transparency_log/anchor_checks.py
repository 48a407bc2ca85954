"""What publishing needs: the anchors of the logs that were published."""

from __future__ import annotations

from typing import Final

from transparency_log import anchors
from transparency_log.anchors import AnchorUnreadable
from transparency_log.models import Checkpoint

_LOOKED_AT: Final = 5


def count_missing_anchors() -> tuple[int, int]:
    """Look for the anchors of a few logs that were published.

    Return how many were looked for, and how many are missing. One lost anchor is its log's trouble.
    With another data folder all of them are lost.
    """
    asked, missing, last = 0, 0, ""
    while asked < _LOOKED_AT and (last := _find_next_log(last)):
        asked += 1
        missing += not _has_anchor(last)

    return asked, missing


def _find_next_log(last: str) -> str:
    """Return the published log behind `last`, by one step in an index, or ""."""
    later = Checkpoint.objects.filter(organisation_id__gt=last).order_by("organisation_id")
    return later.values_list("organisation_id", flat=True).first() or ""


def _has_anchor(organisation_id: str) -> bool:
    try:
        return anchors.get_anchors().peek(organisation_id) is not None
    except AnchorUnreadable:
        return False
