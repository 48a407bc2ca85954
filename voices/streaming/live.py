"""One running stream: permit, intent, pieces; then bytes, a watch over the permit, and one transaction at the end.

The way is the pipeline's: gate, intent, provider, mark, and a delivering transaction. What differs is that bytes have
left before it: the permit is confirmed before the first of them, watched while they leave, and confirmed once more
with the quota, the hash and the log entry. Only then does the answer end like a whole one. Whatever breaks it off, what
had left by then is hashed, paid for and logged, and the clip is aborted.
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

from accounts import policy
from consent import gate
from core import streams
from core.clock import Clock
from core.errors import Fault, SaysoError
from provenance import aigc, clips, watermark
from provenance.audio.streaming import STREAMED
from provenance.clips import Intent
from provenance.credentials import signing
from provenance.credentials.signing import CredentialFailed
from provenance.deliveries import Delivery, Part
from vault import blobs
from voices import attempts, copies, disclosure, handles, manifests, pipeline
from voices.disclosure import Disclosure
from voices.models import Voice
from voices.orders import Asker, Providers, SpeechOrder
from voices.providers.base import Line, Piece, Provider, Streaming, UnsupportedField
from voices.streaming.places import ENTRANCE, PLACES
from voices.streaming.track import Track
from voices.streaming.turns import turns, with_rows
from voices.streaming.watch import Watched, watch

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Papers:
    """What is settled before a stream begins."""

    order: SpeechOrder
    asker: Asker
    now: Clock
    permit: gate.Permit
    intent: Intent
    disclosure: Disclosure
    label: aigc.Label | None
    strict: bool


def check(order: SpeechOrder, provider: Provider) -> streams.Slot:
    """Give the place where the stream is to be left.

    Raises UnsupportedField unless server and engine give answers piece by piece and the codec can be streamed.
    """
    place = streams.slot.get()
    if place is None:
        raise _unsupported("delivery.mode", "This server cannot stream; use sync or job.")
    if not isinstance(provider, Streaming):
        raise _unsupported("delivery.mode", "This engine cannot stream; use sync or job.")
    if order.output.codec not in STREAMED:
        raise _unsupported("output.codec", f"A stream comes as {', '.join(STREAMED)}.")
    return place


def begin(order: SpeechOrder, voice: Voice, *, asker: Asker, now: Clock, providers: Providers) -> Live:
    """Ask the gate, write the intent down, and give the stream, of which nothing has been made yet.

    Raises StreamsBusy, and what `pipeline.speak` raises before it asks the provider.
    """
    PLACES.take(asker.organisation_id)
    leave = ENTRANCE.enter()
    try:
        papers, pieces = _begun(order, voice, asker=asker, now=now, providers=providers)
        return Live(papers, pieces, begun=leave)
    except BaseException:
        leave()
        PLACES.free(asker.organisation_id)
        raise


def _begun(
    order: SpeechOrder, voice: Voice, *, asker: Asker, now: Clock, providers: Providers
) -> tuple[Papers, Iterator[Piece]]:
    permit = gate.check(pipeline.ask_of(order, voice, asker), at=now(), actor=asker.actor)
    intent: Intent | None = None
    try:
        wanted = policy.of(asker.organisation_id)
        duty = pipeline.disclosure_of(order, permit, wanted)
        language = permit.language or order.language
        words = disclosure.spoken(order.text, language=language, disclosure=duty)
        origin = pipeline.origin_of(order, voice, permit, duty, asker, wanted)
        intent = clips.intend(origin, at=now())
        line = Line(text=words, language=language, prosody=order.prosody)
        intent = clips.with_token_of(intent, copies.names_of_stream(line, voice), at=now())
        provider = cast("Streaming", providers(voice.provider))
        pieces = provider.stream(handles.open_handle(voice), line)
        strict = not pipeline.may_leave_unmarked(wanted)
    except BaseException as error:
        if intent is None:
            gate.release(permit, at=now())
        else:
            attempts.give_up(intent.clip_id, permit=permit, code=_code(error), actor=asker.actor, at=now())
        raise
    papers = Papers(
        order=order,
        asker=asker,
        now=now,
        permit=permit,
        intent=intent,
        disclosure=duty,
        label=pipeline.label_of(origin, intent),
        strict=strict,
    )
    return papers, pieces


class Live:
    """A running stream, as the edge carries it out. Its methods run in the event loop and hold no thread there."""

    def __init__(self, papers: Papers, pieces: Iterator[Piece], *, begun: Callable[[], None] = lambda: None) -> None:
        """`begun` is called when its first bytes are made or it ends without, maybe more than once."""
        self.papers = papers
        self._begun = begun
        self._track = Track(pieces, papers.intent, papers.order.output, label=papers.label, strict=papers.strict)
        self._sent = bytearray()
        self._characters = 0
        self._silent_at = 0.0
        self._begun_at: float | None = None
        self._watched: asyncio.Future[Watched] | None = None

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Marked bytes. Raises what the provider raises, ConsentDenied, MarkFailed."""
        watched = await self._watch()
        while (chunk := await turns().run(self._silent_at, self._track.step)) is not None:
            if self._begun_at is None:
                self._begun()
                await with_rows(self._confirm)
                self._begun_at = asyncio.get_running_loop().time()
            await watched.fresh()
            self._characters = min(chunk.characters, len(self.papers.order.text))
            self._silent_at = self._begun_at + chunk.seconds
            yield chunk.data

    async def ended(self) -> SaysoError:
        """Wait until the permission has ended."""
        return await (await self._watch()).ended

    def left(self, data: bytes) -> None:
        """Take note of bytes that are on their way."""
        self._sent += data

    async def finish(self) -> None:
        """Read the mark back from what was sent, and settle. Raises MarkFailed, ConsentDenied, ClipGone."""
        sent = bytes(self._sent)
        proof = await turns().run(self._silent_at, partial(self._track.prove, sent))
        await with_rows(partial(self._issue, sent, *proof))
        await self._close()

    async def give_up(self, error: BaseException | None) -> None:
        """Settle what was broken off; None means that the caller has gone."""
        try:
            await with_rows(partial(self._abort, bytes(self._sent), error))
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
            PLACES.free(self.papers.asker.organisation_id)

    async def _watch(self) -> Watched:
        """The watch over this permit; begun by whoever asks first."""
        if self._watched is None:
            self._watched = asyncio.get_running_loop().create_future()
            watched = Watched(self.papers.permit, self.papers.now)
            watch().add(watched)
            self._watched.set_result(watched)
        return await self._watched

    async def _close(self) -> None:
        if self._watched is not None:
            watch().remove(await self._watched)
        self._track.close()
        self._begun()
        PLACES.free(self.papers.asker.organisation_id)

    def _confirm(self) -> None:
        with transaction.atomic():
            pipeline.confirm(self.papers.permit, at=self.papers.now())

    def _issue(self, sent: bytes, delivery: Delivery, unmarked: str) -> None:
        """The manifest beside the bytes, then the delivering transaction, in the same order as the pipeline's."""
        papers, at = self.papers, self.papers.now()
        clip_id, actor, subject = papers.intent.clip_id, papers.asker.actor, papers.permit.subject
        attached = manifests.attach(
            sent,
            delivery.codec,
            clip_id=clip_id,
            marked=not unmarked,
            permit=papers.permit,
            policy=policy.of(papers.asker.organisation_id),
            at=at,
            mode=signing.SIDECAR,
        )
        with transaction.atomic():
            blob_id = blobs.put(subject=subject, kind="clip", data=sent, at=at)
            gate.confirm(papers.permit, at=at)
            characters = len(papers.order.text)
            gate.commit(papers.permit, characters=characters, milliseconds=delivery.duration_ms, at=at)
            if unmarked:
                clips.note_mark_failed(clip_id, reason=unmarked, delivered=True, at=at, actor=actor)
            kept = manifests.keep(attached, clip_id=clip_id, blob_id=blob_id, subject=subject, actor=actor, at=at)
            said = pipeline.said(papers.order, papers.permit)
            clips.issue(clip_id, changed(delivery, blob_id=blob_id, **kept), said=said, at=at, actor=actor)

    def _part(self, sent: bytes) -> Part:
        """What had left; whether the mark stands in it is noted, and changes nothing any more."""
        delivery, _ = self._track.prove(sent, strict=False)
        said = pipeline.said(self.papers.order, self.papers.permit)
        return Part(sent=delivery, characters=self._characters, said=said)

    def _abort(self, sent: bytes, error: BaseException | None) -> None:
        """Abort the clip: with nothing sent the permit is given back, else what was sent is paid for."""
        papers, at = self.papers, self.papers.now()
        clip_id, actor = papers.intent.clip_id, papers.asker.actor
        code = "client_gone" if error is None else _code(error)
        part = self._part(sent) if sent else None
        with transaction.atomic():
            if part is None:
                gate.release(papers.permit, at=at)
            else:
                gate.charge(papers.permit, characters=part.characters, milliseconds=part.sent.duration_ms)
            if isinstance(error, watermark.MarkFailed):
                reason = str(error.facts.get("reason", ""))
                clips.note_mark_failed(clip_id, reason=reason, delivered=bool(sent), at=at, actor=actor)
            if isinstance(error, CredentialFailed):
                clips.note_c2pa_failed(clip_id, reason=error.reason, delivered=bool(sent), at=at, actor=actor)
            clips.abort(clip_id, code=code, at=at, actor=actor, part=part)
        logger.info("stream broken off", extra={"clip": clip_id, "code": code, "bytes": len(sent)})


def _code(error: BaseException) -> str:
    return error.stable_code if isinstance(error, SaysoError) else "internal"


def _unsupported(attr: str, detail: str) -> UnsupportedField:
    return UnsupportedField(detail, faults=(Fault(code="unsupported_field", detail=detail, attr=attr),))
