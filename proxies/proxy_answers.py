"""Audio behind a proxy route: whole, or as it is made."""

from __future__ import annotations

from django.http import HttpResponse

from accounts.authentication import Caller
from audio import encoding
from core import streaming_response
from core.streaming_response import Framing
from proxies import repeated_calls
from proxies.proxy_speech import ProxyOrder
from voices.speech import dispatch
from voices.speech.clip_delivery import DeliveredClip


def speak_order(order: ProxyOrder, caller: Caller) -> DeliveredClip:
    """Speak the text of an order, or return the clip of the same call that came before.

    Raises as `dispatch.speak_text`, and FirstCallUnfinished.
    """
    if (first := repeated_calls.find_first_answer(order, caller)) is not None:
        return first

    return dispatch.speak_text(order.request, principal=caller.principal, now=caller.now)


def list_spoken_headers(spoken: DeliveredClip, order: ProxyOrder) -> dict[str, str]:
    """Return the headers that say which clip this is, and what was left out."""
    label = {"Sayso-Aigc-Label": spoken.aigc_label} if spoken.aigc_label else {}
    return {
        "Sayso-Clip": spoken.clip_id,
        "Sayso-Decision": spoken.decision_id,
        "Sayso-Disclosure": spoken.disclosure,
        "Cache-Control": "no-store",
        **label,
        **order.list_headers(),
    }


def answer_with_audio(order: ProxyOrder, caller: Caller) -> HttpResponse:
    """Speak the text and answer with its file."""
    spoken = speak_order(order, caller)
    response = HttpResponse(spoken.data, content_type=spoken.media_type)
    return _set_headers(response, list_spoken_headers(spoken, order))


def answer_with_stream(
    order: ProxyOrder, caller: Caller, *, framing: Framing | None = None, media_type: str = ""
) -> HttpResponse:
    """Begin to speak the text, and return the head of the answer. The edge sends the pieces.

    Without `framing` they are the file itself. The same call that came before has its answer at
    once. Raises as `dispatch.stream_text`, and FirstCallUnfinished.
    """
    if (first := repeated_calls.find_first_answer(order, caller)) is not None:
        body = framing.wrap(first.data) + framing.close() if framing else first.data
        answer = HttpResponse(body, content_type=media_type or first.media_type)
        return _set_headers(answer, list_spoken_headers(first, order))

    session = dispatch.stream_text(order.request, principal=caller.principal, now=caller.now)
    if framing is not None and (slot := streaming_response.slot.get()) is not None:
        slot.framing = framing

    prepared = session.prepared
    own_type = encoding.get_media_type(prepared.request.output.codec)
    response = HttpResponse(b"", content_type=media_type or own_type)
    label = prepared.aigc_label
    return _set_headers(
        response,
        {
            "X-Accel-Buffering": "no",
            "Sayso-Clip": prepared.reservation.clip_id,
            "Sayso-Decision": prepared.permit.decision_id,
            "Sayso-Disclosure": prepared.disclosure,
            "Cache-Control": "no-store",
            **({"Sayso-Aigc-Label": label.text()} if label is not None else {}),
            **order.list_headers(),
        },
    )


def _set_headers(response: HttpResponse, headers: dict[str, str]) -> HttpResponse:
    for name, value in headers.items():
        response[name] = value
    return response
