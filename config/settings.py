"""The settings of Django.

What the environment can set is read in `config/service_settings.py`. The other groups stand beside
it: logins, browsers, the REST framework.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from config import env, planted_library_check
from config.browser_settings import *
from config.login_settings import *
from config.rest_settings import *
from config.service_settings import *
from core import json_logging

# This must come before anything loads NumPy: its threads spin, and with two spinning cores an
# examination costs ten times as much.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

# This must come before the apps are loaded, and c2pa with them.
planted_library_check.refuse_libraries(Path.cwd())

# --- Django ---------------------------------------------------------------------------------------
DEBUG = False
HOST = urlsplit(SAYSO_PUBLIC_URL).hostname or "127.0.0.1"
ALLOWED_HOSTS = [HOST, *SAYSO_PROXY_HOSTS]
if SAYSO_DEVELOPMENT:
    ALLOWED_HOSTS += ["127.0.0.1", "localhost", "[::1]"]
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
    "config.middleware.request_id.RequestIdMiddleware",
    "config.middleware.machine_headers.MachineHeadersMiddleware",
    "config.middleware.cross_origin.CrossOriginMiddleware",
    "config.middleware.problem_answers.ProblemMiddleware",
    "config.middleware.probes.ProbeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "config.middleware.compression.CompressionMiddleware",
    "config.page_files.PageFilesMiddleware",
    "csp.middleware.CSPMiddleware",
    "config.middleware.content_policy.ContentPolicyMiddleware",
    "config.middleware.log_caching.LogCachingMiddleware",
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
    """Return SQLite (WAL, IMMEDIATE) in the data folder, or PostgreSQL with a pool when
    DATABASE_URL is set.
    """
    if DATABASE_URL is None:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": SAYSO_DATA_DIR / "sayso.sqlite3",
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 30,
                # With FULL, an acknowledged withdrawal survives power cuts. Without
                # recursive_triggers, INSERT OR REPLACE passes the append-only triggers of the log.
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
        "ENGINE": "config.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": parts.port or "",
        # Persistent connections leak under ASGI (99 of 761 requests failed in our trial). The pool
        # does not.
        "CONN_MAX_AGE": 0,
        "OPTIONS": {
            "pool": {
                "min_size": 1,
                "max_size": SAYSO_DATABASE_CONNECTIONS,
                "timeout": SAYSO_POOL_SECONDS,
                # Later attempts would be minutes apart, and the next call asks again anyway.
                "reconnect_timeout": SAYSO_POOL_SECONDS,
            },
            "connect_timeout": SAYSO_CONNECT_SECONDS,
            # A host that is gone says nothing. The kernel finds that out (tcp(7)).
            "keepalives_idle": 15,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": 30_000,
        },
    }


DATABASES = {"default": _configure_database()}
AUTH_USER_MODEL = "accounts.Member"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = "config.formats"

STATIC_URL = "/static/"
STATIC_ROOT = env.read_folder("SAYSO_STATIC_DIR", SAYSO_DATA_DIR / "static")
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "config.page_files.HashedNameFinder",
]
# What `collectstatic` stored there is served as it is, and every other file from its source (see
# config/page_files.py).
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "config.page_files.NamedByContent"},
}
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False

# --- tasks: rows are the truth, messages only wake ------------------------------------------------
SAYSO_TASK_SENDER = "config.celery.send_celery_task"
CELERY_BROKER_URL = REDIS_URL
CELERY_BEAT_SCHEDULER = "config.beat_scheduler:MonotonicScheduler"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a worker goes on when the broker is back
# No caller waits for a broker that is down: a sweep finds the work of a message that was not sent.
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 3600,
    "socket_connect_timeout": 1.0,
    "socket_timeout": SAYSO_REDIS_SECONDS,
    "socket_keepalive": True,
    # Without it each message waits four seconds for a broker that is down.
    "connect_retries_timeout": 0.1,
    "interval_start": 0,
    "interval_step": 0,
}

# Logins use it, and few of them. They need no Redis, which may be away.
CACHES = {"default": {"BACKEND": "accounts.shared_cache.DatabaseJsonCache"}}

# --- logs: one JSON line each, ids and codes only -------------------------------------------------
LOGGING: dict[str, Any] = json_logging.build_log_config(env.read_text("SAYSO_LOG_LEVEL", "INFO"))
