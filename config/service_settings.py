"""What the environment can set: addresses, secrets, limits, and the services around us.

Database, queue and cache are embedded, unless the URLs of servers are set.
"""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

from config import env, security_contact
from core import web_hosts
from core.delivery import messages
from transparency_log.formats import cosignature

BASE_DIR = Path(__file__).resolve().parent.parent
VERSION = "0.1.0"

# --- where things are -----------------------------------------------------------------------------
SAYSO_DATA_DIR = env.read_folder("SAYSO_DATA_DIR", BASE_DIR / "var")
SAYSO_PUBLIC_URL = env.read_origin("SAYSO_PUBLIC_URL", default="http://127.0.0.1:8000")
DATABASE_URL = env.read_url("DATABASE_URL", schemes=("postgres", "postgresql"))
REDIS_URL = env.read_url("REDIS_URL", schemes=("redis", "rediss"))
SAYSO_DEVELOPMENT = env.read_flag("SAYSO_DEVELOPMENT", default=DATABASE_URL is None)

# Without development no secret is made up. Two hosts would make up two.
_SECRETS = SAYSO_DATA_DIR / "secrets" if SAYSO_DEVELOPMENT or DATABASE_URL is None else None
SECRET_KEY, SAYSO_SECRET_IS_FOR_DEVELOPMENT = env.read_secret(
    "SAYSO_SECRET_KEY", min_length=32, development_file=_SECRETS and _SECRETS / "django.key"
)
SAYSO_MASTER_KEY, SAYSO_MASTER_IS_FOR_DEVELOPMENT = env.read_secret(
    "SAYSO_MASTER_KEY", min_length=32, development_file=_SECRETS and _SECRETS / "master.key"
)

# --- faults of security ---------------------------------------------------------------------------
# Without them there is no security.txt: an address that was made up reaches no one.
SAYSO_SECURITY_CONTACT = env.read_parsed("SAYSO_SECURITY_CONTACT", security_contact.parse_contacts)
SAYSO_SECURITY_EXPIRES = env.read_parsed("SAYSO_SECURITY_EXPIRES", security_contact.parse_expiry)
if bool(SAYSO_SECURITY_CONTACT) != bool(SAYSO_SECURITY_EXPIRES):
    raise env.BadSetting("SAYSO_SECURITY_CONTACT", "and SAYSO_SECURITY_EXPIRES go together")

# --- metrics --------------------------------------------------------------------------------------
SAYSO_METRICS_TOKEN = env.read_optional("SAYSO_METRICS_TOKEN")
# The counters of all processes of this host. The library reads the variable when it is loaded.
SAYSO_METRICS_DIR = (
    env.read_private_folder("SAYSO_METRICS_DIR", shared_by=SAYSO_DATA_DIR)
    if SAYSO_METRICS_TOKEN
    else None
)
if SAYSO_METRICS_DIR:
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(SAYSO_METRICS_DIR)

# --- waits ----------------------------------------------------------------------------------------
# The connections of one process, and the seconds that a call waits for a free one.
SAYSO_DATABASE_CONNECTIONS = env.read_integer(
    "SAYSO_DATABASE_CONNECTIONS", default=16, minimum=4, maximum=1000
)
SAYSO_POOL_SECONDS = env.read_integer("SAYSO_POOL_SECONDS", default=5, minimum=1, maximum=60)
SAYSO_CONNECT_SECONDS = env.read_integer("SAYSO_CONNECT_SECONDS", default=5, minimum=2, maximum=60)
# For requests. Tasks may take ten times as long, commands any time.
SAYSO_LOCK_SECONDS = env.read_integer("SAYSO_LOCK_SECONDS", default=5, minimum=1, maximum=60)
SAYSO_STATEMENT_SECONDS = env.read_integer(
    "SAYSO_STATEMENT_SECONDS", default=15, minimum=1, maximum=600
)
# Workers listen for one second at a time, so it must be longer.
SAYSO_REDIS_SECONDS = env.read_integer("SAYSO_REDIS_SECONDS", default=3, minimum=2, maximum=60)

