"""Ada's makers: requests can be signed, consents are signed."""

from __future__ import annotations

import pytest

from tests.fixtures.consents import MUSEUM, MakeConsent, MakeRequest

pytestmark = pytest.mark.django_db


class TestMakers:
    def test_ask_with_a_link(self, make_request: MakeRequest) -> None:
        assert "/sign/" in (make_request(grants=(MUSEUM,)).signing_url or "")

    def test_sign(self, make_consent: MakeConsent) -> None:
        assert make_consent().state == "active"

    def test_leave_unsigned_when_told(self, make_consent: MakeConsent) -> None:
        assert make_consent(signed=False).state == "requested"
