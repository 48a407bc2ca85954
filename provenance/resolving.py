"""From a soft binding, or from the sound that it is in, to manifests (C2PA Soft Binding Resolution API).

An erased clip is not there at all; that this service made it is for `provenance.verifying` to say, from the sound.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from django.db.models import QuerySet

from core import canonical
from core.errors import Malformed, NotFound
from provenance.audio import decoding
from provenance.audio.formats import UnreadableAudio
from provenance.audio.sound import Sound
from provenance.credentials import jumbf, manifest, stored
from provenance.fingerprint import filing
from provenance.models import Clip, ClipState
from provenance.verifying import marked, resembling

_ID: Final = re.compile(r"urn:c2pa:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
_FORM: Final = re.compile(r"urn:(c2pa|uuid):[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(:[!-~]{1,200})?\Z")
"""An id of anybody's manifest (C2PA 2.1, 8.2; `urn:uuid:` before): ours have no vendor and no version behind them."""
GOOD_FOR: Final = (ClipState.ISSUED, ClipState.WITHDRAWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A manifest that may be the one sought; `score`, 0 to 100, where it only sounds alike, else None."""

    manifest_id: str
    score: int | None = None


def by_binding(algorithm: str, value: str, *, most: int) -> tuple[Match, ...]:
    """Manifests of a soft binding; none for an algorithm that is not ours. Raises Malformed for an unreadable value."""
    if algorithm != manifest.ALGORITHM:
        return ()
    clip_id = manifest.clip_of(value)
    if clip_id is None:
        raise Malformed("The value is not the base64 of 16 bytes.")
    return _matches(_known().filter(id=clip_id))[:most]


def by_content(data: bytes, *, algorithm: str | None, most: int) -> tuple[Match, ...]:
    """Manifests of the file's clip: by its bytes, by the mark in its sound, then what sounds alike.

    The file is decoded in the child and not kept. Raises Malformed for what is no audio.
    """
    if algorithm not in {None, manifest.ALGORITHM}:
        return ()
    found = dict.fromkeys(_exact(data))
    try:
        sound = decoding.decode(data).sound
    except UnreadableAudio as error:
        if found:
            return tuple(found)[:most]
        raise Malformed(error.detail) from error
    found |= dict.fromkeys(_marked(sound))
    named = {match.manifest_id for match in found}
    alike = [match for match in _alike(sound) if match.manifest_id not in named]
    return (*found, *alike)[:most]


def store(manifest_id: str, *, active_only: bool = False) -> bytes:
    """The manifest store that this is the active manifest of, or that manifest alone. Raises NotFound, Malformed."""
    if not _FORM.match(manifest_id):
        raise Malformed("That is no id of a manifest: `urn:c2pa:` and a UUID.")
    clip = _known().filter(manifest_id=manifest_id).first() if _ID.match(manifest_id) else None
    if clip is None:
        raise NotFound("There is no such manifest.")
    whole = stored.manifest(clip)
    return jumbf.active_alone(whole) if active_only else whole


def _known() -> QuerySet[Clip]:
    return Clip.objects.filter(state__in=GOOD_FOR).exclude(manifest_blob_id="")


def _matches(rows: QuerySet[Clip]) -> tuple[Match, ...]:
    return tuple(Match(manifest_id=clip.manifest_id) for clip in rows.order_by("-issued_at", "id"))


def _exact(data: bytes) -> Iterator[Match]:
    yield from _matches(_known().filter(sha256=canonical.sha256(data)))


def _marked(sound: Sound) -> Iterator[Match]:
    heard = [mark.clip.id for mark in marked.look(sound, expected=None).marks if mark.clip is not None]
    yield from _matches(_known().filter(id__in=heard))


def _alike(sound: Sound) -> Iterator[Match]:
    """What only sounds alike, most alike first. The same sentence spoken twice may, so it has a score."""
    if sound.seconds < resembling.LEAST_SECONDS:
        return
    for candidate in filing.search(sound):
        if candidate.clip.state in GOOD_FOR and candidate.clip.manifest_blob_id:
            score = round(100 * (1 - candidate.likeness.errors))
            yield Match(manifest_id=candidate.clip.manifest_id, score=min(99, score))
