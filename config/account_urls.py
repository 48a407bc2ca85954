"""The pages of a member's own account: those that we want, one by one.

`include("allauth.urls")` mounts more with every version: pages that add a login address, or say
that mail was sent.
"""

from __future__ import annotations

import allauth.account.views
import allauth.mfa.base.views
import allauth.mfa.recovery_codes.views
import allauth.mfa.totp.views
import allauth.mfa.webauthn.views
from django.urls import path

urlpatterns = [
    path("login/", allauth.account.views.login, name="account_login"),
    path("logout/", allauth.account.views.logout, name="account_logout"),
    path("inactive/", allauth.account.views.account_inactive, name="account_inactive"),
    path("reauthenticate/", allauth.account.views.reauthenticate, name="account_reauthenticate"),
    path("password/change/", allauth.account.views.password_change, name="account_change_password"),
    path("2fa/", allauth.mfa.base.views.index, name="mfa_index"),
    path("2fa/authenticate/", allauth.mfa.base.views.authenticate, name="mfa_authenticate"),
    path("2fa/reauthenticate/", allauth.mfa.base.views.reauthenticate, name="mfa_reauthenticate"),
    path("2fa/totp/activate/", allauth.mfa.totp.views.activate_totp, name="mfa_activate_totp"),
    path(
        "2fa/totp/deactivate/", allauth.mfa.totp.views.deactivate_totp, name="mfa_deactivate_totp"
    ),
    path(
        "2fa/recovery-codes/",
        allauth.mfa.recovery_codes.views.view_recovery_codes,
        name="mfa_view_recovery_codes",
    ),
    path(
        "2fa/recovery-codes/generate/",
        allauth.mfa.recovery_codes.views.generate_recovery_codes,
        name="mfa_generate_recovery_codes",
    ),
    path(
        "2fa/recovery-codes/download/",
        allauth.mfa.recovery_codes.views.download_recovery_codes,
        name="mfa_download_recovery_codes",
    ),
    path("2fa/webauthn/", allauth.mfa.webauthn.views.list_webauthn, name="mfa_list_webauthn"),
    path("2fa/webauthn/add/", allauth.mfa.webauthn.views.add_webauthn, name="mfa_add_webauthn"),
    path(
        "2fa/webauthn/login/", allauth.mfa.webauthn.views.login_webauthn, name="mfa_login_webauthn"
    ),
    path(
        "2fa/webauthn/reauthenticate/",
        allauth.mfa.webauthn.views.reauthenticate_webauthn,
        name="mfa_reauthenticate_webauthn",
    ),
    path(
        "2fa/webauthn/keys/<int:pk>/edit/",
        allauth.mfa.webauthn.views.edit_webauthn,
        name="mfa_edit_webauthn",
    ),
    path(
        "2fa/webauthn/keys/<int:pk>/remove/",
        allauth.mfa.webauthn.views.remove_webauthn,
        name="mfa_remove_webauthn",
    ),
]
