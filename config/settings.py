"""All settings, read from the environment by typed readers.

Embedded by default; servers when their URLs are set.

Longer than 300 lines because everything that can be set is to be found in one place.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from django.urls import reverse_lazy

from config import env, planted_library_check
from core import ids, json_logging
from core.delivery import messages
from transparency_log.formats import cosignature

# Before anything loads NumPy: its threads spin, and two cores spinning make an examination ten
# times as dear.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Before the apps are loaded, and c2pa with them.
planted_library_check.refuse_libraries(Path.cwd())

BASE_DIR = Path(__file__).resolve().parent.parent
VERSION = "0.1.0"

# --- where things are -----------------------------------------------------------------------------
SAYSO_DATA_DIR = env.read_folder("SAYSO_DATA_DIR", BASE_DIR / "var")
SAYSO_PUBLIC_URL = (
    env.read_url("SAYSO_PUBLIC_URL", schemes=("http", "https"), default="http://127.0.0.1:8000")
    or ""
).rstrip("/")
DATABASE_URL = env.read_url("DATABASE_URL", schemes=("postgres", "postgresql"))
REDIS_URL = env.read_url("REDIS_URL", schemes=("redis", "rediss"))
SAYSO_DEVELOPMENT = env.read_flag("SAYSO_DEVELOPMENT", default=DATABASE_URL is None)

SECRET_KEY, SAYSO_SECRET_IS_FOR_DEVELOPMENT = env.read_secret(
    "SAYSO_SECRET_KEY", least=32, development_file=SAYSO_DATA_DIR / "secrets" / "django.key"
)
SAYSO_MASTER_KEY, SAYSO_MASTER_IS_FOR_DEVELOPMENT = env.read_secret(
    "SAYSO_MASTER_KEY", least=32, development_file=SAYSO_DATA_DIR / "secrets" / "master.key"
)

# --- limits ---------------------------------------------------------------------------------------
SAYSO_MAX_JSON_BYTES = env.read_integer(
    "SAYSO_MAX_JSON_BYTES", default=2**20, least=2**16, most=2**26
)
SAYSO_MAX_UPLOAD_BYTES = env.read_integer(
    "SAYSO_MAX_UPLOAD_BYTES", default=10 * 2**20, least=2**16, most=2**28
)
SAYSO_RECEIPTS_ML_DSA = env.read_flag(
    "SAYSO_RECEIPTS_ML_DSA", default=False
)  # FIPS 204, beside Ed25519
SAYSO_CHECKPOINT_MS = env.read_integer("SAYSO_CHECKPOINT_MS", default=200, least=20, most=60_000)
# How often the sweeps look for what is due or was lost, and how long a worker may be silent about a
# text it took.
SAYSO_SWEEP_SECONDS = env.read_integer("SAYSO_SWEEP_SECONDS", default=15, least=1, most=3600)
SAYSO_JOB_LEASE_SECONDS = env.read_integer(
    "SAYSO_JOB_LEASE_SECONDS", default=300, least=2, most=3600
)
SAYSO_JOB_AT_ONCE = env.read_integer("SAYSO_JOB_AT_ONCE", default=2, least=1, most=1000)
SAYSO_MAX_STREAMS = env.read_integer(
    "SAYSO_MAX_STREAMS", default=64, least=1, most=1000
)  # in one process
DATA_UPLOAD_MAX_MEMORY_SIZE = SAYSO_MAX_UPLOAD_BYTES * 16
# Bodies stay in memory: what is larger than this would lie on disk, in clear, until it is answered.
FILE_UPLOAD_MAX_MEMORY_SIZE = DATA_UPLOAD_MAX_MEMORY_SIZE
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]
DATA_UPLOAD_MAX_NUMBER_FILES = 25
# Who vouches for the log beside us: nobody unless named.
SAYSO_WITNESSES = env.read_parsed("SAYSO_WITNESSES", cosignature.parse_witnesses)
SAYSO_WITNESS_SECONDS = env.read_integer("SAYSO_WITNESS_SECONDS", default=60, least=1, most=86_400)
SAYSO_WITNESS_QUORUM = env.read_integer("SAYSO_WITNESS_QUORUM", default=1, least=1, most=16)
SAYSO_COPIES_URL = env.read_url("SAYSO_COPIES_URL", schemes=("file", "http", "https"))
SAYSO_COPIES_TOKEN = env.read_optional("SAYSO_COPIES_TOKEN")
SAYSO_COPIES_ACCESS_KEY = env.read_optional("SAYSO_COPIES_ACCESS_KEY")
SAYSO_COPIES_SECRET_KEY = env.read_optional("SAYSO_COPIES_SECRET_KEY")
SAYSO_COPIES_REGION = env.read_text("SAYSO_COPIES_REGION", "us-east-1")
SAYSO_COPIES_RETENTION_DAYS = env.read_integer(
    "SAYSO_COPIES_RETENTION_DAYS", default=0, least=0, most=36_500
)
SAYSO_TSA_URL = env.read_url("SAYSO_TSA_URL", schemes=("http", "https"))
SAYSO_TSA_ROOTS = env.read_optional("SAYSO_TSA_ROOTS")
SAYSO_EVIDENCE_SECONDS = env.read_integer(
    "SAYSO_EVIDENCE_SECONDS", default=3600, least=1, most=7 * 86_400
)
# Roots of signers whose Content Credentials are to count as trusted, beside our own: a PEM file,
# such as a trust list.
SAYSO_C2PA_ANCHORS = env.read_file_text("SAYSO_C2PA_ANCHORS_FILE")

# --- how signing links leave ----------------------------------------------------------------------
# Without either of the two no live request can be made: a link in the asker's hands proves nothing
# about a person.
MAIL_SERVER = env.read_mail_server("SAYSO_EMAIL_URL", plain_anywhere=SAYSO_DEVELOPMENT)
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if MAIL_SERVER else 'dummy'}.EmailBackend"
EMAIL_HOST = MAIL_SERVER.host if MAIL_SERVER else ""
EMAIL_PORT = MAIL_SERVER.port if MAIL_SERVER else 0
EMAIL_HOST_USER = MAIL_SERVER.user if MAIL_SERVER else ""
EMAIL_HOST_PASSWORD = MAIL_SERVER.password if MAIL_SERVER else ""
EMAIL_USE_SSL = MAIL_SERVER.tls_at_once if MAIL_SERVER else False
EMAIL_USE_TLS = MAIL_SERVER.starttls if MAIL_SERVER else False
EMAIL_TIMEOUT = env.read_integer("SAYSO_EMAIL_SECONDS", default=10, least=1, most=60)
DEFAULT_FROM_EMAIL = env.read_mailbox(
    "SAYSO_EMAIL_FROM", f"Sayso <no-reply@{urlsplit(SAYSO_PUBLIC_URL).hostname or 'localhost'}>"
)
SAYSO_MESSAGES_URL = env.read_url(
    "SAYSO_MESSAGES_URL", schemes=("https", "http") if SAYSO_DEVELOPMENT else ("https",)
)
SAYSO_MESSAGES = (
    messages.Gateway(
        url=SAYSO_MESSAGES_URL,
        to=env.read_field_name("SAYSO_MESSAGES_TO_FIELD", "to"),
        text=env.read_field_name("SAYSO_MESSAGES_TEXT_FIELD", "text"),
        subject=env.read_field_name("SAYSO_MESSAGES_SUBJECT_FIELD", "-"),
        sender=env.read_field_name("SAYSO_MESSAGES_FROM_FIELD", "-"),
        sender_value=env.read_text("SAYSO_MESSAGES_FROM", ""),
        reference=env.read_field_name("SAYSO_MESSAGES_REFERENCE_FIELD", "-"),
        authorization=env.read_header_secret("SAYSO_MESSAGES_AUTHORIZATION"),
        auth_header=env.read_field_name("SAYSO_MESSAGES_AUTHORIZATION_HEADER", "Authorization"),
        wants=env.read_choice("SAYSO_MESSAGES_ADDRESS", "email", "phone"),
    )
    if SAYSO_MESSAGES_URL
    else None
)

# --- Django ---------------------------------------------------------------------------------------
DEBUG = False
HOST = urlsplit(SAYSO_PUBLIC_URL).hostname or "127.0.0.1"
SECURE = SAYSO_PUBLIC_URL.startswith("https://")
ALLOWED_HOSTS = [HOST, "127.0.0.1", "localhost", "[::1]"] if SAYSO_DEVELOPMENT else [HOST]
CSRF_TRUSTED_ORIGINS = [SAYSO_PUBLIC_URL]

INSTALLED_APPS = [
    "core",
    "accounts",
    "vault",
    "transparency_log",
    "provenance",
    "consent",
    "voices",
    "erasure",
    "config",
    "unfold",
    "django.contrib.admin.apps.SimpleAdminConfig",  # config.urls loads the admin modules
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "csp",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]
MIDDLEWARE = [
    "config.middleware.requests.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "config.middleware.compression.CompressionMiddleware",
    "config.page_files.PageFilesMiddleware",
    "csp.middleware.CSPMiddleware",
    "config.middleware.requests.PathPolicyMiddleware",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "config.second_factor_views.SecondFactorMiddleware",
    "config.middleware.idempotency.IdempotencyMiddleware",
]
ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application.application"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]


def _configure_database() -> dict[str, Any]:
    """SQLite (WAL, IMMEDIATE) in the data folder, or PostgreSQL with Django's pool when
    DATABASE_URL is set.
    """
    if DATABASE_URL is None:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": SAYSO_DATA_DIR / "sayso.sqlite3",
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 30,
                # FULL: an acknowledged revocation survives power cuts. recursive_triggers: without
                # it INSERT OR REPLACE slips past the append-only triggers of the log.
                "init_command": (
                    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON; "
                    "PRAGMA recursive_triggers=ON;"
                ),
            },
            # A file, not memory: the tests run real server processes against the database.
            "TEST": {"NAME": SAYSO_DATA_DIR / "test.sqlite3"},
        }
    parts = urlsplit(DATABASE_URL)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": parts.port or "",
        # Persistent connections leak under ASGI (99 of 761 requests failed in our trial); the pool
        # does not.
        "CONN_MAX_AGE": 0,
        "OPTIONS": {"pool": {"min_size": 1, "max_size": 16, "timeout": 30}},
    }


DATABASES = {"default": _configure_database()}
AUTH_USER_MODEL = "accounts.Member"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LOCALE_PATHS = [BASE_DIR / "locale"]

STATIC_URL = "/static/"
STATIC_ROOT = env.read_folder("SAYSO_STATIC_DIR", SAYSO_DATA_DIR / "static")
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "config.page_files.HashedNameFinder",
]
# What `collectstatic` wrote there is served as it is; every other file from its source (see
# config/page_files.py).
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "config.page_files.NamedByContent"},
}
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False

# --- who may log in -------------------------------------------------------------------------------
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
# First by address and login, so that who guesses at one login uses up nothing that others behind
# the address need.
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
    "ENVIRONMENT": "config.second_factor_views.get_environment_label",
    "ACCOUNT": {"navigation": [{"title": "Second factor", "link": reverse_lazy("mfa_index")}]},
}

# --- what browsers may do -------------------------------------------------------------------------
# Strict everywhere; `config/middleware/requests.py` loosens it for /admin/ alone, whose theme needs
# eval and inline styles.
CONTENT_SECURITY_POLICY: dict[str, Any] = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}
PERMISSIONS_POLICY: dict[str, list[str]] = {
    name: []
    for name in ("camera", "microphone", "geolocation", "payment", "usb", "display-capture")
}
SESSION_ENGINE = "accounts.sessions"
SESSION_COOKIE_NAME = "__Host-sessionid" if SECURE else "sessionid"
SESSION_COOKIE_AGE = 12 * 3600  # idleness ends it sooner, see accounts/sessions.py
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
CSRF_COOKIE_NAME = "__Host-csrftoken" if SECURE else "csrftoken"
CSRF_FAILURE_VIEW = "config.problems.answer_forged_form"
CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = SECURE
CSRF_COOKIE_SECURE = SECURE
SECURE_SSL_REDIRECT = SECURE
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE
SECURE_HSTS_PRELOAD = SECURE
SECURE_REFERRER_POLICY = "same-origin"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SECURE else None
X_FRAME_OPTIONS = "DENY"

# --- REST -----------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.authentication.KeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.authentication.HasScope"],
    # Not for its rate (the key's own limit is taken with authentication): the framework asks
    # throttles last.
    "DEFAULT_THROTTLE_CLASSES": ["config.middleware.idempotency.IdempotencyCheck"],
    "DEFAULT_PARSER_CLASSES": ["core.api.parsers.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "EXCEPTION_HANDLER": "config.problems.answer_api_error",
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "core.api.negotiation.FixedContentNegotiation",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "UNAUTHENTICATED_USER": None,
    "DATETIME_FORMAT": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Sayso",
    "DESCRIPTION": "Consent and provenance around voice cloning.",
    "VERSION": VERSION,
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/v1",
    # Any text: one that is no id is answered with 404, as an id that nothing has.
    "PATH_CONVERTER_OVERRIDES": {kind: {"type": "string"} for kind in ids.PREFIXES_IN_PATHS},
    "COMPONENT_SPLIT_REQUEST": True,
    "COMPONENT_SPLIT_PATCH": False,
    "SERVE_AUTHENTICATION": [],
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "POSTPROCESSING_HOOKS": ["config.openapi_hooks.complete_document"],
    "SWAGGER_UI_SETTINGS": {
        "deepLinking": True,
        "persistAuthorization": False,
        "validatorUrl": None,
    },
}

# --- tasks: rows are the truth, messages only wake ------------------------------------------------
SAYSO_TASK_SENDER = "config.celery.send_task"
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# A message that cannot be sent is found by a sweep: nobody waits for a broker that is away.
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 3600,
    "socket_connect_timeout": 1.0,
    # else each message waits four seconds for a broker that is away
    "connect_retries_timeout": 0.1,
    "interval_start": 0,
    "interval_step": 0,
}

CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
    if REDIS_URL
    else {"BACKEND": "accounts.shared_cache.DatabaseJsonCache"}
}

# --- logs: one JSON line each, ids and codes only -------------------------------------------------
LOGGING: dict[str, Any] = json_logging.build_log_config(env.read_text("SAYSO_LOG_LEVEL", "INFO"))
