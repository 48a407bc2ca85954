"""The adapter of all declared engines: what their declaration says, for one account."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from typing import Final

from audio.sound import Sound
from upstream import upstream_client
from upstream.exchange import AsyncUpstreamStream
from upstream.upstream_errors import ProviderRefused
from upstream.upstream_request import JsonBody
from voices.providers.adapter_kinds import ConnectedAccount
from voices.providers.answer_reading import parse_any_answer, require_text
from voices.providers.base import (
    AudioChunk,
    Capabilities,
    Clone,
    DeletionUnconfirmed,
    EncodedAudio,
    Listed,
    Pieces,
    ProviderVoice,
    RemoteVoice,
    RemovalByHand,
    SpeechLine,
    TrainingProgress,
    TrainingState,
)
from voices.providers.declared import answer_kinds, call_bodies
from voices.providers.declared.declarations import (
    EngineDeclaration,
    InlineReference,
    SpeechCall,
    VoiceUpload,
)
from voices.providers.declared.engine_voices import EngineVoices
from voices.providers.declared.inline_references import StoredReference, open_reference
from voices.providers.held_stream import Held
from voices.providers.pcm_chunks import cut_pcm
from voices.providers.provider_connection import ProviderConnection

_GONE: Final = frozenset({404})


class DeclaredEngine:
    """Speaks to one engine as its declaration says.

    A voice's name there is our id of it, or the id that the engine gave. Nothing that a caller says
    becomes a name, so no voice is overwritten and no file is named.
    """

    def __init__(
        self,
        declaration: EngineDeclaration,
        account: ConnectedAccount,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """`headers` carry the key. Without any it is sent as a bearer, where there is one."""
        self.declaration = declaration
        if headers is None:
            key = account.credentials.get("api_key")
            headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._connection = ProviderConnection(
            account=account,
            is_self_hosted=declaration.is_self_hosted,
            headers={**declaration.headers, **headers},
        )
        self._voices = EngineVoices(declaration, self._connection)

    def capabilities(self) -> Capabilities:
        """Return what the declaration says of texts and recordings."""
        declared, adding = self.declaration, self.declaration.adding
        closed = bool(declared.languages) and not declared.other_language
        return Capabilities(
            languages=(
                frozenset(tag.partition("-")[0] for tag in declared.languages) if closed else None
            ),
            speed=declared.speed,
            pitch_semitones=(0.0, 0.0),
            most_characters=declared.most_characters,
            clones=adding is not None,
            most_recordings=1,
            needs_transcripts=adding is not None and adding.limits.needs_transcript,
            lists=_name_listing(declared),
        )

    def clone(self, order: Clone) -> ProviderVoice:
        """Add the voice by its one recording, or keep the recording where the engine keeps none.

        Raises UnsupportedField for a recording that the engine does not take.
        """
        adding = self.declaration.adding
        if adding is None:
            raise ProviderRefused("This engine has preset voices alone.")

        recording = order.recordings[0]
        wav = call_bodies.write_recording(recording, adding.limits)
        if isinstance(adding, InlineReference):
            kept = StoredReference(wav=wav, transcript=recording.transcript or "")
            return ProviderVoice(profile=kept.to_profile())

        return ProviderVoice(remote_id=self._upload(adding, order, wav))

    def speak(self, voice: ProviderVoice, line: SpeechLine) -> Sound | EncodedAudio:
        """Speak one text.

        Raises ProviderRefused for a voice that is not at the engine, UnsupportedField.
        """
        call = self.declaration.speech
        held = self._hold_speech(call, voice, line)
        data = upstream_client.wait_for(self._read_speech(call, held))
        if call.answer.kind in {"pcm", "sse"}:
            return answer_kinds.read_whole_pcm(data, self._read_rate(call))
        if call.answer.kind == "url":
            return self._fetch_audio(answer_kinds.read_audio_url(call.answer, data))

        return answer_kinds.read_whole_file(call.answer, data)

    def delete(self, voice: ProviderVoice) -> None:
        """Remove the voice. A voice that does not exist counts as removed.

        Raises DeletionUnconfirmed while the engine still has it, where only its operator can remove
        it, or where nothing but a second removal says that it is gone.
        """
        if voice.remote_id is None:
            return

        name, removal = self._require_name(voice), self.declaration.removal
        if removal is None:
            if self.declaration.listing is None or self._voices.is_listed(name):
                raise RemovalByHand(
                    f"The engine has no call that removes a voice. Its operator removes {name!r}."
                )
            return

        for _ in range(1 if self.declaration.listing else 2):
            answer = self._connection.call(
                "DELETE",
                *call_bodies.fill_path(removal.path, name),
                body=JsonBody({removal.body_field: name}) if removal.body_field else None,
                taken=_GONE,
            )
            if answer.status in _GONE:
                return

        if self.declaration.listing is None:
            raise DeletionUnconfirmed("The engine took the removal and has not confirmed it.")

    def _read_rate(self, call: SpeechCall) -> int:
        return answer_kinds.read_rate(call.answer, self._connection.account.settings)

    def _upload(self, upload: VoiceUpload, order: Clone, wav: bytes) -> str:
        """Add a voice and return its name at the engine. One of an earlier try is found again."""
        if upload.id_path and (found := self._voices.find_ours(order.reference)) is not None:
            return found

        body = call_bodies.build_upload_body(self.declaration, upload, order, wav)
        answer = self._connection.call("POST", *upload.path, body=body, taken=upload.there)
        name = order.reference + upload.suffix
        if upload.id_path:
            name = require_text(parse_any_answer(answer.body), *upload.id_path)
        if not self.declaration.voice_pattern.fullmatch(name):
            raise ProviderRefused("The engine names the voice in a way that is not used.")
        if upload.suffix and not self._voices.is_listed(name):
            raise ProviderRefused("The engine did not take the recording.")

        return name

    def _hold_speech(self, call: SpeechCall, voice: ProviderVoice, line: SpeechLine) -> Held:
        """Return the call that sends a text, once the engine was asked for the voice."""
        reference, name = None, ""
        if isinstance(self.declaration.adding, InlineReference):
            reference = open_reference(voice)
        else:
            name = self._require_name(voice)
            call_bodies.check_line(self.declaration, call, line)
            self._check_voice(name, line)

        body = call_bodies.build_speech_body(
            self.declaration,
            call,
            line,
            voice=name,
            reference=reference,
            model=str(self._connection.account.settings.get("model") or ""),
        )
        return self._connection.open_stream(
            "POST", *call.path, body=body, has_final_slash=call.has_final_slash
        )

    def _check_voice(self, name: str, line: SpeechLine) -> None:
        """Ask for the voice first, where the engine would speak with another one in its place.

        Raises ProviderRefused for one that is not there, UnsupportedField for another language than
        the voice was added with, where the engine takes none with a text.
        """
        lookup = self.declaration.lookup
        if not self.declaration.asks_first:
            return
        if lookup is None:
            if not self._voices.is_listed(name):
                raise ProviderRefused("This voice is not at the engine.")
            return

        answer = self._connection.call(
            "GET", *call_bodies.fill_path(lookup.path, name), taken=_GONE
        )
        if answer.status in _GONE:
            raise ProviderRefused("This voice is not at the engine.")
        if lookup.language:
            spoken = require_text(parse_any_answer(answer.body), *lookup.language)
            if spoken != call_bodies.choose_language_word(self.declaration, line.language):
                raise call_bodies.refuse_field(
                    "language", "At this engine a voice speaks the language of its clone alone."
                )

    async def _read_speech(self, call: SpeechCall, held: Held) -> bytes:
        """Return the whole answer, or its samples where it is headerless sound or events."""
        async with held as stream:
            answer_kinds.check_media_type(call.answer, stream.headers)
            parts = aiter(stream)
            if call.answer.kind in {"pcm", "sse"}:
                parts = self._read_samples(call, stream)
            return b"".join([part async for part in parts])

    def _read_samples(self, call: SpeechCall, stream: AsyncUpstreamStream) -> AsyncIterator[bytes]:
        parts = aiter(stream)
        if call.answer.kind == "sse":
            parts = answer_kinds.read_events(call.answer, stream)
        return answer_kinds.convert_samples(call.answer, parts)

    def _fetch_audio(self, url: str) -> EncodedAudio:
        """Fetch a file below the account's `audio_origins`, without any credential."""
        origins = self._connection.account.audio_origins
        answer = self._connection.fetch_audio(url, origins=origins)
        return EncodedAudio(data=answer.body)

    def _require_name(self, voice: ProviderVoice) -> str:
        name = voice.remote_id
        if name is None or not self.declaration.voice_pattern.fullmatch(name):
            raise ProviderRefused("This voice has no name at the engine.")

        return name


