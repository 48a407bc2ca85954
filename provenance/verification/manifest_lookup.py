"""Manifests by a soft binding or by a sound (C2PA Soft Binding Resolution API).

An erased clip is not found here. Only `provenance.verification` answers, from the sound, that this
service made it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from django.db.models import QuerySet

from audio.containers import UnreadableAudio
from core.errors import Malformed, NotFound
from provenance.c2pa import jumbf, manifest, manifest_store
from provenance.models import Clip, ClipState
from provenance.verification import fingerprint_layer, watermark_layer
from provenance.verification.upload import Upload

_ID: Final = re.compile(r"urn:c2pa:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
_FORM: Final = re.compile(
    r"urn:(c2pa|uuid):[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(:[!-~]{1,200})?\Z"
)
"""An id of any manifest (C2PA 2.1, 8.2, and `urn:uuid:` before).

Ours have no vendor and no version behind them.
"""
GOOD_FOR: Final = (ClipState.ISSUED, ClipState.WITHDRAWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A manifest that may be the one that is searched.

    `score`, 0 to 100, is set where it only sounds similar, else None.
    """

    manifest_id: str
    score: int | None = None


def find_by_binding(algorithm: str, value: str, *, limit: int) -> tuple[Match, ...]:
    """Return the manifests of a soft binding, or none for an algorithm that is not ours.

    Raises Malformed for an unreadable value.
    """
    if algorithm != manifest.ALGORITHM:
        return ()

    clip_id = manifest.binding_value_to_clip(value)
    if clip_id is None:
        raise Malformed("The value is not the base64 of 16 bytes.")

    return _to_matches(_list_clips_with_manifest().filter(id=clip_id))[:limit]


def find_by_content(
    data: bytes,
    *,
    algorithm: str | None,
    limit: int,
    organisation_id: str = "",
    address: str = "",
) -> tuple[Match, ...]:
    """Return the manifests of the file's clip: by its bytes, by its mark, then by similar sound.

    The file is decoded in the child and not stored. `organisation_id` is whose key asks, `address`
    where a stranger does.

    Raises Malformed for what is no audio, and ServerBusy, RateLimited as `verify` does.
    """
    if algorithm not in {None, manifest.ALGORITHM}:
        return ()

    with Upload(data, organisation_id=organisation_id, address=address) as upload:
        found = dict.fromkeys(_match_bytes(upload))
        if not upload.has_sound:
            if found:
                return tuple(found)[:limit]
            raise Malformed(UnreadableAudio(upload.facts.why).detail)

        found |= dict.fromkeys(_match_watermark(upload))
        named = {match.manifest_id for match in found}
        similar = [match for match in _match_fingerprint(upload) if match.manifest_id not in named]

    return (*found, *similar)[:limit]


def get_manifest_store(manifest_id: str, *, active_only: bool = False) -> bytes:
    """Return the manifest store whose active manifest this is, or that manifest alone.

    Raises NotFound, Malformed.
    """
    if not _FORM.match(manifest_id):
        raise Malformed("That is no id of a manifest: `urn:c2pa:` and a UUID.")

    clip = None
    if _ID.match(manifest_id):
        clip = _list_clips_with_manifest().filter(manifest_id=manifest_id).first()
    if clip is None:
        raise NotFound("There is no such manifest.")

    whole = manifest_store.load_manifest_store(clip)
    return jumbf.extract_active_manifest(whole) if active_only else whole


def _list_clips_with_manifest() -> QuerySet[Clip]:
    return Clip.objects.filter(state__in=GOOD_FOR).exclude(manifest_blob_id="")


def _to_matches(rows: QuerySet[Clip]) -> tuple[Match, ...]:
    return tuple(Match(manifest_id=clip.manifest_id) for clip in rows.order_by("-issued_at", "id"))


def _match_bytes(upload: Upload) -> Iterator[Match]:
    yield from _to_matches(_list_clips_with_manifest().filter(sha256=upload.sha256))


def _match_watermark(upload: Upload) -> Iterator[Match]:
    marks = watermark_layer.search_marks(upload)
    marked = [mark.clip.id for mark in marks if mark.clip is not None]
    yield from _to_matches(_list_clips_with_manifest().filter(id__in=marked))


def _match_fingerprint(upload: Upload) -> Iterator[Match]:
    """Yield what only sounds similar, the most similar first.

    The same sentence spoken twice may sound similar, so each match has a score.
    """
    named = set[str]()  # a line may be in the file more than once
    lines = [(line.clip, line.errors) for line in fingerprint_layer.find_lines(upload)]
    for clip, errors in (*lines, *fingerprint_layer.find_similar_clips(upload)):
        if clip.state in GOOD_FOR and clip.manifest_blob_id and clip.id not in named:
            named.add(clip.id)
            score = round(100 * (1 - errors))
            yield Match(manifest_id=clip.manifest_id, score=min(99, score))
