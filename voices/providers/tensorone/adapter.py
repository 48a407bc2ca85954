"""The adapter of TensorOne's voices and speech (API v2 of 2026).

A clone is trained for some minutes and kept for 90 days. Speech comes as the address of a file,
which is fetched here and never handed on. No error is documented, so whatever is not as the
documents say is one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final

from core import ids
from core.clock import parse_rfc3339
from core.errors import Fault, SaysoError
from upstream.upstream_errors import ProviderRefused, ProviderUnavailable
from upstream.upstream_request import JsonBody
from voices.providers.adapter_kinds import AdapterKind, ConnectedAccount
from voices.providers.answer_reading import parse_answer, require_objects, require_text
from voices.providers.base import (
    Capabilities,
    Clone,
    EncodedAudio,
    ProviderVoice,
    RemoteVoice,
    SpeechLine,
    TrainingProgress,
    TrainingState,
    UnsupportedField,
)
from voices.providers.provider_connection import ProviderConnection
from voices.providers.tensorone.clone_body import build_clone_body

BASE: Final = "https://api.tensorone.ai/v2/ai"
AUDIO_ORIGIN: Final = "https://voices.tensorone.ai"
"""Where the provider's own documents say that speech is fetched."""
RATE: Final = 44_100
MOST_CHARACTERS: Final = 5_000
KEPT_FOR: Final = timedelta(days=90)
LANGUAGES: Final = frozenset({"en", "es", "fr", "de", "it", "pt", "ja", "ko", "zh"})
EMOTIONS: Final = frozenset({"neutral", "happy", "sad", "angry", "excited", "calm"})
_VOICES: Final = "voice-cloning"
_GONE: Final = frozenset({404})
_STATES: Final[Mapping[str, TrainingState]] = {
    "processing": TrainingState.TRAINING,
    "completed": TrainingState.READY,
    "failed": TrainingState.FAILED,
}


class TensorOne:
    """Speaks to TensorOne for one account.

    An account at another address than the provider's own says in `audio_origins` where its speech
    is fetched.
    """

    def __init__(self, account: ConnectedAccount) -> None:
        key = account.credentials["api_key"]
        self._connection = ProviderConnection(
            account=account, headers={"Authorization": f"Bearer {key}"}
        )
        own = (AUDIO_ORIGIN,) if account.base_url == BASE else ()
        self._origins = account.audio_origins or own

    def capabilities(self) -> Capabilities:
        """Return what the documents say. A call names no language there."""
        return Capabilities(
            languages=LANGUAGES,
            emotions=EMOTIONS,
            denoise=True,
            trains=True,
            most_characters=MOST_CHARACTERS,
        )

    def clone(self, order: Clone) -> ProviderVoice:
        """Have a voice trained from all recordings.

        Raises UnsupportedField for a language that is not trained, ProviderRefused when the
        provider failed at once. What it made then is deleted.
        """
        language = _require_language(order.language)
        body = JsonBody(build_clone_body(order, language))
        made = parse_answer(self._connection.call("POST", _VOICES, body=body).body)
        voice_id = require_text(made, "voiceId")
        try:
            progress = _read_progress(made, voice_id)
            if progress.expires_at is None:
                raise ProviderUnavailable("The provider does not say when it made the voice.")
            if progress.state is TrainingState.FAILED:
                raise ProviderRefused("The provider did not make a voice of the recordings.")
        except SaysoError:
            # What could not be deleted now is found in the list by its name.
            with suppress(SaysoError):
                self.delete(ProviderVoice(remote_id=voice_id))
            raise

        is_ready = progress.state is TrainingState.READY
        return ProviderVoice(remote_id=voice_id, is_ready=is_ready, expires_at=progress.expires_at)

    def speak(self, voice: ProviderVoice, line: SpeechLine) -> EncodedAudio:
        """Speak one text as a WAV, and fetch it from the address in the answer.

        Raises UnsupportedField, ProviderAddressRefused for an address elsewhere.
        """
        _require_language(line.language)
        voice_id = _require_voice_id(voice)
        body = {
            "text": line.text,
            "speed": line.prosody.speed,
            "pitch": line.prosody.pitch_semitones,
            "emotion": line.prosody.emotion or "neutral",
            "outputFormat": "wav",
            "sampleRate": RATE,
        }
        answer = self._connection.call("POST", _VOICES, voice_id, "speak", body=JsonBody(body))
        told = parse_answer(answer.body)
        if (require_text(told, "voiceId"), require_text(told, "format")) != (voice_id, "wav"):
            raise ProviderUnavailable("The provider spoke with another voice, or in no WAV.")

        url = require_text(told, "audioUrl")
        data = self._connection.fetch_audio(url, origins=self._origins).body
        if (data[:4], data[8:12]) != (b"RIFF", b"WAVE"):
            raise ProviderUnavailable("The provider's file is not the WAV that was asked for.")

        return EncodedAudio(data=data)

    def delete(self, voice: ProviderVoice) -> None:
        """Delete the voice. A voice that does not exist counts as deleted."""
        if voice.remote_id is not None:
            self._connection.call("DELETE", _VOICES, voice.remote_id, taken=_GONE)

    def get_progress(self, voice: ProviderVoice) -> TrainingProgress:
        """Return how far the training is, or `missing` for a voice that does not exist."""
        voice_id = _require_voice_id(voice)
        answer = self._connection.call("GET", _VOICES, voice_id, "status", taken=_GONE)
        if answer.status in _GONE:
            return TrainingProgress(state=TrainingState.MISSING)

        return _read_progress(parse_answer(answer.body), voice_id)

    def list_voices(self) -> Iterator[RemoteVoice]:
        """Yield all voices of the account. The documents know one page alone."""
        page = parse_answer(self._connection.call("GET", _VOICES, "voices").body)
        for row in require_objects(page, "voices"):
            name = str(row.get("voiceName") or "")
            yield RemoteVoice(
                remote_id=require_text(row, "voiceId"),
                reference=name if ids.is_id(name, "vox") else None,
            )


