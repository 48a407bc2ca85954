"""The layer `watermark`: the clips whose marks are in the sound, and where.

There is a key for each organisation and year. So the search has steps (`docs/numbers.md`):

1. The sound is analysed once.
2. A quick reading of all of it under the keys that stand out in it (`watermark_key_search`) finds
   those that are in it. Those of the asker, and of clips that the other layers found or the index
   of fingerprints proposes, are always among them.
3. The keys that were found, and those of step 2, are searched second by second. With few keys and
   short sounds, every key is searched.
4. Each other sound that the channels hold is searched likewise: a mark in one channel is lost in
   the mean of all where another one is louder.
5. If no clip was found, the audiowmark layer is searched.

What was read is kept with the file's findings. Which clips it means is asked of the rows each time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import watermark
from audio.sound import Sound
from core import ids
from provenance.clips import audiowmark_layer, watermark_keys
from provenance.clips.watermark_key_search import KeySearch
from provenance.models import Clip
from provenance.verification import fingerprint_layer
from provenance.verification.layers import LayerResult, MarkFinding
from provenance.verification.upload import Upload
from provenance.verification.verdict import LayerEvidence
from watermark.speech.detector import DetectionSession

THOROUGH: Final = 300.0
"""Keys times seconds up to which every key is searched second by second: 1.5 seconds of work."""
MOST_AUDIOWMARK_KEYS: Final = 3
MOST_AUDIOWMARK_SECONDS: Final = 60.0
"""Keys, and seconds from the start, searched for the audiowmark layer: half a second a key."""
MOST_HINTS: Final = 4
"""Organisations of similar clips whose keys are always tried."""

Reading = tuple[str, str]
"""A clip id that an audiowmark layer names, and the organisation of its key."""


def check_watermark_layer(upload: Upload, expected_clip: Clip | None) -> LayerResult:
    """Search the sound under the keys in use.

    `expected_clip` is the clip that an exact layer found, if there is one. The keys of its
    organisation, or else of the asker's, are tried before those of others.
    """
    found, partly = _search_upload(upload, expected_clip)
    return _judge_findings(found, expected_clip, partly=partly)


def search_marks(upload: Upload) -> tuple[MarkFinding, ...]:
    """Return the marks in a file that has a sound, under the keys of all organisations."""
    return _search_upload(upload, None)[0]


def _search_upload(
    upload: Upload, expected_clip: Clip | None
) -> tuple[tuple[MarkFinding, ...], bool]:
    """Return the marks in the file, and whether there were too many keys to try all."""
    hints = _list_hints(upload, expected_clip)
    segments, partly = upload.recall(
        f"watermark {'|'.join(hints)}", lambda: _search_mixes(upload.require_mixes(), hints)
    )
    found = _attach_clips(segments)
    if not any(mark.clip for mark in found):
        readings = upload.recall(
            f"audiowmark {'|'.join(hints)}",
            lambda: _read_audiowmark(upload.require_sound(), hints),
        )
        found += _attach_audiowmark_clips(readings, upload.facts.seconds)

    return found, partly


def _list_hints(upload: Upload, expected_clip: Clip | None) -> tuple[str, ...]:
    """Return the organisations whose keys are tried for certain, the likeliest first."""
    named = [expected_clip.organisation_id] if expected_clip is not None else []
    if upload.organisation_id:
        named.append(upload.organisation_id)
    similar = (clip.organisation_id for clip, _ in fingerprint_layer.find_similar_clips(upload))

    return tuple(dict.fromkeys((*named, *list(dict.fromkeys(similar))[:MOST_HINTS])))


def _search_mixes(
    mixes: Sequence[Sound], hints: Sequence[str]
) -> tuple[list[watermark.Segment], bool]:
    """Return what was read in every mix of one file. Each mark is taken from the first with it."""
    found: list[watermark.Segment] = []
    partly = False

    for mix in mixes:
        known = {(segment.key, segment.token) for segment in found}
        in_mix, in_part = _find_segments(mix, hints)
        found += [segment for segment in in_mix if (segment.key, segment.token) not in known]
        partly = partly or in_part

    return found, partly


def _find_segments(sound: Sound, hints: Sequence[str]) -> tuple[list[watermark.Segment], bool]:
    """Return what was read and where, and whether there were too many keys to try all.

    A mark that only the whole sound shows counts for all of it.
    """
    keys = KeySearch(prefer_organisation_ids=hints)
    quick = _read_clearest(DetectionSession(sound.samples, sound.rate), keys)

    if keys.tries_all and len(keys) * sound.seconds <= THOROUGH:
        wanted = keys.open_all_keys()
    else:
        wanted = keys.open_certain_keys() | keys.open_keys_by_name(quick)
    found = watermark.find_segments(sound.samples, sound.rate, keys=wanted) if wanted else []

    seen = {(segment.key, segment.token) for segment in found}
    found += [
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
    return found, not keys.tries_all


def _read_clearest(session: DetectionSession, keys: KeySearch) -> dict[str, watermark.DecodedToken]:
    """Return the clearest reading under each key, by the first stage that finds any."""
    return next((found for stage in session.stages if (found := stage(keys))), {})


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
    return _attach_audiowmark_clips(
        _read_audiowmark(sound, (prefer_organisation_id,)), sound.seconds
    )


def _read_audiowmark(sound: Sound, hints: Sequence[str]) -> tuple[Reading, ...]:
    """Return what each of a few keys reads, the likeliest first. Most of it is wrong."""
    keys = watermark_keys.list_audiowmark_keys(
        prefer_organisation_ids=hints, limit=MOST_AUDIOWMARK_KEYS
    )
    start = sound.samples[: round(MOST_AUDIOWMARK_SECONDS * sound.rate)]
    readings = audiowmark_layer.detect_clip_ids(start, sound.rate, keys=keys)

    # A dictionary, because it keeps the order of the readings.
    return tuple(
        dict.fromkeys(
            (reading.clip_id, watermark_keys.parse_key_name(reading.key_name)[0])
            for reading in readings
        )
    )


def _attach_audiowmark_clips(
    readings: Sequence[Reading], seconds: float
) -> tuple[MarkFinding, ...]:
    rows = Clip.objects.filter(id__in={clip_id for clip_id, _ in readings})
    known = {(clip.id, clip.organisation_id): clip for clip in rows.select_related("organisation")}
    return tuple(
        MarkFinding(start_s=0.0, end_s=seconds, clip=known[reading])
        for reading in readings
        if reading in known
    )
