"""A form without its token, or from another site, meets a page of ours.

No page but the links' goes without a token.
"""

from __future__ import annotations

import pytest
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver

from config import problems

pytestmark = pytest.mark.once

WITHOUT_COOKIE = {
    # The secret stands in the address (`core.web.accept_own_forms`).
    "sign/<str:token>", "sign/<str:token>/decline", "sign/<str:token>/withdraw",
    # No one is known there, and nothing of anyone's changes.
    "verify", "verify/feedback", "verify.py", "docs/",
}  # fmt: skip
FOR_PROGRAMS = ("v1/", "log/", "c2pa/", "proxy/")
"""Called with a key or without anything, never with a cookie."""


@pytest.fixture
def stranger() -> Client:
    return Client(enforce_csrf_checks=True, raise_request_exception=False)


def exempt(patterns: list[URLPattern | URLResolver], before: str = "") -> set[str]:
    found: set[str] = set()
    for one in patterns:
        path = before + str(one.pattern)
        if isinstance(one, URLResolver):
            found |= exempt(one.url_patterns, path)
        elif getattr(one.callback, "csrf_exempt", False):
            found.add(path)
    return found


@pytest.mark.django_db
class TestAFormWithoutItsToken:
    @pytest.mark.parametrize(
        "path", ["/account/login/", "/admin/logout/", "/account/2fa/totp/activate/"]
    )
    @pytest.mark.parametrize(
        ("language", "says"),
        [
            ("de", "Das ist hier nicht erlaubt"),
            ("en", "This is not open to you"),
            ("fr", "This is"),
        ],
    )
    def test_meets_our_own_page_in_the_readers_language(
        self, stranger: Client, path: str, language: str, says: str
    ) -> None:
        found = stranger.post(path, {"login": "a@b.example"}, headers={"Accept-Language": language})
        text = found.content.decode()
        assert (found.status_code, says in text) == (403, True)
        assert not [
            word for word in ("DEBUG", "CSRF", "Django", "csrfmiddlewaretoken") if word in text
        ]

    def test_meets_it_from_another_site_too(self, stranger: Client) -> None:
        found = stranger.post("/account/login/", headers={"Origin": "https://evil.example"})
        assert (found.status_code, "This is not open to you" in found.content.decode()) == (
            403,
            True,
        )


class TestAForgedCall:
    @pytest.mark.parametrize("path", ["/v1/consents", "/log/org_1/checkpoint", "/health/live"])
    def test_of_a_program_is_a_problem_document(self, path: str) -> None:
        found = problems.answer_forged_form(RequestFactory().post(path), reason="no token")
        assert (found.status_code, found["Content-Type"]) == (403, "application/problem+json")


class TestEveryOtherPage:
    def test_wants_the_token(self) -> None:
        found = {
            path.replace("^", "").replace("$", "") for path in exempt(get_resolver().url_patterns)
        }
        assert {
            path for path in found if not path.startswith(FOR_PROGRAMS)
        } - WITHOUT_COOKIE == set()
