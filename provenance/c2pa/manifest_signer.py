"""The signing of manifests, embedded where the format can carry one, else beside the file.

Each is read back before the clip leaves. No request leaves the process: remote manifests, OCSP and
time stamps are off in every builder and reader.
"""

from __future__ import annotations

import io
import secrets
from dataclasses import dataclass, field
from typing import Any, Final

import c2pa

from audio import mp3_frames, mp4
from core.errors import Refused, SaysoError
from provenance.c2pa import manifest, soft_binding
from provenance.c2pa.manifest import Statement
from provenance.c2pa.signing_authority import ManifestSigner
from provenance.c2pa.soft_binding import StandIn

EMBEDDED: Final = "embedded"
SIDECAR: Final = "sidecar"
_CARRIERS: Final = {
    "wav": "audio/wav",
    "mp3": "audio/mpeg",
    "flac": "audio/flac",
    "m4a": "audio/mp4",
}
_ID3_HEAD: Final = 10  # ID3v2.4 structure, section 3.1
_ANY: Final = "application/octet-stream"
"""A sidecar's type for its file, which is bound by a hash over all of it, of any type."""


class CredentialFailed(Refused):
    """No trusted manifest of ours could be made for this clip, so the clip must not leave.

    `facts["reason"]` is `not_signed` (the key), `not_built` (the library), `not_trusted` or
    `audio_changed`.
    """

    code = "c2pa_failed"

    def __init__(self, reason: str) -> None:
        super().__init__(
            "The Content Credentials of this clip could not be made.", facts={"reason": reason}
        )
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedManifest:
    """A clip with its manifest: `data` is what leaves.

    If it is embedded, the manifest is `data[offset:offset + size]`.
    """

    manifest_id: str
    mode: str
    credential: str
    data: bytes = field(repr=False)
    manifest: bytes = field(repr=False)
    offset: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Parent:
    """The source file of a clip, as it came, when it had a manifest of its own."""

    media_type: str
    data: bytes = field(repr=False)


def build_settings(anchors: str) -> dict[str, Any]:
    """Return the library's settings: trust these roots alone, and call no address."""
    return {
        "verify": {
            "verify_trust": True,
            # The library does not check trust then. `_check_manifest` does.
            "verify_after_sign": False,
            "remote_manifest_fetch": False,
            "ocsp_fetch": False,
        },
        # An empty text is an error to the library.
        "trust": {"trust_anchors": anchors} if anchors else {},
        # That a clip was made from this file is our own statement, too. The builder has no other
        # way for it.
        "builder": {"created_assertion_labels": ["c2pa.ingredient"]},
    }


def get_manifest_mode(codec: str) -> str:
    """Return how clips of this codec carry their manifest: `embedded` or `sidecar`."""
    return EMBEDDED if codec in _CARRIERS else SIDECAR


def sign_manifest(
    data: bytes,
    codec: str,
    statement: Statement,
    *,
    signer: ManifestSigner,
    parent: Parent | None = None,
    mode: str | None = None,
) -> SignedManifest:
    """Sign `data` (of our own, encoded as `codec`) and check the result, in this order.

    1. Sign.
    2. Read the manifest back: it must be trusted and this one.
    3. Compare the audio: embedding must not have changed it.

    `mode` may ask for a sidecar where the bytes have already left, as those of a stream.

    Raises CredentialFailed.
    """
    mode = mode or get_manifest_mode(codec)
    media_type = _CARRIERS[codec] if mode == EMBEDDED else _ANY

    # 1. Sign.
    sink = io.BytesIO()
    made = build_signed_file(
        data, codec, statement, mode=mode, sink=sink, signer=signer, parent=parent
    )
    signed = sink.getvalue() if mode == EMBEDDED else data

    # 2. Read the manifest back.
    sidecar = made if mode == SIDECAR else None
    _check_manifest(signed, media_type, sidecar, statement.manifest_id, anchors=signer.anchors)

    # 3. Compare the audio, which a sidecar leaves alone.
    offset = signed.find(made) if mode == EMBEDDED else 0
    if mode == EMBEDDED and (offset < 0 or not is_audio_unchanged(signed, data, codec)):
        raise CredentialFailed("audio_changed")

    return SignedManifest(
        manifest_id=statement.manifest_id,
        mode=mode,
        credential=signer.id,
        data=signed,
        manifest=made,
        offset=offset,
    )


