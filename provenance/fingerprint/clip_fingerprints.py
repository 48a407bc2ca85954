"""The life of a fingerprint: ordered with its clip, computed in the background, sealed, deleted."""

from __future__ import annotations

import base64
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np
from django.db.models import F, QuerySet

from audio import decoding
from audio.sound import Sound
from core import lease_renewal, leases, transactions
from core.background_tasks import is_stopping
from core.clock import Clock
from core.errors import NotFound, SaysoError
from core.leases import Backoff, LeaseLost
from provenance.fingerprint import blind_index, haitsma_kalker, line_words, subfingerprints
from provenance.fingerprint.bit_error_rate import FingerprintSimilarity, compare_words
from provenance.fingerprint.subfingerprints import Words, compute_words
from provenance.models import Clip, Fingerprint, FingerprintMethod, FingerprintTerm
from vault import blobs, sealed_values

logger = logging.getLogger(__name__)

WHOLE_MS: Final = 5_000
"""Shorter clips have too few words of Chromaprint's, so they are kept as lines."""
MOST_ATTEMPTS: Final = 8
BACKOFF: Final = Backoff(first=timedelta(minutes=1), longest=timedelta(hours=2))
_CONTEXT: Final = "fingerprint/1"
_COMPUTE: Final = {
    FingerprintMethod.WHOLE: compute_words,
    FingerprintMethod.LINE: line_words.compute_line_words,
}
_SILENT: Final = {
    FingerprintMethod.WHOLE: subfingerprints.SILENT,
    FingerprintMethod.LINE: haitsma_kalker.SILENT,
}
_RATES: Final[Mapping[str, int]] = {"mulaw": 8_000}
_PCM_RATES: Final = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class FingerprintCandidate:
    """A clip of ours that a sound resembles.

    It is never proof, because the same sentence spoken twice may be as similar.
    """

    clip: Clip
    likeness: FingerprintSimilarity


@transactions.requires_transaction
def order_fingerprint(clip: Clip) -> None:
    """Order the fingerprint of a clip that is being issued.

    It is computed later, in the background.
    """
    if clip.subject:
        whole = clip.duration_ms >= WHOLE_MS
        method = FingerprintMethod.WHOLE if whole else FingerprintMethod.LINE
        Fingerprint.objects.create(clip=clip, subject=clip.subject, method=method)


def make_pending_fingerprints(*, now: Clock, limit: int = 50) -> int:
    """Compute, seal and index up to `limit` waiting fingerprints, oldest first. Return their
    number.

    Waiting are those without a fingerprint and those that were indexed under another key. `now` is
    the real clock.
    """
    keys = {method: blind_index.get_index_key(method) for method in FingerprintMethod}
    named = [blind_index.get_key_name(key) for key in keys.values()]
    unmade = Fingerprint.objects.exclude(under__in=named)
    waiting = unmade.filter(
        leases.is_claimable(now()), attempt__lt=F("attempts_before") + MOST_ATTEMPTS
    ).order_by("id")
    made = 0
    for row_id in list(waiting.values_list("id", flat=True)[:limit]):
        if is_stopping():
            break
        # Another worker may have made it since the list was read.
        rows = unmade.select_related("clip").filter(id=row_id)
        row = leases.claim(rows, at=now())
        if row is not None:
            with lease_renewal.keep_leases(leases.select_held(row), now=now):
                made += _make_fingerprint(row, keys[FingerprintMethod(row.method)], at=now())
    return made


def search_similar_clips(sound: Sound) -> tuple[FingerprintCandidate, ...]:
    """Return the clips that a sound resembles, the most similar first.

    Only the fingerprints that the index proposes are opened.
    """
    heard = compute_words(sound.samples, sound.rate)
    hits = blind_index.search_index(heard, blind_index.get_index_key()) if heard.size else ()
    stored = Fingerprint.objects.select_related("clip__organisation").in_bulk(
        [hit.fingerprint_id for hit in hits]
    )

    found: list[FingerprintCandidate] = []
    for hit in hits:
        row = stored.get(hit.fingerprint_id)
        kept = open_fingerprint(row) if row is not None else None
        if row is None or kept is None:
            continue

        likeness = compare_words(heard, kept, shift=hit.shift)
        if likeness.is_close:
            found.append(FingerprintCandidate(clip=row.clip, likeness=likeness))

    return tuple(
        sorted(found, key=lambda candidate: (candidate.likeness.errors, candidate.clip.id))
    )


