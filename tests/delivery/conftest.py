"""A post office for the tests: a mail server that the settings name, and a live organisation that
writes.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.models import Organisation
from core import clock
from tests.conftest import NOON
from tests.fixtures.organisations import ClientOf, MakeKey
from tests.support.smtp_server import MailServer, mail_server

SMTP = "django.core.mail.backends.smtp.EmailBackend"


@pytest.fixture
def post_office(settings: Settings) -> Iterator[MailServer]:
    """Mail is a channel, and this server takes it."""
    with mail_server() as server:
        settings.EMAIL_BACKEND = SMTP
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        settings.EMAIL_TIMEOUT = 5
        yield server


@pytest.fixture
def at_noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock stands still."""
    monkeypatch.setattr(clock, "now", lambda: NOON)


@pytest.fixture
def organisation(acme: Organisation) -> Organisation:
    """Acme, which has said whom to ask."""
    acme.contact = {"email": "rights@acme.example", "address": "1 Harbour Road"}
    acme.save(update_fields=["contact"])
    return acme


@pytest.fixture
def live(
    make_key: MakeKey, client_of: ClientOf, organisation: Organisation, at_noon: None
) -> APIClient:
    """A client with a live key of Acme."""
    return client_of(make_key(live=True))


@pytest.fixture
def sandbox(
    make_key: MakeKey, client_of: ClientOf, organisation: Organisation, at_noon: None
) -> APIClient:
    """A client with a test key of Acme."""
    return client_of(make_key())
