"""Every route that the installed SDKs know is gated or refused with a reason."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from accounts.models import ApiKey
from core import streaming_response
from tests.emulators import cartesia, elevenlabs
from tests.emulators.cartesia import CartesiaEmulator
from tests.emulators.elevenlabs import ElevenLabsEmulator
from tests.emulators.emulator import Emulator
from tests.fixtures.consents import MakeConsent
from tests.support import sdk_routes
from tests.support.sdk_routes import SOURCES, WEBSOCKET, Route, SdkSource
from tests.voices.conftest import AUDIOBOOK, Http, revoke
from tests.voices.providers.conftest import Connect
from tests.voices.providers.test_cartesia import clone as clone_at_cartesia
from tests.voices.providers.test_elevenlabs import clone as clone_at_elevenlabs

Record = Callable[[str, object], None]
FEWEST = {"elevenlabs": 300, "cartesia": 35}
FEWEST_JAVASCRIPT = {"elevenlabs": 300, "cartesia": 35}
JAVASCRIPT = {
    "elevenlabs": "@elevenlabs/elevenlabs-js/api",
    "cartesia": "@cartesia/cartesia-js/resources",
}
EMULATORS: dict[str, tuple[Callable[[], Emulator], str, Any]] = {
    "elevenlabs": (ElevenLabsEmulator, elevenlabs.KEY, clone_at_elevenlabs),
    "cartesia": (CartesiaEmulator, cartesia.KEY, clone_at_cartesia),
}
SPOKEN = ("text-to-speech/{voice_id}", "text-to-speech/{voice_id}/stream", "tts/bytes", "tts/sse")
WORDS: dict[str, dict[str, Any]] = {
    "elevenlabs": {"text": "The lamps along the harbour were lit one after another."},
    "cartesia": {
        "model_id": "sonic-3",
        "transcript": "The lamps along the harbour were lit one after another.",
        "output_format": {"container": "raw", "encoding": "pcm_s16le", "sample_rate": 24_000},
    },
}


@pytest.fixture(params=sorted(SOURCES))
def name(request: pytest.FixtureRequest) -> str:
    """The name of a provider."""
    return str(request.param)


@pytest.fixture
def source(name: str) -> SdkSource:
    """Its SDK."""
    return SOURCES[name]


@pytest.fixture
def folder(source: SdkSource) -> Path:
    """Where its SDK is installed."""
    found = sdk_routes.find_package(source)
    if found is None:
        pytest.skip("needs the SDKs: make sdks")
    return found


@pytest.fixture
def routes(source: SdkSource, folder: Path) -> set[Route]:
    """All routes of the SDK."""
    return sdk_routes.find_routes(source, folder)


class TestTheWalk:
    def test_finds_enough_routes_and_the_page_lists_each(
        self, name: str, source: SdkSource, routes: set[Route], record_property: Record
    ) -> None:
        paths = {path for _, path in routes}
        table = sdk_routes.write_table(source.rules, routes)
        page = sdk_routes.PAGE.read_text()

        record_property("route_strings", len(paths))
        assert len(paths) >= FEWEST[name]
        assert f"\n{len(paths)} route strings." in page
        assert sdk_routes.replace_table(page, name, table) == page

    def test_has_a_rule_for_each_route(self, source: SdkSource, routes: set[Route]) -> None:
        assert sdk_routes.list_unruled(source.rules, routes) == []

    def test_has_a_rule_for_each_path_in_javascript(
        self, name: str, source: SdkSource, record_property: Record
    ) -> None:
        folder = sdk_routes.SDKS / "javascript" / "node_modules" / JAVASCRIPT[name]
        if not folder.exists():
            pytest.skip("needs the SDKs: make sdks")
        paths = sdk_routes.find_javascript_paths(folder)
        gated = {path.replace("*", "{}") for _, path in source.rules.gated}
        refused = {path for path in paths - gated if source.rules.find_reason(path)}

        record_property("route_strings", len(paths))
        assert len(paths) >= FEWEST_JAVASCRIPT[name]
        assert sorted(paths - gated - refused) == []
        assert len(paths & gated) >= 5

    def test_notices_a_planted_route(
        self, name: str, source: SdkSource, routes: set[Route], tmp_path: Path
    ) -> None:
        planted = {
            "elevenlabs": 'self._w.httpx_client.request("v3/voices/steal", method="POST")',
            "cartesia": 'self._post("/voice-vectors", body=body)',
        }
        (tmp_path / "planted.py").write_text(planted[name])
        found = sdk_routes.find_routes(source, tmp_path)
        page = sdk_routes.PAGE.read_text()
        table = sdk_routes.write_table(source.rules, routes | found)

        assert sdk_routes.list_unruled(source.rules, found) == sorted(found) != []
        assert sdk_routes.replace_table(page, name, table) != page

    def test_passes_over_no_call_that_it_cannot_read(
        self, name: str, source: SdkSource, tmp_path: Path
    ) -> None:
        hidden = {
            "elevenlabs": "self._w.httpx_client.request(build_path(voice))",
            "cartesia": "self._post(build_path(voice))",
        }
        (tmp_path / "hidden.py").write_text(hidden[name])

        with pytest.raises(sdk_routes.RouteUnreadable):
            sdk_routes.find_routes(source, tmp_path)


@pytest.mark.django_db
class TestEveryRoute:
    def test_reaches_the_provider_with_no_permit(
        self,
        client: Http,
        connect: Connect,
        make_consent: MakeConsent,
        name: str,
        source: SdkSource,
        routes: set[Route],
        request: pytest.FixtureRequest,
    ) -> None:
        ApiKey.objects.update(default_use_case=AUDIOBOOK, default_language="en")
        make, key, clone = EMULATORS[name]
        emulator = make()
        connect(name, emulator, key)
        consent = make_consent(providers=[name])
        made = clone(client, consent.id).json()
        voice = made.get("voice_id") or made["id"]
        revoke(consent.id, consent.organisation_id)
        before = len(emulator.asked)
        # A stream is asked for as at the edge.
        token = streaming_response.slot.set(streaming_response.Slot())
        request.addfinalizer(lambda: streaming_response.slot.reset(token))

        wrong: list[tuple[str, str, int]] = []
        for method, path in sorted(routes, key=lambda route: (route[0] == "DELETE", route)):
            verb, headers = method, {}
            if method == WEBSOCKET:
                verb, headers = "GET", {"Upgrade": "websocket", "Connection": "Upgrade"}
            gated = source.rules.is_gated(method, path)
            address = f"/proxy/{name}/" + fill_gaps(path, voice)
            body = WORDS[name] | ({"voice": voice} if name == "cartesia" else {})
            answer = getattr(client, verb.lower())(
                address, None if verb == "GET" else body, format="json", headers=headers
            )
            if not gated and answer.status_code != (403 if method == WEBSOCKET else 404):
                wrong.append((method, path, answer.status_code))
            if not gated and method != WEBSOCKET:
                reason = source.rules.find_reason(path)
                assert reason is not None
                assert reason in answer.content.decode(), (method, path)
            if gated and verb == "POST" and answer.status_code < 400:
                wrong.append((method, path, answer.status_code))
            if gated and path.endswith(SPOKEN):
                assert answer.status_code == 403, (path, answer.content)

        assert wrong == []
        # The revocation deletes, which needs no permit.
        assert [one for one in emulator.asked[before:] if one.method != "DELETE"] == []


def fill_gaps(path: str, voice: str) -> str:
    """A path with a voice's own id in its first gap, and a word in the others."""
    parts = path.split("/")
    gaps = [at for at, part in enumerate(parts) if part.startswith("{")]
    for at in gaps:
        parts[at] = voice if at == gaps[0] else "other"
    return "/".join(parts)
