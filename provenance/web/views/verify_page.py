"""`/verify`: the page that checks whether a clip was made here. It works without scripts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import formats
from django.utils.translation import gettext, ngettext
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from accounts.authentication import get_admission
from core import canonical_json, clock, web
from core.body_size import FORM_OVERHEAD, accept_body, parse_content_length
from core.errors import RateLimited, SaysoError, Unavailable
from provenance import anonymous_rate_limit, verdict_text, verification
from provenance.verification import ClipSummary, VerificationResult
from provenance.verifier import build
from provenance.web import language, opinion_labels, watermark_timeline

FIELD: Final = "file"
MOST_NAME: Final = 200


class _UploadFault(NamedTuple):
    """Why a file is not looked at: a sentence, and the status of the answer."""

    text: str
    status: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """One layer of evidence in words: what it is, its result, and what it proves."""

    layer: str
    result: str
    says: str
    proves: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Clip:
    """A found clip in words."""

    id: str
    organisation: str
    issued_at: str
    consent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """The file that an answer is about, and when it was checked."""

    name: str
    sha256: str
    at: str


# There is no cookie and no login, and a check changes nothing, so a forged form can do no harm.
@accept_body(settings.SAYSO_MAX_UPLOAD_BYTES, explained_by_view=True, counted_as="verify")
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@web.keep_private
@language.choose_language
def show_verify_page(request: HttpRequest) -> HttpResponse:
    """Show the form, or on POST the answer for the uploaded file, which is not stored."""
    if request.method != "POST":
        return _render_form(request)

    at, address = clock.now(), str(request.META.get("REMOTE_ADDR", ""))
    admission = get_admission(request)
    try:
        if admission.refusal is not None:
            raise admission.refusal

        upload = _take_upload(request)
        if isinstance(upload, _UploadFault):
            return _render_form(request, fault=upload.text, status=upload.status)

        data = upload.read()
        if not admission.address_counted:
            anonymous_rate_limit.count_request(address, at=at)
        verdict = verification.verify(data, address=address)
    except RateLimited as limited:
        fault = gettext(
            "Many files have come from your connection in the last minute. Please wait a minute, "
            "then ask again."
        )
        return _set_retry_after(_render_form(request, fault=fault, status=429), limited)
    except Unavailable as down:
        fault = gettext(
            "We cannot check files just now. Nothing is wrong with yours. Please try again in a "
            "minute."
        )
        return _set_retry_after(_render_form(request, fault=fault, status=503), down)

    asked = _Asked(
        name=(upload.name or "")[:MOST_NAME],
        sha256=canonical_json.sha256_hex(data),
        at=web.format_moment(at, web.readers_language()),
    )

    return _render_answer(request, verdict, asked)


def _take_upload(request: HttpRequest) -> UploadedFile[Any] | _UploadFault:
    """Return the file of the form, or why there is none to look at."""
    most = settings.SAYSO_MAX_UPLOAD_BYTES
    # The declared length first: a form that is too large is not read.
    if (parse_content_length(request.META.get("CONTENT_LENGTH")) or 0) > most + FORM_OVERHEAD:
        return _UploadFault(_describe_size_limit(), 413)

    upload = request.FILES.get(FIELD)
    if upload is None or upload.size is None:
        return _UploadFault(gettext("Choose a file first."), 422)

    if upload.size > most:
        return _UploadFault(_describe_size_limit(), 413)

    if upload.size == 0:
        return _UploadFault(gettext("This file is empty. Choose another one."), 422)

    return upload


def _render_form(request: HttpRequest, *, fault: str = "", status: int = 200) -> HttpResponse:
    spoken = web.readers_language()
    shown = {
        "lang": spoken,
        "others": tuple((code, name) for code, name in settings.LANGUAGES if code != spoken),
        "suffix": language.get_language_suffix(request),
        "limit": _get_size_limit(),
        "limit_bytes": settings.SAYSO_MAX_UPLOAD_BYTES,
        "too_large": _describe_size_limit(),
        "fault": fault,
        "findings": tuple(verdict_text.FINDINGS.values()),
        "program_sha256": build.hash_program(),
        "layers": tuple(
            (title, verdict_text.LAYER_PROVES[name]) for name, title in verdict_text.LAYERS.items()
        ),
    }

    return render(request, "provenance/verify.html", shown, status=status)


def _get_size_limit() -> int:
    """Return the size limit in MB."""
    return int(settings.SAYSO_MAX_UPLOAD_BYTES // 2**20)


def _describe_size_limit() -> str:
    return gettext(
        "This file is larger than {limit} MB. Cut a piece of some seconds out of it and try that."
    ).format(limit=_get_size_limit())


def _set_retry_after(page: HttpResponse, error: SaysoError) -> HttpResponse:
    page["Retry-After"] = str(error.retry_after or 1)
    return page


def _render_answer(
    request: HttpRequest, verdict: VerificationResult, asked: _Asked
) -> HttpResponse:
    clip = verdict.clip
    found = ((clip,) if clip else ()) + verdict.others
    lines = tuple(
        _Line(
            layer=str(verdict_text.LAYERS[evidence.layer]),
            result=evidence.result,
            says=str(verdict_text.EVIDENCE[evidence.key]),
            proves=str(verdict_text.LAYER_PROVES[evidence.layer]),
        )
        for evidence in verdict.evidence
    )
    drawn = watermark_timeline.draw_timeline(verdict.stretches, verdict.seconds)
    shown = {
        "lang": web.readers_language(),
        "suffix": language.get_language_suffix(request),
        "asked": asked,
        "where": settings.SAYSO_PUBLIC_URL + reverse("verify"),
        "verdict": str(verdict.outcome),
        "finding": verdict_text.FINDINGS[verdict.outcome],
        "caveat": verdict_text.CAVEATS[verdict.outcome],
        "clip": clip,
        "clips": tuple(_describe_clip(one) for one in found),
        "erased": verdict_text.ERASED if verdict.is_erased else "",
        "test_data": verdict_text.TEST_DATA if any(not one.livemode for one in found) else "",
        "why": verdict_text.UNREADABLE.get(verdict.why, ""),
        "lines": lines,
        "picture": drawn,
        "picture_says": _describe_timeline(drawn, verdict.seconds) if drawn else "",
        "opinions": tuple(opinion_labels.LABELS.items()),
    }

    return render(request, "provenance/verdict.html", shown)


def _describe_clip(clip: ClipSummary) -> _Clip:
    state = str(verdict_text.CONSENT_STATES.get(clip.consent_state, clip.consent_state))
    return _Clip(
        id=clip.id,
        organisation=clip.organisation,
        issued_at=web.format_moment(clip.issued_at, web.readers_language()),
        consent=f"{state} ({clip.consent_assurance})" if clip.consent_assurance else state,
    )


def _describe_timeline(drawn: watermark_timeline.Picture, seconds: float) -> str:
    count = len(drawn.rows)
    clips = ngettext("One clip was found in it.", "{count} clips were found in it.", count).format(
        count=count
    )
    return gettext("Our mark is in {share} of this file, which is {length} long. {clips}").format(
        share=f"{drawn.share} %", length=_format_length(seconds), clips=clips
    )


def _format_length(seconds: float) -> str:
    """Return a length in words: `4.8 seconds`, `1 min 23 s`."""
    if seconds < 60:
        tenths = formats.number_format(round(seconds, 1), decimal_pos=1)
        return gettext("{seconds} seconds").format(seconds=tenths)

    minutes, rest = divmod(round(seconds), 60)
    return gettext("{minutes} min {seconds} s").format(minutes=minutes, seconds=rest)
