"""A forger's tools: change a file, put the manifest right again, and sign it as anyone who holds
the exports key could.

A bundle that no one pins keys for believes its own, so a key of the forger's does for the real one.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

Files = dict[str, bytes]
THEIRS = Ed25519PrivateKey.from_private_bytes(bytes(32))


def rehashed(
    files: Mapping[str, bytes], change: Callable[[dict[str, Any]], None] = lambda _manifest: None
) -> Files:
    """Bring sizes and hashes of the manifest in line with the files; change it further.

    The signature stays.
    """
    manifest = json.loads(files["manifest.json"])
    inside = sorted(set(files) - {"manifest.json", "manifest.jws"})
    manifest["files"] = [
        {"name": name, "size": len(files[name]), "sha256": hashlib.sha256(files[name]).hexdigest()}
        for name in inside
    ]
    change(manifest)
    return {**files, "manifest.json": json.dumps(manifest, indent=1).encode() + b"\n"}


def resigned(
    files: Mapping[str, bytes], change: Callable[[dict[str, Any]], None] = lambda _manifest: None
) -> Files:
    """Do that and sign it with the exports key of the bundle: the forger's own, put in the place of
    the real one.
    """
    forged = rehashed({**files, "keys.json": json.dumps(with_their_key(files)).encode()}, change)
    head = json.dumps(
        {"alg": "Ed25519", "kid": with_their_key(files)["exports"][0]["key_id"]}
    ).encode()
    signed = base64url(head) + b"." + base64url(forged["manifest.json"])
    return {**forged, "manifest.jws": signed + b"." + base64url(THEIRS.sign(signed))}


def with_their_key(files: Mapping[str, bytes]) -> dict[str, Any]:
    """The bundle's keys, the exports key swapped for the forger's."""
    keys: dict[str, Any] = json.loads(files["keys.json"])
    keys["exports"][0]["public_key"] = base64.b64encode(
        THEIRS.public_key().public_bytes_raw()
    ).decode()
    return keys


def base64url(data: bytes) -> bytes:
    """As JWS wants it."""
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def line(
    files: Mapping[str, bytes], name: str, number: int, change: Callable[[dict[str, Any]], None]
) -> Files:
    """Change one line of a JSONL file."""
    lines = files[name].splitlines(keepends=True)
    row = json.loads(lines[number])
    change(row)
    lines[number] = (
        json.dumps(row, separators=(",", ":"), sort_keys=True, ensure_ascii=False).encode() + b"\n"
    )
    return {**files, name: b"".join(lines)}


def without_line(files: Mapping[str, bytes], name: str, number: int) -> Files:
    """Take one line out of a file."""
    lines = files[name].splitlines(keepends=True)
    return {**files, name: b"".join(lines[:number] + lines[number + 1 :])}


def counting(**counts: int) -> Callable[[dict[str, Any]], None]:
    """Have the manifest count otherwise."""
    return lambda manifest: manifest["counts"].update(counts)
