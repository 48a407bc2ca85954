"""No route, admin page, task or command of ours reaches a provider for what no permit covers."""

from __future__ import annotations

import inspect
import io
import re
from collections.abc import Iterator, Mapping
from contextlib import redirect_stderr, redirect_stdout, suppress
from typing import Any

import pytest
from django.core.management import call_command, get_commands
from django.core.management.base import CommandError
from django.urls import URLPattern, URLResolver, get_resolver

from core.background_tasks import list_background_tasks
from tests.emulators.inworld import InworldEmulator
from tests.fixtures.consents import MakeConsent
from tests.fixtures.members import logged_in
from tests.fixtures.organisations import MakeMember
from tests.voices.conftest import AUDIOBOOK, Http, revoke
from tests.voices.providers.conftest import speak
from voices.models import ProviderAccount, Voice

pytestmark = [pytest.mark.once, pytest.mark.django_db]

OUR_ROOMS = ("accounts", "config", "consent", "erasure", "provenance", "transparency_log", "vault",
             "voices", "proxies")  # fmt: skip
SERVERS = {"demo", "run", "serve", "backup", "restore"}
"""They start a server, or write a folder of their own. Neither speaks before it is asked."""
GAP = re.compile(r"<(?:\w+:)?(\w+)>|\(\?P<(\w+)>[^)]*\)")
READING_VERBS = {"GET", "DELETE"}
"""To list and to delete needs no permit."""


@pytest.fixture
def ids(
    client: Http, provider: InworldEmulator, remote_voice: str, make_consent: MakeConsent
) -> Mapping[str, str]:
    """The ids of a voice at the provider whose person has withdrawn, and of work that waited."""
    assert speak(client, remote_voice).status_code == 200
    assert provider.count("POST", "/tts/v1/voice") == 1
    waiting = speak(client, remote_voice, delivery={"mode": "job"}).json()["id"]
    voice = Voice.objects.get()
    revoke(voice.consent_id, voice.organisation_id)
    return {
        "voice": voice.id,
        "consent": voice.consent_id,
        "organisation": voice.organisation_id,
        "job": waiting,
        "provider_account": ProviderAccount.objects.get().id,
    }


def list_calls_that_need_one(provider: InworldEmulator) -> list[str]:
    """What the provider was asked that needs a permit, after its first call of each kind."""
    asked = [f"{one.method} {one.path}" for one in provider.asked]
    return [one for one in asked if one.partition(" ")[0] not in READING_VERBS][2:]


def list_patterns(patterns: list[Any], prefix: str = "") -> Iterator[str]:
    """The path of every route."""
    for pattern in patterns:
        path = prefix + str(pattern.pattern).removeprefix("^").removesuffix(r"\Z").rstrip("$")
        if isinstance(pattern, URLResolver):
            yield from list_patterns(pattern.url_patterns, path)
        elif isinstance(pattern, URLPattern):
            yield path


def fill_path(path: str, ids: Mapping[str, str]) -> str:
    """A path with our ids in its gaps, or the voice's where none has the gap's name."""

    def fill(found: re.Match[str]) -> str:
        name = (found[1] or found[2]).removesuffix("_id")
        return ids.get(name, ids["voice"])

    return "/" + GAP.sub(fill, path).replace("\\", "")


def make_bodies(ids: Mapping[str, str]) -> list[dict[str, Any]]:
    """Bodies that some route may take."""
    line = {"text": "The lamps along the harbour were lit.", "language": "en"}
    terms = {"use_case": AUDIOBOOK, "voice": ids["voice"], "consent": ids["consent"]}
    return [
        {"voice": ids["voice"], "use_case": AUDIOBOOK, **line},
        {"voice": ids["voice"], "use_case": AUDIOBOOK, "language": "en", "items": [line]},
        {"from_voice": ids["voice"], "provider": "inworld", "name": "Mara", **terms},
        {"reason": "A check.", "note": "A check.", "confirm": "yes", "action": "settle"},
    ]


class TestARevokedVoice:
    def test_is_spoken_with_by_no_route(
        self, client: Http, provider: InworldEmulator, ids: Mapping[str, str]
    ) -> None:
        paths = [
            path for path in list_patterns(get_resolver().url_patterns) if "admin/" not in path
        ]
        refused: set[str] = set()
        for method in ("post", "put", "patch", "get", "delete"):
            for path in paths:
                bodies = make_bodies(ids) if method == "post" else [None]
                # What is no API takes no JSON.
                for body in bodies if path.startswith("v1/") else bodies[:1]:
                    with suppress(ConnectionError):
                        answer = getattr(client, method)(fill_path(path, ids), body, format="json")
                        if answer.status_code == 403:
                            refused.add(path)

        assert len(paths) > 150
        assert "v1/speech" in refused
        assert list_calls_that_need_one(provider) == []

    def test_is_spoken_with_by_no_page_of_the_admin(
        self, provider: InworldEmulator, ids: Mapping[str, str], make_member: MakeMember
    ) -> None:
        browser = logged_in(make_member())
        browser.raise_request_exception = False
        paths = [path for path in list_patterns(get_resolver().url_patterns) if "admin/" in path]
        answered = 0
        for path in paths:
            address = fill_path(path, ids)
            answered += browser.get(address).status_code == 200
            browser.post(address, make_bodies(ids)[-1])

        assert (len(paths) > 60, answered > 20) == (True, True), (len(paths), answered)
        assert list_calls_that_need_one(provider) == []

    def test_is_spoken_with_by_no_task(
        self, provider: InworldEmulator, ids: Mapping[str, str]
    ) -> None:
        done, failed = set(), {}
        for task in list_background_tasks():
            parameters = inspect.signature(task.function).parameters.values()
            named = {
                one.name: ids.get(one.name.removesuffix("_id"), ids["voice"])
                for one in parameters
                if one.kind is not inspect.Parameter.VAR_KEYWORD
            }
            try:
                task(**named)
                done.add(task.name)
            # A task of other rows may well end so.
            except Exception as error:  # noqa: BLE001
                failed[task.name] = repr(error)

        assert {"voices.run_job", "voices.run_training"} & done, (done, failed)
        assert len(done) > 15, failed
        assert list_calls_that_need_one(provider) == []

    def test_is_spoken_with_by_no_command(
        self, provider: InworldEmulator, ids: Mapping[str, str]
    ) -> None:
        ours = {name for name, room in get_commands().items() if str(room) in OUR_ROOMS}
        assert ours >= SERVERS
        for name in sorted(ours - SERVERS):
            for words in ((), (ids["voice"],), ("--help",)):
                with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
                    try:
                        call_command(name, *words)
                    # Most want words of their own, and one looks for the log's second copy.
                    except (CommandError, SystemExit, Exception):  # noqa: BLE001, S112
                        continue

        assert list_calls_that_need_one(provider) == []
