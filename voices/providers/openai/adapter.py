"""The adapter of OpenAI's custom voices and speech (SDK openai 3.52.0).

A clone takes two calls: the person's spoken consent is uploaded, and then the voice is made with
its id. Both stay at the provider, and deleting the voice leaves the consent. So a handle holds both
ids.
A voice can be neither listed nor shown: it is gone when a second deletion finds nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final

from audio import encoding
from audio.encoding import Output
from audio.sound import Sound
from core import ids
from core.errors import SaysoError
from upstream.upstream_errors import ProviderRefused, ProviderUnavailable
from upstream.upstream_request import FilePart, JsonBody, MultipartBody
from voices.providers.adapter_kinds import AdapterKind, ConnectedAccount
from voices.providers.answer_reading import parse_answer, require_objects, require_text
from voices.providers.base import (
    Capabilities,
    Clone,
    CopyUnfindable,
    EncodedAudio,
    Pieces,
    ProviderVoice,
    RemoteVoice,
    SpeechLine,
)
from voices.providers.held_stream import cut_held_stream
from voices.providers.list_pages import ListPages
from voices.providers.option_rules import OptionRule
from voices.providers.provider_connection import ProviderConnection

RATE: Final = 24_000
MODEL: Final = "gpt-4o-mini-tts"
MOST_CHARACTERS: Final = 4_096
MOST_FILE_BYTES: Final = 10 * 2**20
OPTIONS: Final = {
    "model": OptionRule(kind="text", most=100),
    "instructions": OptionRule(kind="text", most=4_096),
}
_GONE: Final = frozenset({404})
_WAV: Final = (b"RIFF", b"WAVE")


class OpenAi:
    """Speaks to OpenAI for one account."""

    def __init__(self, account: ConnectedAccount) -> None:
        key = account.credentials["api_key"]
        self._connection = ProviderConnection(
            account=account, headers={"Authorization": f"Bearer {key}"}
        )

    def capabilities(self) -> Capabilities:
        """Return what the documents say. The languages of speech are not listed there."""
        return Capabilities(
            languages=None,
            speed=(0.25, 4.0),
            pitch_semitones=(0.0, 0.0),
            options=OPTIONS,
            needs_statement=True,
            most_recordings=1,
            most_characters=MOST_CHARACTERS,
            lists="traces",
        )

    def clone(self, order: Clone) -> ProviderVoice:
        """Upload the statement, then make the voice.

        A statement whose voice was refused is deleted again. Where it is not known what became of
        the voice, the statement stays as the trace of it.
        """
        if order.statement is None:
            raise ProviderRefused("This provider makes no voice without a spoken statement.")

        consent_id = self._upload_consent(order)
        recording = order.recordings[0]
        form = MultipartBody(
            fields=(("name", order.reference), ("consent", consent_id)),
            files=(_build_file("audio_sample", recording.data, recording.sound),),
        )
        try:
            answer = self._connection.call("POST", "audio", "voices", body=form)
            voice_id = require_text(parse_answer(answer.body), "id")
        except SaysoError as error:
            if _was_answered(error):
                with suppress(SaysoError):
                    self._delete("voice_consents", consent_id)
            raise

        return ProviderVoice(remote_id=f"{voice_id} {consent_id}")

    def speak(self, voice: ProviderVoice, line: SpeechLine) -> Sound | EncodedAudio:
        """Speak one text, as a WAV."""
        body = _build_openai_speech(voice, line, codec="wav")
        answer = self._connection.call("POST", "audio", "speech", body=JsonBody(body))
        return EncodedAudio(data=answer.body)

    def stream(self, voice: ProviderVoice, line: SpeechLine) -> Pieces:
        """Speak one text piece by piece, as bare samples at 24 kHz."""
        body = _build_openai_speech(voice, line, codec="pcm")
        body["stream_format"] = "audio"
        held = self._connection.open_stream("POST", "audio", "speech", body=JsonBody(body))
        return cut_held_stream(held, aiter, rate=RATE, text_length=len(line.text))

    def delete(self, voice: ProviderVoice) -> None:
        """Delete the voice and its consent, and see that neither is there any more.

        Raises ProviderUnavailable for one that is still there, and CopyUnfindable where the id of
        the voice was lost.
        """
        if voice.remote_id is None:
            return

        voice_id, _, consent_id = voice.remote_id.partition(" ")
        if voice_id:
            self._delete("voices", voice_id)
        if consent_id:
            self._delete("voice_consents", consent_id)
        if not voice_id:
            raise CopyUnfindable(
                "The provider may have made this voice, and lists no voices. A person has to look "
                "for it there."
            )

    def list_voices(self) -> Iterator[RemoteVoice]:
        """Yield what the account can list of its voices: their consents, which bear our ids.

        Raises ProviderUnavailable for a list without end.
        """
        after, pages = "", ListPages()
        while True:
            query = {"limit": "100", **({"after": after} if after else {})}
            answer = self._connection.call("GET", "audio", "voice_consents", query=query)
            page = parse_answer(answer.body)
            rows = require_objects(page, "data")
            for row in rows:
                name = str(row.get("name") or "")
                yield RemoteVoice(
                    remote_id=f" {require_text(row, 'id')}",
                    reference=name if ids.is_id(name, "vox") else None,
                )

            if page.get("has_more") is not True or not rows:
                return
            after = require_text(rows[-1], "id")
            pages.note(after)

    def _upload_consent(self, order: Clone) -> str:
        assert order.statement is not None  # noqa: S101 - `clone` has looked
        form = MultipartBody(
            fields=(("name", order.reference), ("language", order.statement.language)),
            files=(_build_file("recording", order.statement.data, order.statement.sound),),
        )
        answer = self._connection.call("POST", "audio", "voice_consents", body=form)
        return require_text(parse_answer(answer.body), "id")

    def _delete(self, kind: str, remote_id: str) -> None:
        """Delete, and once more where something was there: only then does nothing answer."""
        answer = self._connection.call("DELETE", "audio", kind, remote_id, taken=_GONE)
        if answer.status in _GONE:
            return

        again = self._connection.call("DELETE", "audio", kind, remote_id, taken=_GONE)
        if again.status not in _GONE:
            raise ProviderUnavailable("The provider has not deleted the voice yet.")


OPENAI: Final = AdapterKind(
    name="openai",
    connect=OpenAi,
    base_url="https://api.openai.com/v1",
    kept_objects=("spoken consent",),
)


def _was_answered(error: SaysoError) -> bool:
    """Return whether the provider said that it made nothing. A fault of its own says nothing."""
    status = error.facts.get("provider_status")
    return isinstance(status, int) and status < 500


def _build_openai_speech(voice: ProviderVoice, line: SpeechLine, *, codec: str) -> dict[str, Any]:
    voice_id = (voice.remote_id or "").partition(" ")[0]
    if not voice_id:
        raise ProviderRefused("This voice has no id at the provider.")

    return {
        "model": MODEL,
        **line.options,
        "input": line.text,
        "voice": {"id": voice_id},
        "response_format": codec,
        "speed": line.prosody.speed,
    }


def _build_file(form_field: str, data: bytes, sound: Sound) -> FilePart:
    """Return a recording as the provider takes it: a WAV as it came, anything else as a WAV.

    Raises ProviderRefused for one that is too large.
    """
    if (data[:4], data[8:12]) != _WAV or len(data) > MOST_FILE_BYTES:
        data = encoding.encode_sound(sound, Output(codec="wav", sample_rate_hz=RATE))
    if len(data) > MOST_FILE_BYTES:
        raise ProviderRefused("The recording is too long for this provider.")

    return FilePart(form_field=form_field, name="recording.wav", media_type="audio/wav", data=data)
