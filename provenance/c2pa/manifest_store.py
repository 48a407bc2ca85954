"""The manifests of our clips as they were delivered, erased with the clip's audio."""

from __future__ import annotations

from core.errors import NotFound
from provenance.models import Clip
from vault import blobs


class ManifestNotFound(NotFound):
    """The clip carries no C2PA manifest."""

    code = "no_manifest"


def load_manifest_store(clip: Clip) -> bytes:
    """Return the manifest store of a clip, in any state of its permission.

    Raises ManifestNotFound, for erased clips too.
    """
    if not clip.manifest_blob_id:
        raise ManifestNotFound("This clip carries no C2PA manifest.")
    return blobs.read_blob_range(clip.manifest_blob_id, clip.manifest_offset, clip.manifest_size)
