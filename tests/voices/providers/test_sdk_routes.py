"""Every route that the installed SDKs know is gated or refused with a reason."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest
from pytest_django import Settings

from core import streaming_response
from proxies.proxy_view import UnknownRouteView
from tests.fixtures.consents import MakeConsent
from tests.support import sdk_routes
from tests.support.python_routes import WEBSOCKET, Route
from tests.support.sdk_routes import ANY, SOURCES, SdkSource
from tests.voices.conftest import Http, revoke
from tests.voices.providers.proxy_scenes import SCENES

Record = Callable[[str, object], None]
FEWEST = {
    "elevenlabs": (300, 300),
    "cartesia": (35, 35),
    "inworld": (9, 7),
    "fish": (6, 6),
    "openai": (200, 150),
    "resemble": (20, 20),
}
"""How many paths are found at least in Python and in JavaScript."""
PLANTED = {
    "elevenlabs": 'self._w.httpx_client.request("v3/voices/steal", method="POST")',
    "cartesia": 'self._post("/voice-vectors", body=body)',
    "inworld": 'def steal(base, session):\n    session.post(f"{base}/voices/v1/vectors")',
    "fish": 'self._client.request("POST", "/model-share")',
    "openai": 'self._post("/audio/voice_vectors", body=body)',
    "resemble": "requests.post(Resemble.endpoint('v2', f'voice_vectors/{uuid}'), json=body)",
}
HIDDEN = {
    "elevenlabs": "self._w.httpx_client.request(build_path(voice))",
    "cartesia": "self._post(build_path(voice))",
    "inworld": "session.post(build_path(voice))",
    "fish": 'self._client.request("POST", build_path(voice))',
    "openai": "self._post(build_path(voice))",
    "resemble": "requests.post(build_path(voice))",
}


@pytest.fixture(params=sorted(SOURCES))
def name(request: pytest.FixtureRequest) -> str:
    """The name of a provider."""
    return str(request.param)


@pytest.fixture
def source(name: str) -> SdkSource:
    """Its SDKs."""
    return SOURCES[name]


@pytest.fixture
def routes(source: SdkSource) -> set[Route]:
    """All routes of the SDKs."""
    if not sdk_routes.find_packages(source) or not sdk_routes.find_javascript(source):
        pytest.skip("needs the SDKs: make sdks")
    return sdk_routes.find_all_routes(source)


class TestTheWalk:
    def test_finds_enough_routes_and_the_page_lists_each(
        self, name: str, source: SdkSource, routes: set[Route], record_property: Record
    ) -> None:
        javascript = sdk_routes.find_javascript(source)
        table = sdk_routes.write_table(source.rules, routes, len(javascript))
        page = sdk_routes.PAGE.read_text()

        found = (sdk_routes.count_paths(routes), len(javascript))
        record_property("route_strings", found)
        assert all(one >= least for one, least in zip(found, FEWEST[name], strict=True)), found
        assert f"\n{found[0]} route strings in Python, {found[1]} in JavaScript." in page
        assert sdk_routes.replace_table(page, name, table) == page

    def test_has_a_rule_for_each_route(self, source: SdkSource, routes: set[Route]) -> None:
        assert sdk_routes.list_unruled(source.rules, routes) == []

    def test_calls_gated_what_our_addresses_answer_and_nothing_else(
        self, name: str, source: SdkSource
    ) -> None:
        answered = {
            (method.upper(), re.sub(r"<[^>]*>", "*", path.removeprefix(source.rules.base)))
            for path, view in list_answering_views(name)
            for method in ("get", "post", "put", "patch", "delete")
            if hasattr(view, method)
        }
        # The same route where an SDK's base address ends in it.
        answered -= {("POST", "stream/stream")}

        assert answered == set(source.rules.gated)

    def test_notices_a_planted_route(
        self, name: str, source: SdkSource, routes: set[Route], tmp_path: Path
    ) -> None:
        (tmp_path / "planted.py").write_text(PLANTED[name])
        found = sdk_routes.find_routes(source, tmp_path)
        page = sdk_routes.PAGE.read_text()
        javascript = len(sdk_routes.find_javascript(source))
        table = sdk_routes.write_table(source.rules, routes | found, javascript)

        assert sdk_routes.list_unruled(source.rules, found) == sorted(found) != []
        assert sdk_routes.replace_table(page, name, table) != page

    def test_passes_over_no_call_that_it_cannot_read(
        self, name: str, source: SdkSource, tmp_path: Path
    ) -> None:
        (tmp_path / "hidden.py").write_text(HIDDEN[name])

        with pytest.raises(sdk_routes.RouteUnreadable):
            sdk_routes.find_routes(source, tmp_path)


def list_answering_views(name: str) -> list[tuple[str, type]]:
    """The paths below a provider's name, and the views that do more than refuse."""
    urls = import_module(f"proxies.{name}.urls")
    views = [(str(one.pattern), one.callback.view_class) for one in urls.urlpatterns]
    return [(path, view) for path, view in views if not issubclass(view, UnknownRouteView)]


