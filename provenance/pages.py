"""The public pages: the first page, and `/verify`, where anybody with a clip may ask whether it was made here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from core import clock, pages
from core.errors import RateLimited, Unavailable
from provenance import turns, verify, wording
from provenance.wording import Words

FIELD: Final = "file"
# Boundary lines and part headers of a form with one file; anything beyond the limit plus this is refused unread.
_FORM_OVERHEAD: Final = 16_384


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """One layer of evidence in words."""

    layer: str
    result: str
    says: str


@require_safe
def front(request: HttpRequest) -> HttpResponse:
    """Say in one calm page what this is and where to go."""
    return render(request, "front.html", {"lang": pages.readers_language()})


# No cookie and no login, and nothing is changed by asking, so there is nothing that a forged form could do.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@pages.private
def verify_page(request: HttpRequest) -> HttpResponse:
    """Show the form; on POST the answer for the uploaded file, which is not kept."""
    words = wording.ALL[pages.readers_language()]
    if request.method != "POST":
        return _form(request, words)
    if int(request.META.get("CONTENT_LENGTH") or 0) > settings.SAYSO_MAX_UPLOAD_BYTES + _FORM_OVERHEAD:
        return _form(request, words, fault=words.too_large, status=413)
    upload = request.FILES.get(FIELD)
    if upload is None or upload.size is None:
        return _form(request, words, fault=words.no_file, status=422)
    if upload.size > settings.SAYSO_MAX_UPLOAD_BYTES:
        return _form(request, words, fault=words.too_large, status=413)
    if upload.size == 0:
        return _form(request, words, fault=words.empty_file, status=422)
    at = clock.now()
    try:
        turns.take(str(request.META.get("REMOTE_ADDR", "")), at=at)
        verdict = verify.verify(upload.read(), at=at)
    except RateLimited:
        return _form(request, words, fault=words.too_many, status=429)
    except Unavailable:
        return _form(request, words, fault=words.unavailable, status=503)
    return _answer(request, words, verdict)


def _form(request: HttpRequest, words: Words, *, fault: str = "", status: int = 200) -> HttpResponse:
    limit = settings.SAYSO_MAX_UPLOAD_BYTES // 2**20
    shown = {
        "lang": pages.readers_language(),
        "words": words,
        "hint": words.hint.format(limit=limit),
        "fault": fault.format(limit=limit),
        "findings": tuple(words.findings.values()),
    }
    return render(request, "provenance/verify.html", shown, status=status)


def _answer(request: HttpRequest, words: Words, verdict: verify.Verdict) -> HttpResponse:
    language, clip = pages.readers_language(), verdict.clip
    lines = tuple(
        _Line(
            layer=words.layers.get(evidence.layer, evidence.layer),
            result=evidence.result,
            says=words.evidence.get(f"{evidence.layer}.{evidence.result}", evidence.result),
        )
        for evidence in verdict.evidence
    )
    shown = {
        "lang": language,
        "words": words,
        "finding": words.findings[verdict.outcome],
        "clip": clip,
        "issued_at": pages.moment(clip.issued_at, language) if clip else "",
        "consent_state": words.consent_states.get(clip.consent_state, clip.consent_state) if clip else "",
        "erased": clip is None and verdict.outcome == verify.Outcome.WITHDRAWN,
        "lines": lines,
    }
    return render(request, "provenance/verdict.html", shown)
