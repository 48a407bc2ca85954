"""`/verify`: anybody with a clip may ask whether it was made here.

Scripts only add progress and a place to drop it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from core import canonical_json, clock, web
from core.body_size import FORM_OVERHEAD, accept_body
from core.errors import RateLimited, SaysoError, Unavailable
from provenance import anonymous_rate_limit, translations, verification
from provenance.models import Opinion
from provenance.translations import VerifyPageText
from provenance.verification import ClipSummary, VerificationResult
from provenance.verifier import build
from provenance.web import language, watermark_timeline

FIELD: Final = "file"
MOST_NAME: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """One layer of evidence in words: what it is, what it said, what it proves and what it does
    not.
    """

    layer: str
    result: str
    says: str
    proves: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Clip:
    """A clip that was found, in words."""

    id: str
    organisation: str
    issued_at: str
    consent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What a kept answer is about: which file, and when it was looked at."""

    name: str
    sha256: str
    at: str


# No cookie and no login, and nothing is changed by asking, so there is nothing that a forged form
# could do.
@accept_body(settings.SAYSO_MAX_UPLOAD_BYTES, explained_by_view=True)
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@web.keep_private
@language.choose_language
def show_verify_page(request: HttpRequest) -> HttpResponse:
    """Show the form; on POST the answer for the uploaded file, which is not kept."""
    words = translations.ALL[web.readers_language()]
    if request.method != "POST":
        return _render_form(request, words)
    if (
        int(request.META.get("CONTENT_LENGTH") or 0)
        > settings.SAYSO_MAX_UPLOAD_BYTES + FORM_OVERHEAD
    ):
        return _render_form(request, words, fault=words.too_large, status=413)
    upload = request.FILES.get(FIELD)
    if upload is None or upload.size is None:
        return _render_form(request, words, fault=words.no_file, status=422)
    if upload.size > settings.SAYSO_MAX_UPLOAD_BYTES:
        return _render_form(request, words, fault=words.too_large, status=413)
    if upload.size == 0:
        return _render_form(request, words, fault=words.empty_file, status=422)
    at, data = clock.now(), upload.read()
    try:
        anonymous_rate_limit.count_request(str(request.META.get("REMOTE_ADDR", "")), at=at)
        verdict = verification.verify(data)
    except RateLimited as limited:
        return _set_retry_after(
            _render_form(request, words, fault=words.too_many, status=429), limited
        )
    except Unavailable as down:
        return _set_retry_after(
            _render_form(request, words, fault=words.unavailable, status=503), down
        )
    asked = _Asked(
        name=(upload.name or "")[:MOST_NAME],
        sha256=canonical_json.sha256_hex(data),
        at=web.format_moment(at, web.readers_language()),
    )
    return _render_answer(request, words, verdict, asked)


def _render_form(
    request: HttpRequest, words: VerifyPageText, *, fault: str = "", status: int = 200
) -> HttpResponse:
    limit = settings.SAYSO_MAX_UPLOAD_BYTES // 2**20
    spoken = web.readers_language()
    shown = {
        "lang": spoken,
        "other": "en" if spoken == "de" else "de",
        "suffix": language.get_language_suffix(request),
        "words": words,
        "limit_bytes": settings.SAYSO_MAX_UPLOAD_BYTES,
        "hint": words.hint.format(limit=limit),
        "too_large": words.too_large.format(limit=limit),
        "fault": fault.format(limit=limit),
        "findings": tuple(words.findings.values()),
        "program_sha256": build.hash_program(),
        "supports": tuple(line.format(limit=limit) for line in words.supports),
        "layers": tuple((words.layers[name], words.layer_proves[name]) for name in words.layers),
    }
    return render(request, "provenance/verify.html", shown, status=status)


def _set_retry_after(page: HttpResponse, error: SaysoError) -> HttpResponse:
    page["Retry-After"] = str(error.retry_after or 1)
    return page


def _render_answer(
    request: HttpRequest, words: VerifyPageText, verdict: VerificationResult, asked: _Asked
) -> HttpResponse:
    clip = verdict.clip
    found = ((clip,) if clip else ()) + verdict.others
    lines = tuple(
        _Line(
            layer=words.layers[evidence.layer],
            result=evidence.result,
            says=words.evidence[evidence.key],
            proves=words.layer_proves[evidence.layer],
        )
        for evidence in verdict.evidence
    )
    drawn = watermark_timeline.draw_timeline(verdict.stretches, verdict.seconds)
    shown = {
        "lang": web.readers_language(),
        "suffix": language.get_language_suffix(request),
        "words": words,
        "asked": asked,
        "where": f"{settings.SAYSO_PUBLIC_URL}/verify",
        "verdict": str(verdict.outcome),
        "finding": words.findings[verdict.outcome],
        "caveat": words.caveats[verdict.outcome],
        "clip": clip,
        "clips": tuple(_describe_clip(words, one) for one in found),
        "erased": verdict.is_erased,
        "test_data": any(not one.livemode for one in found),
        "why": words.unreadable.get(verdict.why, ""),
        "lines": lines,
        "picture": drawn,
        "picture_says": _describe_timeline(words, drawn, verdict.seconds) if drawn else "",
        "opinions": tuple((code, words.opinions[code]) for code in Opinion.values),
    }
    return render(request, "provenance/verdict.html", shown)


def _describe_clip(words: VerifyPageText, clip: ClipSummary) -> _Clip:
    state = words.consent_states.get(clip.consent_state, clip.consent_state)
    return _Clip(
        id=clip.id,
        organisation=clip.organisation,
        issued_at=web.format_moment(clip.issued_at, web.readers_language()),
        consent=f"{state} ({clip.consent_assurance})" if clip.consent_assurance else state,
    )


def _describe_timeline(
    words: VerifyPageText, drawn: watermark_timeline.Picture, seconds: float
) -> str:
    count = len(drawn.rows)
    clips = words.one_clip if count == 1 else words.many_clips.format(count=count)
    return words.picture_says.format(
        share=drawn.share, length=_format_length(words, seconds), clips=clips
    )


def _format_length(words: VerifyPageText, seconds: float) -> str:
    """A length as it is said: `4.8 seconds`, `1 min 23 s`."""
    if seconds < 60:
        return words.seconds_long.format(seconds=f"{seconds:.1f}".replace(".", words.decimal_point))
    minutes, rest = divmod(round(seconds), 60)
    return words.minutes_long.format(minutes=minutes, seconds=rest)
