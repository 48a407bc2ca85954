"""Fingerprints of bound recordings: another person's recording is found by its sound.

A file's hash changes with any byte of it. So a recording is searched by the hash of its decoded
samples, and by its acoustic fingerprint, which survives another codec, another level and cutting.
The blind index is under the organisation's own key. A search stays within one organisation, and
within its live or its test data.
"""

from __future__ import annotations

import base64
import hmac
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Final

import numpy as np
from django.db.models import QuerySet

from audio.sound import Sound
from consent import speakers
from consent.models import (
    Consent,
    SampleFingerprint,
    SampleFingerprintTerm,
    SampleRegister,
    Speaker,
)
from core import canonical_json, transactions
from core.errors import NotFound
from provenance.fingerprint import haitsma_kalker
from provenance.fingerprint.haitsma_kalker import SILENT, Bits
from vault import sealed_values, subject_keys

EVERY: Final = 3
"""One frame in three is indexed.

All frames of the searched sound are looked up, so one of three matches.
"""
CANDIDATES: Final = 12
MOST_HITS: Final = 50_000
_AT_ONCE: Final = 500
_CONTEXT: Final = "sample-fingerprint/1"
_PURPOSE: Final = "sample-index/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingIdentity:
    """What identifies a recording in any file: the hash of its samples, and its fingerprint."""

    pcm_sha256: str
    bits: Bits = field(repr=False)


def identify_recording(sound: Sound) -> RecordingIdentity:
    """Return the identity of a recording. Silence at its ends does not count for the hash."""
    heard = np.flatnonzero(sound.samples)
    samples = sound.samples[heard[0] : heard[-1] + 1] if heard.size else sound.samples[:0]
    trimmed = Sound(samples, sound.rate)

    return RecordingIdentity(
        pcm_sha256=canonical_json.sha256_hex(trimmed.pcm16()),
        bits=haitsma_kalker.compute_sub_fingerprints(sound.samples, sound.rate),
    )


def find_foreign(
    recordings: Sequence[RecordingIdentity], *, speaker: Speaker, at: datetime
) -> tuple[int, ...]:
    """Return the places of those recordings that are bound to other people's consents.

    Only consents to the same organisation are searched. `speakers.are_two_people` decides who is
    another person.
    """
    others = SampleFingerprint.objects.filter(
        consent__organisation_id=speaker.organisation_id, consent__livemode=speaker.livemode
    ).exclude(consent__speaker=speaker)
    key = _index_key(speaker.organisation_id, at=at)

    return tuple(
        place
        for place, recording in enumerate(recordings)
        if any(
            speakers.are_two_people(row.consent.speaker, speaker)
            for row in _find_matching(recording, others, key)
        )
    )


def _find_matching(
    recording: RecordingIdentity, others: QuerySet[SampleFingerprint], key: bytes
) -> Iterator[SampleFingerprint]:
    """Yield the rows whose recording is this one, or a part of it."""
    rows = others.select_related("consent__speaker")
    yield from rows.filter(pcm_sha256=recording.pcm_sha256)
    yield from _find_heard(recording.bits, rows, key)


@transactions.requires_transaction
def lock_register(speaker: Speaker) -> None:
    """Lock the organisation's register of recordings until the transaction ends.

    Take it after the consent's lock and before the log. Then `find_foreign` sees what every earlier
    binding wrote.
    """
    row, _ = SampleRegister.objects.get_or_create(
        organisation_id=speaker.organisation_id, livemode=speaker.livemode
    )
    SampleRegister.objects.select_for_update(no_key=True).get(pk=row.pk)


@transactions.requires_transaction
def keep_fingerprints(
    consent: Consent, recordings: Sequence[RecordingIdentity], *, at: datetime
) -> int:
    """Store and index the identities of these recordings.

    Return how many were new to this consent.
    """
    speaker = consent.speaker
    key = _index_key(speaker.organisation_id, at=at)
    known = set(
        SampleFingerprint.objects.filter(consent=consent).values_list("pcm_sha256", flat=True)
    )
    new = {one.pcm_sha256: one for one in recordings if one.pcm_sha256 not in known}

    for recording in new.values():
        row = SampleFingerprint.objects.create(
            consent=consent,
            subject=speaker.subject,
            pcm_sha256=recording.pcm_sha256,
            sealed=sealed_values.seal(speaker.subject, _CONTEXT, _bits_to_text(recording.bits)),
            created_at=at,
        )
        SampleFingerprintTerm.objects.bulk_create(
            _build_terms(row, recording.bits, key), batch_size=2_000
        )

    return len(new)


