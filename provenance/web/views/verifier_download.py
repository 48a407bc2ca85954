"""`/verify.py`: the program that checks receipts and bundles offline.

Each bundle holds it too. This is for people who have a receipt only.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import condition, require_safe

from provenance.verifier import build


def _get_program_etag(_request: HttpRequest) -> str:
    return f'"{build.hash_program()}"'


@csrf_exempt
@require_safe
@condition(etag_func=_get_program_etag)
def download_verifier(_request: HttpRequest) -> HttpResponse:
    """Return the program, whose SHA-256 is on `/verify`. Caches may keep it for an hour."""
    headers = {
        "Cache-Control": "public, max-age=3600",
        "Content-Disposition": 'attachment; filename="verify.py"',
        "Access-Control-Allow-Origin": "*",
    }

    return HttpResponse(
        build.build_program(), content_type="text/x-python; charset=utf-8", headers=headers
    )
