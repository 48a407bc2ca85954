"""Who vouches for the keys that signed in a bundle: the caller, or a log that is vouched for."""

from __future__ import annotations

import hashlib

from provenance.verifier.bundle import Bundle
from provenance.verifier.check_report import Skipped
from provenance.verifier.entry_checks import pair_openings
from provenance.verifier.merkle_proofs import Head
from provenance.verifier.pinned_keys import Pinned

SIGNS = {"log": "the checkpoint", "exports": "the manifest", "records": "consent records"}
# SHA-256 of public keys, by purpose.
Named = dict[str, set[str]]


class Earlier:
    """The checkpoint of --previous: its head, and the ids of the bundle's keys that signed it."""

    def __init__(self, head: Head, signers: set[str]) -> None:
        self.head = head
        self.signers = signers


def check_vouched(bundle: Bundle, pinned: Pinned, earlier: Earlier | None) -> str:
    """Check that every key that signed here is pinned, or named by a log that is vouched for.

    1. The keys of --key are known.
    2. If `earlier` is given, the keys that signed it are known, and the keys that entries below it
       name. It is a checkpoint that the log was seen to continue.
    3. If a known log key signed the bundle's checkpoint, the keys that its entries name are known.
    4. Every other key is refused. What a bundle says of its own keys vouches for nothing.
    """
    known: Named = {
        purpose: {_hash_key(key) for key in keys.values()} for purpose, keys in pinned.items()
    }

    logs = bundle.keys.get("log", {})

    if earlier is not None:
        known.setdefault("log", set()).update(_hash_key(logs[kid]) for kid in earlier.signers)
        _add_known_keys(known, _find_named_keys(bundle, earlier.head[1]))

    present = {_hash_key(logs[kid]) for kid in bundle.signers}
    if known.get("log", set()) & present and bundle.head is not None:
        _add_known_keys(known, _find_named_keys(bundle, bundle.head[1]))

    strange = [
        SIGNS.get(purpose, purpose)
        for purpose in sorted(bundle.keys)
        if not _is_known(bundle, purpose, known)
    ]

    if strange:
        raise Skipped(
            "nothing from outside vouches for the keys that signed {}: fetch keys.json from the "
            "service and give it with --key".format(", ".join(strange))
        )

    return (
        "every key that signed something in here is pinned, or named by the log that a vouched key "
        "signed"
    )


def _is_known(bundle: Bundle, purpose: str, known: Named) -> bool:
    """Return True if all used keys of this purpose are known.

    Of the keys that signed the checkpoint one is enough.
    """
    used = {kid: _hash_key(key) for kid, key in bundle.keys[purpose].items() if kid in bundle.used}
    found = [made in known.get(purpose, set()) for made in used.values()]

    return any(found) if purpose == "log" else all(found)


def _find_named_keys(bundle: Bundle, size: int) -> Named:
    """Return the keys that the opened entries below `size` name: of exports and of rotations."""
    named: Named = {}
    if not bundle.has("openings.jsonl"):
        return named

    for opening, entry in pair_openings(bundle):
        if opening["index"] >= size:
            break

        body = opening["body"]
        if entry["t"] == "export.requested":
            _add_known_keys(
                named, {purpose: set(hashes) for purpose, hashes in body.get("keys", {}).items()}
            )
        elif entry["t"] == "key.rotated" and "public_key" in body:
            _add_known_keys(
                named, {body["purpose"]: {_hash_key(bytes.fromhex(body["public_key"]))}}
            )

    return named


def _add_known_keys(known: Named, more: Named) -> None:
    for purpose, hashes in more.items():
        known.setdefault(purpose, set()).update(hashes)


def _hash_key(key: bytes) -> str:
    return hashlib.sha256(key).hexdigest()
