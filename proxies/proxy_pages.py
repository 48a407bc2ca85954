"""Pages of a proxy's list of voices. A cursor is the id of a voice, and no page comes twice."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q, QuerySet

from voices.models import Voice


@dataclass(frozen=True, slots=True, kw_only=True)
class VoicePage:
    """Some voices, newest first, and whether others stand behind them."""

    voices: tuple[Voice, ...]
    has_more: bool


def take_voice_page(
    rows: QuerySet[Voice], among: QuerySet[Voice], *, after: str, before: str, limit: int
) -> VoicePage:
    """Return the page of `rows` behind the voice `after`, or the one that ends before `before`.

    A cursor is looked up in `among`, so that a voice deleted meanwhile still has its place. One
    that names no voice gives an empty page, with which every pager ends.
    """
    cursor = after or before
    if cursor:
        mark = among.filter(id=cursor).first()
        if mark is None:
            return VoicePage(voices=(), has_more=False)
        rows = rows.filter(_older_than(mark) if after else _newer_than(mark))

    backwards = bool(before) and not after
    order = ("created_at", "-id") if backwards else ("-created_at", "id")
    found = list(rows.order_by(*order)[: limit + 1])
    page = found[:limit][::-1] if backwards else found[:limit]
    return VoicePage(voices=tuple(page), has_more=len(found) > limit)


def _older_than(mark: Voice) -> Q:
    return Q(created_at__lt=mark.created_at) | Q(created_at=mark.created_at, id__gt=mark.id)


def _newer_than(mark: Voice) -> Q:
    return Q(created_at__gt=mark.created_at) | Q(created_at=mark.created_at, id__lt=mark.id)
