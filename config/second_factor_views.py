"""The second factor in the pages: how its secrets are sealed, and what is closed without one."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any, Final

from allauth.mfa.adapter import DefaultMFAAdapter
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from accounts import second_factor
from accounts.models import Member
from core import clock, qr_codes
from vault import sealed_values, subject_keys

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
# The vault has a key for each organisation. At the login we do not know yet whose code this is, so
# the secrets of factors are sealed under the service's own key.
_OWNER: Final = "org_service"
_CONTEXT: Final = "second-factor/1"


class SealingAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # allauth has no types
    """Seals the secrets of authenticator apps and recovery codes."""

    def encrypt(self, text: str) -> str:
        """Seal a secret under the key of the service in the vault."""
        subject = subject_keys.get_organisation_subject(_OWNER, at=clock.now())
        return base64.b64encode(sealed_values.seal(subject, _CONTEXT, text)).decode("ascii")

    def decrypt(self, encrypted_text: str) -> str:
        """Open a secret.

        Raises Tampered for text that `encrypt` did not make.
        """
        subject = subject_keys.get_organisation_subject(_OWNER, at=clock.now())
        return str(sealed_values.unseal(subject, _CONTEXT, base64.b64decode(encrypted_text)))

    def build_totp_svg(self, url: str) -> str:
        """Draw the QR code as an element of the page."""
        # Our content policy allows no `data:` image.
        squares = qr_codes.encode_qr_rows(url)
        side = len(squares)
        dots = qr_codes.rows_to_svg_path(squares)
        return (
            f'<svg viewBox="0 0 {side} {side}" width="240" height="240" role="img"'
            ' aria-label="QR code" shape-rendering="crispEdges">'
            f'<rect width="100%" height="100%" fill="#fff"/><path d="{dots}"/></svg>'
        )

    def get_totp_issuer(self) -> str:
        """Return the name of the product, which the app shows instead of the host."""
        return "Sayso"


class SecondFactorMiddleware:
    """Closes the admin to a member without a second factor, but for reading lists and pages.

    Where the rows are read, they are narrowed to test data (`accounts.admin_base`). Every other
    address of the admin is closed, also those that are added later.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Return the view's answer unchanged."""
        return self.get_response(request)

    def process_view(
        self,
        request: HttpRequest,
        view: Any,  # noqa: ARG002 - Django's signature
        args: tuple[Any, ...],  # noqa: ARG002 - as above
        kwargs: dict[str, Any],  # noqa: ARG002 - as above
    ) -> HttpResponse | None:
        """Redirect to the set-up instead of a page that needs a second factor."""
        found = request.resolver_match
        if found is None or "admin" not in found.app_names or not isinstance(request.user, Member):
            return None
        if request.method in _SAFE and found.url_name in _to_be_looked_at():
            return None
        if second_factor.is_set_up(request.user):
            return None

        messages.warning(request, "That needs a second factor. Set one up here first.")
        return HttpResponseRedirect(reverse("mfa_index"))


def get_environment_label(request: HttpRequest) -> list[str] | None:
    """Return the label at the head of every admin page that shows test data only, and why."""
    if isinstance(request.user, Member) and not second_factor.is_set_up(request.user):
        return ["Test data only: no second factor yet", "warning"]

    return None


def _to_be_looked_at() -> set[str]:
    pages = {"index", "app_list", "jsi18n"}
    for model in admin.site._registry:  # noqa: SLF001 - Django's own name for a public thing
        name = f"{model._meta.app_label}_{model._meta.model_name}"
        pages |= {f"{name}_changelist", f"{name}_change"}

    return pages