@transactions.requires_transaction
def erase_fingerprints_of_subject(subject: str) -> int:
    """Delete every fingerprint of a person with its terms. Return their number."""
    return _erase_fingerprints(Fingerprint.objects.filter(subject=subject))


@transactions.requires_transaction
def erase_fingerprints_of_clips(clip_ids: Sequence[str]) -> int:
    """Delete the fingerprints of these clips with their terms. Return their number."""
    return _erase_fingerprints(Fingerprint.objects.filter(clip_id__in=clip_ids))


def _erase_fingerprints(rows: QuerySet[Fingerprint]) -> int:
    # Locked first: background work on one of them must not add terms while they are being deleted.
    held = list(rows.select_for_update().order_by("id").values_list("id", flat=True))
    FingerprintTerm.objects.filter(fingerprint_id__in=held).delete()
    return Fingerprint.objects.filter(id__in=held).delete()[0]


def _make_fingerprint(row: Fingerprint, index_key: bytes, *, at: datetime) -> bool:
    try:
        found = open_fingerprint(row)
        if found is None:
            compute = _COMPUTE[FingerprintMethod(row.method)]
            found = compute(*_read_audio(row.clip))
        return _store_fingerprint(row, found, index_key)
    except LeaseLost:
        return False  # forgotten meanwhile, or another worker's
    except SaysoError as error:
        facts = {"clip": row.clip_id, "code": error.stable_code}
        logger.warning("no fingerprint made", extra=facts)
    except Exception:
        logger.exception("no fingerprint made", extra={"clip": row.clip_id})

    leases.return_to_queue(row, at=at, backoff=BACKOFF, count=row.attempt - row.attempts_before)
    return False


@transactions.opens_transaction
def _store_fingerprint(row: Fingerprint, found: Words, index_key: bytes) -> bool:
    """Seal and index. Raises LeaseLost when the row was forgotten in the meantime."""
    text = base64.b64encode(found.astype("<u4").tobytes()).decode("ascii")
    leases.complete(
        row,
        sealed=sealed_values.seal(row.subject, _CONTEXT, text),
        words=found.size,
        under=blind_index.get_key_name(index_key),
        attempts_before=row.attempt,
    )
    FingerprintTerm.objects.filter(fingerprint_id=row.id).delete()
    silent = _SILENT[FingerprintMethod(row.method)]
    FingerprintTerm.objects.bulk_create(
        blind_index.build_term_rows(row.id, found, index_key, silent=silent)
    )
    return True


def open_fingerprint(row: Fingerprint) -> Words | None:
    """Return the words of a fingerprint, or None when there are none yet or its key is gone."""
    if row.sealed is None:
        return None
    try:
        text = sealed_values.unseal(row.subject, _CONTEXT, bytes(row.sealed))
    except NotFound:  # includes KeyDestroyed
        return None

    return np.frombuffer(base64.b64decode(str(text)), dtype="<u4")


def _read_audio(clip: Clip) -> tuple[np.typing.NDArray[np.float32], int]:
    """Return the delivered sound.

    Raises NotFound when it is gone, KeyDestroyed, KmsUnavailable.
    """
    data = blobs.get_blob(clip.blob_id)
    rate = _RATES.get(clip.codec) or _infer_pcm_rate(clip)
    sound = decoding.decode_trusted(data, clip.codec, rate=rate)
    return sound.samples, sound.rate


def _infer_pcm_rate(clip: Clip) -> int:
    """Return the rate of headerless samples, from their number and the clip's length."""
    measured = 500 * clip.size / max(clip.duration_ms, 1)
    return min(_PCM_RATES, key=lambda rate: abs(rate - measured))
