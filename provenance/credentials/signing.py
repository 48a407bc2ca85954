"""Signing: a manifest embedded where the format can carry it, else beside it, read back before anything leaves.

No request leaves the process: remote manifests, OCSP and time stamps are off in every builder and reader.
"""

from __future__ import annotations

import io
import secrets
from dataclasses import dataclass, field
from typing import Any, Final

import c2pa

from core.errors import Refused, SaysoError
from provenance.audio import mp4, mpeg
from provenance.credentials import manifest, soft_binding
from provenance.credentials.authority import Signer
from provenance.credentials.manifest import Statement
from provenance.credentials.soft_binding import StandIn

EMBEDDED: Final = "embedded"
SIDECAR: Final = "sidecar"
_CARRIERS: Final = {"wav": "audio/wav", "mp3": "audio/mpeg", "flac": "audio/flac", "m4a": "audio/mp4"}
_ID3_HEAD: Final = 10  # ID3v2.4 structure, section 3.1
_ANY: Final = "application/octet-stream"
"""What a sidecar calls its file: it is bound by a hash over all of it, whatever it is."""


class CredentialFailed(Refused):
    """No manifest could be made for this clip that reads back as ours and trusted, so the clip must not leave.

    `facts["reason"]` is `not_signed` (the key), `not_built` (the library), `not_trusted` or `audio_changed`.
    """

    code = "c2pa_failed"

    def __init__(self, reason: str) -> None:
        super().__init__("The Content Credentials of this clip could not be made.", facts={"reason": reason})
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A clip with its manifest: `data` is what leaves. Embedded, the manifest is `data[offset:offset + size]`."""

    manifest_id: str
    mode: str
    credential: str
    data: bytes = field(repr=False)
    manifest: bytes = field(repr=False)
    offset: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Parent:
    """What a clip was made from, when that carried a manifest of its own: the file as it came."""

    media_type: str
    data: bytes = field(repr=False)


def settings(anchors: str) -> dict[str, Any]:
    """The library's settings: trust these roots alone, and reach out to nobody."""
    return {
        "verify": {
            "verify_trust": True,
            "verify_after_sign": False,  # it does not look at trust; `_check` does
            "remote_manifest_fetch": False,
            "ocsp_fetch": False,
        },
        "trust": {"trust_anchors": anchors} if anchors else {},  # an empty text is an error to the library
        # That a clip was made from this file is our own statement, too. The builder has no other way to say so.
        "builder": {"created_assertion_labels": ["c2pa.ingredient"]},
    }


def mode_of(codec: str) -> str:
    """How clips of this codec carry their manifest: `embedded` or `sidecar`."""
    return EMBEDDED if codec in _CARRIERS else SIDECAR


def sign(
    data: bytes, codec: str, said: Statement, *, signer: Signer, parent: Parent | None = None, mode: str | None = None
) -> Signed:
    """Sign `data` (of our own making, encoded as `codec`) and prove it: trusted, ours, and the same audio.

    `mode` may ask for a sidecar where the bytes have left already, as those of a stream. Raises CredentialFailed.
    """
    mode = mode or mode_of(codec)
    media_type = _CARRIERS[codec] if mode == EMBEDDED else _ANY
    sink = io.BytesIO()
    made = built(data, codec, said, mode=mode, sink=sink, signer=signer, parent=parent)
    signed = sink.getvalue() if mode == EMBEDDED else data
    _check(signed, media_type, made if mode == SIDECAR else None, said.manifest_id, anchors=signer.anchors)
    if mode == SIDECAR:
        return Signed(manifest_id=said.manifest_id, mode=mode, credential=signer.id, data=data, manifest=made)
    offset = signed.find(made)
    if offset < 0 or not carries(signed, data, codec):
        raise CredentialFailed("audio_changed")
    return Signed(
        manifest_id=said.manifest_id, mode=mode, credential=signer.id, data=signed, manifest=made, offset=offset
    )


