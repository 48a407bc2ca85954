"""A provider of two steps: what its settings may say, and what is asked as they say."""

from __future__ import annotations

import copy
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import soundfile
from pytest_django import Settings

from audio.sound import Sound
from core.errors import Invalid
from tests.emulators.two_step import ANSWERS, SETTINGS, TwoStepEmulator
from tests.support.engine_calls import CONSENT, TEXT, connect_engine_at, make_line, make_order
from tests.support.upstream_calls import collect_pieces
from upstream import loop_thread
from upstream.upstream_errors import ProviderAddressRefused, ProviderRefused
from voices.providers.base import DeletionUnconfirmed, Listing, ProviderVoice, Streaming
from voices.providers.generic.generic_settings import check_generic_settings

pytestmark = pytest.mark.once

KEY = "two-step-key"
LISTED = {"path": "/v1/voices", "rows": "voices", "id_member": "voice_id", "name_member": "name"}


@pytest.fixture(autouse=True)
def development(settings: Settings) -> Iterator[None]:
    settings.SAYSO_DEVELOPMENT = True
    yield
    loop_thread.stop_loop_thread()


def set_at(path: str, value: Any) -> dict[str, Any]:
    """The settings with one member set, or taken away for None."""
    settings = copy.deepcopy(SETTINGS)
    *way, name = path.split(".")
    place = settings
    for step in way:
        place = place.setdefault(step, {})
    if value is None:
        del place[name]
    else:
        place[name] = value
    return settings


@contextmanager
def connected(
    kind: str = "file", origins: tuple[str, ...] = (), **changes: Any
) -> Iterator[tuple[TwoStepEmulator, Any]]:
    emulator = TwoStepEmulator(kind, key=KEY)
    with emulator.running():
        settings = set_at("speech.answer", ANSWERS[kind]) | changes
        origins = origins or (emulator.base_url,)
        yield (
            emulator,
            connect_engine_at(
                "generic", emulator.base_url, settings=settings, key=KEY, origins=origins
            ),
        )


class TestSettings:
    def test_are_stored_with_every_default(self) -> None:
        stored = json.loads(json.dumps(check_generic_settings(SETTINGS)))

        assert stored["auth"] == {"header": "Authorization", "scheme": "Bearer"}
        assert stored["clone"] == {
            "path": "/v1/voices/clone", "file_field": "audio", "name_field": "name",
            "voice_id": "voice_id",
        }  # fmt: skip
        assert stored["speech"]["voice_field"] == "voice_id"
        assert check_generic_settings(stored) == stored

    @pytest.mark.parametrize(
        ("path", "value", "attr", "code"),
        [
            ("clone", None, "settings.clone", "required"),
            ("delete", None, "settings.delete", "required"),
            ("clone.path", None, "settings.clone.path", "required"),
            ("speech", [], "settings.speech", "not_a_dict"),
            ("speed", 1, "settings.speed", "unknown_field"),
            ("speech.url", "x", "settings.speech.url", "unknown_field"),
            *[
                ("speech.path", path, "settings.speech.path", "invalid")
                for path in (
                    "v1/tts", "/", "/v1/../admin", "/v1/./x", "//evil.example/x", "/v1/tts/",
                    "https://evil.example/", "/v1/tts?x=1", "/v1/tts#x", "/v1/%2e%2e/x", "/a\\b",
                    "/v1/tts\n", "/{voice}", 7, "/" + "x" * 101, "/@evil.example",
                )
            ],
            ("delete.path", "/v1/voices", "settings.delete.path", "invalid"),
            ("delete.path", "/{voice}/{voice}", "settings.delete.path", "invalid"),
            ("delete.path", "/x{voice}", "settings.delete.path", "invalid"),
            ("delete.path", "/../{voice}", "settings.delete.path", "invalid"),
            *[
                ("auth.header", name, "settings.auth.header", "invalid")
                for name in (
                    "Host", "content-type", "Content-Length", "Transfer-Encoding", "Cookie",
                    "X-Forwarded-For", "User-Agent", "accept", "bad header", "x:y", "", "x\r\ny", 1,
                )
            ],
            ("auth.scheme", "Bearer x", "settings.auth.scheme", "invalid"),
            ("clone.name_field", "a b", "settings.clone.name_field", "invalid"),
            ("clone.name_field", "audio", "settings.clone", "duplicate"),
            ("speech.fields", {"text": "x"}, "settings.speech", "duplicate"),
            ("speech.fields", {"x": []}, "settings.speech.fields.x", "invalid"),
            ("speech.fields", {"x": "y" * 201}, "settings.speech.fields.x", "invalid"),
            ("speech.fields", {str(n): 1 for n in range(21)}, "settings.speech.fields",
             "not_a_dict"),
            ("speech.answer", {"kind": "mp3"}, "settings.speech.answer.kind", "invalid_choice"),
            ("speech.answer", {"kind": "pcm"}, "settings.speech.answer.sample_rate_hz",
             "required"),
            ("speech.answer", {"kind": "json"}, "settings.speech.answer.member", "required"),
            ("speech.answer", {"kind": "file", "member": "x"}, "settings.speech.answer.member",
             "unknown_field"),
            ("speech.answer", {"kind": "pcm", "sample_rate_hz": 1},
             "settings.speech.answer.sample_rate_hz", "out_of_range"),
            ("list", {"path": "/v1/voices"}, "settings.list.id_member", "required"),
        ],
    )  # fmt: skip
    def test_lead_nowhere_else_and_are_refused_by_name(
        self, path: str, value: Any, attr: str, code: str
    ) -> None:
        with pytest.raises(Invalid) as caught:
            check_generic_settings(set_at(path, value))

        (fault,) = caught.value.faults
        assert (fault.attr, fault.code) == (attr, code)


