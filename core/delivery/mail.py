"""Mail over SMTP by Django's own backend. The server's reply to a letter is kept word for word."""

from __future__ import annotations

import smtplib
from contextlib import suppress
from functools import cached_property
from typing import Any, Final, cast
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend
from django.utils.module_loading import import_string

from core.delivery.letters import (
    LONGEST_ANSWER,
    Accepted,
    ChannelUnavailable,
    Letter,
    LetterRefused,
    to_one_line,
)

SECONDS: Final = 10.0
"""How long the server may take for each answer, unless EMAIL_TIMEOUT is set."""


class _KeepsReply:
    """Keeps the server's last answer to a letter, which `smtplib` reads and drops."""

    reply: tuple[int, bytes] = (0, b"")

    def data(self, msg: Any) -> tuple[int, bytes]:
        """Send the letter's bytes and keep the answer."""
        self.reply = super().data(msg)  # type: ignore[misc]  # the method of smtplib.SMTP
        return self.reply


class _Smtp(_KeepsReply, smtplib.SMTP):
    pass


class _SmtpOverTls(_KeepsReply, smtplib.SMTP_SSL):
    pass


class _Backend(EmailBackend):
    """Django's SMTP backend, over a connection that keeps the server's reply."""

    @cached_property
    def connection_class(self) -> type[smtplib.SMTP]:
        """Return the connection class by whether TLS begins at once."""
        return _SmtpOverTls if self.use_ssl else _Smtp


def is_mail_configured() -> bool:
    """Check whether mail is a channel here: only Django's SMTP backend sends letters to a server.

    The dummy, console, locmem and file backends of Django put letters where no person reads them.
    """
    backend = import_string(settings.EMAIL_BACKEND)
    return (
        isinstance(backend, type)
        and issubclass(backend, EmailBackend)
        and bool(settings.EMAIL_HOST)
    )


def send_mail(letter: Letter) -> Accepted:
    """Send a letter to the server.

    Raises ChannelUnavailable to try again later, LetterRefused for good.
    """
    backend = _Backend(timeout=settings.EMAIL_TIMEOUT or SECONDS)
    try:
        backend.open()
        message = _build_message(letter)
        message.connection = backend
        message.send()
        code, words = cast("_KeepsReply", backend.connection).reply
    except (smtplib.SMTPException, OSError) as error:
        raise _classify_error(error) from error
    finally:
        with suppress(smtplib.SMTPException, OSError):
            backend.close()

    if code != 250:
        raise ChannelUnavailable("The mail server did not say that it took the letter.")
    return Accepted(
        status=code,
        answer=to_one_line(words.decode("utf-8", "replace"))[:LONGEST_ANSWER],
        server=f"{backend.host}:{backend.port}",
    )


def _build_message(letter: Letter) -> EmailMessage:
    """Build a plain text without anything that tracks.

    Django refuses line breaks in every header.
    """
    host = urlsplit(settings.SAYSO_PUBLIC_URL).hostname or "localhost"
    return EmailMessage(
        subject=to_one_line(letter.subject),
        body=letter.text,
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[letter.to],
        headers={"Message-ID": f"<{letter.reference}@{host}>", "Auto-Submitted": "auto-generated"},
    )


def _classify_error(error: Exception) -> ChannelUnavailable | LetterRefused:
    """Return a refusal for good (5yz about this letter), or an error that may pass.

    The server is never quoted.
    """
    codes: list[int] = []
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = [code for code, _ in error.recipients.values()]
    elif isinstance(error, smtplib.SMTPDataError):
        codes = [error.smtp_code]

    if codes and all(500 <= code < 600 for code in codes):
        return LetterRefused("The mail server refuses this letter.")
    return ChannelUnavailable("The mail server cannot be reached, or takes nothing now.")
