"""`/verify/feedback`: an opinion on an answer, without name, address and cookie."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from core import clock, web
from core.errors import Invalid, RateLimited
from provenance import reader_feedback
from provenance.verification import Outcome
from provenance.web import language, opinion_labels


# Without cookie and login, a forged form can do no more than its author can do here.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@web.keep_private
@language.choose_language
def show_feedback_page(request: HttpRequest) -> HttpResponse:
    """Show the form, or store the opinion of a POST and redirect to the thanks."""
    if request.method != "POST":
        return _render_form(request, sent="sent" in request.GET)

    verdict = request.POST.get("verdict", "")
    try:
        reader_feedback.give_feedback(
            opinion=request.POST.get("opinion", ""),
            words=request.POST.get("words", ""),
            verdict=verdict if verdict in set(Outcome) else "",
            clip_id=request.POST.get("clip", ""),
            language=web.readers_language(),
            address=str(request.META.get("REMOTE_ADDR", "")),
            at=clock.now(),
        )
    except Invalid as invalid:
        return _render_form(request, fault=_describe_fault(invalid), status=422)
    except RateLimited:
        fault = gettext(
            "Many files have come from your connection in the last minute. Please wait a minute, "
            "then ask again."
        )
        return _render_form(request, fault=fault, status=429)

    chosen = language.get_language_suffix(request)
    answered = f"{reverse('verify-feedback')}{chosen}{'&' if chosen else '?'}sent=1"
    return HttpResponseRedirect(answered)


def _describe_fault(invalid: Invalid) -> str:
    if invalid.faults[0].attr == "opinion":
        return gettext("Choose one of the answers first.")

    return gettext("That is longer than {limit} characters. Please shorten it.").format(
        limit=reader_feedback.MOST_WORDS
    )


def _render_form(
    request: HttpRequest, *, sent: bool = False, fault: str = "", status: int = 200
) -> HttpResponse:
    shown = {
        "lang": web.readers_language(),
        "suffix": language.get_language_suffix(request),
        "sent": sent,
        "fault": fault,
        "opinions": tuple(opinion_labels.LABELS.items()),
        "opinion": request.POST.get("opinion", ""),
        "said": request.POST.get("words", ""),
        "verdict": request.POST.get("verdict", ""),
        "clip_id": request.POST.get("clip", ""),
    }
    return render(request, "provenance/feedback.html", shown, status=status)
