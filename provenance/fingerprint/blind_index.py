"""The blind index: which stored fingerprints may resemble a sound, without opening them.

Each word becomes a term: HMAC-SHA256 under the key of the index, cut to 32 bits. The key comes from
the service's secret, which is not in the database. Stolen rows show which clips share a word, and
not how they sound.

One key serves all organisations, because all of them are searched at once. A search costs one hash
for each word and a few look-ups, for any number of organisations and clips.
"""

from __future__ import annotations

import hmac
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Final

from django.conf import settings

from provenance.fingerprint.subfingerprints import SILENT, Words
from provenance.models import FingerprintMethod, FingerprintTerm

MOST_TERMS: Final = 128
"""A clip's rows in the index.

Of more words those with the lowest terms are kept, which a search need not know.
"""
MOST_HITS: Final = 20_000
CANDIDATES: Final = 12
_AT_ONCE: Final = 1_000
# Words of one kind say nothing of words of the other, so each kind has a key of its own.
_PURPOSES: Final = {
    FingerprintMethod.WHOLE: b"sayso fingerprint index 1",
    FingerprintMethod.LINE: b"sayso fingerprint index of lines 1",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A stored fingerprint that shares words with a sound, and the place of its first word."""

    fingerprint_id: int
    shift: int


def get_index_key(method: FingerprintMethod = FingerprintMethod.WHOLE) -> bytes:
    """Return the key of the index for fingerprints of this kind.

    It changes with the service's secret. Then every fingerprint is indexed again.
    """
    return hmac.digest(settings.SECRET_KEY.encode(), _PURPOSES[method], "sha256")


def get_key_name(index_key: bytes) -> str:
    """Return the public name of a key, which a fingerprint stores to know its index key."""
    return hmac.digest(index_key, b"name", "sha256")[:8].hex()


def compute_terms(words: Words, index_key: bytes, *, silent: int = SILENT) -> list[tuple[int, int]]:
    """Return (term, place) of each word at its first place, without silence."""
    first: dict[int, int] = {}
    for place, word in enumerate(words.tolist()):
        if word != silent:
            first.setdefault(word, place)

    return [(hash_word(word, index_key), place) for word, place in first.items()]


def build_term_rows(
    fingerprint_id: int, words: Words, index_key: bytes, *, silent: int = SILENT
) -> list[FingerprintTerm]:
    """Return the index's rows for one fingerprint."""
    kept = sorted(compute_terms(words, index_key, silent=silent))[:MOST_TERMS]
    return [
        FingerprintTerm(fingerprint_id=fingerprint_id, term=term, place=place)
        for term, place in kept
    ]


def search_index(words: Words, index_key: bytes) -> tuple[Hit, ...]:
    """Return the likeliest candidates: those that share most words at one shift, most first."""
    heard = dict(compute_terms(words, index_key))
    return rank_candidates(find_hits(heard), heard)


def rank_candidates(
    found: Iterable[tuple[int, int, int]], heard: Mapping[int, int]
) -> tuple[Hit, ...]:
    """Return candidates from rows of the index and the places of the terms in the sound.

    A row is (fingerprint, term, place).
    """
    votes: Counter[tuple[int, int]] = Counter()
    for fingerprint_id, term, place in found:
        votes[fingerprint_id, heard[term] - place] += 1

    best: dict[int, tuple[int, int]] = {}
    for fingerprint_id, shift in votes:
        # A cut that falls between two frames spreads the agreement over neighbouring shifts.
        count = sum(votes.get((fingerprint_id, shift + step), 0) for step in (-1, 0, 1))
        best[fingerprint_id] = max(best.get(fingerprint_id, (0, 0)), (count, shift))

    ranked = sorted(best.items(), key=lambda item: (-item[1][0], item[0]))[:CANDIDATES]
    return tuple(Hit(fingerprint_id=number, shift=shift) for number, (_, shift) in ranked)


def find_hits(heard: Iterable[int]) -> Iterator[tuple[int, int, int]]:
    """Yield the rows of the index with these terms, as (fingerprint, term, place)."""
    waiting = iter(heard)
    left = MOST_HITS
    while (some := list(islice(waiting, _AT_ONCE))) and left > 0:
        matching = FingerprintTerm.objects.filter(term__in=some)
        for hit in matching.values_list("fingerprint_id", "term", "place")[:left]:
            left -= 1
            yield hit


def hash_word(word: int, index_key: bytes) -> int:
    """Return the term of a word."""
    digest = hmac.digest(index_key, word.to_bytes(4, "big"), "sha256")
    return int.from_bytes(digest[:4], "big", signed=True)
