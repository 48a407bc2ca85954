"""`robots.txt` and `security.txt`: what crawlers leave alone, and whom to tell of a fault."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core.checks import run_checks
from django.test import Client
from pytest_django import Settings

from config import security_contact
from core import clock

pytestmark = pytest.mark.once

FILE = "/.well-known/security.txt"
EXPIRES = datetime(2027, 6, 30, tzinfo=UTC)


@pytest.mark.django_db
class TestRobots:
    def test_leave_alone_what_is_no_page(self, client: Client) -> None:
        found = client.get("/robots.txt")
        assert (found.status_code, found["Content-Type"]) == (200, "text/plain; charset=utf-8")
        lines = found.content.decode().splitlines()
        assert lines[0] == "User-agent: *"
        assert {"Disallow: /v1/", "Disallow: /log/"} <= set(lines)

    def test_may_read_the_pages_which_say_themselves_that_no_index_holds_them(
        self, client: Client
    ) -> None:
        refused = [
            line.removeprefix("Disallow: ")
            for line in client.get("/robots.txt").content.decode().splitlines()[1:]
        ]
        for path in ("/", "/verify", "/sign/x", "/sign"):
            assert not path.startswith(tuple(refused))
            assert b'content="noindex"' in client.get(path).content, path


@pytest.mark.django_db
class TestTheContact:
    """RFC 9116."""

    @pytest.fixture(autouse=True)
    def contact(self, settings: Settings) -> None:
        settings.SAYSO_SECURITY_CONTACT = ("mailto:security@acme.example", "https://acme.example/s")
        settings.SAYSO_SECURITY_EXPIRES = EXPIRES
        settings.SAYSO_PUBLIC_URL = "https://voice.example"

    def test_is_told_with_its_end(self, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(clock, "now", lambda: EXPIRES - timedelta(seconds=1))
        found = client.get(FILE)
        assert (found.status_code, found["Content-Type"]) == (200, "text/plain; charset=utf-8")
        assert found.content.decode() == (
            "Contact: mailto:security@acme.example\n"
            "Contact: https://acme.example/s\n"
            "Expires: 2027-06-30T00:00:00Z\n"
            "Canonical: https://voice.example/.well-known/security.txt\n"
        )
        assert client.head(FILE).status_code == 200
        assert client.post(FILE).status_code == 405

    def test_is_gone_when_its_time_is_over_and_the_operator_is_told(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(clock, "now", lambda: EXPIRES)
        assert client.get(FILE).status_code == 404
        assert "sayso.W008" in [one.id for one in run_checks(include_deployment_checks=True)]

    def test_is_never_made_up(self, client: Client, settings: Settings) -> None:
        settings.SAYSO_SECURITY_CONTACT, settings.SAYSO_SECURITY_EXPIRES = (), None
        assert client.get(FILE).status_code == 404
        assert "sayso.W008" not in [one.id for one in run_checks(include_deployment_checks=True)]


class TestASetting:
    @pytest.mark.parametrize(
        "text",
        ["security@acme.example", "http://acme.example", "mailto:", "https:///x", "mailto:é"],
    )
    def test_that_is_no_address_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match="must"):
            security_contact.parse_contacts(text)

    def test_may_name_several(self) -> None:
        text = "mailto:a@acme.example, https://acme.example/s\ntel:+49-30-1"
        assert len(security_contact.parse_contacts(text)) == 3
        assert (security_contact.parse_contacts(" "), security_contact.parse_expiry(" ")) == (
            (), None,
        )  # fmt: skip

    @pytest.mark.parametrize("text", ["2027-06-30", "soon", "2027-06-30T00:00:00"])
    def test_that_is_no_time_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match="such as 2027-06-30T00:00:00Z"):
            security_contact.parse_expiry(text)
