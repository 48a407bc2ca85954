"""Signers and signed files for the tests: no database, keys of this process, real audio."""

from __future__ import annotations

import io
import json
import uuid
from dataclasses import replace
from functools import cache
from typing import Any

import c2pa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audio.encoding import Output, encode_sound
from audio.sound import Sound
from provenance.c2pa import certificates, manifest_signer
from provenance.c2pa.certificates import CertificateKey
from provenance.c2pa.manifest import Commitment, ManifestScope, Statement
from provenance.c2pa.manifest_signer import SignedManifest
from provenance.c2pa.signing_authority import ManifestSigner
from tests.conftest import NOON
from tests.support.audio_files import clip

CARRIERS = {"wav": "audio/wav", "mp3": "audio/mpeg", "flac": "audio/flac", "m4a": "audio/mp4"}
CLIP = "clp_" + "a" * 26
MANIFEST = "urn:c2pa:0e5a9d1c-93a4-4d3b-8f0f-5b8f4f3c7a11"


@cache
def key(name: str = "ours") -> CertificateKey:
    """A key of that name, made once."""
    private = Ed25519PrivateKey.generate()
    return CertificateKey(public_key=private.public_key().public_bytes_raw(), sign=private.sign)


@cache
def root(name: str = "ours") -> str:
    return certificates.create_root(key(f"{name} root"), owner=f"{name}.example", at=NOON)


@cache
def signer(name: str = "ours") -> ManifestSigner:
    """Who signs in that name, under a root of that name."""
    leaf = certificates.create_leaf(
        key(name),
        root_pem=root(name),
        root_key=key(f"{name} root"),
        owner=f"{name}.example",
        at=NOON,
    )
    return ManifestSigner(
        id=name.ljust(64, "0"), chain=leaf, anchors=root(name), sign=key(name).sign
    )


def fresh() -> str:
    """Another manifest's id."""
    return f"urn:c2pa:{uuid.uuid4()}"


def statement(**changes: Any) -> Statement:
    """What is said of the clip of these tests."""
    said = Statement(
        manifest_id=MANIFEST,
        clip_id=CLIP,
        at=NOON,
        software="0.1.0",
        marked=True,
        scope=ManifestScope(
            use_case="entertainment.audiobook", language="en", channel=None, territory="DE"
        ),
        commitment=Commitment(
            origin="https://sayso.example/log/org_x",
            event="evt_x",
            value="Y29tbWl0bWVudA==",
            index=7,
        ),
    )
    return replace(said, **changes)


@cache
def plain(codec: str, seconds: float = 2.0) -> bytes:
    """Two seconds of the reader in this codec."""
    whole = clip()
    return encode_sound(
        Sound(whole.samples[: round(seconds * whole.rate)], whole.rate), Output(codec=codec)
    )


@cache
def signed(codec: str, name: str = "ours") -> SignedManifest:
    """The same, signed."""
    return manifest_signer.sign_manifest(plain(codec), codec, statement(), signer=signer(name))


def look(
    data: bytes, media_type: str, sidecar: bytes | None = None, *, anchors: str = ""
) -> tuple[str, dict[str, Any]]:
    """What the library says of a file: state and store.

    Reads as an outsider would who trusts our root.
    """
    with (
        c2pa.Context.from_dict(manifest_signer.build_settings(anchors or root())) as context,
        c2pa.Reader(media_type, io.BytesIO(data), sidecar, context=context) as reader,
    ):
        return str(reader.get_validation_state()), json.loads(reader.json())