@transactions.requires_transaction
def erase_recording_fingerprints_of_subject(subject: str) -> int:
    """Delete every fingerprint of a person's recordings with its terms. Return their number."""
    held = list(SampleFingerprint.objects.filter(subject=subject).values_list("id", flat=True))
    SampleFingerprintTerm.objects.filter(fingerprint_id__in=held).delete()

    return SampleFingerprint.objects.filter(id__in=held).delete()[0]


def _find_heard(
    heard: Bits, others: QuerySet[SampleFingerprint], key: bytes
) -> Iterator[SampleFingerprint]:
    """Yield the rows whose recording lies in this sound, entirely or in part."""
    if np.count_nonzero(heard != SILENT) < haitsma_kalker.LEAST:
        return

    places: dict[int, list[int]] = {}
    for place, value in enumerate(heard.tolist()):
        if value != SILENT:
            places.setdefault(_index_term(value, key), []).append(place)

    shifts = _rank_shifts(places, others)
    rows = others.in_bulk([row_id for row_id, _ in shifts])
    for row_id, shift in shifts:
        row = rows.get(row_id)
        kept = _open_fingerprint(row)
        if (
            row is not None
            and kept is not None
            and haitsma_kalker.compare_sub_fingerprints(heard, kept, shift=shift).same
        ):
            yield row


def _rank_shifts(
    places: Mapping[int, Sequence[int]], others: QuerySet[SampleFingerprint]
) -> tuple[tuple[int, int], ...]:
    """Return (fingerprint, shift) of the recordings that share most values at one shift."""
    votes: Counter[tuple[int, int]] = Counter()
    for row_id, term, place in _find_hits(places, others):
        for heard_at in places[term]:
            votes[row_id, heard_at - place] += 1

    best: dict[int, tuple[int, int]] = {}
    for row_id, shift in votes:
        # A cut falls between two frames, so the agreement is spread over neighbouring shifts.
        count = sum(votes.get((row_id, shift + step), 0) for step in (-1, 0, 1))
        best[row_id] = max(best.get(row_id, (0, 0)), (count, shift))

    ranked = sorted(best.items(), key=lambda item: (-item[1][0], item[0]))[:CANDIDATES]

    return tuple((row_id, shift) for row_id, (_, shift) in ranked)


def _find_hits(
    places: Mapping[int, Sequence[int]], others: QuerySet[SampleFingerprint]
) -> Iterator[tuple[int, int, int]]:
    waiting = iter(places)
    left = MOST_HITS

    while (some := list(islice(waiting, _AT_ONCE))) and left > 0:
        matching = SampleFingerprintTerm.objects.filter(term__in=some, fingerprint__in=others)
        for row in matching.values_list("fingerprint_id", "term", "place")[:left]:
            left -= 1
            yield row


def _build_terms(row: SampleFingerprint, bits: Bits, key: bytes) -> list[SampleFingerprintTerm]:
    return [
        SampleFingerprintTerm(fingerprint=row, term=_index_term(value, key), place=place * EVERY)
        for place, value in enumerate(bits[::EVERY].tolist())
        if value != SILENT
    ]


def _index_term(value: int, key: bytes) -> int:
    return int.from_bytes(
        hmac.digest(key, value.to_bytes(4, "big"), "sha256")[:4], "big", signed=True
    )


def _index_key(organisation_id: str, *, at: datetime) -> bytes:
    return subject_keys.derive_key(
        subject_keys.get_organisation_subject(organisation_id, at=at), _PURPOSE
    )


def _bits_to_text(bits: Bits) -> str:
    return base64.b64encode(bits.astype("<u4").tobytes()).decode("ascii")


def _open_fingerprint(row: SampleFingerprint | None) -> Bits | None:
    """Return an opened fingerprint, or None if the row or its key does not exist any more."""
    if row is None:
        return None

    try:
        text = sealed_values.unseal(row.subject, _CONTEXT, bytes(row.sealed))
    except NotFound:
        # Also a KeyDestroyed.
        return None

    return np.frombuffer(base64.b64decode(str(text)), dtype="<u4")
