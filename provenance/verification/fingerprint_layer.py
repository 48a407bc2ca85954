"""The layer `fingerprint`: whether a file sounds like a clip of ours, or holds short lines of ours.

One likeness is a candidate, never proof. Several lines of ours in one file are no chance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from provenance.fingerprint import clip_fingerprints, line_search
from provenance.fingerprint.line_words import LEAST_LINES
from provenance.models import Clip, Fingerprint
from provenance.verification.layers import LayerResult, MarkFinding
from provenance.verification.upload import Upload
from provenance.verification.verdict import LayerEvidence

LEAST_SECONDS: Final = 5.0
"""Shorter sounds have too few words to be compared as a whole."""
LEAST_LINE_SECONDS: Final = 0.4
"""Shorter sounds hold no line that could be told from others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownLine:
    """A short line of ours in a file: where, in seconds, and the share of bits that differ."""

    clip: Clip
    start_s: float
    end_s: float
    errors: float


def check_fingerprint_layer(upload: Upload, _expected: Clip | None) -> LayerResult:
    """Search the index of fingerprints. A clip that was found before does not matter.

    1. Look for short lines. From `LEAST_LINES` on they say that the file was made here.
    2. Look for clips that the whole sound resembles.
    """
    if upload.facts.seconds < LEAST_LINE_SECONDS:
        return LayerResult(
            evidence=LayerEvidence(layer="fingerprint", result="not_looked", why="short")
        )

    # 1. Several lines.
    lines = find_lines(upload)
    if len(lines) >= LEAST_LINES:
        return LayerResult(
            evidence=LayerEvidence(layer="fingerprint", result="match", why="lines"),
            clip=lines[0].clip,
            marks=tuple(
                MarkFinding(start_s=line.start_s, end_s=line.end_s, clip=line.clip)
                for line in lines
            ),
        )

    # 2. The result has no clip: a likeness never makes a verdict alone.
    found = lines or find_similar_clips(upload)
    return LayerResult(
        evidence=LayerEvidence(layer="fingerprint", result="candidate" if found else "absent")
    )


def find_lines(upload: Upload) -> list[KnownLine]:
    """Return the short lines of ours that the file seems to hold, by their place in it.

    Those whose fingerprint was erased since the search are left out.
    """
    if upload.facts.seconds < LEAST_LINE_SECONDS:
        return []

    places = upload.recall("lines", lambda: _search_lines(upload))
    clips = _load_clips({clip_id for clip_id, *_ in places})
    return [
        KnownLine(clip=clips[clip_id], start_s=start, end_s=end, errors=errors)
        for clip_id, start, end, errors in places
        if clip_id in clips
    ]


def find_similar_clips(upload: Upload) -> list[tuple[Clip, float]]:
    """Return the clips that the file resembles, each with its share of wrong bits, the most similar
    first.

    Those whose fingerprint was erased since the search are left out.
    """
    if upload.facts.seconds < LEAST_SECONDS:
        return []

    errors = upload.recall("fingerprint", lambda: _search_index(upload))
    clips = _load_clips(set(errors))
    return [(clips[clip_id], share) for clip_id, share in errors.items() if clip_id in clips]


def _load_clips(clip_ids: set[str]) -> dict[str, Clip]:
    if not clip_ids:
        return {}

    rows = Fingerprint.objects.filter(clip_id__in=clip_ids).select_related("clip__organisation")
    return {row.clip_id: row.clip for row in rows}


def _search_lines(upload: Upload) -> list[tuple[str, float, float, float]]:
    return [
        (line.clip.id, line.match.start_s, line.match.end_s, line.match.errors)
        for line in line_search.search_lines(upload.require_sound())
    ]


def _search_index(upload: Upload) -> dict[str, float]:
    found = clip_fingerprints.search_similar_clips(upload.require_sound())
    return {candidate.clip.id: candidate.likeness.errors for candidate in found}
