"""Sessions of members, which end after 30 idle minutes or after 12 hours.

The key of a row is the SHA-256 of the cookie. The contents are encrypted under a key that is
derived from the cookie and our own secret. So a reader of the database finds neither a cookie to
log in with nor what a session holds.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import CreateError, SessionBase, UpdateError
from django.db import IntegrityError, transaction

from accounts.models import LoginSession
from core import clock

IDLE: Final = timedelta(minutes=30)
WHOLE: Final = timedelta(hours=12)
# Reading pages stores at most this often that the session is in use.
TOUCH: Final = timedelta(minutes=1)
_NONCE: Final = 12


class SessionStore(SessionBase):
    """Django's session store over `LoginSession`."""

    _begun_at: datetime | None = None

    def load(self) -> dict[str, Any]:
        """Return what the session holds, or nothing when it has ended or was never ours."""
        at = clock.now()
        row = LoginSession.objects.filter(
            cookie_sha256=_hash_session_key(self.session_key), expires_at__gt=at
        ).first()
        held = self._open_session(bytes(row.sealed)) if row else None
        if row is None or held is None:
            self._session_key = None
            return {}

        self._begun_at = row.begun_at
        later = _session_end(row.begun_at, at=at)
        if later - row.expires_at >= TOUCH:
            LoginSession.objects.filter(cookie_sha256=row.cookie_sha256).update(expires_at=later)

        return held

    def exists(self, session_key: str) -> bool:
        """Return whether there is such a session."""
        return LoginSession.objects.filter(cookie_sha256=_hash_session_key(session_key)).exists()

    def create(self) -> None:
        """Begin a session under a fresh key. Its 12 hours begin now."""
        self._begun_at = None

        while True:
            # The stubs leave it out.
            self._session_key = self._get_new_session_key()  # type: ignore[attr-defined]
            try:
                self.save(must_create=True)
            except CreateError:
                continue

            self.modified = True
            return

    def save(self, must_create: bool = False) -> None:  # noqa: FBT001, FBT002 - Django's signature
        """Store what the session holds.

        Raises CreateError, or UpdateError for a session that has ended meanwhile.
        """
        if self.session_key is None:
            return self.create()

        at = clock.now()
        begun_at = self._begun_at = self._begun_at or at
        # The stubs leave it out.
        held = self._get_session(no_load=must_create)  # type: ignore[attr-defined]
        values = {"sealed": self._seal_session(held), "expires_at": _session_end(begun_at, at=at)}
        name = _hash_session_key(self.session_key)

        if must_create:
            try:
                with transaction.atomic():
                    LoginSession.objects.create(cookie_sha256=name, begun_at=begun_at, **values)
            except IntegrityError:
                raise CreateError from None
        elif not LoginSession.objects.filter(cookie_sha256=name).update(**values):
            raise UpdateError

        return None

    def delete(self, session_key: str | None = None) -> None:
        """End this session, or the one of `session_key`."""
        if key := session_key or self.session_key:
            LoginSession.objects.filter(cookie_sha256=_hash_session_key(key)).delete()

    def cycle_key(self) -> None:
        """Move the session to another key.

        The session of a member who is logged in keeps its beginning, so the 12 hours hold.
        """
        begun_at = self._begun_at if SESSION_KEY in self else None
        super().cycle_key()
        self._begun_at = begun_at or self._begun_at
        LoginSession.objects.filter(cookie_sha256=_hash_session_key(self.session_key)).update(
            begun_at=self._begun_at
        )

    @classmethod
    def clear_expired(cls) -> None:
        """Delete the sessions that have ended."""
        LoginSession.objects.filter(expires_at__lte=clock.now()).delete()

    def _seal_session(self, held: dict[str, Any]) -> bytes:
        nonce = secrets.token_bytes(_NONCE)
        return nonce + self._cipher().encrypt(nonce, self.serializer().dumps(held), None)

    def _open_session(self, sealed: bytes) -> dict[str, Any] | None:
        try:
            plain = self._cipher().decrypt(sealed[:_NONCE], sealed[_NONCE:], None)
        except InvalidTag:
            # The secret of the service was changed.
            return None

        held: dict[str, Any] = self.serializer().loads(plain)
        return held

    def _cipher(self) -> AESGCM:
        secret = f"{settings.SECRET_KEY}|{self.session_key}".encode()
        return AESGCM(HKDF(SHA256(), 32, salt=None, info=b"sayso/session/1").derive(secret))


def _hash_session_key(session_key: str | None) -> str:
    return hashlib.sha256((session_key or "").encode()).hexdigest()


def _session_end(begun_at: datetime, *, at: datetime) -> datetime:
    return min(at + IDLE, begun_at + WHOLE)
