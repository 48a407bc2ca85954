"""The adapter of ElevenLabs' instant clones and speech (API of 2026).

A clone is made in one call and is ready at once, unless the provider wants it verified. Speech
comes as bare PCM, whole or as it is made.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, Final

from audio.sound import Sound
from core import ids
from core.errors import SaysoError
from upstream.exchange import ProviderAnswer
from upstream.upstream_errors import ProviderRefused
from upstream.upstream_request import FilePart, JsonBody, MultipartBody
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
from voices.providers.held_stream import cut_held_stream
from voices.providers.list_pages import ListPages
from voices.providers.option_rules import OptionRule
from voices.providers.pcm_answers import guard_answer, read_pcm_answer
from voices.providers.provider_connection import ProviderConnection

RATE: Final = 24_000
MODEL: Final = "eleven_flash_v2_5"
"""Speaks the language that it is told, while the usual model guesses it from the text."""
MOST_CHARACTERS: Final = 5_000
_PAGE: Final = "100"
_PERHAPS_GONE: Final = frozenset({400, 404})
_GONE_WORDS: Final = frozenset({"voice_not_found", "voice_does_not_exist"})
_FORMAT: Final = {"output_format": f"pcm_{RATE}"}
_SETTINGS: Final = ("stability", "similarity_boost", "style", "use_speaker_boost")
_BODY: Final = ("seed", "apply_text_normalization", "apply_language_text_normalization")
_QUERY: Final = ("enable_logging", "optimize_streaming_latency")
_SHARE: Final = OptionRule(kind="number", least=0, most=1)
OPTIONS: Final[Mapping[str, OptionRule]] = {
    "model_id": OptionRule(kind="text", most=100),
    "stability": _SHARE,
    "similarity_boost": _SHARE,
    "style": _SHARE,
    "use_speaker_boost": OptionRule(kind="flag"),
    "seed": OptionRule(kind="whole", least=0, most=2**32 - 1),
    "apply_text_normalization": OptionRule(kind="text", choices=frozenset({"auto", "on", "off"})),
    "apply_language_text_normalization": OptionRule(kind="flag"),
    "enable_logging": OptionRule(kind="flag"),
    "optimize_streaming_latency": OptionRule(kind="whole", least=0, most=4),
}


class ElevenLabs:
    """Speaks to ElevenLabs for one account."""

    def __init__(self, account: ConnectedAccount) -> None:
        self._connection = ProviderConnection(
            account=account, headers={"xi-api-key": account.credentials["api_key"]}
        )

    def capabilities(self) -> Capabilities:
        """Return what the documents say. Which languages there are depends on the model."""
        return Capabilities(
            languages=None,
            speed=(0.7, 1.2),
            pitch_semitones=(0.0, 0.0),
            options=OPTIONS,
            denoise=True,
            most_characters=MOST_CHARACTERS,
        )

    def clone(self, order: Clone) -> ProviderVoice:
        """Create a voice from all recordings in one call.

        Raises ProviderRefused when the provider wants the voice verified, which is deleted then.
        """
        body = MultipartBody(
            fields=(
                ("name", order.reference),
                ("remove_background_noise", "true" if order.denoise else "false"),
            ),
            files=tuple(
                FilePart(
                    form_field="files",
                    name=f"recording-{number}",
                    media_type="application/octet-stream",
                    data=recording.data,
                )
                for number, recording in enumerate(order.recordings, 1)
            ),
        )
        made = parse_answer(self._connection.call("POST", "v1", "voices", "add", body=body).body)
        voice = ProviderVoice(remote_id=require_text(made, "voice_id"))
        if made.get("requires_verification"):
            # What could not be deleted now is found in the list by its name.
            with suppress(SaysoError):
                self.delete(voice)
            raise ProviderRefused("The provider wants this voice verified before it may speak.")

        return voice

    def speak(self, voice: ProviderVoice, line: SpeechLine) -> Sound:
        """Speak one text."""
        answer = self._connection.call(
            "POST", "v1", "text-to-speech", _require_id(voice),
            body=JsonBody(_build_body(line)), query=_build_query(line),
        )  # fmt: skip
        return read_pcm_answer(answer.body, answer.headers, rate=RATE)

    def stream(self, voice: ProviderVoice, line: SpeechLine) -> Pieces:
        """Speak one text piece by piece."""
        held = self._connection.open_stream(
            "POST", "v1", "text-to-speech", _require_id(voice), "stream",
            body=JsonBody(_build_body(line)), query=_build_query(line),
        )  # fmt: skip
        return cut_held_stream(held, guard_answer, rate=RATE, text_length=len(line.text))

    def delete(self, voice: ProviderVoice) -> None:
        """Delete the voice. A voice that does not exist counts as deleted."""
        if voice.remote_id is None:
            return

        answer = self._connection.call(
            "DELETE", "v1", "voices", voice.remote_id, taken=_PERHAPS_GONE
        )
        _check_gone(answer)

    def get_progress(self, voice: ProviderVoice) -> TrainingProgress:
        """Return `ready`, or `missing` for a voice that does not exist."""
        answer = self._connection.call(
            "GET", "v1", "voices", _require_id(voice), taken=_PERHAPS_GONE
        )
        gone = _check_gone(answer)
        return TrainingProgress(state=TrainingState.MISSING if gone else TrainingState.READY)

    def list_voices(self) -> Iterator[RemoteVoice]:
        """Yield all voices of the account. Raises ProviderUnavailable for a list without end."""
        token, pages = "", ListPages()
        while True:
            query = {"page_size": _PAGE} | ({"next_page_token": token} if token else {})
            page = parse_answer(self._connection.call("GET", "v2", "voices", query=query).body)
            for row in require_objects(page, "voices"):
                yield RemoteVoice(
                    remote_id=require_text(row, "voice_id"), reference=_find_reference(row)
                )

            token = str(page.get("next_page_token") or "") if page.get("has_more") else ""
            if not token:
                return
            pages.note(token)


ELEVENLABS: Final = AdapterKind(
    name="elevenlabs",
    connect=ElevenLabs,
    base_url="https://api.elevenlabs.io",
    kept_objects=("recordings",),
)


def _build_body(line: SpeechLine) -> dict[str, Any]:
    model = str(line.options.get("model_id") or MODEL)
    settings = {name: line.options[name] for name in _SETTINGS if name in line.options}
    if line.prosody.speed != 1.0:
        settings["speed"] = line.prosody.speed

    body: dict[str, Any] = {"text": line.text, "model_id": model}
    # The multilingual models take none, and refuse the call that names one.
    if "multilingual" not in model:
        body["language_code"] = line.language.partition("-")[0]
    if settings:
        body["voice_settings"] = settings
    return body | {name: line.options[name] for name in _BODY if name in line.options}


def _build_query(line: SpeechLine) -> dict[str, str]:
    said = {name: line.options[name] for name in _QUERY if name in line.options}
    words = {True: "true", False: "false"}
    return _FORMAT | {
        name: words[value] if isinstance(value, bool) else str(value)
        for name, value in said.items()
    }


def _check_gone(answer: ProviderAnswer) -> bool:
    """Return whether the answer says that there is no such voice.

    Raises ProviderRefused for another refusal: of a missing voice it says 400 and a word, or 404.
    """
    if answer.status not in _PERHAPS_GONE:
        return False
    if answer.status == 400 and _read_word(answer) not in _GONE_WORDS:
        raise ProviderRefused("The provider refused the request.", facts={"provider_status": 400})

    return True


def _read_word(answer: ProviderAnswer) -> str:
    detail = parse_answer(answer.body).get("detail")
    return str(detail.get("status") or "") if isinstance(detail, dict) else ""


def _require_id(voice: ProviderVoice) -> str:
    if voice.remote_id is None:
        raise ProviderRefused("This voice has no id at the provider.")

    return voice.remote_id


def _find_reference(row: Mapping[str, Any]) -> str | None:
    name = str(row.get("name") or "")
    return name if ids.is_id(name, "vox") else None
