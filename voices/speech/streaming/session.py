"""One running stream: permit, intent, pieces; then bytes, a watch over the permit, and one
transaction at the end.

The way is the pipeline's: gate, intent, provider, mark, and a delivering transaction. What differs
is that bytes have left before it: the permit is confirmed before the first of them, watched while
they leave, and confirmed once more with the quota, the hash and the log entry. Only then does the
answer end like a whole one. Whatever breaks it off, what had left by then is hashed, paid for and
logged, and the clip is aborted.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Iterator
from dataclasses import dataclass
from dataclasses import replace as changed
from functools import partial
from typing import cast

from django.db import transaction

from accounts import organisation_policy
from accounts.principal import Principal
from audio.stream_encoder import STREAMED
from consent import gate
from core import streaming_response
from core.clock import Clock
from core.errors import Fault, SaysoError
from provenance.c2pa import manifest_signer
from provenance.c2pa.manifest_signer import CredentialFailed
from provenance.clips import aigc_label, clip_lifecycle
from provenance.clips.clip_delivery import ClipDelivery, PartialDelivery
from provenance.clips.clip_lifecycle import ClipReservation
from provenance.clips.errors import MarkFailed
from vault import blobs
from voices.models import Voice
from voices.providers import voice_handles
from voices.providers.base import AudioChunk, Provider, SpeechLine, Streaming, UnsupportedField
from voices.speech import attempt, copy_names, disclosure, manifests, pipeline
from voices.speech.disclosure import Disclosure
from voices.speech.streaming.concurrency import ENTRANCE, PLACES
from voices.speech.streaming.deadline_scheduler import get_scheduler, run_with_rows
from voices.speech.streaming.marked_encoder import MarkedEncoder
from voices.speech.streaming.permit_monitor import MonitoredPermit, get_permit_monitor
from voices.synthesis_requests import Providers, SpeechRequest

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamContext:
    """What is settled before a stream begins."""

    order: SpeechRequest
    principal: Principal
    now: Clock
    permit: gate.Permit
    intent: ClipReservation
    disclosure: Disclosure
    label: aigc_label.AigcLabel | None
    strict: bool


def require_stream_slot(order: SpeechRequest, provider: Provider) -> streaming_response.Slot:
    """Give the place where the stream is to be left.

    Raises UnsupportedField unless server and engine give answers piece by piece and the codec can
    be streamed.
    """
    place = streaming_response.slot.get()
    if place is None:
        raise _unsupported_field("delivery.mode", "This server cannot stream; use sync or job.")
    if not isinstance(provider, Streaming):
        raise _unsupported_field("delivery.mode", "This engine cannot stream; use sync or job.")
    if order.output.codec not in STREAMED:
        raise _unsupported_field("output.codec", f"A stream comes as {', '.join(STREAMED)}.")
    return place


def begin_stream(
    order: SpeechRequest, voice: Voice, *, principal: Principal, now: Clock, providers: Providers
) -> StreamSession:
    """Ask the gate, write the intent down, and give the stream, of which nothing has been made yet.

    Raises StreamsBusy, and what `pipeline.synthesize_clip` raises before it asks the provider.
    """
    PLACES.take(principal.organisation_id)
    leave = ENTRANCE.enter()
    try:
        papers, pieces = _prepare_stream(
            order, voice, principal=principal, now=now, providers=providers
        )
        return StreamSession(papers, pieces, begun=leave)
    except BaseException:
        leave()
        PLACES.free(principal.organisation_id)
        raise


def _prepare_stream(
    order: SpeechRequest, voice: Voice, *, principal: Principal, now: Clock, providers: Providers
) -> tuple[StreamContext, Iterator[AudioChunk]]:
    permit = gate.check(
        pipeline.build_access_request(order, voice, principal), at=now(), actor=principal.actor
    )
    intent: ClipReservation | None = None
    try:
        wanted = organisation_policy.get_policy(principal.organisation_id)
        duty = pipeline.disclosure_of(order, permit, wanted)
        language = permit.language or order.language
        words = disclosure.prepend_disclosure(order.text, language=language, disclosure=duty)
        origin = pipeline.build_clip_draft(order, voice, permit, duty, principal, wanted)
        intent = clip_lifecycle.reserve_clip(origin, at=now())
        line = SpeechLine(text=words, language=language, prosody=order.prosody)
        intent = clip_lifecycle.adopt_shared_token(
            intent, copy_names.names_of_stream(line, voice), at=now()
        )
        provider = cast("Streaming", providers(voice.provider))
        pieces = provider.stream(voice_handles.open_handle(voice), line)
        strict = not pipeline.may_leave_unmarked(wanted)
    except BaseException as error:
        if intent is None:
            gate.release(permit, at=now())
        else:
            attempt.give_up_clip(
                intent.clip_id,
                permit=permit,
                code=_error_code(error),
                actor=principal.actor,
                at=now(),
            )
        raise
    papers = StreamContext(
        order=order,
        principal=principal,
        now=now,
        permit=permit,
        intent=intent,
        disclosure=duty,
        label=pipeline.aigc_label_of(origin, intent),
        strict=strict,
    )
    return papers, pieces


class StreamSession:
    """A running stream, as the edge carries it out.

    Its methods run in the event loop and hold no thread there.
    """

    def __init__(
        self,
        papers: StreamContext,
        pieces: Iterator[AudioChunk],
        *,
        begun: Callable[[], None] = lambda: None,
    ) -> None:
        """`begun` is called when its first bytes are made or it ends without, maybe more than
        once.
        """
        self.papers = papers
        self._begun = begun
        self._track = MarkedEncoder(
            pieces, papers.intent, papers.order.output, label=papers.label, strict=papers.strict
        )
        self._sent = bytearray()
        self._characters = 0
        self._silent_at = 0.0
        self._begun_at: float | None = None
        self._watched: asyncio.Future[MonitoredPermit] | None = None

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Marked bytes. Raises what the provider raises, ConsentDenied, MarkFailed."""
        watched = await self._watch()
        while (chunk := await get_scheduler().run(self._silent_at, self._track.step)) is not None:
            if self._begun_at is None:
                self._begun()
                await run_with_rows(self._confirm)
                self._begun_at = asyncio.get_running_loop().time()
            await watched.fresh()
            self._characters = min(chunk.characters, len(self.papers.order.text))
            self._silent_at = self._begun_at + chunk.seconds
            yield chunk.data

    async def wait_for_end(self) -> SaysoError:
        """Wait until the permission has ended."""
        return await (await self._watch()).ended

    def note_sent(self, data: bytes) -> None:
        """Take note of bytes that are on their way."""
        self._sent += data

    async def finish(self) -> None:
        """Read the mark back from what was sent, and settle.

        Raises MarkFailed, ConsentDenied, ClipGone.
        """
        sent = bytes(self._sent)
        proof = await get_scheduler().run(self._silent_at, partial(self._track.prove, sent))
        await run_with_rows(partial(self._issue, sent, *proof))
        await self._close()

    async def give_up(self, error: BaseException | None) -> None:
        """Settle what was broken off; None means that the caller has gone."""
        try:
            await run_with_rows(partial(self._abort, bytes(self._sent), error))
        except Exception:  # the outermost of all that a stream does; the sweep finds it
            logger.exception("stream not settled", extra={"clip": self.papers.intent.clip_id})
        finally:
            await self._close()

    def give_up_now(self, error: BaseException) -> None:
        """The same, for a stream that was never handed over. In a thread."""
        try:
            self._abort(b"", error)
        finally:
            self._begun()
            PLACES.free(self.papers.principal.organisation_id)

    async def _watch(self) -> MonitoredPermit:
        """The watch over this permit; begun by whoever asks first."""
        if self._watched is None:
            self._watched = asyncio.get_running_loop().create_future()
            watched = MonitoredPermit(self.papers.permit, self.papers.now)
            get_permit_monitor().add(watched)
            self._watched.set_result(watched)
        return await self._watched

    async def _close(self) -> None:
        if self._watched is not None:
            get_permit_monitor().remove(await self._watched)
        self._track.close()
        self._begun()
        PLACES.free(self.papers.principal.organisation_id)

    def _confirm(self) -> None:
        with transaction.atomic():
            pipeline.confirm_permit(self.papers.permit, at=self.papers.now())

    def _issue(self, sent: bytes, delivery: ClipDelivery, unmarked: str) -> None:
        """The manifest beside the bytes, then the delivering transaction, in the same order as the
        pipeline's.
        """
        papers, at = self.papers, self.papers.now()
        clip_id, actor, subject = (
            papers.intent.clip_id,
            papers.principal.actor,
            papers.permit.subject,
        )
        attached = manifests.attach_manifest(
            sent,
            delivery.codec,
            clip_id=clip_id,
            marked=not unmarked,
            permit=papers.permit,
            policy=organisation_policy.get_policy(papers.principal.organisation_id),
            at=at,
            mode=manifest_signer.SIDECAR,
        )
        with transaction.atomic():
            blob_id = blobs.store_blob(subject=subject, kind="clip", data=sent, at=at)
            gate.confirm(papers.permit, at=at)
            characters = len(papers.order.text)
            gate.commit(
                papers.permit, characters=characters, milliseconds=delivery.duration_ms, at=at
            )
            if unmarked:
                clip_lifecycle.note_mark_failed(
                    clip_id, reason=unmarked, delivered=True, at=at, actor=actor
                )
            kept = manifests.store_manifest(
                attached, clip_id=clip_id, blob_id=blob_id, subject=subject, actor=actor, at=at
            )
            said = pipeline.build_logged_terms(papers.order, papers.permit)
            clip_lifecycle.issue_clip(
                clip_id, changed(delivery, blob_id=blob_id, **kept), said=said, at=at, actor=actor
            )

    def _part(self, sent: bytes) -> PartialDelivery:
        """What had left; whether the mark stands in it is noted, and changes nothing any more."""
        delivery, _ = self._track.prove(sent, strict=False)
        said = pipeline.build_logged_terms(self.papers.order, self.papers.permit)
        return PartialDelivery(sent=delivery, characters=self._characters, said=said)

    def _abort(self, sent: bytes, error: BaseException | None) -> None:
        """Abort the clip: with nothing sent the permit is given back, else what was sent is paid
        for.
        """
        papers, at = self.papers, self.papers.now()
        clip_id, actor = papers.intent.clip_id, papers.principal.actor
        code = "client_gone" if error is None else _error_code(error)
        part = self._part(sent) if sent else None
        with transaction.atomic():
            if part is None:
                gate.release(papers.permit, at=at)
            else:
                gate.charge_quota(
                    papers.permit, characters=part.characters, milliseconds=part.sent.duration_ms
                )
            if isinstance(error, MarkFailed):
                reason = str(error.facts.get("reason", ""))
                clip_lifecycle.note_mark_failed(
                    clip_id, reason=reason, delivered=bool(sent), at=at, actor=actor
                )
            if isinstance(error, CredentialFailed):
                clip_lifecycle.note_c2pa_failed(
                    clip_id, reason=error.reason, delivered=bool(sent), at=at, actor=actor
                )
            clip_lifecycle.abort_clip(clip_id, code=code, at=at, actor=actor, part=part)
        logger.info("stream broken off", extra={"clip": clip_id, "code": code, "bytes": len(sent)})


def _error_code(error: BaseException) -> str:
    return error.stable_code if isinstance(error, SaysoError) else "internal"


def _unsupported_field(attr: str, detail: str) -> UnsupportedField:
    return UnsupportedField(
        detail, faults=(Fault(code="unsupported_field", detail=detail, attr=attr),)
    )
