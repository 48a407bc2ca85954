"""Every route of the API wants a key and a scope, but for a short list that is open on purpose."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.api_scopes import SUBJECTS
from accounts.authentication import HasScope, KeyAuthentication
from tests.architecture import source

OPEN = {
    "v1/openapi.json": "the description of the API",
    "v1/verify": "anybody with a clip may ask",
}


def routes(patterns: list[Any], prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, path)
        else:
            yield path, pattern


def api_views() -> dict[str, Any]:
    """Path, such as `v1/consents/{consent_id}`, -> view class of every route below /v1/."""
    every = routes(get_resolver().url_patterns)
    return {
        re.sub(r"<\w+:(\w+)>", r"{\1}", path): getattr(pattern.callback, "cls", None)
        for path, pattern in every
        if path.startswith("v1/")
    }


def is_closed(view: Any) -> bool:
    keys = getattr(view, "authentication_classes", None) == [KeyAuthentication]
    return keys and HasScope in view.permission_classes


class TestEveryRouteOfTheApi:
    def test_wants_a_key_unless_it_is_open_on_purpose(self) -> None:
        assert {path for path, view in api_views().items() if not is_closed(view)} == set(OPEN)

    def test_wants_a_scope_that_exists(self) -> None:
        closed = {path: view for path, view in api_views().items() if path not in OPEN}
        unscoped = [
            path for path, view in closed.items() if getattr(view, "scope", None) not in SUBJECTS
        ]
        assert (len(closed) > 3, unscoped) == (True, [])


class TestEveryRouteOfOurs:
    def test_has_a_name_of_its_own(self) -> None:
        """The admin's pages, which Django makes, have names of the admin's."""
        names = [
            (path, pattern.name)
            for path, pattern in routes(get_resolver().url_patterns)
            if not path.startswith("admin/")
        ]
        assert [path for path, name in names if not name] == []
        assert len({name for _, name in names}) == len(names)


class TestAHeaderThatGuards:
    """Two readers of one header differ sooner or later, and what one takes the other lets by."""

    @pytest.mark.parametrize(
        ("header", "reader", "home"),
        [
            ("(http_)?authorization", "parse_bearer", "accounts/authentication.py"),
            ("content[-_]length", "parse_content_length", "core/body_size.py"),
        ],
    )
    def test_is_read_by_one_function(self, header: str, reader: str, home: str) -> None:
        texts = {source.name(path): path.read_text(encoding="utf-8") for path in source.files()}
        reads = re.compile(rf"""\.get\(b?["']{header}["']""", re.IGNORECASE)
        readers = {name for name, text in texts.items() if reads.search(text)}

        assert readers
        assert {name for name in readers if reader not in texts[name]} == set()
        assert {name for name, text in texts.items() if f"def {reader}(" in text} == {home}
