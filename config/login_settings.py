"""Who may log in, and how: passwords, second factors, and the admin's frame around them."""

from __future__ import annotations

from django.templatetags.static import static
from django.urls import reverse_lazy

from config.service_settings import SAYSO_DEVELOPMENT

AUTHENTICATION_BACKENDS = ["accounts.adapter.MemberBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ACCOUNT_ADAPTER = "accounts.adapter.MemberAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_FORMS = {"login": "accounts.login_form.MemberLoginForm"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = 600
# First by address and login, so that guessing one login uses up nothing that others behind the
# address need.
ACCOUNT_RATE_LIMITS = {"login_failed": "5/300s/key,30/m/ip"}
MFA_FORMS = {"activate_totp": "accounts.set_up_form.SetUpForm"}
MFA_ADAPTER = "config.second_factor_views.SealingAdapter"
MFA_ALLOW_UNVERIFIED_EMAIL = True  # addresses are given by the owner, not proven by mail
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = SAYSO_DEVELOPMENT
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "admin:index"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"

UNFOLD = {
    "SITE_TITLE": "Sayso",
    "SITE_HEADER": "Sayso",
    "SITE_SUBHEADER": "Consent and provenance",
    "SITE_URL": "/",
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "SIDEBAR": {"show_search": False},
    "STYLES": [lambda _: static("sayso/admin.css")],
    "SCRIPTS": [lambda _: static("sayso/admin.js")],
    "ENVIRONMENT": "config.second_factor_views.get_environment_label",
    "ACCOUNT": {"navigation": [{"title": "Second factor", "link": reverse_lazy("mfa_index")}]},
}
