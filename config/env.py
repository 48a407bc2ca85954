"""Typed readers of the environment.

A missing or malformed value stops the start with one line that names it.
"""

from __future__ import annotations

import hashlib
import ipaddress
import os
import secrets
import stat
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import parseaddr
from pathlib import Path
from typing import TypeVar
from urllib.parse import unquote, urlsplit

from core import durable_files

T = TypeVar("T")


class BadSetting(SystemExit):
    """A setting that cannot be used. It ends the process with one line."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"sayso: {name} {why}")


def read_text(name: str, default: str) -> str:
    """Return a string, or the default when it is unset or empty."""
    return os.environ.get(name) or default


def read_optional(name: str) -> str | None:
    """Return a string, or None when it is unset or empty."""
    return os.environ.get(name) or None


def read_flag(name: str, *, default: bool) -> bool:
    """Return a yes or no as a bool."""
    raw = os.environ.get(name, "").strip().lower()
    if raw in {"1", "true", "yes", "on"}:
        return True
    if raw in {"0", "false", "no", "off"}:
        return False
    if raw:
        raise BadSetting(name, "must be yes or no")

    return default


def read_integer(name: str, *, default: int, minimum: int, maximum: int) -> int:
    """Return a whole number from `minimum` to `maximum`."""
    raw = os.environ.get(name, "").strip()
    if not raw:
        return default

    try:
        value = int(raw)
    except ValueError:
        raise BadSetting(name, "must be a whole number") from None

    if not minimum <= value <= maximum:
        raise BadSetting(name, f"must lie between {minimum} and {maximum}")

    return value


def read_url(name: str, *, schemes: tuple[str, ...], default: str | None = None) -> str | None:
    """Return a URL with one of these schemes."""
    # The value is never printed, because it may hold a password.
    raw = os.environ.get(name) or default
    if raw is None:
        return None

    try:
        parts = urlsplit(raw)
        _ = parts.port
    except ValueError:
        raise BadSetting(name, "is not a URL") from None

    if parts.scheme not in schemes:
        raise BadSetting(name, f"must begin with {' or '.join(s + '://' for s in schemes)}")

    return raw


def read_origin(name: str, *, default: str) -> str:
    """Return the address of a web server without a path, and without a slash at its end."""
    raw = read_url(name, schemes=("http", "https"), default=default) or ""
    parts = urlsplit(raw)
    if not parts.hostname or parts.path.strip("/") or parts.query or parts.fragment:
        raise BadSetting(name, "must be https://host or https://host:port, without a path")

    return raw.rstrip("/")


def read_parsed(name: str, read: Callable[[str], T]) -> T:
    """Return what `read` makes of the text, which is empty when unset.

    The ValueError of `read` describes what is wrong without the value.
    """
    try:
        return read(os.environ.get(name, ""))
    except ValueError as error:
        raise BadSetting(name, str(error)) from None


def read_file_text(name: str) -> str:
    """Return the text of the file that NAME names, or "" when it is unset."""
    path = os.environ.get(name)
    if not path:
        return ""

    try:
        return Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise BadSetting(name, "names a file that cannot be read") from None


def read_folder(name: str, default: Path) -> Path:
    """Return a folder, which is made when it does not exist."""
    path = Path(os.environ.get(name) or default).expanduser().resolve()
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadSetting(name, f"names a folder that cannot be made ({error.strerror})") from None

    return path


def read_private_folder(name: str, *, shared_by: Path) -> Path:
    """Return a folder of this host for our user alone, which is made when it does not exist.

    By default it lies in memory, and the processes with the data folder `shared_by` share it.
    """
    memory = Path("/dev/shm")  # noqa: S108 - the folder in it is made for us alone, or refused
    parent = memory if os.access(memory, os.W_OK) else Path(tempfile.gettempdir())
    digest = hashlib.sha256(os.fsencode(shared_by)).hexdigest()[:16]
    path = Path(os.environ.get(name) or parent / f"sayso-metrics-{os.geteuid()}-{digest}")

    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = path.lstat()
    except OSError as error:
        raise BadSetting(name, f"names a folder that cannot be made ({error.strerror})") from None

    # Another user could have made it first, and would decide what is in it.
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise BadSetting(name, "names a folder that is not ours")

    return path


def read_secret(name: str, *, min_length: int, development_file: Path | None) -> tuple[str, bool]:
    """Return a secret from NAME or from the file in NAME_FILE, and whether it is for development.

    Without either, a development secret is made and stored in `development_file`. `check --deploy`
    refuses those. With None, a missing secret stops the start.
    """
    given = os.environ.get(name)
    file = os.environ.get(f"{name}_FILE")
    if given and file:
        raise BadSetting(name, f"and {name}_FILE are both set; use one")

    if file:
        try:
            given = Path(file).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise BadSetting(f"{name}_FILE", f"cannot be read ({error.strerror})") from None

    if given:
        if len(given) < min_length:
            raise BadSetting(name, f"must have at least {min_length} characters")
        return given, False

    if development_file is None:
        raise BadSetting(name, f"or {name}_FILE must be set: beside DATABASE_URL none is made up")

    return _development_secret(development_file), True


def _development_secret(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Whole or not at all: on a full disk the half of a secret would be taken for one.
    if not path.exists():
        with suppress(FileExistsError):
            durable_files.write_new(path, secrets.token_hex(32).encode())

    return path.read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """A mail server, with TLS at once, after STARTTLS, or not at all (only on this machine)."""

    host: str
    port: int
    user: str = field(repr=False)
    password: str = field(repr=False)
    tls_at_once: bool
    starttls: bool


def read_mail_server(name: str, *, plain_anywhere: bool) -> MailServer | None:
    """Return a mail server, or None when unset.

    The schemes are `smtps://` (TLS at once), `smtp://` (STARTTLS) and `smtp+plain://` (no TLS).
    """
    raw = read_url(name, schemes=("smtp", "smtps", "smtp+plain"))
    if raw is None:
        return None

    parts = urlsplit(raw)
    if not parts.hostname:
        raise BadSetting(name, "names no host")
    # Without TLS a link could be read on its way, so such a server must be on this machine.
    if parts.scheme == "smtp+plain" and not (plain_anywhere or _is_loopback(parts.hostname)):
        raise BadSetting(name, "may be smtp+plain:// for this machine alone")

    return MailServer(
        host=parts.hostname,
        port=parts.port or {"smtps": 465, "smtp": 587}.get(parts.scheme, 25),
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        tls_at_once=parts.scheme == "smtps",
        starttls=parts.scheme == "smtp",
    )


def read_mailbox(name: str, default: str) -> str:
    """Return the address that mail comes from, with or without a name."""
    raw = read_text(name, default)
    _, address = parseaddr(raw)
    local, _, host = address.rpartition("@")
    if not local or not host or not raw.isprintable():
        raise BadSetting(name, "must be one mail address")

    return raw


def read_field_name(name: str, default: str) -> str:
    """Return the name of a JSON field, or "" for `-`, which leaves the field out."""
    raw = read_text(name, default)
    if raw == "-":
        return ""
    if not raw.isascii() or not raw.isprintable() or len(raw) > 64:
        raise BadSetting(name, "must be the name of a field, or - for none")

    return raw


def read_choice(name: str, *choices: str) -> str:
    """Return one of the `choices`, which is the first one when unset."""
    raw = read_text(name, choices[0])
    if raw not in choices:
        raise BadSetting(name, f"must be one of {', '.join(choices)}")

    return raw


def read_header_secret(name: str) -> str:
    """Return a secret from NAME or from the file in NAME_FILE, or "" when neither is set.

    It is one line that fits into a header.
    """
    given = os.environ.get(name)
    file = os.environ.get(f"{name}_FILE")
    if given and file:
        raise BadSetting(name, f"and {name}_FILE are both set; use one")

    value = given or read_file_text(f"{name}_FILE").strip()
    if any(not " " <= char <= "~" for char in value):
        raise BadSetting(name, "must be one line of ASCII characters")

    return value


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
