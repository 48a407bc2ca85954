"""The adapter of Resemble's voices and speech (SDK resemble 1.9.0).

A clone takes several calls: the voice with the person's spoken consent, each recording with its
words, and the order to train. Speech comes from another server, which keeps nothing when no project
is named. So none is.
"""

from __future__ import annotations

import base64
from collections.abc import AsyncIterable, AsyncIterator, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

from audio import encoding
from audio.encoding import Output
from audio.sound import Sound
from core import ids
from core.errors import SaysoError
from upstream.upstream_errors import ProviderRefused, ProviderUnavailable
from upstream.upstream_request import FilePart, JsonBody, MultipartBody
from voices.providers.adapter_kinds import AdapterKind, ConnectedAccount
from voices.providers.answer_reading import (
    parse_answer,
    require_base64,
    require_objects,
    require_text,
)
from voices.providers.base import (
    Capabilities,
    Clone,
    EncodedAudio,
    Pieces,
    ProviderVoice,
    ReferenceRecording,
    RemoteVoice,
    SpeechLine,
    TrainingProgress,
    TrainingState,
)
from voices.providers.held_stream import cut_held_stream
from voices.providers.list_pages import ListPages
from voices.providers.provider_connection import ProviderConnection

BASE: Final = "https://app.resemble.ai/api"
SPEECH_BASE: Final = "https://f.cluster.resemble.ai"
RATE: Final = 44_100
MOST_CHARACTERS: Final = 2_000
LONGEST_HEADER: Final = 64 * 2**10
_GONE: Final = frozenset({404})
_STATES: Final[Mapping[str, TrainingState]] = {
    "finished": TrainingState.READY,
    "ready": TrainingState.READY,
    "failed": TrainingState.FAILED,
}
_DATA: Final = b"data"


class Resemble:
    """Speaks to Resemble for one account.

    An account at another address than the provider's own has its speech server there too.
    """

    def __init__(self, account: ConnectedAccount) -> None:
        key = account.credentials["api_key"]
        speech_base = SPEECH_BASE if account.base_url == BASE else account.base_url
        self._connection = ProviderConnection(
            account=account, headers={"Authorization": f"Token token={key}"}
        )
        self._speech = ProviderConnection(
            account=replace(account, base_url=speech_base),
            headers={"Authorization": f"Bearer {key}", "x-access-token": key},
        )

    def capabilities(self) -> Capabilities:
        """Return what the documents say. The languages of speech are not listed there."""
        return Capabilities(
            languages=None,
            speed=(1.0, 1.0),
            pitch_semitones=(0.0, 0.0),
            trains=True,
            needs_statement=True,
            needs_transcripts=True,
            most_characters=MOST_CHARACTERS,
        )

    def clone(self, order: Clone) -> ProviderVoice:
        """Create the voice with the statement, send the recordings, and have it trained.

        What does not come so far is deleted again.
        """
        if order.statement is None:
            raise ProviderRefused("This provider makes no voice without a spoken statement.")

        spoken = encoding.encode_sound(order.statement.sound, Output(codec="wav"))
        body = {
            "name": order.reference,
            "consent": base64.b64encode(spoken).decode("ascii"),
            "voice_type": "rapid",
        }
        made = self._call("POST", "voices", body=JsonBody(body))
        voice = ProviderVoice(remote_id=require_text(made, "item", "uuid"), is_ready=False)
        voice_id = require_text(made, "item", "uuid")
        try:
            for number, recording in enumerate(order.recordings):
                form = _build_recording(number, recording)
                self._call("POST", "voices", voice_id, "recordings", body=form)
            self._call("POST", "voices", voice_id, "build", body=JsonBody({"fill": False}))
        except SaysoError:
            with suppress(SaysoError):
                self.delete(voice)
            raise

        return voice

    def speak(self, voice: ProviderVoice, line: SpeechLine) -> Sound | EncodedAudio:
        """Speak one text, as a WAV."""
        body = _build_resemble_speech(voice, line) | {"output_format": "wav"}
        answer = self._speech.call("POST", "synthesize", body=JsonBody(body))
        found = _require_success(parse_answer(answer.body))
        return EncodedAudio(data=require_base64(found, "audio_content"))

    def stream(self, voice: ProviderVoice, line: SpeechLine) -> Pieces:
        """Speak one text piece by piece: one WAV, whose header comes first."""
        body = _build_resemble_speech(voice, line)
        held = self._speech.open_stream("POST", "stream", body=JsonBody(body))
        return cut_held_stream(held, strip_running_header, rate=RATE, text_length=len(line.text))

    def delete(self, voice: ProviderVoice) -> None:
        """Delete the voice, with its consent and recordings. A missing one counts as deleted."""
        if voice.remote_id is not None:
            self._connection.call("DELETE", "v2", "voices", voice.remote_id, taken=_GONE)

    def get_progress(self, voice: ProviderVoice) -> TrainingProgress:
        """Return how far the training is, or `missing` for a voice that does not exist."""
        answer = self._connection.call("GET", "v2", "voices", _require_voice_id(voice), taken=_GONE)
        if answer.status in _GONE:
            return TrainingProgress(state=TrainingState.MISSING)

        found = _require_success(parse_answer(answer.body))
        told = require_text(found, "item", "status").lower()
        return TrainingProgress(state=_STATES.get(told, TrainingState.TRAINING))

    def list_voices(self) -> Iterator[RemoteVoice]:
        """Yield all voices of the account. Raises ProviderUnavailable for a list without end."""
        number, walked = 1, ListPages()
        while True:
            query = {"page": str(number), "page_size": "100"}
            answer = self._connection.call("GET", "v2", "voices", query=query)
            page = _require_success(parse_answer(answer.body))
            rows = require_objects(page, "items")
            for row in rows:
                name = str(row.get("name") or "")
                yield RemoteVoice(
                    remote_id=require_text(row, "uuid"),
                    reference=name if ids.is_id(name, "vox") else None,
                )

            pages = page.get("num_pages")
            if not isinstance(pages, int):
                raise ProviderUnavailable("The provider does not say how long its list is.")
            if not rows or number >= pages:
                return
            number += 1
            walked.note(str(number))

    def _call(self, method: Any, *path: str, body: JsonBody | MultipartBody) -> Mapping[str, Any]:
        answer = self._connection.call(method, "v2", *path, body=body)
        return _require_success(parse_answer(answer.body))