def carries(signed: bytes, data: bytes, codec: str) -> bool:
    """Say whether embedding left the audio alone, so that what was read from `data` holds for `signed`.

    MP3 and FLAC get an ID3 tag in front and nothing else, and an MP3 that has such a tag one frame more in it; WAV a
    chunk behind the rest, and a new size in bytes 4 to 8; M4A a box in front of the sound, and new places in its index.
    """
    if codec == "m4a":
        return mp4.same_sound(signed, data)
    if codec == "wav":
        return signed[:4] == data[:4] and signed[8 : len(data)] == data[8:] and signed[len(data) :][:4] == b"C2PA"
    if codec == "mp3" and (own := mpeg.behind_id3(data)):
        behind = mpeg.behind_id3(signed)
        return signed[:3] == b"ID3" and data[_ID3_HEAD:own] in signed[:behind] and signed[behind:] == data[own:]
    return signed[:3] == b"ID3" and signed.endswith(data)


def built(
    data: bytes, codec: str, said: Statement, *, mode: str, sink: io.BytesIO, signer: Signer, parent: Parent | None
) -> bytes:
    """Write the signed file to `sink` and give its manifest, unread: `sign` reads it back. Raises CredentialFailed."""
    draft = io.BytesIO()
    stand_in = StandIn(secrets.token_bytes(soft_binding.SIGNATURE_BYTES))
    store = _build(data, codec, said, mode=mode, sink=draft, stand_in=stand_in, signer=signer, parent=parent)

    value = manifest.binding_bytes(said.clip_id) if said.marked else None
    try:
        made = soft_binding.with_byte_strings(store, value, stand_in, signer.sign)
    except SaysoError as failure:
        raise CredentialFailed("not_signed") from failure
    except ValueError as error:
        raise CredentialFailed("not_built") from error

    file = draft.getvalue()
    if mode == EMBEDDED and file.count(store) != 1:
        raise CredentialFailed("not_built")
    sink.write(file.replace(store, made) if mode == EMBEDDED else file)
    return made


def _build(
    data: bytes,
    codec: str,
    said: Statement,
    *,
    mode: str,
    sink: io.BytesIO,
    stand_in: StandIn,
    signer: Signer,
    parent: Parent | None,
) -> bytes:
    """Let the library write the file to `sink`, with the stand-in for a signature. Give its manifest store."""
    media_type = _CARRIERS[codec] if mode == EMBEDDED else _ANY
    definition = manifest.definition(said, parent=parent is not None)
    try:
        with (
            c2pa.Context.from_dict(settings(signer.anchors)) as context,
            c2pa.Signer.from_callback(stand_in, c2pa.C2paSigningAlg.ED25519, signer.chain) as native,
            c2pa.Builder(definition, context) as builder,
        ):
            if mode == SIDECAR:
                builder.set_no_embed()
            if parent is not None:
                facts = {"title": manifest.PARENT, "relationship": "parentOf", "label": manifest.PARENT}
                builder.add_ingredient(facts, parent.media_type, io.BytesIO(parent.data))
            return bytes(builder.sign(native, media_type, io.BytesIO(data), sink))
    except c2pa.C2paError as error:
        raise CredentialFailed("not_built") from error


def _check(data: bytes, media_type: str, sidecar: bytes | None, manifest_id: str, *, anchors: str) -> None:
    """Read back what was made. Raises CredentialFailed unless it is trusted and says that it is this manifest."""
    try:
        with (
            c2pa.Context.from_dict(settings(anchors)) as context,
            c2pa.Reader(media_type, io.BytesIO(data), sidecar, context=context) as reader,
        ):
            found = (reader.get_active_manifest() or {}).get("label")
            trusted = reader.get_validation_state() == "Trusted"
    except c2pa.C2paError as error:
        raise CredentialFailed("not_built") from error
    if not trusted or found != manifest_id:
        raise CredentialFailed("not_trusted")
