"""The layer `watermark`: which clips' marks are in the sound, and where.

What a search costs grows with the number of keys, one for each organisation and year, so it is done
in steps: the sound is analysed once; a quick reading of all of it under every key (5 ms a key)
tells which keys are in it; when none is, rougher handling is looked for under the first of them;
then those found, and the asker's own, are looked for second by second (`docs/numbers.md`). Few keys
and short sounds get that last step for every key.
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
from provenance.verification.layers import LayerResult, MarkFinding
from provenance.verification.verdict import LayerEvidence
from watermark.speech.detector import DetectionSession

MOST_KEYS: Final = 500
"""Keys tried for one file: the asker's first, then the newest.

A service with more says that it did not try all.
"""
MOST_KEYS_ROUGH: Final = 100
"""Keys under which other speeds and telephone codecs are tried as well."""
THOROUGH: Final = 300.0
"""Keys times seconds up to which every key is looked for second by second: a second and a half of
work.
"""
MOST_SECOND_KEYS: Final = 3
MOST_SECOND_SECONDS: Final = 60.0
"""Keys, and seconds from the start, searched for the second mark when the first named no clip: half
a second a key.
"""


def check_watermark_layer(sound: Sound, *, expected: Clip | None, first: str = "") -> LayerResult:
    """Search the sound under the keys in use.

    `expected` is the clip that an exact layer found, if one did.

    The keys of the organisation `first` come before those of others.
    """
    asker = expected.organisation_id if expected else first
    every = watermark_keys.get_keys_in_use(first=asker)
    keys = dict(islice(every.items(), MOST_KEYS))
    found = _attach_clips(_find_segments(sound, keys, asker))
    if not any(mark.clip for mark in found):
        found += find_by_second_mark(sound, first=asker)
    return _judge_findings(
        found, expected, partly=len(every) > min(MOST_KEYS, MOST_KEYS_ROUGH, MOST_SECOND_KEYS)
    )


def _find_segments(sound: Sound, keys: Mapping[str, bytes], asker: str) -> list[watermark.Segment]:
    """What was read and where; a mark that only the whole sound shows counts for all of it."""
    quick = _read_clearest(DetectionSession(sound.samples, sound.rate), keys)
    thorough = len(keys) * sound.seconds <= THOROUGH
    wanted = {
        name: key
        for name, key in keys.items()
        if thorough or name in quick or watermark_keys.parse_key_name(name)[0] == asker
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
    hearing: DetectionSession, keys: Mapping[str, bytes]
) -> dict[str, watermark.DecodedToken]:
    """The clearest reading under each key, by the first way of reading that finds any."""
    for number, stage in enumerate(hearing.stages):
        if found := stage(dict(islice(keys.items(), None if number == 0 else MOST_KEYS_ROUGH))):
            return found
    return {}


def _attach_clips(found: Iterable[watermark.Segment]) -> tuple[MarkFinding, ...]:
    return tuple(
        MarkFinding(start_s=segment.start_s, end_s=segment.end_s, clip=clip)
        for segment in found
        for clip in _find_carriers(*watermark_keys.parse_key_name(segment.key), segment) or (None,)
    )


def _judge_findings(
    found: tuple[MarkFinding, ...], expected: Clip | None, *, partly: bool
) -> LayerResult:
    clips = [mark.clip for mark in found if mark.clip is not None]
    if not found:
        return LayerResult(
            evidence=LayerEvidence(
                layer="watermark", result="absent", why="partly" if partly else ""
            )
        )
    if not clips:
        return LayerResult(
            evidence=LayerEvidence(layer="watermark", result="candidate"), marks=found
        )
    if expected and expected.id not in {clip.id for clip in clips}:
        return LayerResult(
            evidence=LayerEvidence(layer="watermark", result="mismatch"), clip=clips[0], marks=found
        )
    return LayerResult(
        evidence=LayerEvidence(layer="watermark", result="match", why=_explain_match(clips)),
        clip=clips[0],
        marks=found,
    )


def _explain_match(clips: list[Clip]) -> str:
    """Whether one clip was found, one of several copies, or several clips."""
    if len({clip.id for clip in clips}) < 2:
        return ""
    return (
        "several"
        if len({(clip.organisation_id, clip.epoch, clip.token) for clip in clips}) > 1
        else "copies"
    )


def _find_carriers(
    organisation_id: str, epoch: int, segment: watermark.Segment
) -> tuple[Clip, ...]:
    """The clips that carry a token, the newest first: several when they are copies of one sound
    (`sounds`).

    The identity, where it was read, tells copies apart. Those that were erased, or never left, are
    not spoken of while another one may be meant: all are of one consent.
    """
    rows = Clip.objects.filter(organisation_id=organisation_id, epoch=epoch, token=segment.token)
    copies = tuple(rows.select_related("organisation").order_by("-created_at", "-id"))
    if len(copies) < 2:
        return copies
    named = tuple(
        clip for clip in copies if int.from_bytes(ids.to_bytes(clip.id), "big") == segment.identity
    )
    standing = tuple(clip for clip in copies if clip.subject and clip.issued_at is not None)
    return named or standing or copies[:1]


def find_by_second_mark(sound: Sound, *, first: str) -> tuple[MarkFinding, ...]:
    """The clips whose second mark is in the sound.

    A clip's id was read, or nothing: wrong readings meet no clip.
    """
    keys = islice(watermark_keys.get_second_keys_in_use(first=first).items(), MOST_SECOND_KEYS)
    start = sound.samples[: round(MOST_SECOND_SECONDS * sound.rate)]
    readings = audiowmark_layer.detect_clip_ids(start, sound.rate, keys=dict(keys))
    rows = Clip.objects.filter(id__in={reading.clip_id for reading in readings}).select_related(
        "organisation"
    )
    known = {(clip.id, clip.organisation_id): clip for clip in rows}
    said = {
        (reading.clip_id, watermark_keys.parse_key_name(reading.key_name)[0]): None
        for reading in readings
    }
    return tuple(
        MarkFinding(start_s=0.0, end_s=sound.seconds, clip=known[pair])
        for pair in said
        if pair in known
    )
