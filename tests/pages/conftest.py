"""A request to Ada, and someone without an account who opens its link."""

from __future__ import annotations

import pytest
from django.test import Client

from consent.lifecycle.consent_requests import ConsentRequest
from core import clock
from tests.fixtures.consents import AUDIOBOOKS, MUSEUM, MakeRequest


@pytest.fixture
def asked(make_request: MakeRequest) -> ConsentRequest:
    """A fresh request for two purposes, made now: pages read the real clock."""
    return make_request(grants=(AUDIOBOOKS, MUSEUM), at=clock.now())


@pytest.fixture
def visitor() -> Client:
    return Client()
