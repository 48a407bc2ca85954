"""The bundle, and the checks on its files, keys, manifest and log."""

from __future__ import annotations

import base64
import hashlib
import io
import re
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import IO, Any

from provenance.verifier.check_report import Refusal, Skipped, UnreadableBundle
from provenance.verifier.merkle_proofs import (
    Head,
    Tree,
    check_hash_length,
    compute_proven_root,
    hash_leaf,
    read_signed_checkpoint,
)
from provenance.verifier.parsing import (
    check_whole_number,
    decode_base64,
    parse_time,
    read_json,
    verify_jws,
)
from provenance.verifier.pinned_keys import Periods, Pinned
from provenance.verifier.zip_reader import BLOCK, FORMAT, Folder, Zip

UNSEALED = (
    "manifest.json",
    "manifest.jws",
)  # everything else is named, with its hash, in the manifest
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}(/[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}){0,3}\Z")
LARGEST_MANIFEST = 32 << 20
LONGEST_LINE = 16 << 20
LARGEST_ENTRY = 65_535
EVIDENCE = ("audit", "speaker")  # the kinds of bundle that prove what they say from the log
KINDS = (*EVIDENCE, "ropa", "usage")


class Bundle:
    """An opened bundle, its manifest read but not yet believed."""

    def __init__(self, path: Path) -> None:
        if (
            not path.is_file() and not path.is_dir()
        ):  # a pipe or a device would be waited for, maybe for ever
            raise UnreadableBundle(f"there is no file or folder {path.name}")
        self.files = Folder(path) if path.is_dir() else Zip(path)
        if "manifest.json" not in self.files.sizes:
            raise UnreadableBundle("there is no manifest.json in it")
        if self.files.sizes["manifest.json"] > LARGEST_MANIFEST:
            raise Refusal(f"the manifest is larger than {LARGEST_MANIFEST} bytes")
        self.manifest_bytes = self.read("manifest.json")
        try:
            self.manifest = read_json(self.manifest_bytes)
        except (ValueError, RecursionError, Refusal) as error:
            raise UnreadableBundle(f"manifest.json cannot be read: {error}") from error
        if not isinstance(self.manifest, dict) or self.manifest.get("format") != FORMAT:
            raise UnreadableBundle(f"manifest.json is not of the format {FORMAT}")
        if self.manifest.get("kind") not in KINDS:
            raise UnreadableBundle("manifest.json is of no kind that this program knows")
        self.tables: dict[str, Any] = self.manifest["tables"]
        self.counts: dict[str, int] = self.manifest["counts"]
        self.keys: dict[str, dict[str, bytes]] = {}
        self.periods: Periods = {}
        self.used: set[str] = set()  # ids of the keys that signed something in here
        self.signers: set[str] = set()  # of the checkpoint
        self.head: Head | None = None
        self.places: dict[str, dict[str, int]] | None = None
        self.roots: dict[int, bytes] = {}

    def read(self, name: str, most: int = LARGEST_MANIFEST) -> bytes:
        """Read a small file whole."""
        with self.files.open(name) as file:
            data = file.read(most + 1)
        if len(data) > most:
            raise Refusal(f"{name} is larger than {most} bytes")
        return data

    def lines(self, name: str, most: int = LONGEST_LINE) -> Iterator[bytes]:
        """Read a file line by line, without the newlines; the last line must end with one, too."""
        if name not in self.files.sizes:
            raise Refusal(f"there is no {name}")
        with io.BufferedReader(self.files.open(name), BLOCK) as file:  # type: ignore[type-var]  # reads as raw files do
            while True:
                line = file.readline(most + 2)
                if not line:
                    return
                if not line.endswith(b"\n"):
                    raise Refusal(f"a line of {name} is too long, or cut")
                yield line[:-1]

    def has(self, name: str) -> bool:
        """Say whether the bundle has this file."""
        return name in self.files.sizes

    def need(self, name: str) -> None:
        """Skip a check whose file this kind of bundle does not have; refuse where it belongs and is
        missing.
        """
        if not self.has(name):
            if self.manifest["kind"] in EVIDENCE:
                raise Refusal(f"there is no {name}")
            raise Skipped(f"a bundle of this kind has no {name}")

    def entries(self) -> Iterator[tuple[int, bytes]]:
        """Give every entry that the bundle holds in full, with its place in the log."""
        if self.has("proofs.jsonl"):
            for entry, proof in zip_longest(
                self.lines("entries.jsonl", LARGEST_ENTRY), self.lines("proofs.jsonl")
            ):
                if entry is None or proof is None:
                    raise Refusal("entries.jsonl and proofs.jsonl are not equally long")
                yield check_whole_number(read_json(proof)["index"]), entry
        elif self.has("entries.jsonl"):
            first = check_whole_number(self.manifest["first_index"])
            for number, entry in enumerate(self.lines("entries.jsonl", LARGEST_ENTRY)):
                yield first + number, entry


