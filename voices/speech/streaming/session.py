"""One running stream: the steps of the pipeline, spread over the time that its bytes leave.

Bytes leave before the delivering transaction. So the permit is confirmed before the first of them,
monitored while they leave, and confirmed once more with the quota, the hash and the log entry. Only
then does the answer end like a whole one. Of a stream that breaks off, what had left is hashed,
charged and logged, and the clip is aborted. Each piece is noted in the database before it leaves,
so that the sweep can do the same for a process that died.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from functools import partial
from typing import cast

from django.db import transaction

from accounts.principal import Principal
from audio import encoding
from audio.stream_encoder import STREAMED
from consent import gate
from core import lease_renewal, streaming_response
from core.clock import Clock
from core.errors import Fault, SaysoError
from provenance.clips import stream_progress
from provenance.clips.clip_fields import ClipDelivery
from provenance.clips.log_body import PartialDelivery
from voices.models import Voice
from voices.providers import voice_handles
from voices.providers.base import Provider, Streaming, UnsupportedField
from voices.speech import clip_delivery, copy_names, line_padding, speaker_check
from voices.speech.preparation import PreparedSpeech, prepare_speech, share_token
from voices.speech.rendering import render_sent_stream
from voices.speech.speaker_check import StreamWatch
from voices.speech.streaming.concurrency import START_GATE, STREAM_SLOTS
from voices.speech.streaming.deadline_scheduler import get_scheduler, run_with_rows
from voices.speech.streaming.marked_encoder import Chunk, MarkedEncoder
from voices.speech.streaming.permit_monitor import MonitoredPermit, get_permit_monitor
from voices.speech.streaming.piece_source import PieceSource
from voices.speech.streaming.sent_bound import SentBound
from voices.synthesis_requests import Providers, SpeechRequest

logger = logging.getLogger(__name__)


def require_stream_slot(request: SpeechRequest, provider: Provider) -> streaming_response.Slot:
    """Return the slot in which the stream is left for the ASGI edge.

    Raises UnsupportedField unless the server and the engine can send audio in pieces and the codec
    can be streamed.
    """
    slot = streaming_response.slot.get()
    if slot is None:
        raise _unsupported_field("delivery.mode", "This server cannot stream. Use sync or job.")
    if not isinstance(provider, Streaming):
        raise _unsupported_field("delivery.mode", "This engine cannot stream. Use sync or job.")
    if request.output.codec not in STREAMED:
        raise _unsupported_field("output.codec", f"A stream comes as {', '.join(STREAMED)}.")

    return slot


def begin_stream(
    request: SpeechRequest,
    voice: Voice,
    *,
    principal: Principal,
    now: Clock,
    providers: Providers,
) -> StreamSession:
    """Ask the gate, reserve the clip, and return the stream, of which nothing is made yet.

    Raises StreamsBusy, and what `pipeline.synthesize_clip` raises before it asks the provider.
    """
    STREAM_SLOTS.take(principal.organisation_id)
    leave = START_GATE.acquire()
    try:
        prepared = prepare_speech(request, voice, principal=principal, now=now)
        prepared, source, encoder = _ask_provider(prepared, now=now, providers=providers)
        return StreamSession(prepared, source, encoder, now=now, on_started=leave)
    except BaseException:
        leave()
        STREAM_SLOTS.free(principal.organisation_id)
        raise


def _ask_provider(
    prepared: PreparedSpeech, *, now: Clock, providers: Providers
) -> tuple[PreparedSpeech, PieceSource, MarkedEncoder]:
    """Share the token of copies, and say what the provider is asked. An error aborts the clip."""
    voice = prepared.voice
    try:
        # A stream leaves before its samples are known, so its words alone name the sound.
        names = copy_names.names_of_stream(prepared.line, voice)
        prepared = share_token(prepared, names, at=now())

        provider = cast("Streaming", providers(voice.provider, voice))
        source = PieceSource(provider.stream(voice_handles.open_handle(voice), prepared.line))
        speaker = speaker_check.load_speaker_check(voice, prepared.line.language)
        encoder = MarkedEncoder(
            prepared.reservation,
            prepared.request.output,
            allow=prepared.allow_unmarked,
            lengthen=line_padding.load_lengthening(prepared.request, voice),
            label=prepared.aigc_label,
            check=StreamWatch(speaker).take_piece,
        )
    except BaseException as error:
        clip_delivery.abort_speech(prepared, error, at=now())
        raise

    return prepared, source, encoder


class StreamSession:
    """A running stream, as the ASGI edge carries it out.

    Its methods run in the event loop and hold no thread there.
    """

    def __init__(
        self,
        prepared: PreparedSpeech,
        source: PieceSource,
        encoder: MarkedEncoder,
        *,
        now: Clock,
        on_started: Callable[[], None] = lambda: None,
    ) -> None:
        """Take over `prepared`, the `source` of the provider's sound and its `encoder`.

        `on_started` is called when the first bytes are made, or when the stream ends without any.
        It may be called more than once.
        """
        self.prepared = prepared
        self._now = now
        self._on_started = on_started
        self._source, self._encoder = source, encoder
        self._sent = bytearray()
        self._bound = SentBound(
            codec=prepared.request.output.codec,
            rate=self._encoder.rate,
            text_length=len(prepared.request.text),
        )
        self._renewal = lease_renewal.begin_renewal(prepared.reservation.rows, now=now)
        self._characters = 0
        self._silent_at = 0.0
        self._started_at: float | None = None
        self._monitored: asyncio.Future[MonitoredPermit] | None = None

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Yield marked bytes. Raises what the provider raises, ConsentDenied, MarkFailed."""
        permit = await self._monitor_permit()
        if self._source.is_remote:
            # Others may begin meanwhile: a provider that is waited for keeps no one busy.
            self._on_started()

        while not self._encoder.is_over:
            chunk = await self._make_next()
            if chunk is None:
                continue

            self._characters = min(chunk.characters, len(self.prepared.request.text))
            is_noted = self._bound.covers(chunk)
            if self._started_at is None:
                # The permit is confirmed before the first byte, and monitored from then on.
                self._on_started()
                await run_with_rows(self._confirm)
                self._started_at = asyncio.get_running_loop().time()
            elif not is_noted:
                await run_with_rows(self._note_progress)

            permit.milliseconds = round(1000 * chunk.seconds)
            await permit.fresh()
            self._silent_at = self._started_at + chunk.seconds
            yield chunk.data

    async def _make_next(self) -> Chunk | None:
        """Return the next bytes, None where the encoder needs more of the provider's sound."""
        step: Callable[[], Chunk | None] = self._encoder.step
        if self._encoder.needs_sound:
            piece = await self._source.read_piece(self._silent_at)
            step = partial(self._encoder.take_piece, piece)
        return await get_scheduler().run(self._silent_at, step)

    async def wait_for_end(self) -> SaysoError:
        """Wait until the permit has ended, and return why."""
        return await (await self._monitor_permit()).ended

    def note_sent(self, data: bytes) -> None:
        """Note bytes that are on their way."""
        self._sent += data

    def stop(self) -> None:
        """Break off what the provider still speaks."""
        self._source.stop()

    async def finish(self) -> None:
        """Read the watermark back from what was sent, and deliver the clip.

        Raises MarkFailed, ConsentDenied, ClipAlreadySettled.
        """
        sent = bytes(self._sent)
        proof = await get_scheduler().run(self._silent_at, partial(self._encoder.prove, sent))
        await run_with_rows(partial(self._deliver, sent, *proof))
        await self._close()

    async def give_up(self, error: BaseException | None) -> None:
        """Abort a stream that was broken off. An `error` of None means that the caller has gone."""
        try:
            await run_with_rows(partial(self._abort, bytes(self._sent), error))
        except Exception:
            # Nothing stands above a stream that could report this. The sweep finds the clip.
            logger.exception("stream not settled", extra={"clip": self._clip_id})
        finally:
            await self._close()

    def give_up_now(self, error: BaseException) -> None:
        """Abort a stream that was never handed over, in the caller's thread."""
        try:
            self._abort(b"", error)
        finally:
            self._renewal.stop()
            self._on_started()
            STREAM_SLOTS.free(self.prepared.principal.organisation_id)

    @property
    def _clip_id(self) -> str:
        return self.prepared.reservation.clip_id

    async def _monitor_permit(self) -> MonitoredPermit:
        """Return the monitored permit. The first call begins to monitor it."""
        if self._monitored is None:
            self._monitored = asyncio.get_running_loop().create_future()
            monitored = MonitoredPermit(self.prepared.permit, self._now)
            get_permit_monitor().add(monitored)
            self._monitored.set_result(monitored)
        return await self._monitored

    async def _close(self) -> None:
        if self._monitored is not None:
            get_permit_monitor().remove(await self._monitored)

        self._renewal.stop()
        await self._source.close()
        self._on_started()
        STREAM_SLOTS.free(self.prepared.principal.organisation_id)

    def _confirm(self) -> None:
        codec = self.prepared.request.output.codec
        with transaction.atomic():
            gate.confirm(self.prepared.permit, at=self._now())
            stream_progress.begin_progress(
                self._clip_id,
                self._bound.noted,
                codec=codec,
                media_type=encoding.get_media_type(codec),
            )

    def _note_progress(self) -> None:
        stream_progress.note_progress(self._clip_id, self._bound.noted)

    def _deliver(self, sent: bytes, described: ClipDelivery, mark_failure: str) -> None:
        at = self._now()
        rendered = render_sent_stream(
            self.prepared, sent, described, mark_failure=mark_failure, at=at
        )
        clip_delivery.deliver_clip(
            self.prepared,
            rendered,
            at=at,
            settle=lambda clip_id, _decision: stream_progress.forget_progress(clip_id),
        )

    def _abort(self, sent: bytes, error: BaseException | None) -> None:
        partial_delivery = self._describe_partial(sent) if sent else None
        clip_delivery.abort_speech(self.prepared, error, at=self._now(), partial=partial_delivery)

        code = clip_delivery.get_abort_code(error)
        facts = {"clip": self._clip_id, "code": code, "bytes": len(sent)}
        logger.info("stream broken off", extra=facts)

    def _describe_partial(self, sent: bytes) -> PartialDelivery:
        # Whether the watermark stands in these bytes is noted, and changes nothing any more.
        described, _ = self._encoder.prove(sent, allow=lambda failure: str(failure.facts["reason"]))
        return PartialDelivery(
            sent=described, characters=self._characters, said=self.prepared.logged_terms
        )


def _unsupported_field(attr: str, detail: str) -> UnsupportedField:
    return UnsupportedField(
        detail, faults=(Fault(code="unsupported_field", detail=detail, attr=attr),)
    )
