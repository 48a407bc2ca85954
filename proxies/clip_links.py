"""Addresses of one clip that need no key: signed, for ten minutes, and worth no more than the gate
says when they are opened.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.core import signing
from django.urls import reverse

from core.errors import NotFound, Refused

LINK_LASTS: Final = timedelta(minutes=10)
# A dot stands in no part of the signed text, and needs no escape in a path.
_SIGNER: Final = signing.Signer(salt="sayso.clip-link", sep=".")


class ClipLinkExpired(Refused):
    """The address of this clip was good for ten minutes. Ask for the clip by its id."""

    code = "clip_link_expired"


def make_clip_link(route: str, clip_id: str, *, at: datetime) -> str:
    """Return the whole address of a clip, below the route of this name. `at` is the real time."""
    until = int((at + LINK_LASTS).timestamp())
    token = _SIGNER.sign_object([clip_id, until])
    return str(settings.SAYSO_PUBLIC_URL) + reverse(route, args=[token])


def open_clip_link(token: str, *, at: datetime) -> str:
    """Return the id of the clip that a link names, at the real time `at`.

    Raises NotFound for what was not signed here, ClipLinkExpired.
    """
    try:
        opened: Any = _SIGNER.unsign_object(token)
    except signing.BadSignature:
        raise NotFound("There is no such clip.") from None

    clip_id, until = opened
    if at.timestamp() >= until:
        raise ClipLinkExpired("This address was good for ten minutes.")

    return str(clip_id)
