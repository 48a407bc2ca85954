"""A file to verify: its bytes, what is known of it, and the place that its search takes."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Final, TypeVar, cast

from django.conf import settings

from audio import decoding
from audio.containers import UnreadableAudio
from audio.decoding import DecodedFile
from audio.sound import Sound
from core import canonical_json, clock, memory, transactions
from core.places import PlacePool
from provenance import anonymous_rate_limit, organisation_rate_limit
from provenance.verification import finding_cache

T = TypeVar("T")

EXAMINATIONS: Final = PlacePool(lambda: settings.SAYSO_MAX_EXAMINATIONS)
"""Files that are decoded and searched at a time: each place is one decoder and one search."""
SECONDS_WITHOUT_KEY: Final = 10.0
SECONDS_WITH_KEY: Final = 30.0
"""Seconds until a file that found no place is told to come again."""
DECODED_A_SECOND: Final = 40.0
"""Seconds of sound that a file without any counts for each second that it keeps a decoder busy."""
LARGE_BYTES: Final = 2**20
LARGE_SECONDS: Final = 20.0
"""Files and sounds behind which the process gives its free memory back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundFacts:
    """What is kept of a decoded sound: its length, the hash of its canonical PCM, whether the file
    ends before it does or has tracks that are not read, or `why` there is none.
    """

    seconds: float = 0.0
    sha256_pcm: str = ""
    is_cut_off: bool = False
    has_unread_tracks: bool = False
    why: str = ""


class Upload:
    """A file to verify, as a context that holds a place while it is searched.

    `organisation_id` is whose key asks. Without one it is a stranger at `address`. The keys of that
    organisation are tried before those of others. A file whose findings are all known takes no
    place and is not decoded.
    """

    def __init__(self, data: bytes, *, organisation_id: str = "", address: str = "") -> None:
        self.data = data
        self.sha256 = canonical_json.sha256_hex(data)
        self.organisation_id = organisation_id
        self._address = anonymous_rate_limit.mask_to_network(address)
        self._stack = ExitStack()
        self._holds_place = False
        self._decoded: DecodedFile | None = None
        self._version = finding_cache.read_version()
        self._findings = finding_cache.FINDINGS.get_findings(self.sha256, self._version)

    def __enter__(self) -> Upload:
        """Begin. No place is taken before something has to be searched."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Keep what was found, give the place back, and the memory of a large file."""
        if self._holds_place and kind is None:
            finding_cache.FINDINGS.store_findings(self.sha256, self._version, self._findings)

        decoded, self._decoded = self._decoded, None
        large = decoded is not None and decoded.sound.seconds > LARGE_SECONDS
        del decoded
        self._stack.close()
        if large or (len(self.data) > LARGE_BYTES and self._holds_place):
            memory.return_freed_memory()

    def recall(self, name: str, search: Callable[[], T]) -> T:
        """Return the finding of this name, by searching for it if it is not known.

        Raises ServerBusy, and what `search` raises.
        """
        if name not in self._findings:
            self._take_place()
            self._findings[name] = search()
        return cast("T", self._findings[name])

    @property
    def facts(self) -> SoundFacts:
        """What is known of the sound.

        Raises ServerBusy, RateLimited, DecoderUnavailable.
        """
        return self.recall("sound", self._examine_sound)

    @property
    def has_sound(self) -> bool:
        """Whether the file could be decoded."""
        return not self.facts.why

    def require_sound(self) -> Sound:
        """Return the sound (mono).

        Raises ValueError when there is none.
        """
        return self._require_decoded().sound

    def require_mixes(self) -> tuple[Sound, ...]:
        """Return the sound, and the other sounds that the file's channels hold.

        Raises ValueError when there is none.
        """
        decoded = self._require_decoded()
        return (decoded.sound, *decoded.others)

    def _require_decoded(self) -> DecodedFile:
        if self.has_sound and self._decoded is None:
            self._take_place()
            self._decoded = self._decode()
        if self._decoded is None:
            raise ValueError("this layer needs a sound")
        return self._decoded

    def _examine_sound(self) -> SoundFacts:
        try:
            self._decoded = decoded = self._decode()
        except UnreadableAudio as error:
            return SoundFacts(why=error.reason)

        return SoundFacts(
            seconds=decoded.sound.seconds,
            sha256_pcm=decoded.sound.hash_pcm16(),
            is_cut_off=decoded.is_cut_off,
            has_unread_tracks=decoded.has_unread_tracks,
        )

    def _decode(self) -> DecodedFile:
        """Decode the file. The seconds of its sender are counted, before and after."""
        self._count_seconds(1.0)
        transactions.release_connections()
        began = time.monotonic()
        try:
            decoded = decoding.decode_untrusted(
                self.data,
                most_bytes=settings.SAYSO_MAX_UPLOAD_BYTES,
                accepts_cut=True,
                most_others=decoding.MOST_OTHERS,
            )
        except UnreadableAudio:
            self._count_seconds(DECODED_A_SECOND * (time.monotonic() - began))
            raise

        # Each mix is searched.
        self._count_seconds(decoded.sound.seconds + sum(other.seconds for other in decoded.others))
        return decoded

    def _count_seconds(self, seconds: float) -> None:
        if self.organisation_id:
            organisation_rate_limit.count_organisation_seconds(
                self.organisation_id, seconds, at=clock.now()
            )
        elif self._address:
            anonymous_rate_limit.count_seconds(self._address, seconds, at=clock.now())

    def _take_place(self) -> None:
        if self._holds_place:
            return

        transactions.release_connections()
        has_key = bool(self.organisation_id)
        self._stack.enter_context(
            EXAMINATIONS.hold_place(
                self.organisation_id or self._address,
                has_key=has_key,
                wait_seconds=SECONDS_WITH_KEY if has_key else SECONDS_WITHOUT_KEY,
            )
        )
        self._holds_place = True
