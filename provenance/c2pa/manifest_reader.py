"""The Content Credentials of foreign files: what they say, their signer, and whether they are ours.

A manifest is hostile input like any other part of a file. It is read in a confined child
process.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from django.conf import settings

from audio import containers
from audio.containers import Container, UnreadableAudio
from audio.sandbox import answers
from audio.sandbox.answers import AnswerForged
from audio.sandbox.template_client import ChildFailed, Limits, Sandbox
from core.errors import Unavailable
from provenance.c2pa import manifest, manifest_signer, signing_authority

_SANDBOX: Final = Sandbox(
    Path(__file__).with_name("manifest_reader_child.py"), Limits(most_out=2**18)
)
_ANY: Final = "application/octet-stream"
_TYPES: Final = {
    Container.WAV: "audio/wav",
    Container.MP3: "audio/mpeg",
    Container.FLAC: "audio/flac",
    Container.M4A: "audio/mp4",
}
# A manifest is a JUMBF box (ISO 19566-5), and the address of one stands in XMP. A file with neither
# word has none.
_WORDS: Final = (b"jumb", b"dcterms:provenance")
_SYNTHETIC: Final = (
    "trainedAlgorithmicMedia",
    "compositeWithTrainedAlgorithmicMedia",
    "algorithmicMedia",
)


class ManifestState(StrEnum):
    """What a file's manifest is worth.

    Only `trusted` is proof: signed under a root that we know, and over this very file. `invalid`
    was not made for this file or was changed. `remote_only` names an address, which is never
    called.
    """

    TRUSTED = "trusted"
    UNKNOWN_SIGNER = "valid_unknown_signer"
    INVALID = "invalid"
    ABSENT = "absent"
    REMOTE_ONLY = "remote_only"
    UNREADABLE = "unreadable"


class ManifestReaderUnavailable(Unavailable):
    """The reader of manifests could not be started or ended before it began.

    The file was not judged.
    """

    code = "c2pa_reader_unavailable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """The content of a file's manifest.

    Texts other than `clip_id` are the file's own and prove nothing unless the state is `trusted`.

    - `ours`: signed with a key of this installation.
    - `clip_id`: the clip that our soft binding in it names.
    - `synthetic`: this manifest, or one on which it builds, says that a model made the sound.
    - `ingredients`: ids of manifests on which it builds.
    """

    state: ManifestState
    manifest_id: str = ""
    ours: bool = False
    clip_id: str | None = None
    synthetic: bool = False
    ingredients: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()


def read_credentials(data: bytes, *, sidecar: bytes | None = None) -> Credentials:
    """Read the manifest in a file, or the one beside it.

    Nothing is raised about the file.

    Raises ManifestReaderUnavailable.
    """
    if sidecar is None and not any(word in data for word in _WORDS):
        return Credentials(state=ManifestState.ABSENT)

    anchors = signing_authority.get_trust_anchors() + settings.SAYSO_C2PA_ANCHORS
    order = {
        "media_type": _ANY if sidecar is not None else guess_media_type(data),
        "settings": manifest_signer.build_settings(anchors),
        "size": len(data),
        "sidecar": len(sidecar or b""),
    }

    try:
        output = _SANDBOX.run(order, data + (sidecar or b""))
    except ChildFailed as error:
        raise ManifestReaderUnavailable("The reader of manifests could not be started.") from error

    return _parse_answer(output)


def _parse_answer(output: bytes) -> Credentials:
    """Return what the child says of the file.

    A child that was killed, or says what no child of ours says, read nothing.
    """
    try:
        report, _ = answers.split_answer(output)
        if "error" in report:
            kinds = {"absent": ManifestState.ABSENT, "remote": ManifestState.REMOTE_ONLY}
            kind = answers.read_short_text(report, "error")
            return Credentials(state=kinds.get(kind, ManifestState.UNREADABLE))

        return _build_credentials(report)
    except AnswerForged:
        return Credentials(state=ManifestState.UNREADABLE)


def _build_credentials(report: Mapping[str, Any]) -> Credentials:
    states = {"Trusted": ManifestState.TRUSTED, "Valid": ManifestState.UNKNOWN_SIGNER}
    state = states.get(answers.read_short_text(report, "state"), ManifestState.INVALID)
    bindings = [
        (answers.read_short_text(one, "alg"), answers.read_short_text(one, "value"))
        for one in answers.read_objects(report, "bindings")
    ]
    clips = [
        manifest.binding_value_to_clip(value)
        for algorithm, value in bindings
        if algorithm == manifest.ALGORITHM
    ]
    serial = answers.read_short_text(report, "serial")
    lists = {
        name: answers.read_short_texts(report, name) for name in ("sources", "ingredients", "codes")
    }

    return Credentials(
        state=state,
        manifest_id=answers.read_short_text(report, "active"),
        ours=state is ManifestState.TRUSTED and serial in signing_authority.list_serials(),
        clip_id=next(iter(clips), None),
        synthetic=any(source.rpartition("/")[2] in _SYNTHETIC for source in lists["sources"]),
        ingredients=lists["ingredients"],
        codes=lists["codes"],
    )


def guess_media_type(data: bytes) -> str:
    """Return the media type of a file by its first bytes, or one that fits any file."""
    try:
        return _TYPES.get(containers.recognise_container(data), _ANY)
    except UnreadableAudio:
        return _ANY
