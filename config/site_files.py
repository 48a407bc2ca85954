"""The files that visitors of any site ask for: `robots.txt` and `security.txt`."""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from config import security_contact
from core import clock

_TEXT: Final = "text/plain; charset=utf-8"
# Pages are left out: each says `noindex`, and a crawler that may not read it cannot heed that.
ROBOTS: Final = """\
User-agent: *
Disallow: /v1/
Disallow: /c2pa/
Disallow: /log/
Disallow: /admin/
Disallow: /account/
"""


@require_safe
def show_robots(_request: HttpRequest) -> HttpResponse:
    """Tell crawlers what is no page (RFC 9309)."""
    return HttpResponse(ROBOTS, content_type=_TEXT)


@require_safe
def show_security_contact(_request: HttpRequest) -> HttpResponse:
    """Tell whom to write to about a fault of security (RFC 9116).

    Raises Http404 when the operator set no address, and when its time is over: no one may read it
    any more, and an address of our own would be the wrong one.
    """
    contacts, expires = settings.SAYSO_SECURITY_CONTACT, settings.SAYSO_SECURITY_EXPIRES
    if not contacts or expires is None or expires <= clock.now():
        raise Http404

    address = f"{settings.SAYSO_PUBLIC_URL}{reverse('security-contact')}"
    text = security_contact.write_security_txt(contacts, expires=expires, address=address)
    return HttpResponse(text, content_type=_TEXT)
