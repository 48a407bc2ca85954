"""What a caller calls a voice and writes beside it, sealed in the voice's row."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

from core.caller_notes import Notes
from core.canonical_json import Json
from core.errors import NotFound
from vault import sealed_notes, sealed_values
from voices.models import Voice


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceLabel:
    """The name and description that the caller gave a voice.

    They may name a person, so they are sealed, and deleted with the voice.
    """

    name: str | None = field(repr=False)
    description: str | None = field(repr=False)


def label_context(voice_id: str) -> str:
    """Return the context under which a voice's name and description are sealed."""
    return f"voice|{voice_id}|label"


def open_voice_label(voice: Voice) -> VoiceLabel:
    """Open a voice's label, which is empty when the voice is deleted or its speaker erased."""
    if voice.sealed_label is None:
        return VoiceLabel(name=None, description=None)

    try:
        opened = sealed_values.unseal(
            voice.subject, label_context(voice.id), bytes(voice.sealed_label)
        )
    except NotFound:
        # The key is destroyed.
        return VoiceLabel(name=None, description=None)

    label = cast("dict[str, str | None]", opened)
    return VoiceLabel(name=label["name"], description=label["description"])


def open_transcripts(voice: Voice) -> tuple[str | None, ...]:
    """Open what is said in each recording of a voice that a worker made, () for any other."""
    if voice.sealed_label is None:
        return ()

    try:
        opened = sealed_values.unseal(
            voice.subject, label_context(voice.id), bytes(voice.sealed_label)
        )
    except NotFound:
        # The key is destroyed.
        return ()

    label = cast("dict[str, list[str | None]]", opened)
    return tuple(label.get("transcripts") or ())


def reseal_voice_label(voice: Voice, *, name: str | None, description: str | None) -> bytes:
    """Return the sealed label of a voice with another name or description.

    None leaves one as it is. The transcripts of a voice that is not made yet stay in it.

    Raises NotFound when the voice's speaker was erased.
    """
    context = label_context(voice.id)
    label = sealed_values.unseal(voice.subject, context, bytes(voice.sealed_label or b""))
    changes = {"name": name, "description": description}
    changed = {key: said for key, said in changes.items() if said is not None}

    return sealed_values.seal(voice.subject, context, {**cast("dict[str, Json]", label), **changed})


def open_voice_notes(voice: Voice) -> Notes:
    """Open the caller's notes on a voice, empty when it is deleted or its speaker erased."""
    return sealed_notes.open_notes(voice, subjects=(voice.subject,))
