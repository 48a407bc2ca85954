"""The adapter of Fish Audio's voices and speech (API of 2026).

A voice is a private model there, made in one call, or recordings of ours that go with each call.
Speech is asked for in MessagePack and comes as bare PCM.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, Final

import msgpack

from audio.sound import Sound
from core import ids
from core.errors import SaysoError
from upstream.upstream_errors import ProviderRefused, ProviderUnavailable
from upstream.upstream_request import BytesBody, FilePart, MultipartBody
from voices.providers.adapter_kinds import AdapterKind, ConnectedAccount
from voices.providers.answer_reading import parse_answer, require_objects, require_text
from voices.providers.base import (
    Capabilities,
    Clone,
    Pieces,
    ProviderVoice,
    RemoteVoice,
    SpeechLine,
    TrainingProgress,
    TrainingState,
)
from voices.providers.fish.fish_profiles import open_recordings, pack_recordings
from voices.providers.held_stream import cut_held_stream
from voices.providers.list_pages import ListPages
from voices.providers.option_names import INLINE_OPTION, MODEL_OPTION, VOLUME_OPTION
from voices.providers.option_rules import OptionRule
from voices.providers.pcm_answers import guard_answer, read_pcm_answer
from voices.providers.provider_connection import ProviderConnection

RATE: Final = 44_100
MODEL: Final = "s2-pro"
OPTIONS: Final[Mapping[str, OptionRule]] = {
    MODEL_OPTION: OptionRule(kind="text", most=40),
    VOLUME_OPTION: OptionRule(kind="number", least=-20, most=20),
    "chunk_length": OptionRule(kind="whole", least=100, most=300),
    "normalize": OptionRule(kind="flag"),
    "latency": OptionRule(kind="text", choices=frozenset({"normal", "balanced"})),
    "top_p": OptionRule(kind="number", least=0, most=1),
    "temperature": OptionRule(kind="number", least=0, most=1),
    "max_new_tokens": OptionRule(kind="whole", least=1, most=8_192),
    "repetition_penalty": OptionRule(kind="number", least=0, most=10),
    "min_chunk_length": OptionRule(kind="whole", least=0, most=300),
    "condition_on_previous_chunks": OptionRule(kind="flag"),
    "early_stop_threshold": OptionRule(kind="number", least=0, most=1),
}
_BESIDE_THE_BODY: Final = frozenset({MODEL_OPTION, VOLUME_OPTION})
_GONE: Final = frozenset({404})
_PAGE: Final = 100
_STATES: Final[Mapping[str, TrainingState]] = {
    "created": TrainingState.TRAINING,
    "training": TrainingState.TRAINING,
    "trained": TrainingState.READY,
    "failed": TrainingState.FAILED,
}


class FishAudio:
    """Speaks to Fish Audio for one account."""

    def __init__(self, account: ConnectedAccount) -> None:
        key = account.credentials["api_key"]
        self._connection = ProviderConnection(
            account=account, headers={"Authorization": f"Bearer {key}"}
        )

    def capabilities(self) -> Capabilities:
        """Return what the documents say. A call names no language there."""
        return Capabilities(
            languages=None,
            speed=(0.5, 2.0),
            pitch_semitones=(0.0, 0.0),
            options=OPTIONS,
            denoise=True,
        )

    def clone(self, order: Clone) -> ProviderVoice:
        """Create a private model from all recordings, or keep them with us (`inline`).

        Raises ProviderRefused when the provider failed to make it. It is deleted then.
        """
        if order.options.get(INLINE_OPTION) is True:
            return ProviderVoice(profile=pack_recordings(order.recordings))

        made = parse_answer(self._connection.call("POST", "model", body=_build_model(order)).body)
        voice = ProviderVoice(remote_id=require_text(made, "_id"))
        state = _read_state(made)
        if state is TrainingState.FAILED or made.get("visibility") != "private":
            # What could not be deleted now is found in the list by its name.
            with suppress(SaysoError):
                self.delete(voice)
            raise ProviderRefused("The provider did not make a private voice of the recordings.")

        return ProviderVoice(remote_id=voice.remote_id, is_ready=state is TrainingState.READY)

    def speak(self, voice: ProviderVoice, line: SpeechLine) -> Sound:
        """Speak one text."""
        answer = self._connection.call(
            "POST", "v1", "tts", body=_build_speech(voice, line), headers=_name_model(line)
        )
        return read_pcm_answer(answer.body, answer.headers, rate=RATE)

    def stream(self, voice: ProviderVoice, line: SpeechLine) -> Pieces:
        """Speak one text piece by piece."""
        held = self._connection.open_stream(
            "POST", "v1", "tts", body=_build_speech(voice, line), headers=_name_model(line)
        )
        return cut_held_stream(held, guard_answer, rate=RATE, text_length=len(line.text))

    def delete(self, voice: ProviderVoice) -> None:
        """Delete the model. One that does not exist counts as deleted."""
        if voice.remote_id is not None:
            self._connection.call("DELETE", "model", voice.remote_id, taken=_GONE)

    def get_progress(self, voice: ProviderVoice) -> TrainingProgress:
        """Return how far the model is, or `missing`. Recordings of ours are always ready."""
        if voice.remote_id is None:
            return TrainingProgress(state=TrainingState.READY)

        answer = self._connection.call("GET", "model", voice.remote_id, taken=_GONE)
        if answer.status in _GONE:
            return TrainingProgress(state=TrainingState.MISSING)

        return TrainingProgress(state=_read_state(parse_answer(answer.body)))

    def list_voices(self) -> Iterator[RemoteVoice]:
        """Yield all models of the account itself. Raises ProviderUnavailable for no end."""
        seen, pages = set[str](), ListPages()
        number = 1
        while True:
            query = {"page_size": str(_PAGE), "page_number": str(number), "self": "true"}
            page = parse_answer(self._connection.call("GET", "model", query=query).body)
            rows = require_objects(page, "items")
            for row in rows:
                remote_id = require_text(row, "_id")
                if remote_id in seen:
                    raise ProviderUnavailable("The provider's list of voices does not end.")
                seen.add(remote_id)
                yield RemoteVoice(remote_id=remote_id, reference=_find_our_title(row))

            if len(rows) < _PAGE and (not rows or len(seen) >= int(page.get("total") or 0)):
                return
            number += 1
            pages.note(str(number))


FISH: Final = AdapterKind(name="fish", connect=FishAudio, base_url="https://api.fish.audio")


def _build_model(order: Clone) -> MultipartBody:
    """Return the form. Transcripts are sent for all recordings or for none."""
    texts = [recording.transcript or "" for recording in order.recordings]
    return MultipartBody(
        fields=(
            ("type", "tts"),
            ("title", order.reference),
            ("train_mode", "fast"),
            ("visibility", "private"),
            ("enhance_audio_quality", "true" if order.denoise else "false"),
            *((("texts", text) for text in texts) if all(texts) else ()),
        ),
        files=tuple(
            FilePart(
                form_field="voices",
                name=f"recording-{number}",
                media_type="application/octet-stream",
                data=recording.data,
            )
            for number, recording in enumerate(order.recordings, 1)
        ),
    )


def _build_speech(voice: ProviderVoice, line: SpeechLine) -> BytesBody:
    body: dict[str, Any] = {
        name: value for name, value in line.options.items() if name not in _BESIDE_THE_BODY
    }
    body |= {"text": line.text, "format": "pcm", "sample_rate": RATE} | _name_voice(voice)
    volume = line.options.get(VOLUME_OPTION)
    if line.prosody.speed != 1.0 or volume is not None:
        body["prosody"] = {"speed": line.prosody.speed, "volume": volume or 0.0}

    return BytesBody(msgpack.packb(body), media_type="application/msgpack")


def _name_voice(voice: ProviderVoice) -> dict[str, Any]:
    if voice.remote_id is not None:
        return {"reference_id": voice.remote_id}
    if voice.profile is not None:
        return {"references": open_recordings(voice.profile)}

    raise ProviderRefused("This voice has neither an id at the provider nor recordings.")


def _name_model(line: SpeechLine) -> dict[str, str]:
    return {"model": str(line.options.get(MODEL_OPTION) or MODEL)}


def _read_state(row: Mapping[str, Any]) -> TrainingState:
    state = _STATES.get(require_text(row, "state"))
    if state is None:
        raise ProviderUnavailable("The provider names a state that its documents do not.")

    return state


def _find_our_title(row: Mapping[str, Any]) -> str | None:
    title = str(row.get("title") or "")
    return title if ids.is_id(title, "vox") else None
