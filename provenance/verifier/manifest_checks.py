"""Checks of the files, keys and manifest of a bundle."""

from __future__ import annotations

import hashlib
from functools import partial
from typing import Any

from provenance.verifier.bundle import NAME, UNSEALED, Bundle
from provenance.verifier.check_report import Refusal, Skipped
from provenance.verifier.parsing import (
    check_whole_number,
    decode_base64,
    parse_time,
    read_json,
    verify_jws,
)
from provenance.verifier.pinned_keys import Periods, Pinned
from provenance.verifier.zip_reader import BLOCK


def check_names(bundle: Bundle) -> str:
    """Check that no path leads out of the folder, and that names differ not in case alone."""
    names = list(bundle.files.sizes)

    for name in names:
        if not NAME.match(name):
            raise Refusal(f"{name!r} is no name for a file of a bundle")

    if len({name.lower() for name in names}) != len(names):
        raise Refusal("two names differ in case alone")

    return f"{len(names)} files in {bundle.files.packed}"


def check_container(bundle: Bundle) -> str:
    """Check that the zip holds its members and no other byte."""
    bundle.files.account()
    return "no byte outside of its files"


def check_files(bundle: Bundle) -> str:
    """Check that every file is in the manifest with its size and SHA-256, and none is missing."""
    named: dict[str, Any] = {}

    for row in bundle.manifest["files"]:
        if row["name"] in named or row["name"] in UNSEALED:
            raise Refusal("the manifest names {!r} twice, or itself".format(row["name"]))
        named[row["name"]] = row

    there = set(bundle.files.sizes) - set(UNSEALED)
    for name in sorted(there ^ set(named)):
        raise Refusal(
            "{!r} is {}".format(name, "missing" if name in named else "not in the manifest")
        )

    for name, row in named.items():
        if bundle.files.sizes[name] != check_whole_number(row["size"]):
            raise Refusal(f"{name} has {bundle.files.sizes[name]} bytes where {row['size']} belong")

        digest = hashlib.sha256()
        with bundle.files.open(name) as file:
            for block in iter(partial(file.read, BLOCK), b""):
                digest.update(block)
        if digest.hexdigest() != row["sha256"]:
            raise Refusal(f"{name} was changed")

    return f"{len(named)} files, every one with its SHA-256"


def load_keys(bundle: Bundle, pinned: Pinned, periods: Periods) -> str:
    """Read the keys of the bundle. If the caller brought keys of a purpose, only those count."""
    for purpose, rows in read_json(bundle.read("keys.json")).items():
        found: dict[str, bytes] = {}
        for row in rows:
            if row["key_id"] in bundle.periods:
                raise Refusal("the key {} stands twice in keys.json".format(row["key_id"]))

            found[row["key_id"]] = decode_base64(row["public_key"])
            end = parse_time(row["valid_until"]) if row["valid_until"] else None
            bundle.periods[row["key_id"]] = (parse_time(row["valid_from"]), end)

        bundle.keys[purpose] = found

    for purpose, trusted in pinned.items():
        known = set(trusted.values())
        bundle.keys[purpose] = {
            kid: key for kid, key in bundle.keys.get(purpose, {}).items() if key in known
        }
        # How long a key counts is part of what was pinned.
        for kid, key in trusted.items():
            bundle.periods.update(
                {
                    name: periods[kid]
                    for name, own in bundle.keys[purpose].items()
                    if own == key and kid in periods
                }
            )

    if not pinned:
        raise Skipped(
            "taken from the bundle itself, so only its maker vouches for them. Pin them with --key"
        )

    left = sorted(purpose for purpose in set(bundle.keys) - set(pinned) if bundle.keys[purpose])
    if left:
        raise Skipped(
            "pinned: {}; taken from the bundle itself: {}".format(
                ", ".join(sorted(pinned)), ", ".join(left)
            )
        )

    return "all pinned from outside"


def check_manifest(bundle: Bundle) -> str:
    """Check that an exports key, valid at that time, signed exactly this manifest.json."""
    if not bundle.has("manifest.jws"):
        raise Refusal("there is no manifest.jws")

    kid, payload = verify_jws(
        bundle.read("manifest.jws").decode("ascii"), bundle.keys.get("exports", {})
    )

    if payload != bundle.manifest_bytes:
        raise Refusal("what was signed is not this manifest.json")

    bundle.used.add(kid)
    made = parse_time(bundle.manifest["signed_at"])
    start, end = bundle.periods[kid]
    if made < start or (end is not None and made >= end):
        raise Refusal(f"the key {kid} was not valid at {made.isoformat()}")

    return f"signed by {kid}"
