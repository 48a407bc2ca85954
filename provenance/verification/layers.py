"""The shape of a layer: one check of an upload, with one signature for all four."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from provenance.models import Clip
from provenance.verification.upload import Upload
from provenance.verification.verdict import LayerEvidence


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkFinding:
    """A mark that was read, or a line that was known by its sound: where (seconds), and the clip
    that it belongs to, if there is one.
    """

    start_s: float
    end_s: float
    clip: Clip | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerResult:
    """What a layer found: the evidence and its clip.

    `exact` means that the audio is exactly the one that was delivered.
    """

    evidence: LayerEvidence
    clip: Clip | None = None
    exact: bool = False
    marks: tuple[MarkFinding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationLayer:
    """One layer of a verification.

    `check` takes the upload and the clip that the layers before it found, if any.
    """

    check: Callable[[Upload, Clip | None], LayerResult]
    needs_sound: bool = True