RESEMBLE: Final = AdapterKind(
    name="resemble",
    connect=Resemble,
    base_url=BASE,
    kept_objects=("spoken consent", "recordings"),
)


async def strip_running_header(parts: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    """Yield the samples of a WAV that comes in pieces.

    Raises ProviderUnavailable for what is no WAV.
    """
    head, source = b"", aiter(parts)
    async for part in source:
        head += part
        place = head.find(_DATA, 12)
        if place >= 0 and len(head) >= place + 8:
            break
        if len(head) > LONGEST_HEADER:
            break

    place = head.find(_DATA, 12)
    if (head[:4], head[8:12]) != (b"RIFF", b"WAVE") or place < 0:
        raise ProviderUnavailable("The provider's answer is not the audio that was asked for.")

    yield head[place + 8 :]
    async for part in source:
        yield part


def _build_recording(number: int, recording: ReferenceRecording) -> MultipartBody:
    """Return the form of one recording. Its name says nothing of the person."""
    data = encoding.encode_sound(recording.sound, Output(codec="wav"))
    file = FilePart(form_field="file", name="recording.wav", media_type="audio/wav", data=data)
    fields = (
        ("name", f"recording {number + 1}"),
        ("text", recording.transcript or ""),
        ("emotion", "neutral"),
        ("is_active", "true"),
        ("fill", "false"),
    )
    return MultipartBody(fields=fields, files=(file,))


def _build_resemble_speech(voice: ProviderVoice, line: SpeechLine) -> dict[str, Any]:
    return {
        "voice_uuid": _require_voice_id(voice),
        "data": line.text,
        "precision": "PCM_16",
        "sample_rate": RATE,
    }


def _require_success(found: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an answer that says that it went well. Raises ProviderRefused for any other."""
    if found.get("success") is not True:
        raise ProviderRefused("The provider refused the request.")

    return found


def _require_voice_id(voice: ProviderVoice) -> str:
    if voice.remote_id is None:
        raise ProviderRefused("This voice has no id at the provider.")

    return voice.remote_id
