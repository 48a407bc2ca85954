"""What left: hashes, format, length, mark and manifest, of a whole clip or of a stream that was
broken off.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.canonical_json import Json
from provenance.clips import log_body
from provenance.models import ManifestMode


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipDelivery:
    """What is about to leave: hashes, format, length, the mark's self-check, and where the C2PA
    manifest is, if any.
    """

    sha256_provider: str
    sha256: str
    sha256_pcm: str
    codec: str
    media_type: str
    size: int
    duration_ms: int
    blob_id: str = ""
    scheme: str = ""
    margin_milli_db: int = 0
    score_milli: int = 0
    self_checks: tuple[str, ...] = ()
    second_marks: tuple[Mapping[str, Json], ...] = ()
    manifest_mode: str = ManifestMode.NONE
    manifest_reason: str = ""
    manifest_id: str = ""
    manifest_sha256: str = ""
    manifest_offset: int = 0
    manifest_size: int = 0
    manifest_blob_id: str = ""
    credential: str = ""

    def columns(self) -> dict[str, object]:
        """What a clip's row keeps of it."""
        found = {name: getattr(self, name) for name in self.__slots__}
        return {
            **found,
            "self_checks": list(self.self_checks),
            "second_marks": list(self.second_marks),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class PartialDelivery:
    """What had left of a stream that was broken off, and how many characters of its text stand for
    it.
    """

    sent: ClipDelivery
    characters: int
    said: log_body.LoggedTerms