def is_audio_unchanged(signed: bytes, data: bytes, codec: str) -> bool:
    """Check whether embedding left the audio unchanged: readings of `data` hold for `signed`.

    - MP3 and FLAC have an ID3 tag in front and nothing else. An MP3 with such a tag has one frame
      more in it.
    - WAV has a chunk behind the rest, and a new size in bytes 4 to 8.
    - M4A has a box in front of the sound, and new places in its index.
    """
    if codec == "m4a":
        return mp4.is_same_sound(signed, data)

    if codec == "wav":
        return (
            signed[:4] == data[:4]
            and signed[8 : len(data)] == data[8:]
            and signed[len(data) :][:4] == b"C2PA"
        )

    if codec == "mp3" and (own := mp3_frames.skip_tags(data)):
        behind = mp3_frames.skip_tags(signed)
        return (
            signed[:3] == b"ID3"
            and data[_ID3_HEAD:own] in signed[:behind]
            and signed[behind:] == data[own:]
        )

    return signed[:3] == b"ID3" and signed.endswith(data)


def build_signed_file(
    data: bytes,
    codec: str,
    statement: Statement,
    *,
    mode: str,
    sink: io.BytesIO,
    signer: ManifestSigner,
    parent: Parent | None,
) -> bytes:
    """Write the signed file to `sink` and return its manifest, which `sign_manifest` reads back.

    Raises CredentialFailed.
    """
    draft = io.BytesIO()
    stand_in = StandIn(secrets.token_bytes(soft_binding.SIGNATURE_BYTES))
    store = _write_manifest(
        data,
        codec,
        statement,
        mode=mode,
        sink=draft,
        stand_in=stand_in,
        signer=signer,
        parent=parent,
    )

    value = manifest.clip_to_binding_bytes(statement.clip_id) if statement.marked else None
    try:
        made = soft_binding.fill_byte_strings(store, value, stand_in, signer.sign)
    except SaysoError as failure:
        raise CredentialFailed("not_signed") from failure
    except ValueError as error:
        raise CredentialFailed("not_built") from error

    file = draft.getvalue()
    if mode == EMBEDDED and file.count(store) != 1:
        raise CredentialFailed("not_built")
    sink.write(file.replace(store, made) if mode == EMBEDDED else file)
    return made


def _write_manifest(
    data: bytes,
    codec: str,
    statement: Statement,
    *,
    mode: str,
    sink: io.BytesIO,
    stand_in: StandIn,
    signer: ManifestSigner,
    parent: Parent | None,
) -> bytes:
    """Let the library write the file to `sink`, with the stand-in for a signature.

    Returns its manifest store.
    """
    media_type = _CARRIERS[codec] if mode == EMBEDDED else _ANY
    definition = manifest.build_definition(statement, parent=parent is not None)

    try:
        with (
            c2pa.Context.from_dict(build_settings(signer.anchors)) as context,
            c2pa.Signer.from_callback(
                stand_in, c2pa.C2paSigningAlg.ED25519, signer.chain
            ) as native,
            c2pa.Builder(definition, context) as builder,
        ):
            if mode == SIDECAR:
                builder.set_no_embed()
            if parent is not None:
                facts = {
                    "title": manifest.PARENT,
                    "relationship": "parentOf",
                    "label": manifest.PARENT,
                }
                builder.add_ingredient(facts, parent.media_type, io.BytesIO(parent.data))
            return bytes(builder.sign(native, media_type, io.BytesIO(data), sink))
    except c2pa.C2paError as error:
        raise CredentialFailed("not_built") from error


def _check_manifest(
    data: bytes, media_type: str, sidecar: bytes | None, manifest_id: str, *, anchors: str
) -> None:
    """Read the manifest back.

    Raises CredentialFailed unless it is trusted and names itself as this manifest.
    """
    try:
        with (
            c2pa.Context.from_dict(build_settings(anchors)) as context,
            c2pa.Reader(media_type, io.BytesIO(data), sidecar, context=context) as reader,
        ):
            found = (reader.get_active_manifest() or {}).get("label")
            trusted = reader.get_validation_state() == "Trusted"
    except c2pa.C2paError as error:
        raise CredentialFailed("not_built") from error

    if not trusted or found != manifest_id:
        raise CredentialFailed("not_trusted")
