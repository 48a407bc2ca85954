"""The search for short lines of ours in a file, however many are joined in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from audio.sound import Sound
from provenance.fingerprint import blind_index, clip_fingerprints, line_words
from provenance.fingerprint.line_words import LineMatch
from provenance.models import Clip, Fingerprint, FingerprintMethod

MOST_LINES: Final = 60
"""The likeliest places of lines that are looked at in one file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundLine:
    """A short clip of ours that a file seems to hold, and where. It is no proof by itself."""

    clip: Clip
    match: LineMatch


def search_lines(sound: Sound) -> tuple[FoundLine, ...]:
    """Return the short clips that are found in a sound, by their place in it.

    Only the fingerprints that the index proposes are opened.
    """
    heard = line_words.compute_line_words(sound.samples, sound.rate)
    index_key = blind_index.get_index_key(FingerprintMethod.LINE)
    terms = {
        blind_index.hash_word(word, index_key): places
        for word, places in line_words.list_places(heard).items()
    }
    places = line_words.rank_places(blind_index.find_hits(terms), terms, most=MOST_LINES)
    rows = Fingerprint.objects.select_related("clip__organisation").in_bulk(
        {place.fingerprint_id for place in places}
    )
    kept = {number: clip_fingerprints.open_fingerprint(row) for number, row in rows.items()}

    matches = [
        match
        for place in places
        if (words := kept.get(place.fingerprint_id)) is not None
        and (match := line_words.match_line(heard, words, place)) is not None
    ]
    return tuple(
        FoundLine(clip=rows[match.fingerprint_id].clip, match=match)
        for match in line_words.choose_lines(matches)
    )
