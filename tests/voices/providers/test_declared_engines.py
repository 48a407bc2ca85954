"""Every declared engine before its emulator: clone, speak, stream, delete, and what goes wrong."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import soundfile
from pytest_django import Settings

from audio.sound import Sound
from consent.policy import providers
from tests.emulators.emulator import Fault
from tests.emulators.engine_emulator import EngineEmulator
from tests.support.engine_calls import (
    BY_NAME,
    CASES,
    CONSENT,
    TEXT,
    EngineCase,
    connect_case,
    connect_engine_at,
    make_line,
    make_order,
    obtain_voice,
)
from tests.support.upstream_calls import collect_pieces
from upstream import loop_thread
from upstream.upstream_errors import ProviderAccountRefused, ProviderRefused, ProviderUnavailable
from voices.providers import registry
from voices.providers.base import (
    EncodedAudio,
    Listing,
    ProviderVoice,
    Streaming,
    Training,
    TrainingState,
    UnsupportedField,
)
from voices.providers.declared.engine_kinds import DECLARATIONS

pytestmark = pytest.mark.once

CLONING = [case for case in CASES if case.preset is None]
UPLOADING = [case for case in CLONING if case.name not in {"cosyvoice", "voxtral"}]
STREAMS = {
    "vllm_omni", "kokoro_fastapi", "chatterbox_tts_api", "fish_speech", "cosyvoice", "voxtral",
}  # fmt: skip
SILENT = ("chatterbox_tts_api", "fish_speech")
"""They speak with some voice where they do not know the one that is asked for."""


def by_name(case: EngineCase) -> str:
    return case.name


@pytest.fixture(autouse=True)
def development(settings: Settings) -> Iterator[None]:
    settings.SAYSO_DEVELOPMENT = True
    yield
    loop_thread.stop_loop_thread()


@pytest.fixture
def case(request: pytest.FixtureRequest) -> EngineCase:
    found = request.param
    return BY_NAME[found] if isinstance(found, str) else found


@pytest.fixture
def emulator(case: EngineCase) -> Iterator[EngineEmulator]:
    emulator = case.emulator(case.key)
    with emulator.running():
        yield emulator


@pytest.fixture
def engine(case: EngineCase, emulator: EngineEmulator) -> Any:
    return connect_case(case, emulator)


def seconds_of(made: Sound | EncodedAudio) -> float:
    if isinstance(made, Sound):
        return made.seconds
    info = soundfile.info(io.BytesIO(made.data))
    return float(info.frames / info.samplerate)


def is_speech(emulator: EngineEmulator, begin: int) -> list[str]:
    """The paths of the requests since then that ask for speech."""
    words = ("speech", "tts", "inference")
    asked = emulator.asked[begin:]
    return [one.path for one in asked if one.method == "POST" and any(w in one.path for w in words)]


class TestTheList:
    def test_has_every_engine_that_a_person_can_sign_for(self) -> None:
        known = {declaration.name for declaration in DECLARATIONS}
        on_own = {code for code, row in providers.PROVIDERS.items() if row.runs == "organisation"}
        assert known == {case.name for case in CASES} == on_own | {"voxtral"}
        assert known <= set(registry.list_provider_names()) & set(providers.PROVIDERS)

    def test_wants_the_operators_list_for_all_but_the_hosted_one(self) -> None:
        kinds = [registry.get_adapter_kind(one.name) for one in DECLARATIONS]
        assert {kind.name for kind in kinds if not kind.is_self_hosted} == {"voxtral"}
        assert {kind.name for kind in kinds if kind.credential_names} == {"voxtral"}


@pytest.mark.parametrize("case", CASES, indirect=True, ids=by_name)
class TestAnEngine:
    def test_speaks_as_long_as_the_text(self, case: EngineCase, engine: Any) -> None:
        made = engine.speak(obtain_voice(case, engine), make_line())

        assert seconds_of(made) == pytest.approx(len(TEXT) / 15, rel=0.1)

    def test_streams_where_its_declaration_says_so(self, case: EngineCase, engine: Any) -> None:
        assert isinstance(engine, Streaming) == (case.name in STREAMS)
        if case.name not in STREAMS:
            return

        pieces = collect_pieces(engine.stream(obtain_voice(case, engine), make_line()))

        assert len(pieces) > 2
        assert sum(piece.characters for piece in pieces) == len(TEXT)
        seconds = sum(piece.sound.seconds for piece in pieces)
        assert seconds == pytest.approx(len(TEXT) / 15, rel=0.1)
        loudest = max(abs(piece.sound.samples).max() for piece in pieces)
        assert 0.05 < loudest <= 1.0

    @pytest.mark.parametrize(
        ("fault", "error"),
        [
            (Fault(status=500), ProviderUnavailable),
            (Fault(status=429), ProviderUnavailable),
            (Fault(status=401), ProviderAccountRefused),
            (Fault(status=400), ProviderRefused),
            (Fault(status=307, headers={"Location": "/elsewhere"}), ProviderRefused),
            (Fault(answer=b"<html>sorry</html>", media_type="text/html"), ProviderUnavailable),
            (Fault(answer=b'{"error": "busy"}'), ProviderUnavailable),
        ],
    )
    def test_gives_nothing_when_it_fails(
        self,
        case: EngineCase,
        emulator: EngineEmulator,
        engine: Any,
        fault: Fault,
        error: type[Exception],
    ) -> None:
        voice = obtain_voice(case, engine)
        path = f"/{'/'.join(engine.declaration.speech.path)}"
        emulator.fail(path, replace(fault))

        with pytest.raises(error):
            engine.speak(voice, make_line())

        assert seconds_of(engine.speak(voice, make_line())) > 1

    def test_breaks_a_stream_that_broke(
        self, case: EngineCase, emulator: EngineEmulator, engine: Any
    ) -> None:
        if case.name not in STREAMS:
            return
        voice = obtain_voice(case, engine)
        emulator.faults["stream"] = Fault(cut_after=3)

        with pytest.raises(ProviderUnavailable):
            collect_pieces(engine.stream(voice, make_line()))

    @pytest.mark.parametrize("name", ["../secrets", "a(2)+b", "http://x/y.wav", "/etc/passwd", ""])
    def test_is_sent_no_name_that_leads_elsewhere(
        self, case: EngineCase, emulator: EngineEmulator, engine: Any, name: str
    ) -> None:
        for ask in (engine.speak, getattr(engine, "stream", engine.speak)):
            with pytest.raises(ProviderRefused):
                ask(ProviderVoice(remote_id=name), make_line())

        assert emulator.asked == []

    def test_is_sent_its_key_where_it_has_one(self, case: EngineCase) -> None:
        emulator = case.emulator("a-key")
        with emulator.running():
            engine = connect_engine_at(
                case.name, emulator.base_url, settings=case.settings, key="a-key"
            )
            assert seconds_of(engine.speak(obtain_voice(case, engine), make_line())) > 1


@pytest.mark.parametrize("case", UPLOADING, indirect=True, ids=by_name)
class TestAnUpload:
    def test_names_the_voice_by_our_id_and_fills_the_consent(
        self, case: EngineCase, emulator: EngineEmulator, engine: Any
    ) -> None:
        order = make_order()

        voice = engine.clone(order)

        body = b"".join(one.body for one in emulator.asked)
        assert len(emulator.voices) == 1
        assert order.reference.encode() in body
        assert b"as uploaded" not in body
        assert (CONSENT.encode() in body) == (case.name in {"vllm_omni", "localai"})
        assert isinstance(engine, Listing)
        (listed,) = engine.list_voices()
        assert (listed.remote_id, listed.reference) == (voice.remote_id, order.reference)

    def test_that_is_repeated_makes_one_voice(self, emulator: EngineEmulator, engine: Any) -> None:
        order = make_order()

        first, second = engine.clone(order), engine.clone(order)

        assert (first.remote_id, len(emulator.voices)) == (second.remote_id, 1)

    def test_is_gone_after_its_removal(
        self, case: EngineCase, emulator: EngineEmulator, engine: Any
    ) -> None:
        voice = engine.clone(make_order())
        assert issubclass(type(engine), Training)
        assert engine.get_progress(voice).state is TrainingState.READY
        if case.name == "chatterbox_tts_server":
            emulator.voices.clear()

        engine.delete(voice)
        engine.delete(voice)

        assert emulator.voices == {}
        assert engine.get_progress(voice).state is TrainingState.MISSING

    def test_that_does_not_exist_does_not_speak(
        self, case: EngineCase, emulator: EngineEmulator, engine: Any
    ) -> None:
        voice = engine.clone(make_order())
        emulator.voices.clear()
        before = len(emulator.asked)

        with pytest.raises(ProviderRefused):
            engine.speak(voice, make_line())

        # The others are believed, because they answer with an error.
        assert bool(is_speech(emulator, before)) == (case.name not in SILENT)

    @pytest.mark.parametrize("seconds", [0.5, 301.0])
    def test_of_a_recording_that_it_does_not_take_is_refused_here(
        self, emulator: EngineEmulator, engine: Any, seconds: float
    ) -> None:
        (good,) = make_order().recordings
        sound = Sound(good.sound.samples[:1].repeat(round(seconds * 8_000)), 8_000)
        short = type(good)(data=b"", sound=sound, transcript="Oh.")

        with pytest.raises(UnsupportedField) as caught:
            engine.clone(make_order(recordings=(short,)))

        assert caught.value.faults[0].attr == "samples.0"
        assert emulator.voices == {}
