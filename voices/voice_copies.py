"""A voice made again at another provider, from the recordings of the person alone.

What a provider has spoken is never a source: a copy of a copy would drift from the person who
signed. The gate is asked for a clone as it was for the first one, with the new provider, so the
consent must cover it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from accounts.principal import Principal
from core import canonical_json
from core.caller_notes import Notes
from core.canonical_json import Json
from core.clock import Clock
from core.errors import Conflict, Fault, Invalid, NotFound
from vault import blobs
from voices import repeated_clones
from voices.models import ENDING, Voice, VoiceState
from voices.synthesis_requests import CloneRequest
from voices.voice_labels import open_voice_label
from voices.voice_library import VoiceEnding
from voices.voice_selectors import get_voice

_WITH_SAMPLES: Final = (VoiceState.READY, VoiceState.EXPIRED)


class SamplesMissing(Conflict):
    """The recordings that the voice was made from are not kept any more."""

    code = "samples_gone"


class SourceNotReady(Conflict):
    """The voice is not made yet, so nothing can be made from its recordings."""

    code = "source_not_ready"


class SameProvider(Invalid):
    """The voice is at this provider already."""

    code = "same_provider"


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceCopy:
    """A voice to make again. A `name` or `description` of None is that of the source.

    `channel` and `territory` are those of the call, as for a first clone.
    """

    from_voice: str
    provider: str
    name: str | None = field(default=None, repr=False)
    description: str | None = field(default=None, repr=False)
    transcripts: tuple[str | None, ...] = field(default=(), repr=False)
    channel: str | None = None
    territory: str | None = None
    notes: Notes = field(default_factory=Notes, repr=False)


def copy_voice(
    copy: VoiceCopy, *, principal: Principal, now: Clock, in_background: bool | None = None
) -> Voice:
    """Make a voice again at another provider. The same call again gives the same voice.

    Raises NotFound for a stranger's voice, VoiceEnding, SourceNotReady, SamplesMissing, Invalid,
    and as `voice_library.create_voice`: ConsentDenied above all.
    """
    source = get_voice(copy.from_voice, principal=principal)
    _check_source(source, copy)
    samples = _read_samples(source)
    if copy.transcripts and len(copy.transcripts) != len(samples):
        detail = "There must be one transcript a sample."
        raise Invalid(detail, faults=(Fault(code="invalid", detail=detail, attr="transcripts"),))

    return repeated_clones.make_voice_once(
        _build_order(source, copy, samples),
        principal=principal,
        now=now,
        in_background=in_background,
    )


def _check_source(source: Voice, copy: VoiceCopy) -> None:
    if source.state in ENDING:
        raise VoiceEnding("This voice is being deleted.")
    if source.state == VoiceState.FAILED:
        raise SamplesMissing("This voice was never made. Its recordings are not kept.")
    if source.state not in _WITH_SAMPLES:
        raise SourceNotReady("This voice is not made yet. Try again when it is ready.")

    if source.state == VoiceState.READY and source.provider == copy.provider:
        detail = "The voice is at this provider already."
        fault = Fault(code=SameProvider.code, detail=detail, attr="provider")
        raise SameProvider(detail, faults=(fault,))


def _read_samples(source: Voice) -> tuple[bytes, ...]:
    """Return the recordings as they were uploaded. Raises SamplesMissing."""
    rows = source.samples.order_by("position").values_list("blob_id", flat=True)
    try:
        samples = tuple(blobs.get_blob(blob_id) for blob_id in rows)
    except NotFound as error:
        raise _explain_loss() from error

    if not samples:
        raise _explain_loss()

    return samples


def _build_order(source: Voice, copy: VoiceCopy, samples: Sequence[bytes]) -> CloneRequest:
    label = open_voice_label(source)
    return CloneRequest(
        consent_id=source.consent_id,
        name=_choose(copy.name, label.name),
        description=_choose(copy.description, label.description),
        language=source.language,
        use_case=source.use_case,
        provider=copy.provider,
        channel=copy.channel,
        territory=copy.territory,
        samples=tuple(samples),
        transcripts=copy.transcripts,
        repeat_key=_compute_repeat_key(copy),
        notes=copy.notes,
    )


def _choose(said: str | None, kept: str | None) -> str:
    return said if said is not None else kept or ""


def _compute_repeat_key(copy: VoiceCopy) -> str:
    """Return a hash over what the call says."""
    said: list[Json] = [
        "voice copy",
        copy.from_voice,
        copy.provider,
        copy.name,
        copy.description,
        list(copy.transcripts),
        copy.channel,
        copy.territory,
    ]
    return canonical_json.sha256_hex(canonical_json.dump(said))


def _explain_loss() -> SamplesMissing:
    return SamplesMissing("The recordings of this voice are not kept any more. Use new ones.")
