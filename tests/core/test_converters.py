"""Ids in paths: malformed text finds its route, and no row."""

from __future__ import annotations

import pytest
from django.http import HttpResponse
from django.urls import path
from django.urls.converters import get_converters
from django.urls.resolvers import RoutePattern

from core import converters, ids

converters.register_id_converters()


def pattern() -> RoutePattern:
    found = path("consents/<consent:consent_id>", lambda request: HttpResponse()).pattern
    assert isinstance(found, RoutePattern)
    return found


class TestAnIdInAPath:
    def test_reaches_the_view_as_it_stands(self) -> None:
        consent_id = ids.new("con")
        found = pattern().match(f"consents/{consent_id}")
        assert found is not None
        assert found[2] == {"consent_id": consent_id}

    @pytest.mark.parametrize(
        "text", ["x", "spk_" + "a" * 26, "con_", "con_" + "1" * 26, "CON_x", "é"]
    )
    def test_of_another_shape_becomes_one_that_no_row_has(self, text: str) -> None:
        found = pattern().match(f"consents/{text}")
        assert found is not None
        assert found[2] == {"consent_id": converters.NO_ID}

    def test_is_one_segment(self) -> None:
        assert pattern().match("consents/a/b") is None
        assert pattern().match("consents/") is None

    def test_has_a_converter_for_each_kind_once(self) -> None:
        known = get_converters()
        converters.register_id_converters()
        assert get_converters() == known
        assert set(ids.PREFIXES_IN_PATHS) <= set(known)
