"""The voices of an organisation: to make, read, relabel and delete one."""

from __future__ import annotations

from datetime import datetime
from typing import Unpack

from django.db import transaction

from accounts.principal import Principal
from core import transactions
from core.caller_notes import NoteChanges
from core.clock import Clock
from core.errors import Conflict
from vault import sealed_notes
from voices import background_cloning, cloning, tasks, voice_comparison, voice_deletion
from voices.models import ENDING, Voice
from voices.providers import registry
from voices.synthesis_requests import CloneRequest, Providers
from voices.voice_labels import open_voice_notes, reseal_voice_label
from voices.voice_selectors import get_voice, list_voices


class VoiceEnding(Conflict):
    """The voice is being deleted, or has been deleted."""

    code = "voice_ending"


def list_engine_names() -> frozenset[str]:
    """Return the providers that are engines of an organisation's own."""
    return registry.list_declared_engines()


def create_voice(
    order: CloneRequest,
    *,
    principal: Principal,
    now: Clock,
    in_background: bool | None = None,
    providers: Providers = registry.get_provider,
) -> Voice:
    """Make a voice from samples, and send its comparison, or have a worker make it.

    The worker does what the caller wants `in_background`, what takes long if the caller does not
    say, and every voice of a provider that trains it.

    Raises as `voices.cloning.clone_voice` does.
    """
    if in_background is None:
        in_background = background_cloning.is_slow(order)
    if in_background or providers(order.provider, principal).capabilities().trains:
        queued = background_cloning.queue_clone(
            order, principal=principal, now=now, providers=providers
        )
        # The sweep finds the work of a lost message.
        transaction.on_commit(lambda: tasks.train_voice.delay(voice_id=queued.id), robust=True)
        return queued

    voice = cloning.clone_voice(order, principal=principal, now=now, providers=providers)

    if voice_comparison.is_waiting(voice.id):
        # The sweep finds the work of a lost message.
        transaction.on_commit(lambda: tasks.compare_voice.delay(voice_id=voice.id), robust=True)

    return voice


@transactions.opens_transaction
def relabel_voice(
    voice_id: str,
    *,
    principal: Principal,
    at: datetime,
    name: str | None = None,
    description: str | None = None,
    **notes: Unpack[NoteChanges],
) -> Voice:
    """Change label and notes of a voice.

    A name or description of None stays as it is. Notes change as `Notes.with_changes` says.

    Raises NotFound, VoiceEnding, Invalid for too many keys of `metadata`.
    """
    get_voice(voice_id, principal=principal)
    voice = list_voices(principal).select_for_update().get(id=voice_id)
    if voice.state in ENDING:
        raise VoiceEnding("This voice is being deleted.")

    voice.sealed_label = reseal_voice_label(voice, name=name, description=description)
    kept = sealed_notes.seal_notes(
        open_voice_notes(voice).with_changes(notes),
        subjects=(voice.subject,),
        row_id=voice.id,
        organisation_id=voice.organisation_id,
        at=at,
    )
    for column, value in kept.items():
        setattr(voice, column, value)

    voice.save(update_fields=["sealed_label", *kept])
    return voice


@transactions.opens_transaction
def delete_voice(voice_id: str, *, principal: Principal) -> Voice:
    """Begin the deletion of a voice, which becomes `deleted` when the provider confirms.

    Two calls make one deletion.

    Raises NotFound.
    """
    get_voice(voice_id, principal=principal)

    if voice_deletion.begin_deletion(voice_id, code="requested"):
        # The sweep finds the work of a lost message.
        transaction.on_commit(
            lambda: tasks.remove_voice.delay(voice_id=voice_id, actor=principal.actor), robust=True
        )

    return get_voice(voice_id, principal=principal)
