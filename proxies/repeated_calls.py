"""A call that an SDK sends again because its answer was lost: it gets the first clip, once charged.

What counts as the same: the SDK says so itself (`X-Stainless-Retry-Count`), and the same API key
asks for the same words with the same voice, terms, options and format, within ten minutes. Only a
clip that was delivered whole is given again, and only while its very permit is valid. So nothing
is spoken that was not charged, whatever a caller claims.
"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Final

from accounts.authentication import Caller
from consent import gate
from core import transactions
from core.errors import SaysoError, Unavailable
from core.waiting_places import hold_waiting_place
from provenance.clips import aigc_label
from provenance.models import Clip, ClipState
from proxies.proxy_speech import ProxyOrder
from voices import clip_access
from voices.speech.clip_delivery import DeliveredClip

WINDOW: Final = timedelta(minutes=10)
LONGEST_WAIT: Final = 60.0
_LOOK_EVERY: Final = 0.2


class FirstCallUnfinished(Unavailable):
    """The call came before, and its clip is still being made."""

    code = "first_call_unfinished"


def find_first_answer(order: ProxyOrder, caller: Caller) -> DeliveredClip | None:
    """Return the clip of the first call, or None where this call has to be carried out.

    Waits while the first call is still being carried out. Raises FirstCallUnfinished when that
    takes too long.
    """
    if not order.is_repeat:
        return None

    clip = _wait_for_clip(order.request.call_hash, caller)
    if clip is None:
        return None

    try:
        gate.may_repeat(clip.decision_id, at=caller.now())
        clip, data = clip_access.get_clip_audio(
            clip.id, principal=caller.principal, at=caller.now()
        )
    except SaysoError:
        # The gate decides again, and gives its reasons.
        return None

    return DeliveredClip(
        clip_id=clip.id,
        decision_id=clip.decision_id,
        sha256=clip.sha256,
        media_type=clip.media_type,
        disclosure=clip.disclosure,
        aigc_label=aigc_label.get_label_json(clip) or "",
        padded_ms=clip.padded_ms,
        data=data,
    )


def _wait_for_clip(call_hash: str, caller: Caller) -> Clip | None:
    """Return the newest clip of a call that was delivered whole, None without one.

    Raises FirstCallUnfinished when that takes too long, or too many calls wait already.
    """
    rows = Clip.objects.filter(
        organisation_id=caller.organisation_id,
        livemode=caller.livemode,
        call_hash=call_hash,
        created_at__gt=caller.now() - WINDOW,
        state__in=(ClipState.MAKING, ClipState.ISSUED),
    ).order_by("-created_at", "-id")
    clip = rows.first()
    if clip is None or clip.state != ClipState.MAKING:
        return clip

    with hold_waiting_place(caller.organisation_id, seconds=LONGEST_WAIT) as seconds:
        ends = time.monotonic() + seconds
        while (clip := rows.first()) is not None and clip.state == ClipState.MAKING:
            if time.monotonic() >= ends:
                raise FirstCallUnfinished(
                    "The first call is still being carried out.", retry_after=5
                )
            transactions.release_connections()
            time.sleep(_LOOK_EVERY)

    return clip
