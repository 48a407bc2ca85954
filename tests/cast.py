"""The named cast: Acme, its neighbour Bolt, their keys and their HTTP clients, as maker fixtures."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Protocol

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts import scopes, services
from accounts.models import Member, Organisation, RateWindow, Role
from accounts.services import IssuedKey
from tests.conftest import NOON

PASSWORD = "a long enough password"


class MakeOrganisation(Protocol):
    def __call__(self, name: str = "Acme") -> Organisation: ...


class MakeKey(Protocol):
    def __call__(
        self,
        *,
        organisation: Organisation | None = None,
        scopes: Iterable[str] = scopes.ALL,
        live: bool = False,
        product: str = "Reader",
        at: datetime = NOON,
        **options: Any,
    ) -> IssuedKey: ...


class MakeMember(Protocol):
    def __call__(
        self, *, organisation: Organisation | None = None, role: str = Role.OWNER, email: str = ""
    ) -> Member: ...


class ClientOf(Protocol):
    def __call__(self, key: IssuedKey) -> APIClient: ...


@pytest.fixture
def make_organisation(db: None) -> MakeOrganisation:
    """Makes organisations; the same name gives the same one."""

    def make(name: str = "Acme") -> Organisation:
        known = Organisation.objects.filter(name=name).first()
        return known or services.create_organisation(
            name=name, at=NOON, reached_at="voices@acme.example", dpo="dpo@acme.example"
        )

    return make


@pytest.fixture
def acme(make_organisation: MakeOrganisation) -> Organisation:
    """The organisation that every story is about."""
    return make_organisation("Acme")


@pytest.fixture
def bolt(make_organisation: MakeOrganisation) -> Organisation:
    """The neighbour, who must never see anything of Acme's."""
    return make_organisation("Bolt")


@pytest.fixture
def make_key(make_organisation: MakeOrganisation) -> MakeKey:
    """Makes API keys, of Acme and with every scope unless told otherwise."""

    def make(
        *,
        organisation: Organisation | None = None,
        scopes: Iterable[str] = scopes.ALL,
        live: bool = False,
        product: str = "Reader",
        at: datetime = NOON,
        **options: Any,
    ) -> IssuedKey:
        return services.issue_key(
            organisation=organisation or make_organisation(),
            product=product,
            livemode=live,
            scopes_granted=scopes,
            actor="system:test",
            at=at,
            **options,
        )

    return make


@pytest.fixture
def make_member(make_organisation: MakeOrganisation) -> MakeMember:
    """Makes members who can log in with PASSWORD, owners of Acme unless told otherwise."""

    def make(*, organisation: Organisation | None = None, role: str = Role.OWNER, email: str = "") -> Member:
        home = organisation or make_organisation()
        address = email or f"{role}@{home.name.lower()}.example"
        return services.create_member(organisation=home, email=address, password=PASSWORD, role=role, at=NOON)

    return make


@pytest.fixture
def client_of() -> ClientOf:
    """Makes HTTP clients that send a key. A server error arrives as an answer, as a stranger would see it."""

    def client(key: IssuedKey) -> APIClient:
        return APIClient(raise_request_exception=False, HTTP_AUTHORIZATION=f"Bearer {key.secret}")

    return client


@pytest.fixture
def stranger() -> Client:
    """Somebody without any key or login, as in a browser: with CSRF checks."""
    return Client(raise_request_exception=False, enforce_csrf_checks=True)


def hold_minute(key: IssuedKey) -> None:
    """Let all calls of the key count into one window, even when the real minute turns between two of them.

    A window of a later minute is counted on, as a process does whose clock is behind.
    """
    RateWindow.objects.create(key_id=key.key.id, minute=2**40, used=0)