@pytest.mark.django_db
class TestEveryRoute:
    def test_reaches_the_provider_with_no_permit(
        self,
        client: Http,
        make_consent: MakeConsent,
        settings: Settings,
        name: str,
        source: SdkSource,
        routes: set[Route],
        request: pytest.FixtureRequest,
    ) -> None:
        settings.SAYSO_DEVELOPMENT = True
        scene = SCENES[name]
        emulator = scene.emulator()
        with emulator.running():
            scene.connect(client, name, emulator)
            consent = make_consent(providers=[name, "local"])
            voice = scene.make(client, consent.id)
            revoke(consent.id, consent.organisation_id)
            before = len(emulator.asked)
            # A stream is asked for as at the edge.
            token = streaming_response.slot.set(streaming_response.Slot())
            request.addfinalizer(lambda: streaming_response.slot.reset(token))

            calls = list_calls(routes, tuple(scene.speech), source.rules.base)
            told = {call: ask_without_permit(client, name, voice, *call) for call in calls}

        assert {call: status for call, status in told.items() if status} == {}
        # The revocation deletes, which needs no permit.
        assert [one for one in emulator.asked[before:] if one.method != "DELETE"] == []


def list_calls(routes: set[Route], speech: tuple[str, ...], prefix: str) -> list[Route]:
    """The calls to try, deletions last. Of a path without a method each method is tried."""
    calls = {("POST", path) for path in speech}
    for method, path in routes:
        verbs = ("GET", "POST", "PUT", "PATCH", "DELETE") if method == ANY else (method,)
        calls |= {(verb, prefix + path) for verb in verbs}
    return sorted(calls, key=lambda route: (route[0] == "DELETE", route))


def ask_without_permit(client: Http, name: str, voice: str, method: str, path: str) -> int:
    """Ask a route for a revoked voice. Gives 0 if the answer is right, else its status."""
    source, scene = SOURCES[name], SCENES[name]
    verb, headers = method, {}
    if method == WEBSOCKET:
        verb, headers = "GET", {"Upgrade": "websocket", "Connection": "Upgrade"}
    body = None if verb == "GET" else scene.write_body(voice, path)
    address = f"/proxy/{name}/{fill_gaps(path, voice)}"
    answer = getattr(client, verb.lower())(address, body, format="json", headers=headers)

    if method == WEBSOCKET:
        return 0 if answer.status_code == 403 else int(answer.status_code)
    if not source.rules.is_gated(method, path):
        reason = source.rules.find_reason(path)
        is_told = reason is not None and reason in answer.content.decode()
        return 0 if answer.status_code == 404 and is_told else int(answer.status_code)
    if path in scene.speech:
        return 0 if answer.status_code == 403 else int(answer.status_code)
    spoke_or_cloned = verb == "POST" and answer.status_code < 400
    return int(answer.status_code) if spoke_or_cloned else 0


def fill_gaps(path: str, voice: str) -> str:
    """A path with a voice's own id in its first gap, and a word in the others."""
    first, rest = True, ""
    for part in path.split("{"):
        gap, closed, tail = part.rpartition("}")
        if not closed:
            rest += part
            continue
        rest += (voice if first and gap != "project_uuid" else "other") + tail
        first = False
    return rest
