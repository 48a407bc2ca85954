"""`/verify/feedback`: what somebody thought of an answer. No name, no address, no cookie."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from core import clock, web
from core.errors import Invalid, RateLimited
from provenance import feedback, translations
from provenance.models import Opinion
from provenance.verification import Outcome
from provenance.web import language


# No cookie and no login: a forged form could say no more than its author can say here.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@web.keep_private
@language.choose_language
def show_feedback_page(request: HttpRequest) -> HttpResponse:
    """Show the form; on POST keep the opinion and say thank you."""
    words = translations.ALL[web.readers_language()]
    if request.method != "POST":
        return _render_form(request, sent="sent" in request.GET)
    verdict = request.POST.get("verdict", "")
    try:
        feedback.give_feedback(
            opinion=request.POST.get("opinion", ""),
            words=request.POST.get("words", ""),
            verdict=verdict if verdict in set(Outcome) else "",
            clip_id=request.POST.get("clip", ""),
            language=web.readers_language(),
            address=str(request.META.get("REMOTE_ADDR", "")),
            at=clock.now(),
        )
    except Invalid as invalid:
        field = invalid.faults[0].attr
        return _render_form(
            request,
            fault=words.opinion_missing if field == "opinion" else words.opinion_long,
            status=422,
        )
    except RateLimited:
        return _render_form(request, fault=words.too_many, status=429)
    chosen = language.get_language_suffix(request)
    return HttpResponseRedirect(f"/verify/feedback{chosen}{'&' if chosen else '?'}sent=1")


def _render_form(
    request: HttpRequest, *, sent: bool = False, fault: str = "", status: int = 200
) -> HttpResponse:
    spoken = web.readers_language()
    words = translations.ALL[spoken]
    shown = {
        "lang": spoken,
        "suffix": language.get_language_suffix(request),
        "words": words,
        "sent": sent,
        "fault": fault.format(limit=feedback.MOST_WORDS),
        "opinions": tuple((code, words.opinions[code]) for code in Opinion.values),
        "opinion": request.POST.get("opinion", ""),
        "said": request.POST.get("words", ""),
        "verdict": request.POST.get("verdict", ""),
        "clip_id": request.POST.get("clip", ""),
    }
    return render(request, "provenance/feedback.html", shown, status=status)