class TestTwoSteps:
    @pytest.mark.parametrize("kind", sorted(ANSWERS))
    def test_clone_and_speak_in_each_way_of_an_answer(self, kind: str) -> None:
        with connected(kind) as (emulator, engine):
            order = make_order()
            voice = engine.clone(order)
            made = engine.speak(voice, make_line())

            seconds = (
                made.seconds
                if isinstance(made, Sound)
                else soundfile.info(io.BytesIO(made.data)).duration
            )
            assert seconds == pytest.approx(len(TEXT) / 15, rel=0.1)
            assert (str(voice.remote_id)[:3], list(emulator.voices)) == ("vc_", [voice.remote_id])
            assert emulator.voices[str(voice.remote_id)]["name"] == order.reference
            assert isinstance(engine, Streaming) == (kind in {"pcm", "sse"})
            if isinstance(engine, Streaming):
                pieces = collect_pieces(engine.stream(voice, make_line()))
                assert sum(piece.characters for piece in pieces) == len(TEXT)

    def test_fill_the_consent_where_a_field_is_named(self) -> None:
        changes: Any = {"clone": {**SETTINGS["clone"], "consent_field": "consent"}}
        with connected(**changes) as (emulator, engine):
            voice = engine.clone(make_order())

            assert emulator.voices[str(voice.remote_id)]["consent"] == CONSENT

    def test_send_the_key_in_the_header_that_is_named(self) -> None:
        emulator = TwoStepEmulator(key=KEY, header="X-Api-Key")
        with emulator.running():
            settings = {**SETTINGS, "auth": {"header": "X-Api-Key"}}
            engine = connect_engine_at("generic", emulator.base_url, settings=settings, key=KEY)
            engine.clone(make_order())

        assert "Authorization" not in emulator.asked[-1].headers

    def test_use_no_voice_of_a_name_that_leads_elsewhere(self) -> None:
        with connected() as (emulator, engine):
            for name in ("../x", "a/b", "", ".hidden", "http://x"):
                for ask in (lambda voice: engine.speak(voice, make_line()), engine.delete):
                    with pytest.raises(ProviderRefused):
                        ask(ProviderVoice(remote_id=name))
            assert emulator.asked == []


class TestAnAddressOfAudio:
    def test_is_fetched_without_the_key(self) -> None:
        with connected("url") as (emulator, engine):
            engine.speak(engine.clone(make_order()), make_line())

            fetched = emulator.asked[-1]
            assert fetched.path == "/files/one.wav"
            assert not [value for value in fetched.headers.values() if KEY in value]

    @pytest.mark.parametrize(
        "url",
        [
            "http://127.0.0.1:1/one.wav", "http://169.254.169.254/latest/meta-data", "file:///etc",
            "http://[::ffff:127.0.0.1]/x", "http://2130706433/x", "https://evil.example/one.wav",
            "gopher://x", "//evil.example/x", "/files/one.wav",
        ],
    )  # fmt: skip
    def test_at_another_host_is_not_followed(self, url: str) -> None:
        with connected("url") as (emulator, engine):
            voice = engine.clone(make_order())
            emulator.audio_url = url

            with pytest.raises(ProviderAddressRefused):
                engine.speak(voice, make_line())

    def test_is_not_followed_where_the_account_names_no_host(self) -> None:
        with connected("url", origins=("https://audio.example",)) as (_, engine):
            voice = engine.clone(make_order())
            with pytest.raises(ProviderAddressRefused):
                engine.speak(voice, make_line())


class TestADeletion:
    def test_is_confirmed_by_a_second_one_where_nothing_is_listed(self) -> None:
        with connected() as (emulator, engine):
            voice = engine.clone(make_order())
            engine.delete(voice)

            assert not isinstance(engine, Listing)
            assert emulator.count("DELETE", f"/v1/voices/{voice.remote_id}") == 2

    def test_that_is_only_taken_is_not_believed(self) -> None:
        with connected() as (emulator, engine):
            voice = engine.clone(make_order())
            emulator.keeps = True

            with pytest.raises(DeletionUnconfirmed):
                engine.delete(voice)

    def test_is_confirmed_by_the_list_where_there_is_one(self) -> None:
        with connected(list=LISTED) as (emulator, engine):
            order = make_order()
            voice = engine.clone(order)
            assert issubclass(type(engine), Listing)
            assert [one.reference for one in engine.list_voices()] == [order.reference]
            assert engine.clone(order) == voice

            engine.delete(voice)

            assert emulator.count("DELETE", f"/v1/voices/{voice.remote_id}") == 1
            assert list(engine.list_voices()) == []
