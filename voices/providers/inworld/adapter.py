"""The adapter of Inworld's voices and speech (API of 2026).

A clone is made in one call and is ready at once. Speech comes as base64 in JSON, a stream as a line
of JSON a piece.
"""

from __future__ import annotations

import base64
from collections.abc import AsyncIterable, AsyncIterator, Iterator, Mapping
from typing import Any, Final

from audio.sound import Sound
from core import ids
from core.errors import Fault
from upstream.upstream_errors import ProviderRefused
from upstream.upstream_request import JsonBody
from voices.providers.adapter_kinds import AdapterKind, ConnectedAccount
from voices.providers.answer_reading import (
    parse_answer,
    require_base64,
    require_objects,
    require_text,
    split_lines,
)
from voices.providers.base import (
    Capabilities,
    Clone,
    EncodedAudio,
    Pieces,
    ProviderVoice,
    RemoteVoice,
    SpeechLine,
    TrainingProgress,
    TrainingState,
    UnsupportedField,
)
from voices.providers.held_stream import cut_held_stream
from voices.providers.list_pages import ListPages
from voices.providers.option_rules import OptionRule
from voices.providers.pcm_chunks import strip_wav_header
from voices.providers.provider_connection import ProviderConnection

RATE: Final = 48_000
MODEL: Final = "inworld-tts-2"
MOST_CHARACTERS: Final = 2_000
_GONE: Final = frozenset({404})
_CLONE_LANGUAGES: Final[Mapping[str, str]] = {
    "en": "EN_US", "zh": "ZH_CN", "ko": "KO_KR", "ja": "JA_JP", "ru": "RU_RU", "it": "IT_IT",
    "es": "ES_ES", "pt": "PT_BR", "de": "DE_DE", "fr": "FR_FR", "ar": "AR_SA", "pl": "PL_PL",
    "nl": "NL_NL", "hi": "HI_IN", "he": "HE_IL",
}  # fmt: skip
OPTIONS: Final[Mapping[str, OptionRule]] = {
    "modelId": OptionRule(kind="text", most=100),
    "temperature": OptionRule(kind="number", least=0, most=2),
    "deliveryMode": OptionRule(
        kind="text", choices=frozenset({"STABLE", "BALANCED", "CREATIVE", "EXPRESSIVE"})
    ),
    "applyTextNormalization": OptionRule(kind="text", choices=frozenset({"ON", "OFF"})),
}


class Inworld:
    """Speaks to Inworld for one account."""

    def __init__(self, account: ConnectedAccount) -> None:
        # The key is base64 of key and secret already, as the provider hands it out.
        key = account.credentials["api_key"]
        self._connection = ProviderConnection(
            account=account, headers={"Authorization": f"Basic {key}"}
        )

    def capabilities(self) -> Capabilities:
        """Return what the documents say. The languages of speech are not listed there."""
        return Capabilities(
            languages=None,
            speed=(0.5, 1.5),
            pitch_semitones=(0.0, 0.0),
            options=OPTIONS,
            denoise=True,
            most_characters=MOST_CHARACTERS,
        )

    def clone(self, order: Clone) -> ProviderVoice:
        """Create a voice from all recordings in one call.

        Raises UnsupportedField for a language that no clone has.
        """
        body = {
            "displayName": order.reference,
            "langCode": _name_clone_language(order.language),
            "voiceSamples": [
                {
                    "audioData": base64.b64encode(recording.data).decode("ascii"),
                    **({"transcription": recording.transcript} if recording.transcript else {}),
                }
                for recording in order.recordings
            ],
            "tags": [order.reference],
            "audioProcessingConfig": {"removeBackgroundNoise": order.denoise},
        }
        answer = self._connection.call("POST", "voices", "v1", "voices:clone", body=JsonBody(body))
        return ProviderVoice(remote_id=require_text(parse_answer(answer.body), "voice", "voiceId"))

    def speak(self, voice: ProviderVoice, line: SpeechLine) -> Sound | EncodedAudio:
        """Speak one text, as a WAV."""
        body = _build_speech_body(voice, line, encoding="WAV")
        answer = self._connection.call("POST", "tts", "v1", "voice", body=JsonBody(body))
        return EncodedAudio(data=require_base64(parse_answer(answer.body), "audioContent"))

    def stream(self, voice: ProviderVoice, line: SpeechLine) -> Pieces:
        """Speak one text piece by piece."""
        body = _build_speech_body(voice, line, encoding="LINEAR16")
        held = self._connection.open_stream(
            "POST", "tts", "v1", "voice:stream", body=JsonBody(body)
        )
        return cut_held_stream(held, _read_lines, rate=RATE, text_length=len(line.text))

    def delete(self, voice: ProviderVoice) -> None:
        """Delete the voice. A voice that does not exist counts as deleted."""
        if voice.remote_id is not None:
            self._connection.call("DELETE", "voices", "v1", "voices", voice.remote_id, taken=_GONE)

    def get_progress(self, voice: ProviderVoice) -> TrainingProgress:
        """Return `ready`, or `missing` for a voice that does not exist."""
        answer = self._connection.call(
            "GET", "voices", "v1", "voices", _require_id(voice), taken=_GONE
        )
        gone = answer.status in _GONE
        return TrainingProgress(state=TrainingState.MISSING if gone else TrainingState.READY)

    def list_voices(self) -> Iterator[RemoteVoice]:
        """Yield all voices of the account. Raises ProviderUnavailable for a list without end."""
        token, pages = "", ListPages()
        while True:
            answer = self._connection.call(
                "GET", "voices", "v1", "voices", query={"pageToken": token} if token else None
            )
            page = parse_answer(answer.body)
            for row in require_objects(page, "voices"):
                yield RemoteVoice(remote_id=require_text(row, "voiceId"), reference=_find_ours(row))

            token = str(page.get("nextPageToken") or "")
            if not token:
                return
            pages.note(token)


INWORLD: Final = AdapterKind(name="inworld", connect=Inworld, base_url="https://api.inworld.ai")


async def _read_lines(parts: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    async for text in split_lines(parts):
        found = parse_answer(text)
        if "error" in found:
            raise ProviderRefused("The provider broke the text off.")
        yield strip_wav_header(require_base64(found, "result", "audioContent"))


def _build_speech_body(voice: ProviderVoice, line: SpeechLine, *, encoding: str) -> dict[str, Any]:
    return {
        "modelId": MODEL,
        **line.options,
        "text": line.text,
        "voiceId": _require_id(voice),
        "language": line.language.partition("-")[0],
        "audioConfig": {
            "audioEncoding": encoding,
            "sampleRateHertz": RATE,
            "speakingRate": line.prosody.speed,
        },
    }


def _name_clone_language(tag: str) -> str:
    name = _CLONE_LANGUAGES.get(tag.partition("-")[0])
    if name is None:
        detail = "This provider clones voices in these languages: "
        detail += f"{', '.join(sorted(_CLONE_LANGUAGES))}."
        fault = Fault(code=UnsupportedField.code, detail=detail, attr="language")
        raise UnsupportedField(detail, faults=(fault,))

    return name


def _require_id(voice: ProviderVoice) -> str:
    if voice.remote_id is None:
        raise ProviderRefused("This voice has no id at the provider.")

    return voice.remote_id


def _find_ours(row: Mapping[str, Any]) -> str | None:
    name = str(row.get("displayName") or "")
    return name if ids.is_id(name, "vox") else None
