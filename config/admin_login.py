"""Closes the admin site's own login pages, or redirects them to ours. Its own pages ask for no
second factor and have no rate limits.
"""

from __future__ import annotations

from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.http import urlencode
from django.views.generic import RedirectView

from accounts.admin_base import ReadOnlyAdmin, may_enter


def redirect_to_login(request: HttpRequest, extra_context: object = None) -> HttpResponse:
    """Redirect every request to the one login.

    Django's own form in the admin would accept any member's password.

    Raises PermissionDenied for a member who is logged in but may not enter the admin.
    """
    if request.user.is_authenticated and not may_enter(request):
        raise PermissionDenied
    wanted = request.GET.get("next") or request.get_full_path()
    return HttpResponseRedirect(f"{reverse('account_login')}?{urlencode({'next': wanted})}")


def raise_not_found(request: HttpRequest) -> HttpResponse:
    """Raise Http404."""
    raise Http404


def close_second_ways(site: AdminSite) -> None:
    """Remove the pages that libraries add to `site`, and leave our login as the one way in."""
    site.login = redirect_to_login  # type: ignore[method-assign]  # as Django documents it
    site.has_permission = may_enter  # type: ignore[method-assign]  # as above
    # Libraries register tables of their own: groups, added addresses, the secrets of second
    # factors.
    # Django's own name for a public thing.
    for model, page in list(site._registry.items()):  # noqa: SLF001
        if not isinstance(page, ReadOnlyAdmin):
            site.unregister(model)


urlpatterns = [
    path("admin/login/", redirect_to_login, name="admin-login"),
    path(
        "admin/logout/",
        RedirectView.as_view(pattern_name="account_logout"),
        name="admin-logout",
    ),
    path(
        "admin/password_change/",
        RedirectView.as_view(pattern_name="account_change_password"),
        name="admin-password-change",
    ),
    path("admin/password_change/done/", raise_not_found, name="admin-password-change-done"),
    path("admin/search/", raise_not_found, name="admin-search"),
]
