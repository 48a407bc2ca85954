"""`/problems/` and `/problems/{code}`: where the `type` of a problem document leads, for a person who reads one."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from config import codes, remedies


@require_safe
def listed(request: HttpRequest) -> HttpResponse:
    """Show every code."""
    inner = codes.inner_codes()
    shown = {
        "problems": tuple(codes.problem_codes().values()),
        "reasons": tuple(inner[name] for name in codes.REASONS),
        "fields": tuple(inner[name] for name in codes.FIELDS),
    }
    return render(request, "problems.html", shown)


@require_safe
def one(request: HttpRequest, code: str) -> HttpResponse:
    """Show what one code means."""
    found = codes.find(code)
    if found is None:
        raise Http404
    return render(request, "problem.html", {"code": found, "remedy": remedies.REMEDIES.get(code, "")})
