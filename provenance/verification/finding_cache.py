"""What searches found in files, kept in this process by the hash of the file, never the file.

A file that comes again is not decoded and searched again. Only what the bytes say is kept: readings
of marks, hashes, candidates. The verdict is judged again from the rows as they stand. A new key, a
new sound, a new entry of the index of fingerprints or the end of a key ends all that was found
before it.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from typing import Any, Final

from django.db.models import Count, Max, Q

from provenance.models import Credential, FingerprintTerm, MarkedSound, MarkKey
from vault import subject_keys

MOST: Final = 1_000
"""Files whose findings are kept, of about a kilobyte each. The longest unasked goes first."""
KEEP_SECONDS: Final = 600.0
"""How long findings are kept.

The version of an index is its highest number. Two transactions may commit in the other order than
they drew theirs, so what was found between the two would otherwise be kept for too long.
"""

Findings = dict[str, Any]
Version = tuple[int | None, ...]


class FindingCache:
    """Findings by the hash of the file and the version of what was searched. Safe for threads."""

    def __init__(self, most: int = MOST, *, keep_seconds: float = KEEP_SECONDS) -> None:
        self._most = most
        self._keep_seconds = keep_seconds
        self._found: OrderedDict[tuple[str, Version], tuple[float, Findings]] = OrderedDict()
        self._lock = threading.Lock()

    def get_findings(self, sha256: str, version: Version) -> Findings:
        """Return a copy of what was found in this file, which is empty for a new one."""
        with self._lock:
            ends, found = self._found.get((sha256, version), (0.0, {}))
            if ends <= time.monotonic():
                self._found.pop((sha256, version), None)
                return {}
            self._found.move_to_end((sha256, version))
            return dict(found)

    def store_findings(self, sha256: str, version: Version, findings: Findings) -> None:
        """Keep what was found in this file, from its first search on for `KEEP_SECONDS`."""
        with self._lock:
            ends, _ = self._found.get(
                (sha256, version), (time.monotonic() + self._keep_seconds, {})
            )
            self._found[sha256, version] = ends, findings
            self._found.move_to_end((sha256, version))
            while len(self._found) > self._most:
                self._found.popitem(last=False)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._found.clear()


FINDINGS: Final = FindingCache()


def read_version() -> Version:
    """Return the version of all that a search rests on beside the file."""
    keys = MarkKey.objects.aggregate(newest=Max("pk"), layered=Count("pk", filter=Q(second=True)))
    newest = tuple(
        model.objects.aggregate(newest=Max("pk"))["newest"]
        for model in (MarkedSound, FingerprintTerm)
    )
    return (
        keys["newest"],
        keys["layered"],
        *newest,
        Credential.objects.count(),
        # What was read under a key is not known any more once the key is destroyed.
        subject_keys.count_destroyed_organisations(),
    )