def check_names(bundle: Bundle) -> str:
    """Every name is plain: no path leads out of the folder, no name differs from another in case
    alone.
    """
    names = list(bundle.files.sizes)
    for name in names:
        if not NAME.match(name):
            raise Refusal(f"{name!r} is no name for a file of a bundle")
    if len({name.lower() for name in names}) != len(names):
        raise Refusal("two names differ in case alone")
    return f"{len(names)} files in {bundle.files.packed}"


def check_container(bundle: Bundle) -> str:
    """The zip holds its members and no byte besides."""
    bundle.files.account()
    return "no byte outside of its files"


def check_files(bundle: Bundle) -> str:
    """Every file is named in the manifest with its size and SHA-256, and none is missing."""
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
            for block in iter(lambda file=file: file.read(BLOCK), b""):  # type: ignore[misc]  # bound at once
                digest.update(block)
        if digest.hexdigest() != row["sha256"]:
            raise Refusal(f"{name} was changed")
    return f"{len(named)} files, every one with its SHA-256"


def load_keys(bundle: Bundle, pinned: Pinned, periods: Periods) -> str:
    """Read the keys; where the caller brought keys of a purpose, only those count."""
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
        for kid, key in trusted.items():  # how long a key counts is part of what was pinned
            bundle.periods.update(
                {
                    name: periods[kid]
                    for name, own in bundle.keys[purpose].items()
                    if own == key and kid in periods
                }
            )
    if not pinned:
        raise Skipped(
            "taken from the bundle itself, so whoever made the bundle vouches for them; pin them "
            "with --key"
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
    """An exports key, valid at that time, signed exactly these bytes of manifest.json."""
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


def check_checkpoint(bundle: Bundle) -> str:
    """A log key signed the checkpoint; it belongs to this organisation's log and is the one of the
    manifest.
    """
    bundle.head, bundle.signers = read_signed_checkpoint(
        bundle.read("checkpoint"), bundle.keys.get("log", {})
    )
    bundle.used |= bundle.signers
    origin, size, root = bundle.head
    said = bundle.manifest["checkpoint"]
    if (said["origin"], said["size"], said["root"]) != (
        origin,
        size,
        base64.b64encode(root).decode("ascii"),
    ):
        raise Refusal("the manifest names another checkpoint")
    if "/log/{}".format(bundle.manifest["organisation"]) not in origin:
        raise Refusal(f"the checkpoint is of another log, {origin}")
    return f"{origin} at {size} entries"


def get_head(bundle: Bundle) -> Head:
    """Give the checkpoint, when it passed."""
    if bundle.head is None:
        raise Skipped("there is no checkpoint to compare with")
    return bundle.head


def check_log(bundle: Bundle, marks: set[int]) -> str:
    """The entries, with the hashes of those left out, give the root of the checkpoint; remembers
    roots at `marks`.
    """
    _, size, root = get_head(bundle)
    bundle.need("entries.jsonl")
    if bundle.has("proofs.jsonl"):
        return _check_proofs(bundle, size, root)
    tree, count = Tree(), 0
    first = check_whole_number(bundle.manifest["first_index"])
    with (
        io.BytesIO() if not bundle.has("leaves.bin") else bundle.files.open("leaves.bin") as leaves
    ):
        for leaf in _read_leaf_hashes(bundle, first, leaves):
            if tree.size in marks:
                bundle.roots[tree.size] = tree.root()
            tree.append(leaf)
            count += 1
    bundle.roots[tree.size] = tree.root()
    if tree.size != size:
        raise Refusal(f"there are {tree.size} leaves where the checkpoint counts {size}")
    if tree.root() != root:
        raise Refusal(
            "entries changed, removed or added: the root is {}, the checkpoint's is {}".format(
                base64.b64encode(tree.root()).decode("ascii"),
                base64.b64encode(root).decode("ascii"),
            )
        )
    whole = check_whole_number(bundle.counts["entries"])
    if whole < size and bundle.manifest["from_ms"] is None and bundle.manifest["to_ms"] is None:
        raise Refusal(f"{size - whole} entries are hidden, although the bundle is of the whole log")
    return f"{whole} entries in full and {size - whole} as hashes give the root of the checkpoint"


def _read_leaf_hashes(bundle: Bundle, first: int, others: IO[bytes]) -> Iterator[bytes]:
    """Give all leaf hashes: those before the range from the file, the range's own entries, the rest
    from the file.
    """
    for _ in range(first):
        yield check_hash_length(others.read(32))
    for _, entry in bundle.entries():
        yield hash_leaf(entry)
    for leaf in iter(lambda: others.read(32), b""):
        yield check_hash_length(leaf)


def _check_proofs(bundle: Bundle, size: int, root: bytes) -> str:
    count, before = 0, -1
    for (index, entry), line in zip(bundle.entries(), bundle.lines("proofs.jsonl")):
        if index <= before:
            raise Refusal("the entries are not in order")
        path = [check_hash_length(decode_base64(step)) for step in read_json(line)["path"]]
        if compute_proven_root(hash_leaf(entry), index, size, path) != root:
            raise Refusal(f"entry {index} is not in the log as it stands here")
        count, before = count + 1, index
    return f"{count} entries, each with its proof in the checkpoint"
