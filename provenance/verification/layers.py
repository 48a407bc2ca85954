"""What every layer is given, and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass, field

from audio.sound import Sound
from provenance.models import Clip
from provenance.verification.verdict import LayerEvidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file that somebody holds: its bytes, and its sound when it could be decoded (mono)."""

    data: bytes = field(repr=False)
    sound: Sound | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkFinding:
    """A mark that was read: where (seconds), and the clip that carries it, or None when no clip
    does.
    """

    start_s: float
    end_s: float
    clip: Clip | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerResult:
    """What a layer found: the evidence, the clip it speaks of, and whether the audio is the very
    one delivered.
    """

    evidence: LayerEvidence
    clip: Clip | None = None
    exact: bool = False
    marks: tuple[MarkFinding, ...] = ()


def find_delivered_clip(**hashes: str) -> Clip | None:
    """The clip that left, whole or as the beginning of a stream, with this hash (`sha256` or
    `sha256_pcm`), if any.
    """
    # Equal bytes twice are copies of one sound, with one consent, or unmarked; the last one issued
    # speaks for them.
    rows = Clip.objects.delivered_in_any_part().filter(**hashes).select_related("organisation")
    return rows.order_by("-issued_at", "-id").first()
