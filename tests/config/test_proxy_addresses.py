"""What the edge makes of a call of a provider's SDK: one path, one key, the consent of its base."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pytest_django import Settings

from config.asgi.proxy_addresses import unify_proxy_calls

pytestmark = pytest.mark.once

CONSENT = "con_agrc7joyrz2ermwf6isyf2ybiu"
Pairs = list[tuple[bytes, bytes]]


def pass_edge(path: str, headers: Pairs, *, raw_path: bytes | None = None) -> dict[str, Any]:
    """The scope behind the edge."""
    seen: dict[str, Any] = {}

    async def note(scope: dict[str, Any], _receive: Any, _send: Any) -> None:
        seen.update(scope)

    scope = {"path": path, "raw_path": raw_path or path.encode(), "headers": headers}

    async def call() -> None:
        await unify_proxy_calls(note)(scope, None, None)

    asyncio.run(call())
    return seen


class TestTheConsentOfABaseAddress:
    @pytest.mark.parametrize("rest", ["/v2/ai/voice-cloning", "/voices/v1/voices:clone", "/"])
    def test_becomes_a_header(self, rest: str) -> None:
        seen = pass_edge(f"/proxy/tensorone/consent/{CONSENT}{rest}", [])

        assert seen["path"] == f"/proxy/tensorone{rest}"
        assert seen["raw_path"] == f"/proxy/tensorone{rest}".encode()
        assert seen["headers"] == [(b"sayso-consent", CONSENT.encode())]

    def test_leaves_the_rest_as_it_was_escaped(self) -> None:
        seen = pass_edge(
            f"/proxy/fish/consent/{CONSENT}/model/a b",
            [],
            raw_path=f"/proxy/fish/consent/{CONSENT}/model/a%20b".encode(),
        )

        assert (seen["path"], seen["raw_path"]) == (
            "/proxy/fish/model/a b",
            b"/proxy/fish/model/a%20b",
        )

    def test_comes_beside_the_one_of_a_header(self) -> None:
        headers = [(b"sayso-consent", b"con_other")]
        seen = pass_edge(f"/proxy/fish/consent/{CONSENT}/model", headers)
        assert [name for name, _ in seen["headers"]] == [b"sayso-consent"] * 2

    def test_works_below_a_host_of_its_own(self, settings: Settings) -> None:
        settings.SAYSO_PROXY_HOSTS = {"fish.example": "fish"}
        seen = pass_edge(f"/consent/{CONSENT}/model", [(b"host", b"fish.example")])

        assert seen["path"] == "/proxy/fish/model"
        assert (b"sayso-consent", CONSENT.encode()) in seen["headers"]

    @pytest.mark.parametrize(
        "path",
        [
            "/proxy/fish/consent/con_short/model",
            f"/proxy/fish/model/consent/{CONSENT}/x",
            f"/v1/consent/{CONSENT}/x",
            f"/proxy/fish/consent/{CONSENT}",
        ],
    )
    def test_stands_behind_the_providers_name_alone(self, path: str) -> None:
        seen = pass_edge(path, [])
        assert (seen["path"], seen["headers"]) == (path, [])


class TestTheKey:
    @pytest.mark.parametrize(
        ("name", "value"),
        [
            (b"authorization", b"Bearer sayso_test_x"),
            (b"authorization", b"Basic sayso_test_x"),
            (b"authorization", b"Token token=sayso_test_x"),
            (b"xi-api-key", b"sayso_test_x"),
        ],
    )
    def test_stands_in_one_place(self, name: bytes, value: bytes) -> None:
        seen = pass_edge("/proxy/fish/model", [(name, value)])
        assert seen["headers"] == [(b"authorization", b"Bearer sayso_test_x")]

    def test_of_two_that_differ_is_none(self) -> None:
        two = [(b"authorization", b"Bearer sayso_test_x"), (b"xi-api-key", b"sayso_test_y")]
        assert pass_edge("/proxy/fish/model", two)["headers"] == []
