"""The layer `watermark`: the clips whose marks are in the sound, and where.

The cost of a search grows with the number of keys, one for each organisation and year. So it has
steps (`docs/numbers.md`):

1. The sound is analysed once.
2. A quick reading of all of it under every key (5 ms a key) finds the keys that are in it. If there
   is none, rougher handling is tried under the first of them.
3. The keys that were found, and those of the preferred organisation, are searched second by second.
   With few keys and short sounds, every key is searched.
4. If no clip was found, the audiowmark layer is searched.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Final

import watermark
from audio.sound import Sound
from core import ids
from provenance.clips import audiowmark_layer, watermark_keys
from provenance.models import Clip
from provenance.verification.layers import LayerResult, MarkFinding, Upload
from provenance.verification.verdict import LayerEvidence
from watermark.speech.detector import DetectionSession

MOST_KEYS: Final = 500
"""Keys tried for one file: those of the preferred organisation first, then the newest.

A service with more keys answers that it did not try all.
"""
MOST_KEYS_ROUGH: Final = 100
"""Keys under which other speeds and telephone codecs are tried as well."""
THOROUGH: Final = 300.0
"""Keys times seconds up to which every key is searched second by second: 1.5 seconds of work."""
MOST_AUDIOWMARK_KEYS: Final = 3
MOST_AUDIOWMARK_SECONDS: Final = 60.0
"""Keys, and seconds from the start, searched for the audiowmark layer: half a second a key."""


def check_watermark_layer(upload: Upload, expected_clip: Clip | None) -> LayerResult:
    """Search the sound under the keys in use.

    `expected_clip` is the clip that an exact layer found, if there is one. The keys of its
    organisation, or else of the preferred one, are tried before those of others.
    """
    prefer = expected_clip.organisation_id if expected_clip else upload.prefer_organisation_id
    every = watermark_keys.list_watermark_keys(prefer_organisation_id=prefer)
    found = _search_under_keys(upload.require_sound(), every, prefer)

    # Each step has a limit of its own, and beyond the lowest not all keys were tried.
    partly = len(every) > min(MOST_KEYS, MOST_KEYS_ROUGH, MOST_AUDIOWMARK_KEYS)
    return _judge_findings(found, expected_clip, partly=partly)


def search_marks(sound: Sound) -> tuple[MarkFinding, ...]:
    """Return the marks in a sound, under the keys of all organisations."""
    return _search_under_keys(sound, watermark_keys.list_watermark_keys(), "")


def _search_under_keys(
    sound: Sound, every: Mapping[str, bytes], prefer: str
) -> tuple[MarkFinding, ...]:
    keys = dict(islice(every.items(), MOST_KEYS))
    found = _attach_clips(_find_segments(sound, keys, prefer))
    if not any(mark.clip for mark in found):
        found += find_audiowmark_clips(sound, prefer_organisation_id=prefer)

    return found


def _find_segments(sound: Sound, keys: Mapping[str, bytes], prefer: str) -> list[watermark.Segment]:
    """Return what was read and where.

    A mark that only the whole sound shows counts for all of it.
    """
    quick = _read_clearest(DetectionSession(sound.samples, sound.rate), keys)
    thorough = len(keys) * sound.seconds <= THOROUGH
    wanted = {
        name: key
        for name, key in keys.items()
        if thorough or name in quick or watermark_keys.parse_key_name(name)[0] == prefer
    }
    found = watermark.find_segments(sound.samples, sound.rate, keys=wanted) if wanted else []

    seen = {(segment.key, segment.token) for segment in found}
    return found + [
        watermark.Segment(
            start_s=0.0,
            end_s=sound.seconds,
            token=reading.token,
            score=reading.score,
            key=name,
            identity=reading.identity,
        )
        for name, reading in quick.items()
        if (name, reading.token) not in seen
    ]


def _read_clearest(
    session: DetectionSession, keys: Mapping[str, bytes]
) -> dict[str, watermark.DecodedToken]:
    """Return the clearest reading under each key, by the first stage that finds any."""
    for number, stage in enumerate(session.stages):
        most = None if number == 0 else MOST_KEYS_ROUGH
        if found := stage(dict(islice(keys.items(), most))):
            return found

    return {}


def _attach_clips(found: Iterable[watermark.Segment]) -> tuple[MarkFinding, ...]:
    return tuple(
        MarkFinding(start_s=segment.start_s, end_s=segment.end_s, clip=clip)
        for segment in found
        for clip in _find_carriers(*watermark_keys.parse_key_name(segment.key), segment) or (None,)
    )


def _judge_findings(
    found: tuple[MarkFinding, ...], expected_clip: Clip | None, *, partly: bool
) -> LayerResult:
    if not found:
        why = "partly" if partly else ""
        return LayerResult(evidence=LayerEvidence(layer="watermark", result="absent", why=why))

    clips = [mark.clip for mark in found if mark.clip is not None]
    if not clips:
        return LayerResult(
            evidence=LayerEvidence(layer="watermark", result="candidate"), marks=found
        )

    if expected_clip and expected_clip.id not in {clip.id for clip in clips}:
        return LayerResult(
            evidence=LayerEvidence(layer="watermark", result="mismatch"), clip=clips[0], marks=found
        )

    return LayerResult(
        evidence=LayerEvidence(layer="watermark", result="match", why=_explain_match(clips)),
        clip=clips[0],
        marks=found,
    )


def _explain_match(clips: list[Clip]) -> str:
    """Return whether one clip was found (empty), several copies, or several clips."""
    if len({clip.id for clip in clips}) < 2:
        return ""

    sounds = {(clip.organisation_id, clip.epoch, clip.token) for clip in clips}
    return "several" if len(sounds) > 1 else "copies"


def _find_carriers(
    organisation_id: str, epoch: int, segment: watermark.Segment
) -> tuple[Clip, ...]:
    """Return the clips that carry a token, the newest first.

    There are several when they are copies of one sound (`shared_tokens`). The identity, where it
    was read, distinguishes copies. Copies that were erased, or never left, are left out while
    another one may be meant: all are of one consent.
    """
    rows = Clip.objects.filter(organisation_id=organisation_id, epoch=epoch, token=segment.token)
    copies = tuple(rows.select_related("organisation").order_by("-created_at", "-id"))
    if len(copies) < 2:
        return copies
    named = tuple(
        clip for clip in copies if int.from_bytes(ids.to_bytes(clip.id), "big") == segment.identity
    )
    linked = tuple(clip for clip in copies if clip.subject and clip.issued_at is not None)

    return named or linked or copies[:1]


def find_audiowmark_clips(sound: Sound, *, prefer_organisation_id: str) -> tuple[MarkFinding, ...]:
    """Return the clips whose audiowmark layer is in the sound.

    Each was found by its id: a wrong reading matches no clip.
    """
    keys = islice(
        watermark_keys.list_audiowmark_keys(prefer_organisation_id=prefer_organisation_id).items(),
        MOST_AUDIOWMARK_KEYS,
    )
    start = sound.samples[: round(MOST_AUDIOWMARK_SECONDS * sound.rate)]
    readings = audiowmark_layer.detect_clip_ids(start, sound.rate, keys=dict(keys))

    rows = Clip.objects.filter(id__in={reading.clip_id for reading in readings})
    known = {(clip.id, clip.organisation_id): clip for clip in rows.select_related("organisation")}
    # A dictionary, because it keeps the order of the readings.
    pairs = dict.fromkeys(
        (reading.clip_id, watermark_keys.parse_key_name(reading.key_name)[0])
        for reading in readings
    )
    return tuple(
        MarkFinding(start_s=0.0, end_s=sound.seconds, clip=known[pair])
        for pair in pairs
        if pair in known
    )
