"""A provider's list that never ends is an error, and never "all of it"."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from aiohttp import web
from pytest_django import Settings

from tests.emulators.emulator import Emulator
from upstream.upstream_errors import ProviderUnavailable
from voices.providers import list_pages, registry
from voices.providers.adapter_kinds import ConnectedAccount
from voices.providers.list_pages import ListPages

LISTED = ("cartesia", "elevenlabs", "fish", "inworld", "openai", "resemble")
HUNDRED = range(100)


def write_page(provider: str, turn: int, *, circles: bool) -> dict[str, Any]:
    """A page as the provider writes it, behind which there is always another one.

    One that `circles` goes on at one of two places by turns.
    """
    mark = f"m{turn % 2 if circles else turn}"
    match provider:
        case "inworld":
            return {"voices": [], "nextPageToken": mark}
        case "cartesia":
            return {"data": [{"id": mark, "name": "x"}], "has_more": True}
        case "elevenlabs":
            return {"voices": [], "has_more": True, "next_page_token": mark}
        case "openai":
            return {"data": [{"id": mark, "name": "x"}], "has_more": True}
        case "fish":
            rows = [{"_id": f"{mark}-{number}", "title": "x"} for number in HUNDRED]
            return {"items": rows, "total": 10**9}
        case _:
            item = {"uuid": mark, "name": "x"}
            return {"success": True, "items": [item], "num_pages": 10**9}


class EndlessList(Emulator):
    """Any provider, whose list always has a next page."""

    def __init__(self, provider: str, *, circles: bool) -> None:
        self.provider, self.circles = provider, circles
        super().__init__()

    def add_routes(self) -> None:
        self.route("GET", "/{path:.*}", self._list)

    def authorised(self, request: web.Request) -> bool:
        return bool(request.headers)

    async def _list(self, _request: web.Request) -> web.Response:
        page = write_page(self.provider, len(self.asked), circles=self.circles)
        return web.json_response(page)


@pytest.fixture(autouse=True)
def _in_development(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.SAYSO_DEVELOPMENT = True
    monkeypatch.setattr(list_pages, "MOST_PAGES", 5)


@pytest.fixture(params=[True, False], ids=["in a circle", "ever on"])
def circles(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture(params=LISTED)
def emulator(request: pytest.FixtureRequest, circles: bool) -> Iterator[EndlessList]:
    found = EndlessList(request.param, circles=circles)
    with found.running():
        yield found


def test_a_list_without_end_is_an_error(emulator: EndlessList) -> None:
    kind = registry.get_adapter_kind(emulator.provider)
    account = ConnectedAccount(
        account_id=f"pac_{emulator.provider}",
        base_url=emulator.base_url,
        credentials=dict.fromkeys(kind.credential_names, "key"),
    )
    provider: Any = kind.connect(account)

    with pytest.raises(ProviderUnavailable, match="does not end"):
        list(provider.list_voices())

    assert 1 < len(emulator.asked) <= 7


def test_each_place_is_asked_for_once() -> None:
    pages = ListPages()
    pages.note("a")
    pages.note("b")

    with pytest.raises(ProviderUnavailable):
        pages.note("a")