TENSORONE: Final = AdapterKind(name="tensorone", connect=TensorOne, base_url=BASE)


def _read_progress(told: Mapping[str, Any], voice_id: str) -> TrainingProgress:
    """Return what an answer says of the voice `voice_id`. Raises ProviderUnavailable."""
    state = _STATES.get(require_text(told, "status"))
    if state is None or require_text(told, "voiceId") != voice_id:
        raise ProviderUnavailable("The provider names a state or a voice that is not known.")

    return TrainingProgress(
        state=state, percent=_read_percent(told), expires_at=_compute_expiry(told)
    )


def _read_percent(told: Mapping[str, Any]) -> float | None:
    """Return how much of the training is done, None where nothing is said."""
    progress = told.get("trainingProgress")
    if progress is None:
        return None

    percent = progress.get("percentComplete") if isinstance(progress, Mapping) else None
    if isinstance(percent, int | float) and not isinstance(percent, bool) and 0 <= percent <= 100:
        return float(percent)

    raise ProviderUnavailable("The provider names a progress that is no share of a hundred.")


def _compute_expiry(told: Mapping[str, Any]) -> datetime | None:
    """Return when the provider deletes the voice, None where it does not say when it made it."""
    made_at = told.get("createdAt")
    if made_at is None:
        return None

    try:
        return parse_rfc3339(str(made_at)) + KEPT_FOR
    except (ValueError, OverflowError):
        raise ProviderUnavailable("The provider names a time that is none.") from None


def _require_language(tag: str) -> str:
    """Return the provider's code of a language. Raises UnsupportedField."""
    code = tag.partition("-")[0]
    if code not in LANGUAGES:
        detail = f"This provider knows these languages: {', '.join(sorted(LANGUAGES))}."
        fault = Fault(code=UnsupportedField.code, detail=detail, attr="language")
        raise UnsupportedField(detail, faults=(fault,))

    return code


def _require_voice_id(voice: ProviderVoice) -> str:
    if voice.remote_id is None:
        raise ProviderRefused("This voice has no id at the provider.")

    return voice.remote_id
