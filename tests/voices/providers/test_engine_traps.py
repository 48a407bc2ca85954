"""The traps of single engines: default voices, mixes, tags, languages, headers, and file names."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from pytest_django import Settings

from audio.sound import Sound
from core.errors import Invalid
from tests.emulators.emulator import Fault, wrap_wav
from tests.emulators.engine_emulator import EngineEmulator
from tests.emulators.file_engines import COSY_RATE
from tests.support.engine_calls import (
    BY_NAME,
    TEXT,
    connect_case,
    connect_engine_at,
    make_line,
    make_order,
    obtain_voice,
)
from tests.support.upstream_calls import collect_parts, collect_pieces, feed_parts
from upstream import loop_thread
from upstream.upstream_errors import ProviderRefused, ProviderUnavailable
from voices.providers import registry
from voices.providers.base import DeletionUnconfirmed, ProviderVoice, UnsupportedField
from voices.providers.declared.answer_kinds import open_wav_stream, read_events
from voices.providers.declared.declarations import EngineAnswer

pytestmark = pytest.mark.once

LOCAL_ADDRESS = "http://127.0.0.1:9"


@pytest.fixture(autouse=True)
def development(settings: Settings) -> Iterator[None]:
    settings.SAYSO_DEVELOPMENT = True
    yield
    loop_thread.stop_loop_thread()


@contextmanager
def connected(name: str) -> Iterator[tuple[EngineEmulator, Any]]:
    case = BY_NAME[name]
    emulator = case.emulator(case.key)
    with emulator.running():
        yield emulator, connect_case(case, emulator)


def last_body(emulator: EngineEmulator) -> Any:
    return json.loads(emulator.asked[-1].body)


class TestVllmOmni:
    @pytest.mark.parametrize(
        ("language", "word"), [("de-AT", "German"), ("en", "English"), ("nl", "Auto")]
    )
    def test_is_told_the_language_by_name(self, language: str, word: str) -> None:
        with connected("vllm_omni") as (emulator, engine):
            engine.speak(engine.clone(make_order()), make_line(language=language, speed=1.5))

            told = last_body(emulator)
            assert (told["language"], told["speed"]) == (word, 1.5)
            assert "model" not in told

    def test_streams_at_its_usual_speed_alone(self) -> None:
        with connected("vllm_omni") as (emulator, engine):
            voice = engine.clone(make_order())
            before = len(emulator.asked)

            with pytest.raises(UnsupportedField) as caught:
                engine.stream(voice, make_line(speed=1.5))

            assert caught.value.faults[0].attr == "prosody.speed"
            assert len(emulator.asked) == before

    def test_takes_a_recording_of_ten_mebibytes(self) -> None:
        with connected("vllm_omni") as (emulator, engine):
            (good,) = make_order().recordings
            long = Sound(np.zeros(48_000 * 120, dtype=np.float32), 48_000)
            order = make_order(recordings=(type(good)(data=b"", sound=long),))

            with pytest.raises(UnsupportedField, match="10 MiB"):
                engine.clone(order)
            assert emulator.asked == []


class TestKokoro:
    @pytest.mark.parametrize(
        "text",
        [
            "Good evening. [voice:bf_emma] And from me.",
            "[ VOICE : bf_emma ] Hello.",
            '<speak><voice name="bf_emma">Hello.</voice></speak>',
            "< voice name='x'>Hello.",
        ],
    )
    def test_is_sent_no_text_that_names_a_voice(self, text: str) -> None:
        with connected("kokoro_fastapi") as (emulator, engine):
            voice = ProviderVoice(remote_id="af_heart")
            for ask in (engine.speak, engine.stream):
                with pytest.raises(UnsupportedField) as caught:
                    ask(voice, make_line(text=text))
                assert caught.value.faults[0].attr == "text"

            assert emulator.asked == []

    def test_is_told_not_to_stream_a_whole_text(self) -> None:
        with connected("kokoro_fastapi") as (emulator, engine):
            engine.speak(ProviderVoice(remote_id="af_heart"), make_line(language="en-GB"))

            told = last_body(emulator)
            assert (told["stream"], told["lang_code"], told["voice"]) == (False, "b", "af_heart")

    @pytest.mark.parametrize("name", ["kokoro_fastapi", "xtts_api_server"])
    def test_speaks_no_language_that_it_lacks(self, name: str) -> None:
        with connected(name) as (emulator, engine):
            with pytest.raises(UnsupportedField) as caught:
                engine.speak(obtain_voice(BY_NAME[name], engine), make_line(language="fi"))

            assert (caught.value.faults[0].attr, emulator.asked) == ("language", [])
            assert "fi" not in engine.capabilities().languages

    def test_has_presets_alone(self) -> None:
        with connected("kokoro_fastapi") as (emulator, engine):
            assert not engine.capabilities().clones
            with pytest.raises(ProviderRefused):
                engine.clone(make_order())
            assert emulator.asked == []


class TestATextForSeveralSpeakers:
    @pytest.mark.parametrize("name", ["vllm_omni", "fish_speech", "localai", "cosyvoice"])
    @pytest.mark.parametrize(
        "text",
        [
            "Good evening. <|speaker:1|> And from me.",
            "<|ja|>Good evening.",
            "[S1] Good evening. [S2] And from me.",
            "Good evening.\nSpeaker 2: And from me.",
            "[voice: other] Good evening.",
        ],
    )
    def test_is_sent_to_no_engine_that_would_change_the_voice(self, name: str, text: str) -> None:
        with connected(name) as (emulator, engine):
            voice = engine.clone(make_order())
            before = len(emulator.asked)

            with pytest.raises(UnsupportedField) as caught:
                engine.speak(voice, make_line(text=text))

            assert (caught.value.faults[0].attr, len(emulator.asked)) == ("text", before)

    @pytest.mark.parametrize("text", ["a < b | c > d", "Section [S] of it.", "The speaker: me."])
    def test_is_not_found_in_a_plain_one(self, text: str) -> None:
        with connected("vllm_omni") as (_, engine):
            assert engine.speak(engine.clone(make_order()), make_line(text=text))


class TestChatterboxApi:
    def test_speaks_the_language_of_its_clone_alone(self) -> None:
        with connected("chatterbox_tts_api") as (emulator, engine):
            voice = engine.clone(make_order(language="de-AT"))
            engine.speak(voice, make_line(language="de"))

            with pytest.raises(UnsupportedField) as caught:
                engine.stream(voice, make_line(language="en"))

            assert caught.value.faults[0].attr == "language"
            assert emulator.count("POST", "/v1/audio/speech/stream") == 0

    @pytest.mark.parametrize("name", ["chatterbox_tts_api", "fish_speech"])
    def test_and_another_would_speak_with_some_other_voice(self, name: str) -> None:
        """Else there would be nothing to guard against."""
        with connected(name) as (_, engine):
            voice = ProviderVoice(remote_id=make_order().reference)
            with pytest.raises(ProviderRefused):
                engine.speak(voice, make_line())

            engine.declaration = replace(engine.declaration, asks_first=False)
            assert engine.speak(voice, make_line()).data.startswith(b"RIFF")


class TestChatterboxServer:
    def test_has_its_voices_removed_by_its_operator(self) -> None:
        with connected("chatterbox_tts_server") as (emulator, engine):
            order = make_order()
            voice = engine.clone(order)

            with pytest.raises(DeletionUnconfirmed, match=f"{order.reference}.wav"):
                engine.delete(voice)

            emulator.voices.clear()
            engine.delete(voice)

    def test_that_did_not_take_the_file_made_no_voice(self) -> None:
        with connected("chatterbox_tts_server") as (emulator, engine):
            emulator.fail("/upload_reference", Fault(answer=b'{"uploaded_files": []}'))

            with pytest.raises(ProviderRefused):
                engine.clone(make_order())


class TestLocalAi:
    def test_that_names_a_voice_as_a_path_is_not_believed(self) -> None:
        with connected("localai") as (emulator, engine):
            answer = b'{"data": [], "id": "../../etc/passwd"}'
            emulator.fail("/api/voice-profiles", Fault(answer=answer, times=None))

            with pytest.raises(ProviderRefused):
                engine.clone(make_order())

    @pytest.mark.parametrize("said", [{}, {"model": "../x"}, {"model": 3}, {"rate": 1}])
    def test_needs_a_model_that_is_a_name(self, said: dict[str, Any]) -> None:
        with pytest.raises(Invalid) as caught:
            connect_engine_at("localai", LOCAL_ADDRESS, settings=said)

        assert (caught.value.faults[0].attr or "").startswith("settings.")


class TestCosyVoice:
    def test_is_sent_the_recording_with_each_text_and_keeps_none(self) -> None:
        with connected("cosyvoice") as (emulator, engine):
            voice = engine.clone(make_order("It is a truth."))
            assert (voice.remote_id, emulator.asked) == (None, [])

            engine.speak(voice, make_line())
            engine.delete(voice)

            (asked,) = emulator.asked
            assert b"RIFF" in asked.body
            assert b"It is a truth." in asked.body

    @pytest.mark.parametrize("rate", [None, True, "22050", 100, 10**6, 22_050.5])
    def test_needs_the_rate_of_its_samples(self, rate: Any) -> None:
        settings = {} if rate is None else {"sample_rate_hz": rate}

        with pytest.raises(Invalid) as caught:
            connect_engine_at("cosyvoice", LOCAL_ADDRESS, settings=settings)

        assert caught.value.faults[0].attr == "settings.sample_rate_hz"

    def test_is_heard_at_the_rate_of_the_account(self) -> None:
        with connected("cosyvoice") as (_, engine):
            made = engine.speak(engine.clone(make_order()), make_line())
            assert made.rate == COSY_RATE

    def test_that_answers_with_words_is_not_heard_as_noise(self) -> None:
        with connected("cosyvoice") as (emulator, engine):
            voice = engine.clone(make_order())
            words = Fault(answer=b"Internal error " * 900, media_type="text/plain")
            emulator.fail("/inference_zero_shot", words)

            with pytest.raises(ProviderUnavailable):
                engine.speak(voice, make_line())

    @pytest.mark.parametrize("name", ["fish_speech", "localai", "cosyvoice"])
    def test_and_others_need_a_transcript(self, name: str) -> None:
        with connected(name) as (_, engine):
            assert engine.capabilities().needs_transcripts


class TestVoxtral:
    def test_is_heard_in_32_bits(self) -> None:
        with connected("voxtral") as (emulator, engine):
            voice = engine.clone(make_order())
            pieces = collect_pieces(engine.stream(voice, make_line()))
            whole = np.concatenate([piece.sound.samples for piece in pieces])
            told = last_body(emulator)

            assert (told["stream"], told["response_format"]) == (True, "pcm")
            assert "voice_id" not in told
            assert 0.05 < np.abs(whole).max() <= 1.0

    def test_has_a_fixed_host_and_wants_a_key(self) -> None:
        kind = registry.get_adapter_kind("voxtral")
        assert kind.base_url == "https://api.mistral.ai"
        assert kind.credential_names == frozenset({"api_key"})


class TestEvents:
    ANSWER = EngineAnswer(kind="sse", path=("audio",), rate=24_000)
    DELTA = b'data: {"type": "speech.audio.delta", "audio": "AAEC"}\n\n'

    def test_are_read_however_they_are_cut(self) -> None:
        whole = b": hello\r\n\r\n" + 2 * self.DELTA + b'data: {"type": "speech.audio.done"}\n\n'
        cut = [whole[at : at + 3] for at in range(0, len(whole), 3)]
        assert collect_parts(read_events(self.ANSWER, feed_parts(cut))) == [b"\x00\x01\x02"] * 2

    @pytest.mark.parametrize(
        ("end", "error"),
        [
            (b"", ProviderUnavailable),
            (b"data: not JSON\n\n", ProviderUnavailable),
            (b'data: {"type": "speech.audio.delta"}\n\n', ProviderUnavailable),
            (b'data: {"type": "speech.audio.error"}\n\n', ProviderRefused),
            (b'event: error\ndata: {"message": "x"}\n\n', ProviderRefused),
        ],
    )
    def test_that_do_not_end_as_documented_are_no_whole(
        self, end: bytes, error: type[Exception]
    ) -> None:
        with pytest.raises(error):
            collect_parts(read_events(self.ANSWER, feed_parts([self.DELTA, end])))


class TestAStreamedWav:
    PCM = bytes(range(200))

    def read(self, parts: Iterable[bytes]) -> tuple[int, bytes]:
        async def read_all() -> tuple[int, bytes]:
            rate, samples = await open_wav_stream(feed_parts(parts))
            return rate, b"".join([part async for part in samples])

        return asyncio.run(read_all())

    def test_is_read_however_it_is_cut(self) -> None:
        whole = wrap_wav(self.PCM, 24_000)
        for step in (1, 7, 44, 45, 1_000):
            cut = [whole[at : at + step] for at in range(0, len(whole), step)]
            assert self.read(cut) == (24_000, self.PCM)

    @pytest.mark.parametrize("place", [0, 8, 20, 22, 34])
    def test_of_another_kind_is_refused(self, place: int) -> None:
        whole = bytearray(wrap_wav(self.PCM, 24_000))
        whole[place] ^= 3

        with pytest.raises(ProviderUnavailable):
            self.read([bytes(whole)])

    @pytest.mark.parametrize("data", [b"", b"RIFF", b"RIFF0000WAVEjunk\xff\xff\xff\x00" * 9_000])
    def test_without_samples_is_refused(self, data: bytes) -> None:
        with pytest.raises(ProviderUnavailable):
            self.read([data])


def test_the_text_stays_out_of_what_is_shown() -> None:
    with connected("cosyvoice") as (_, engine):
        voice = engine.clone(make_order())
        assert TEXT not in repr(make_line())
        assert "RIFF" not in repr(voice)
