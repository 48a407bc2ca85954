"""Voices: make, find, relabel, delete."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import cast

from django.db import transaction
from django.db.models import QuerySet

from core import tx
from core.clock import Clock
from core.errors import Conflict, NotFound
from core.notes import Notes
from vault import notes, sealing
from voices import cloning, comparison, pipeline, removal, tasks
from voices.models import ENDING, Voice
from voices.orders import Asker, CloneOrder, Providers
from voices.providers import registry


class VoiceEnding(Conflict):
    """The voice is being deleted or has been."""

    code = "voice_ending"


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """What the caller calls a voice; it may be a person's name, so it lies sealed and goes with the voice."""

    name: str | None = field(repr=False)
    description: str | None = field(repr=False)


def clone(order: CloneOrder, *, asker: Asker, now: Clock, providers: Providers = registry.provider) -> Voice:
    """Make a voice from samples. Raises as `voices.cloning.clone`."""
    voice = cloning.clone(order, asker=asker, now=now, providers=providers)
    if comparison.is_waiting(voice.id):
        compare = partial(tasks.compare_voice.delay, voice_id=voice.id)
        transaction.on_commit(compare, robust=True)  # a lost message is found by the sweep
    return voice


def of(asker: Asker) -> QuerySet[Voice]:
    """The organisation's voices, live or test as the asker is."""
    mine = Voice.objects.filter(organisation_id=asker.organisation_id, livemode=asker.livemode)
    return mine.prefetch_related("reviews")


def find(voice_id: str, *, asker: Asker) -> Voice:
    """One of them. Raises NotFound, for strangers' ids too."""
    return pipeline.voice_of(voice_id, asker=asker)


def label_of(voice: Voice) -> Label:
    """Open a voice's label; empty when the voice is deleted or its speaker erased."""
    if voice.sealed_label is None:
        return Label(name=None, description=None)
    try:
        opened = sealing.unseal(voice.subject, cloning.label_context(voice.id), bytes(voice.sealed_label))
    except NotFound:  # the key is destroyed
        return Label(name=None, description=None)
    return Label(**cast("dict[str, str | None]", opened))


def notes_of(voice: Voice) -> Notes:
    """Open what the caller wrote beside the voice; nothing when it is deleted or its speaker erased."""
    return notes.opened(voice, subjects=(voice.subject,))


@tx.opened
def relabel(
    voice_id: str,
    *,
    asker: Asker,
    at: datetime,
    name: str | None = None,
    description: str | None = None,
    metadata: Mapping[str, str] | None = None,
    external_id: str | None = None,
) -> Voice:
    """Change what the caller calls a voice; None leaves a field alone. Raises NotFound, VoiceEnding."""
    find(voice_id, asker=asker)
    voice = of(asker).select_for_update().get(id=voice_id)
    if voice.state in ENDING:
        raise VoiceEnding("This voice is being deleted.")
    old = label_of(voice)
    label = {
        "name": old.name if name is None else name,
        "description": old.description if description is None else description,
    }
    voice.sealed_label = sealing.seal(voice.subject, cloning.label_context(voice.id), label)
    changes = {"metadata": metadata, "external_id": external_id}
    kept = notes.columns(
        notes_of(voice).changed(changes),
        subjects=(voice.subject,),
        row_id=voice.id,
        organisation_id=voice.organisation_id,
        at=at,
    )
    for column, value in kept.items():
        setattr(voice, column, value)
    voice.save(update_fields=["sealed_label", *kept])
    return voice


@tx.opened
def delete(voice_id: str, *, asker: Asker) -> Voice:
    """Begin to delete a voice; the provider's confirmation makes it `deleted`. Asked twice, it is one deletion.

    Raises NotFound.
    """
    find(voice_id, asker=asker)
    if removal.begin(voice_id, code="requested"):
        wake = partial(tasks.remove_voice.delay, voice_id=voice_id, actor=asker.actor)
        transaction.on_commit(wake, robust=True)  # a lost message is found by the sweep
    return find(voice_id, asker=asker)