class ListingEngine(DeclaredEngine):
    """An engine that lists its voices, by which a deletion is confirmed."""

    def list_voices(self) -> Iterator[RemoteVoice]:
        """Yield all voices that could be ours."""
        return self._voices.walk()

    def get_progress(self, voice: ProviderVoice) -> TrainingProgress:
        """Return `ready`, or `missing` for a voice that is not listed."""
        there = self._voices.is_listed(self._require_name(voice))
        return TrainingProgress(state=TrainingState.READY if there else TrainingState.MISSING)


class StreamingEngine(DeclaredEngine):
    """An engine that sends the beginning of a text before its end."""

    def stream(self, voice: ProviderVoice, line: SpeechLine) -> Pieces:
        """Speak one text piece by piece. The engine is asked for the voice at once."""
        call = self.declaration.stream
        assert call is not None  # noqa: S101  # by `connect_engine`
        return self._read_pieces(call, self._hold_speech(call, voice, line), len(line.text))

    async def _read_pieces(
        self, call: SpeechCall, held: Held, text_length: int
    ) -> AsyncGenerator[AudioChunk, None]:
        async with held as stream:
            answer_kinds.check_media_type(call.answer, stream.headers)
            if call.answer.kind == "file":
                rate, samples = await answer_kinds.open_wav_stream(stream)
            else:
                rate, samples = self._read_rate(call), self._read_samples(call, stream)

            async for piece in cut_pcm(samples, rate=rate, text_length=text_length):
                yield piece


class StreamingListingEngine(StreamingEngine, ListingEngine):
    """An engine that does both."""


def _name_listing(declared: EngineDeclaration) -> Listed:
    """Return what the engine's list shows of the voices that it keeps."""
    if not isinstance(declared.adding, VoiceUpload):
        return "keeps_nothing"

    return "voices" if declared.listing is not None else "nothing"