# --- limits ---------------------------------------------------------------------------------------
SAYSO_MAX_JSON_BYTES = env.read_integer(
    "SAYSO_MAX_JSON_BYTES", default=2**20, minimum=2**16, maximum=2**26
)
SAYSO_MAX_UPLOAD_BYTES = env.read_integer(
    "SAYSO_MAX_UPLOAD_BYTES", default=10 * 2**20, minimum=2**16, maximum=2**28
)
# A second signature of receipts by FIPS 204, beside Ed25519.
SAYSO_RECEIPTS_ML_DSA = env.read_flag("SAYSO_RECEIPTS_ML_DSA", default=False)
# With less room on the disk of the data folder a process is not ready.
SAYSO_MIN_FREE_BYTES = env.read_integer(
    "SAYSO_MIN_FREE_BYTES", default=16 * 2**20, minimum=0, maximum=2**40
)
SAYSO_CHECKPOINT_MS = env.read_integer(
    "SAYSO_CHECKPOINT_MS", default=200, minimum=20, maximum=60_000
)
# How often the sweeps look for work that is due or was lost, and how long a worker may be silent
# about a row before another takes it over. Its lease is renewed four times as often.
SAYSO_SWEEP_SECONDS = env.read_integer("SAYSO_SWEEP_SECONDS", default=15, minimum=1, maximum=3600)
SAYSO_LEASE_SECONDS = env.read_integer("SAYSO_LEASE_SECONDS", default=12, minimum=2, maximum=3600)
# How long a process that is told to stop may take for what it has in hand.
SAYSO_STOP_SECONDS = env.read_integer("SAYSO_STOP_SECONDS", default=20, minimum=1, maximum=3600)
SAYSO_JOB_AT_ONCE = env.read_integer("SAYSO_JOB_AT_ONCE", default=2, minimum=1, maximum=1000)
# The streams at one time in one process.
SAYSO_MAX_STREAMS = env.read_integer("SAYSO_MAX_STREAMS", default=64, minimum=1, maximum=1000)
# What one process carries at a time: bytes of large bodies, files that are decoded and searched,
# and connections.
SAYSO_MAX_BODY_MEMORY = env.read_integer(
    "SAYSO_MAX_BODY_MEMORY", default=2**28, minimum=2**24, maximum=2**34
)
SAYSO_MAX_EXAMINATIONS = env.read_integer(
    "SAYSO_MAX_EXAMINATIONS", default=2 * (os.cpu_count() or 1), minimum=2, maximum=1000
)
SAYSO_MAX_CONNECTIONS = env.read_integer(
    "SAYSO_MAX_CONNECTIONS", default=1000, minimum=10, maximum=100_000
)
DATA_UPLOAD_MAX_MEMORY_SIZE = SAYSO_MAX_UPLOAD_BYTES * 16
# Bodies stay in memory. A larger one would be on disk, in the clear, until it is answered.
FILE_UPLOAD_MAX_MEMORY_SIZE = DATA_UPLOAD_MAX_MEMORY_SIZE
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]
DATA_UPLOAD_MAX_NUMBER_FILES = 25
# The attestors of the log. There are none unless they are named.
SAYSO_WITNESSES = env.read_parsed("SAYSO_WITNESSES", cosignature.parse_witnesses)
SAYSO_WITNESS_SECONDS = env.read_integer(
    "SAYSO_WITNESS_SECONDS", default=60, minimum=1, maximum=86_400
)
SAYSO_WITNESS_QUORUM = env.read_integer("SAYSO_WITNESS_QUORUM", default=1, minimum=1, maximum=16)
SAYSO_COPIES_URL = env.read_url("SAYSO_COPIES_URL", schemes=("file", "http", "https"))
SAYSO_COPIES_TOKEN = env.read_optional("SAYSO_COPIES_TOKEN")
SAYSO_COPIES_ACCESS_KEY = env.read_optional("SAYSO_COPIES_ACCESS_KEY")
SAYSO_COPIES_SECRET_KEY = env.read_optional("SAYSO_COPIES_SECRET_KEY")
SAYSO_COPIES_REGION = env.read_text("SAYSO_COPIES_REGION", "us-east-1")
SAYSO_COPIES_RETENTION_DAYS = env.read_integer(
    "SAYSO_COPIES_RETENTION_DAYS", default=0, minimum=0, maximum=36_500
)
SAYSO_TSA_URL = env.read_url("SAYSO_TSA_URL", schemes=("http", "https"))
SAYSO_TSA_ROOTS = env.read_optional("SAYSO_TSA_ROOTS")
SAYSO_EVIDENCE_SECONDS = env.read_integer(
    "SAYSO_EVIDENCE_SECONDS", default=3600, minimum=1, maximum=7 * 86_400
)
# Roots of signers whose Content Credentials are to count as trusted, beside our own: a PEM file,
# such as a trust list.
SAYSO_C2PA_ANCHORS = env.read_file_text("SAYSO_C2PA_ANCHORS_FILE")

# How many days before a voice ends people are told, by its provider's clock and its consent's.
SAYSO_END_NOTICE_DAYS = env.read_integer(
    "SAYSO_END_NOTICE_DAYS", default=14, minimum=1, maximum=365
)

# --- providers ------------------------------------------------------------------------------------
# Where self-hosted engines may be, in a private network too. No other host there is ever asked.
SAYSO_ENGINE_HOSTS = env.read_parsed("SAYSO_ENGINE_HOSTS", web_hosts.parse_host_list)
# The calls that one account at a provider has under way at one time in one process.
SAYSO_PROVIDER_AT_ONCE = env.read_integer(
    "SAYSO_PROVIDER_AT_ONCE", default=16, minimum=1, maximum=1000
)

# Hosts that stand for a provider's whole API, for SDKs that cannot call below a path.
SAYSO_PROXY_HOSTS = env.read_parsed("SAYSO_PROXY_HOSTS", web_hosts.parse_named_hosts)

# --- how signing links leave ----------------------------------------------------------------------
# Without a mail server or a message gateway no live request can be made: a link in the hands of the
# organisation proves nothing about a person.
MAIL_SERVER = env.read_mail_server("SAYSO_EMAIL_URL", plain_anywhere=SAYSO_DEVELOPMENT)
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if MAIL_SERVER else 'dummy'}.EmailBackend"
EMAIL_HOST = MAIL_SERVER.host if MAIL_SERVER else ""
EMAIL_PORT = MAIL_SERVER.port if MAIL_SERVER else 0
EMAIL_HOST_USER = MAIL_SERVER.user if MAIL_SERVER else ""
EMAIL_HOST_PASSWORD = MAIL_SERVER.password if MAIL_SERVER else ""
EMAIL_USE_SSL = MAIL_SERVER.tls_at_once if MAIL_SERVER else False
EMAIL_USE_TLS = MAIL_SERVER.starttls if MAIL_SERVER else False
EMAIL_TIMEOUT = env.read_integer("SAYSO_EMAIL_SECONDS", default=10, minimum=1, maximum=60)
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
