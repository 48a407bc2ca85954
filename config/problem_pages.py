"""`/problems/` and `/problems/{code}`: where the `type` of a problem document leads, for a person
who reads one.

RFC 9457 (section 3.1.1) wants text for people there. A program has all of it in the document
itself, and in `GET /v1/reasons`.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from config import error_codes, error_remedies, problems
from config.error_codes import ErrorCode


@require_safe
def list_problems(request: HttpRequest) -> HttpResponse:
    """Show every code."""
    inner = error_codes.inner_codes()
    shown = {
        "problems": tuple(error_codes.problem_codes().values()),
        "reasons": tuple(inner[name] for name in error_codes.REASONS),
        "fields": tuple(inner[name] for name in error_codes.FIELDS),
        "warnings": tuple(inner[name] for name in error_codes.WARNINGS),
    }
    return render(request, "problems.html", shown)


@require_safe
def show_problem(request: HttpRequest, code: str) -> HttpResponse:
    """Show what one code means, what to do, and how it looks in an answer."""
    found = error_codes.get_error_code(code)
    if found is None:
        raise Http404
    shown = {
        "code": found,
        "meaning": _format_code(found.meaning),
        "remedy": _format_code(error_remedies.REMEDIES.get(code, "")),
        "example": json.dumps(_build_example(found), indent=2, ensure_ascii=False),
    }
    return render(request, "problem.html", shown)


def _format_code(text: str) -> SafeString:
    """Set what stands between backticks as code."""
    parts = ((number % 2, part) for number, part in enumerate(text.split("`")))
    drawn = (
        (format_html("<code>{}</code>", part) if is_code else part,) for is_code, part in parts
    )
    return format_html_join("", "{}", drawn)


def _build_example(code: ErrorCode) -> dict[str, Any]:
    """Return a problem document with this code, or the part of one in which it stands."""
    said = {"code": code.name, "detail": code.meaning}
    if code.name in error_codes.REASONS:
        return {"reasons": [said]}
    if code.status is None:
        return {"warnings": [{**said, "attr": "…"}]}
    titles = {status: title for _, status, title in problems.STATUS}
    return {
        "type": problems.get_type_url(code.name),
        "title": titles.get(code.status, HTTPStatus(code.status).phrase),
        "status": code.status,
        **said,
        "request_id": "req_…",
        **({"errors": [{**said, "attr": "…"}]} if code.name in error_codes.FIELDS else {}),
    }
