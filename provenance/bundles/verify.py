"""Verifies a Sayso bundle offline: `python3 verify.py BUNDLE [--previous CHECKPOINT] [--key FILE] [--json]`.

BUNDLE is the zip as downloaded, or the folder it was unpacked to. Needs Python 3.9 or later and nothing else; reads no
network. One line a check: `ok`, `REFUSED`, or `not checked` with the reason. Exit 0 verified, 1 refused, 2 unreadable.

Longer than 300 lines because it is one file on purpose: it travels inside every bundle, so that an auditor can read all
of what they run, top to bottom, and run it alone. It shares no code with the service that made the bundle.

A bundle is trusted no further than its keys. Get the keys from somewhere else (the `/log/{org}/key` address, an earlier
bundle's keys.json) and give them with --key; without it the result says only that the bundle agrees with itself.
"""

from __future__ import annotations

import argparse
import base64
import csv
import hashlib
import hmac
import io
import json
import re
import stat
import struct
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import zip_longest
from pathlib import Path
from typing import IO, Any

FORMAT = "sayso-bundle/1"
UNSEALED = ("manifest.json", "manifest.jws")  # everything else is named, with its hash, in the manifest
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}(/[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}){0,3}\Z")
MOST_FILES = 10_000
LARGEST_MANIFEST = 16 << 20
LONGEST_LINE = 16 << 20
LARGEST_ENTRY = 65_535
ZIP64 = 2**31 - 1  # beyond this, Python's zipfile writes sizes and offsets in 64 bits
BLOCK = 1 << 18
SAFE_INTEGER = 2**53 - 1
DOMAIN = b"sayso-commitment-v1\n"
# Which entries of the log every row of a table answers to: name of the ref, and kinds of events. Rows are compared with
# entries in both directions: no row without its event, no event without its row.
RULES = {
    "speakers": ("speaker", ("speaker.created",)),
    "consents": ("consent", ("consent.requested",)),
    "decisions": ("decision", ("decision.allowed", "decision.denied")),
    "clips": ("clip", ("clip.issued",)),
    "erasures": ("erasure", ("erasure.started",)),
}
TABLE_OF = {kind: table for table, (_, kinds) in RULES.items() for kind in kinds}
# Facts that the log committed to and that a clip's row repeats.
EVIDENCE = ("audit", "speaker")  # the kinds of bundle that prove what they say from the log
KINDS = (*EVIDENCE, "ropa", "usage")
CLIP_FACTS = ("sha256", "sha256_pcm", "media_type", "duration_ms", "language", "use_case", "record_sha256")


class Unreadable(Exception):
    """This is not a bundle that can be examined at all."""


class Refusal(Exception):
    """A check that failed, with what was found."""


class Skipped(Exception):
    """A check that could not be made here, with the reason. Never counts as passed."""


# --- Ed25519 verification (RFC 8032, 5.1) -----------------------------------------------------------------------------
P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)
Point = tuple[int, int, int, int]  # extended coordinates X, Y, Z, T with x = X/Z, y = Y/Z, xy = T/Z
NEUTRAL: Point = (0, 1, 1, 0)


def ed25519_valid(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Say whether the signature is good: canonical encodings only, S below the group order, no key of small order."""
    if len(public_key) != 32 or len(signature) != 64:
        return False
    s = int.from_bytes(signature[32:], "little")
    key = _decode_point(public_key)
    if s >= ORDER or key is None or _encode_point(_times_two(_times_two(_times_two(key)))) == _encode_point(NEUTRAL):
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + public_key + message).digest(), "little") % ORDER
    minus = (P - key[0], key[1], key[2], P - key[3])
    # R = S·B - k·A, compared as bytes: an R in any other than its one encoding never equals.
    return hmac.compare_digest(_encode_point(_two_products(s, BASE, k, minus)), signature[:32])


def _decode_point(data: bytes) -> Point | None:
    number = int.from_bytes(data, "little")
    sign, y = number >> 255, number & (2**255 - 1)
    if y >= P:
        return None
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    x = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    if (v * x * x - u) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if (v * x * x - u) % P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return (x, y, 1, x * y % P)


def _encode_point(point: Point) -> bytes:
    inverse = pow(point[2], P - 2, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def _sum(one: Point, other: Point) -> Point:
    a = (one[1] - one[0]) * (other[1] - other[0]) % P
    b = (one[1] + one[0]) * (other[1] + other[0]) % P
    c = 2 * one[3] * other[3] * D % P
    d = 2 * one[2] * other[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def _times_two(point: Point) -> Point:
    a, b, c = point[0] * point[0] % P, point[1] * point[1] % P, 2 * point[2] * point[2] % P
    h = a + b
    e, g = h - (point[0] + point[1]) ** 2, a - b
    f = c + g
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def _two_products(a: int, one: Point, b: int, other: Point) -> Point:
    """Give a·one + b·other, both at once, bit by bit. Not constant time: everything here is public."""
    terms = (NEUTRAL, one, other, _sum(one, other))
    result = NEUTRAL
    for bit in range(max(a.bit_length(), b.bit_length()) - 1, -1, -1):
        result = _times_two(result)
        which = (a >> bit & 1) | (b >> bit & 1) << 1
        if which:
            result = _sum(result, terms[which])
    return result


_BASE = _decode_point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))
assert _BASE is not None  # noqa: S101
BASE: Point = _BASE


# --- JSON, canonical JSON (RFC 8785), base64, JWS ---------------------------------------------------------------------
def read_json(data: bytes) -> Any:
    """Read JSON strictly: UTF-8, no key twice, no NaN, float or integer beyond 2^53 - 1; nothing of ours has them."""
    return json.loads(
        data.decode("utf-8"),
        object_pairs_hook=_unique,
        parse_constant=_refuse,
        parse_float=_refuse,
        parse_int=_integer,
    )


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Refusal("a key stands twice in one JSON object")
    return found


def _refuse(text: str) -> None:
    raise Refusal(f"the JSON number {text[:40]} has no place here")


def _integer(text: str) -> int:
    if len(text) > 17 or abs(int(text)) > SAFE_INTEGER:
        raise Refusal(f"the integer {text[:40]} is beyond 2^53 - 1")
    return int(text)


def canonical(value: Any) -> bytes:
    """Give the JCS bytes of what `read_json` read: no spaces, shortest escapes, keys sorted by UTF-16 code units."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))
    # Python sorts by code points, which is the same order unless a key has characters beyond U+D7FF.
    return (text if text.isascii() else _canonical(value)).encode("utf-8")


def _canonical(value: Any) -> str:
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be", "surrogatepass"))
        return "{" + ",".join(_canonical(key) + ":" + _canonical(value[key]) for key in keys) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_canonical, value)) + "]"
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def unbase64(text: Any) -> bytes:
    """Read standard base64 in its one canonical spelling."""
    data = base64.b64decode(text, validate=True)
    if base64.b64encode(data).decode("ascii") != text:
        raise Refusal("base64 that is not canonical")
    return data


def _unbase64url(text: str) -> bytes:
    data = base64.b64decode(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4), validate=True)
    if base64.urlsafe_b64encode(data).decode("ascii").rstrip("=") != text:
        raise Refusal("base64url that is not canonical")
    return data


def jws_payload(jws: str, keys: dict[str, bytes]) -> tuple[str, bytes]:
    """Verify a compact JWS with the key that its header names; give that key's id and the payload."""
    parts = jws.split(".")
    if len(parts) != 3:
        raise Refusal("not a compact JWS")
    header = read_json(_unbase64url(parts[0]))
    if header.get("alg") not in ("EdDSA", "Ed25519") or "crit" in header:
        raise Refusal("a JWS that is not plain Ed25519")
    kid = header.get("kid")
    if kid not in keys:
        raise Refusal(f"signed with the key {kid!r}, which is not among the known ones")
    if not ed25519_valid(keys[kid], ".".join(parts[:2]).encode("ascii"), _unbase64url(parts[2])):
        raise Refusal("the signature is false")
    return kid, _unbase64url(parts[1])


# --- the Merkle tree (RFC 6962, 2.1) and signed notes (C2SP signed-note, tlog-checkpoint) -----------------------------
def leaf_hash(entry: bytes) -> bytes:
    """Hash of one entry."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of two subtrees."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Tree:
    """A tree that grows leaf by leaf and remembers only its right edge."""

    def __init__(self) -> None:
        self.size = 0
        self._edge: list[bytes] = []

    def append(self, leaf: bytes) -> None:
        """Add a leaf hash."""
        full, self.size = self.size, self.size + 1
        while full & 1:
            leaf, full = node_hash(self._edge.pop(), leaf), full >> 1
        self._edge.append(leaf)

    def root(self) -> bytes:
        """Give the root of the tree as it is now."""
        if not self._edge:
            return hashlib.sha256(b"").digest()
        result = self._edge[-1]
        for left in reversed(self._edge[:-1]):
            result = node_hash(left, result)
        return result


def proven_root(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """Give the root that an inclusion proof leads to (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        raise Refusal(f"entry {index} is not in a tree of {size}")
    here, last, result = index, size - 1, leaf
    for step in path:
        if not last:
            raise Refusal(f"the proof of entry {index} is too long")
        if here & 1 or here == last:
            result = node_hash(step, result)
            while not here & 1 and here:
                here, last = here >> 1, last >> 1
        else:
            result = node_hash(result, step)
        here, last = here >> 1, last >> 1
    if last:
        raise Refusal(f"the proof of entry {index} is too short")
    return result


Head = tuple[str, int, bytes]  # origin, size, root


def read_checkpoint(data: bytes, keys: dict[str, bytes]) -> Head:
    """Verify a checkpoint with any of the log's keys; lines of unknown keys are ignored, a false one of ours is not."""
    text, _, tail = data.decode("utf-8").rpartition("\n\n")
    lines = text.split("\n")
    if len(lines) < 3 or not tail.endswith("\n") or not re.match(r"(0|[1-9][0-9]{0,18})\Z", lines[1]):
        raise Refusal("not a signed checkpoint")
    ids = {hashlib.sha256(lines[0].encode("utf-8") + b"\n\x01" + key).digest()[:4]: key for key in keys.values()}
    good = 0
    for row in tail[:-1].split("\n"):
        found = re.match("\u2014 (\\S+) (\\S+)\\Z", row)
        if not found:
            raise Refusal("a line of the checkpoint is not a signature")
        blob = unbase64(found.group(2))
        if found.group(1) == lines[0] and blob[:4] in ids:
            if not ed25519_valid(ids[blob[:4]], (text + "\n").encode("utf-8"), blob[4:]):
                raise Refusal("the signature on the checkpoint is false")
            good += 1
    if not good:
        raise Refusal("no known key signed the checkpoint")
    root = unbase64(lines[2])
    if len(root) != 32:
        raise Refusal("the root of the checkpoint has not 32 bytes")
    return lines[0], int(lines[1]), root


# --- reading a bundle: a zip or a folder ------------------------------------------------------------------------------
class Folder:
    """An unpacked bundle."""

    packed = "an unpacked folder"

    def __init__(self, path: Path) -> None:
        self._root = path
        self.sizes: dict[str, int] = {}
        for file in path.rglob("*"):
            found = file.lstat()
            if stat.S_ISREG(found.st_mode):
                self.sizes[file.relative_to(path).as_posix()] = found.st_size
            elif not stat.S_ISDIR(found.st_mode):
                raise Refusal(f"{file.name!r} is not a plain file")
            if len(self.sizes) > MOST_FILES:
                raise Refusal(f"more than {MOST_FILES} files")

    def open(self, name: str) -> IO[bytes]:
        """Open a file of the bundle."""
        return self._root.joinpath(name).open("rb")

    def account(self) -> None:
        """A folder has no bytes outside of its files."""
        raise Skipped("this is an unpacked folder; every file in it is checked below")


class Zip:
    """A zipped bundle. Nothing is ever unpacked to the disk, and nothing is read beyond its declared size."""

    packed = "a zip"

    def __init__(self, path: Path) -> None:
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, ValueError, NotImplementedError, struct.error, EOFError, UnicodeError) as error:
            raise Unreadable(f"not a zip file: {error}") from error
        self._path = path
        self.infos = sorted(self._zip.infolist(), key=lambda info: info.header_offset)
        if len(self.infos) > MOST_FILES:
            raise Refusal(f"more than {MOST_FILES} files")
        self.sizes = {info.orig_filename: info.file_size for info in self.infos}
        if len(self.sizes) != len(self.infos):
            raise Refusal("a name stands twice in the zip")
        if sum(info.compress_size for info in self.infos) > path.stat().st_size:
            raise Refusal("members of the zip overlap")
        for info in self.infos:
            kind = info.external_attr >> 16
            if (kind and stat.S_IFMT(kind) not in (0, stat.S_IFREG)) or info.is_dir():
                raise Refusal(f"{info.orig_filename!r} is not a plain file")
            if info.flag_bits & 1 or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise Refusal(f"{info.orig_filename!r} is encrypted or packed in a strange way")

    def open(self, name: str) -> IO[bytes]:
        """Open a member; its CRC is checked when it was read to the end."""
        return self._zip.open(name)

    def account(self) -> None:
        """Refuse a zip that has a single byte outside of its members, or beside what its writer puts there."""
        comment = self._zip.comment
        if not comment:
            raise Skipped("the zip was packed again by another program; every file in it is checked below")
        if comment != FORMAT.encode("ascii"):
            raise Refusal("the comment of the zip is not ours")
        with self._path.open("rb") as file:
            at = 0
            for info in self.infos:
                at = _account_member(file, info, at)
            end = _directory(self.infos, at)
            if self._path.stat().st_size != at + len(end) or file.read() != end:
                raise Refusal("the directory of the zip is not as it was written")


def _account_member(file: IO[bytes], info: zipfile.ZipInfo, at: int) -> int:
    """Compare the header, packed bytes and trailer of one member with the directory; give where the next must begin."""
    name = info.orig_filename.encode("utf-8")
    day, clock = _dos_time(info.date_time)
    file.seek(at)
    head = struct.unpack("<4s5H3L2H", file.read(30))
    large = head[10] == 20
    empty = 0xFFFFFFFF if large else 0
    extra = struct.pack("<HHQQ", 1, 16, 0, 0) if large else b""
    said = (b"PK\3\4", info.extract_version, 8, info.compress_type, clock, day, 0, empty, empty, len(name), len(extra))
    if info.header_offset != at or head != said or file.read(len(name) + len(extra)) != name + extra:
        raise Refusal(f"the header of {info.orig_filename!r} is not as it was written")
    _unpacks_exactly(file, info)
    trailer = struct.pack("<4sLQQ" if large else "<4sLLL", b"PK\7\x08", info.CRC, info.compress_size, info.file_size)
    if file.read(len(trailer)) != trailer:
        raise Refusal(f"the trailer of {info.orig_filename!r} is not as it was written")
    return file.tell()


def _unpacks_exactly(file: IO[bytes], info: zipfile.ZipInfo) -> None:
    """Read the packed bytes: a deflate stream must end exactly where the member does, so nothing hides behind it."""
    left, packed = info.compress_size, zlib.decompressobj(-15)
    while left:
        block = file.read(min(left, BLOCK))
        if not block:
            raise Refusal(f"{info.orig_filename!r} is cut")
        left -= len(block)
        while block and info.compress_type == zipfile.ZIP_DEFLATED:
            packed.decompress(block, BLOCK)
            block = packed.unconsumed_tail
    if info.compress_type == zipfile.ZIP_DEFLATED and (not packed.eof or packed.unused_data):
        raise Refusal(f"{info.orig_filename!r} holds more than its file")


def _directory(infos: list[zipfile.ZipInfo], at: int) -> bytes:
    """Write the zip's directory and closing records as its writer did: they must begin at `at`."""
    marker = FORMAT.encode("ascii")
    lines = b"".join(map(_directory_line, infos))
    count, length, offset, large = len(infos), len(lines), at, b""
    if max(at, length) > ZIP64:
        large = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, length, at)
        large += struct.pack("<4sLQL", b"PK\6\7", 0, at + length, 1)
        offset = min(at, 0xFFFFFFFF)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, length, offset, len(marker))
    return lines + large + end + marker


def _directory_line(info: zipfile.ZipInfo) -> bytes:
    name, (day, clock) = info.orig_filename.encode("utf-8"), _dos_time(info.date_time)
    sizes, offset, beyond = (info.compress_size, info.file_size), info.header_offset, []
    if max(sizes) > ZIP64:
        beyond, sizes = [info.file_size, info.compress_size], (0xFFFFFFFF, 0xFFFFFFFF)
    if offset > ZIP64:
        beyond, offset = [*beyond, offset], 0xFFFFFFFF
    extra = struct.pack(f"<2H{len(beyond)}Q", 1, 8 * len(beyond), *beyond) if beyond else b""
    head = struct.pack(
        "<4s2B5H", b"PK\1\2", info.extract_version, 3, info.extract_version, 8, info.compress_type, clock, day
    )
    tail = struct.pack("<3L5H2L", info.CRC, *sizes, len(name), len(extra), 0, 0, 0, 0o600 << 16, offset)
    return head + tail + name + extra


def _dos_time(moment: tuple[int, int, int, int, int, int]) -> tuple[int, int]:
    year, month, day, hour, minute, second = moment
    return (year - 1980) << 9 | month << 5 | day, hour << 11 | minute << 5 | second // 2


# --- the bundle and its checks ----------------------------------------------------------------------------------------
class Bundle:
    """An opened bundle, its manifest read but not yet believed."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            raise Unreadable("there is no such file")
        self.files = Folder(path) if path.is_dir() else Zip(path)
        if "manifest.json" not in self.files.sizes:
            raise Unreadable("there is no manifest.json in it")
        if self.files.sizes["manifest.json"] > LARGEST_MANIFEST:
            raise Refusal(f"the manifest is larger than {LARGEST_MANIFEST} bytes")
        self.manifest_bytes = self.read("manifest.json")
        try:
            self.manifest = read_json(self.manifest_bytes)
        except (ValueError, RecursionError, Refusal) as error:
            raise Unreadable(f"manifest.json cannot be read: {error}") from error
        if not isinstance(self.manifest, dict) or self.manifest.get("format") != FORMAT:
            raise Unreadable(f"manifest.json is not of the format {FORMAT}")
        if self.manifest.get("kind") not in KINDS:
            raise Unreadable("manifest.json is of no kind that this program knows")
        self.tables: dict[str, Any] = self.manifest["tables"]
        self.counts: dict[str, int] = self.manifest["counts"]
        self.keys: dict[str, dict[str, bytes]] = {}
        self.key_rows: list[dict[str, Any]] = []
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
        """Skip a check whose file this kind of bundle does not have; refuse where it belongs and is missing."""
        if not self.has(name):
            if self.manifest["kind"] in EVIDENCE:
                raise Refusal(f"there is no {name}")
            raise Skipped(f"a bundle of this kind has no {name}")

    def entries(self) -> Iterator[tuple[int, bytes]]:
        """Give every entry that the bundle holds in full, with its place in the log."""
        if self.has("proofs.jsonl"):
            for entry, proof in zip_longest(self.lines("entries.jsonl", LARGEST_ENTRY), self.lines("proofs.jsonl")):
                if entry is None or proof is None:
                    raise Refusal("entries.jsonl and proofs.jsonl are not equally long")
                yield whole_number(read_json(proof)["index"]), entry
        elif self.has("entries.jsonl"):
            first = whole_number(self.manifest["first_index"])
            for number, entry in enumerate(self.lines("entries.jsonl", LARGEST_ENTRY)):
                yield first + number, entry


def whole_number(value: Any) -> int:
    """Give the value when it is an integer that is not negative."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise Refusal(f"{value!r} is not a whole number")
    return value


def check_names(bundle: Bundle) -> str:
    """Every name is plain: no path leads out of the folder, no name differs from another in case alone."""
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
        raise Refusal("{!r} is {}".format(name, "missing" if name in named else "not in the manifest"))
    for name, row in named.items():
        if bundle.files.sizes[name] != whole_number(row["size"]):
            raise Refusal(f"{name} has {bundle.files.sizes[name]} bytes where {row['size']} belong")
        digest = hashlib.sha256()
        with bundle.files.open(name) as file:
            for block in iter(lambda file=file: file.read(BLOCK), b""):  # type: ignore[misc]  # bound at once
                digest.update(block)
        if digest.hexdigest() != row["sha256"]:
            raise Refusal(f"{name} was changed")
    return f"{len(named)} files, every one with its SHA-256"


def load_keys(bundle: Bundle, pinned: dict[str, dict[str, bytes]]) -> str:
    """Read the keys; where the caller brought keys of a purpose, only those count."""
    for purpose, rows in read_json(bundle.read("keys.json")).items():
        found: dict[str, bytes] = {}
        for row in rows:
            found[row["key_id"]] = unbase64(row["public_key"])
            bundle.key_rows.append(row)
        bundle.keys[purpose] = found
    for purpose, trusted in pinned.items():
        known = set(trusted.values())
        bundle.keys[purpose] = {kid: key for kid, key in bundle.keys.get(purpose, {}).items() if key in known}
    if not pinned:
        raise Skipped("taken from the bundle itself, so whoever made the bundle vouches for them; pin them with --key")
    left = sorted(set(bundle.keys) - set(pinned))
    if left:
        raise Skipped("pinned: {}; taken from the bundle itself: {}".format(", ".join(sorted(pinned)), ", ".join(left)))
    return "all pinned from outside"


def check_manifest(bundle: Bundle) -> str:
    """An exports key, valid at that time, signed exactly these bytes of manifest.json."""
    if not bundle.has("manifest.jws"):
        raise Refusal("there is no manifest.jws")
    kid, payload = jws_payload(bundle.read("manifest.jws").decode("ascii"), bundle.keys.get("exports", {}))
    if payload != bundle.manifest_bytes:
        raise Refusal("what was signed is not this manifest.json")
    made = moment(bundle.manifest["signed_at"])
    row = next(row for row in bundle.key_rows if row["key_id"] == kid)
    if made < moment(row["valid_from"]) or (row["valid_until"] and made >= moment(row["valid_until"])):
        raise Refusal(f"the key {kid} was not valid at {made.isoformat()}")
    return f"signed by {kid}"


def moment(text: str) -> datetime:
    """Read an RFC 3339 time in UTC."""
    if not text.endswith("Z"):
        raise Refusal(f"{text!r} is not a time in UTC")
    return datetime.fromisoformat(text[:-1] + "+00:00")


def check_checkpoint(bundle: Bundle) -> str:
    """A log key signed the checkpoint; it belongs to this organisation's log and is the one of the manifest."""
    origin, size, root = bundle.head = read_checkpoint(bundle.read("checkpoint"), bundle.keys.get("log", {}))
    said = bundle.manifest["checkpoint"]
    if (said["origin"], said["size"], said["root"]) != (origin, size, base64.b64encode(root).decode("ascii")):
        raise Refusal("the manifest names another checkpoint")
    if "/log/{}".format(bundle.manifest["organisation"]) not in origin:
        raise Refusal(f"the checkpoint is of another log, {origin}")
    return f"{origin} at {size} entries"


def head_of(bundle: Bundle) -> Head:
    """Give the checkpoint, when it passed."""
    if bundle.head is None:
        raise Skipped("there is no checkpoint to compare with")
    return bundle.head


def check_log(bundle: Bundle, marks: set[int]) -> str:
    """The entries, with the hashes of those left out, give the root of the checkpoint; remembers roots at `marks`."""
    _, size, root = head_of(bundle)
    bundle.need("entries.jsonl")
    if bundle.has("proofs.jsonl"):
        return _check_proofs(bundle, size, root)
    tree, count = Tree(), 0
    first = whole_number(bundle.manifest["first_index"])
    with io.BytesIO() if not bundle.has("leaves.bin") else bundle.files.open("leaves.bin") as leaves:
        for leaf in _leaves(bundle, first, leaves):
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
                base64.b64encode(tree.root()).decode("ascii"), base64.b64encode(root).decode("ascii")
            )
        )
    whole = whole_number(bundle.counts["entries"])
    if whole < size and bundle.manifest["from_ms"] is None and bundle.manifest["to_ms"] is None:
        raise Refusal(f"{size - whole} entries are hidden, although the bundle is of the whole log")
    return f"{whole} entries in full and {size - whole} as hashes give the root of the checkpoint"


def _leaves(bundle: Bundle, first: int, others: IO[bytes]) -> Iterator[bytes]:
    """Give all leaf hashes: those before the range from the file, the range's own entries, the rest from the file."""
    for _ in range(first):
        yield _one_hash(others.read(32))
    for _, entry in bundle.entries():
        yield leaf_hash(entry)
    for leaf in iter(lambda: others.read(32), b""):
        yield _one_hash(leaf)


def _one_hash(data: bytes) -> bytes:
    if len(data) != 32:
        raise Refusal("leaves.bin is cut")
    return data


def _check_proofs(bundle: Bundle, size: int, root: bytes) -> str:
    count, before = 0, -1
    for (index, entry), line in zip(bundle.entries(), bundle.lines("proofs.jsonl")):  # noqa: B905 - Python 3.9
        if index <= before:
            raise Refusal("the entries are not in order")
        path = [_one_hash(unbase64(step)) for step in read_json(line)["path"]]
        if proven_root(leaf_hash(entry), index, size, path) != root:
            raise Refusal(f"entry {index} is not in the log as it stands here")
        count, before = count + 1, index
    return f"{count} entries, each with its proof in the checkpoint"


def check_entries(bundle: Bundle) -> str:
    """Every entry is of this organisation, in canonical form, and stands once; notes what the tables must answer to."""
    bundle.need("entries.jsonl")
    seen: set[str] = set()
    places: dict[str, dict[str, int]] = {table: {} for table in RULES}
    for index, line in bundle.entries():
        entry = read_json(line)
        if canonical(entry) != line or entry["v"] != 1 or entry["org"] != bundle.manifest["organisation"]:
            raise Refusal(f"entry {index} is not an entry of this log")
        if entry["id"] in seen:
            raise Refusal(f"the event {entry['id']} stands twice")
        seen.add(entry["id"])
        if entry["t"] in TABLE_OF:
            _note_place(bundle, entry, index, places)
    if len(seen) != whole_number(bundle.counts["entries"]):
        raise Refusal(f"there are {len(seen)} entries where the manifest counts {bundle.counts['entries']!r}")
    bundle.places = places
    return f"{len(seen)} entries, each well-formed and once"


def _note_place(bundle: Bundle, entry: dict[str, Any], index: int, places: dict[str, dict[str, int]]) -> None:
    """Note which row this entry asks for, when it is of the bundle's period and of its live or test data."""
    start, end = bundle.manifest["from_ms"], bundle.manifest["to_ms"]
    inside = (start is None or entry["ts"] >= start) and (end is None or entry["ts"] < end)
    if inside and entry.get("live", True) == bundle.manifest["livemode"]:
        table = TABLE_OF[entry["t"]]
        for named in entry["refs"]:
            if named["r"] == RULES[table][0]:
                places[table].setdefault(named["id"], index)


def openings_with_entries(bundle: Bundle) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Give every opening with its entry; both files are in the order of the log."""
    entries, at, line, before = bundle.entries(), -1, b"", -1
    for raw in bundle.lines("openings.jsonl"):
        opening = read_json(raw)
        index = whole_number(opening["index"])
        if index <= before:
            raise Refusal("the openings are not in order")
        while at < index:
            at, line = next(entries, (index + 1, b""))
        if at != index:
            raise Refusal(f"opening {index} belongs to no entry of this bundle")
        yield opening, read_json(line)
        before = index


def check_openings(bundle: Bundle) -> str:
    """Each opened body is the one that its entry committed to, at that place, under that key."""
    bundle.need("openings.jsonl")
    count = 0
    for opening, entry in openings_with_entries(bundle):
        key, index = unbase64(opening["key"]), opening["index"]
        if len(key) != 32 or entry["alg"] != "hkdf-hmac-sha256/1":
            raise Refusal(f"opening {index} is of an unknown kind")
        made = hmac.new(key, DOMAIN + canonical(opening["body"]), hashlib.sha256).digest()
        if opening["id"] != entry["id"] or not hmac.compare_digest(made, unbase64(entry["c"])):
            raise Refusal(f"the opening of entry {index} is not what the log committed to")
        count += 1
    if count != whole_number(bundle.counts["openings"]):
        raise Refusal(f"there are {count} openings where the manifest counts {bundle.counts['openings']!r}")
    return f"{count} of {bundle.counts['entries']} entries opened, each what the log committed to"


def check_closed(bundle: Bundle) -> str:
    """Say plainly how many entries nobody could look into."""
    bundle.need("openings.jsonl")
    closed = whole_number(bundle.counts["entries"]) - whole_number(bundle.counts["openings"])
    if closed:
        raise Skipped(f"what {closed} entries say: their key was erased, or this bundle may not open them")
    return "no entry stayed closed"


def check_tables(bundle: Bundle) -> str:
    """Every table has the columns and as many rows as the manifest says, and its CSV says the same as its JSONL."""
    for name, table in sorted(bundle.tables.items()):
        rows, columns = 0, table["columns"]
        with bundle.files.open(f"tables/{name}.csv") as raw:
            sheet = csv.reader(io.TextIOWrapper(raw, "utf-8", newline=""), strict=True)
            if next(sheet, []) != columns:
                raise Refusal(f"{name}.csv has other columns")
            for line, cells in zip_longest(bundle.lines(f"tables/{name}.jsonl"), sheet):
                row = read_row(line) if line is not None else None
                if row is None or sorted(row) != sorted(columns) or cells != [cell(row[key]) for key in columns]:
                    raise Refusal(f"row {rows + 1} of {name} is not the same in CSV and JSONL")
                rows += 1
        if rows != whole_number(bundle.counts[name]):
            raise Refusal(f"{name} has {rows} rows where the manifest counts {bundle.counts[name]!r}")
    extra = sorted(set(bundle.counts) - set(bundle.tables) - {"entries", "openings", "records"})
    if extra:
        raise Refusal("the manifest counts {}, which are not there".format(", ".join(extra)))
    return ", ".join(f"{bundle.counts[name]} {name}" for name in sorted(bundle.tables)) or "no tables"


def read_row(line: bytes) -> dict[str, Any]:
    """Read a table's row; unlike all that is hashed, a caller's own metadata may hold floats."""
    row: dict[str, Any] = json.loads(line.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_refuse)
    return row


def cell(value: Any) -> str:
    """Write one value as a CSV cell. What a spreadsheet would take for a formula begins with an apostrophe."""
    if value is None:
        return ""
    if isinstance(value, str):
        return "'" + value if value[:1] in ("=", "+", "-", "@", "\t", "\r", "'") else value
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def check_records(bundle: Bundle) -> str:
    """Each consent record's SHA-256 and signature are good, and its row names that very record."""
    bundle.need("records/consents.jsonl")
    hashes: dict[str, str] = {}
    for line in bundle.lines("records/consents.jsonl"):
        row = read_json(line)
        if row["id"] in hashes:
            raise Refusal(f"there are two records of {row['id']}")
        _check_record(row, bundle.keys.get("records", {}))
        hashes[row["id"]] = row["sha256"]
    if len(hashes) != whole_number(bundle.counts["records"]):
        raise Refusal(f"there are {len(hashes)} records where the manifest counts {bundle.counts['records']}")
    for row in rows_of(bundle, "consents"):
        if (row["record_sha256"] or None) != hashes.pop(row["id"], None):
            raise Refusal(f"the row of {row['id']} does not name the record that is here")
    if hashes:
        raise Refusal(f"the record of {min(hashes)} has no row")
    return f"{bundle.counts['records']} records, each signed and named by its consent"


def _check_record(row: dict[str, Any], keys: dict[str, bytes]) -> None:
    record = unbase64(row["record"])
    if hashlib.sha256(record).hexdigest() != row["sha256"]:
        raise Refusal(f"the record of {row['id']} was changed")
    if canonical(read_json(record)) != record:
        raise Refusal(f"the record of {row['id']} is not in canonical form")
    try:
        payload = jws_payload(row["jws"], keys)[1]
    except Refusal as refusal:
        raise Refusal(f"the record of {row['id']}: {refusal}") from refusal
    if payload != record:
        raise Refusal(f"what was signed for {row['id']} is not this record")


def rows_of(bundle: Bundle, name: str) -> Iterator[dict[str, Any]]:
    """Give the rows of a table, none when the bundle has no such table."""
    if name in bundle.tables:
        for line in bundle.lines(f"tables/{name}.jsonl"):
            yield read_row(line)


def check_references(bundle: Bundle) -> str:
    """No row without its event in the log, no event without its row: nothing was invented and nothing left out."""
    bundle.need("entries.jsonl")
    if bundle.places is None:
        raise Skipped("the entries were refused")
    places = bundle.places
    outside = matched = 0
    low, high = _held(bundle)
    for name in RULES:
        expected = places[name]
        for row in rows_of(bundle, name):
            index = row["log_index"]
            if isinstance(index, int) and not low <= index < high and bundle.head and index < bundle.head[1]:
                outside += 1
            elif expected.pop(row["id"], None) != index:
                raise Refusal("{} of the table {} is not in the log where it says".format(row["id"], name))
            else:
                matched += 1
        for name_of_missing in sorted(expected):
            raise Refusal(f"the log knows {name_of_missing}, which is missing in the table {name}")
    if outside:
        raise Skipped(f"{outside} rows belong to entries outside of this range; {matched} rows and their entries agree")
    return f"{matched} rows and their entries agree, none is left out"


def _held(bundle: Bundle) -> tuple[int, int]:
    """Give the range of places [low, high) whose entries this bundle holds without a gap; all, with single proofs."""
    if bundle.has("proofs.jsonl"):
        return 0, SAFE_INTEGER
    first = whole_number(bundle.manifest["first_index"])
    return first, first + whole_number(bundle.counts["entries"])


def check_clips(bundle: Bundle) -> str:
    """What the table says of a clip is what the log committed to when the clip was issued."""
    bundle.need("openings.jsonl")
    opened = {
        opening["index"]: opening["body"]
        for opening, entry in openings_with_entries(bundle)
        if entry["t"] == "clip.issued"
    }
    compared = closed = 0
    for row in rows_of(bundle, "clips"):
        body = opened.get(row["log_index"])
        if body is None:
            closed += 1
        elif any(body[fact] != row[fact] for fact in CLIP_FACTS):
            raise Refusal("the row of {} says something else than the log".format(row["id"]))
        else:
            compared += 1
    if closed:
        raise Skipped(f"{closed} clips whose entry is closed here; the other {compared} agree with the log")
    return f"{compared} clips agree with what the log committed to"


def check_previous(bundle: Bundle, previous: Head | None) -> str:
    """The log continues the one of an earlier checkpoint."""
    origin, size, _ = head_of(bundle)
    if previous is None:
        raise Skipped("no earlier checkpoint was given with --previous")
    if previous[0] != origin:
        raise Refusal(f"the earlier checkpoint is of another log, {previous[0]}")
    if previous[1] > size:
        raise Refusal(f"the log was rolled back: it had {previous[1]} entries, now {size}")
    if previous[1] not in bundle.roots:
        raise Skipped("this bundle does not hold all leaves of the log, or its log was refused")
    if bundle.roots[previous[1]] != previous[2]:
        raise Refusal(f"the log forked: at {previous[1]} entries its root was another one")
    return f"it continues the checkpoint at {previous[1]} entries"


# --- putting it together ----------------------------------------------------------------------------------------------
Line = tuple[str, str, str]  # result, check, detail


class Report:
    """What was checked, in order, and what came out; every line is said as soon as it is known."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.lines: list[Line] = []
        self._say = say

    def check(self, name: str, work: Callable[[], str]) -> bool:
        """Make one check and write its line; whatever goes wrong in it is a refusal, never a traceback."""
        try:
            self.add("ok", name, work())
        except Skipped as skipped:
            self.add("not checked", name, str(skipped))
        except Refusal as refusal:
            self.add("REFUSED", name, str(refusal))
        except Exception as error:  # noqa: BLE001 - a hostile bundle can raise anything; all of it means refused
            self.add("REFUSED", name, f"cannot be read: {type(error).__name__}: {error}")
        return self.lines[-1][0] != "REFUSED"

    def add(self, result: str, name: str, detail: str) -> None:
        """Write a line."""
        self.lines.append((result, name, detail))
        self._say(f"{result} {name}: {detail}")

    def refused(self) -> bool:
        """Say whether any check failed."""
        return any(line[0] == "REFUSED" for line in self.lines)


def examine(report: Report, path: Path, pinned: dict[str, dict[str, bytes]], previous: bytes | None) -> None:
    """Make every check on the bundle. Raises Unreadable."""
    try:
        bundle = Bundle(path)
    except Refusal as refusal:
        report.add("REFUSED", "container", str(refusal))
        return
    earlier: list[Head] = []
    if not report.check("names", lambda: check_names(bundle)):
        return
    report.check("container", lambda: check_container(bundle))
    report.check("files", lambda: check_files(bundle))
    report.check("keys", lambda: load_keys(bundle, pinned))
    report.check("manifest", lambda: check_manifest(bundle))
    report.check("checkpoint", lambda: check_checkpoint(bundle))
    if previous is not None and not report.check(
        "previous checkpoint", lambda: _read_previous(previous, bundle, earlier)
    ):
        return
    report.check("log", lambda: check_log(bundle, {head[1] for head in earlier}))
    report.check("prefix", lambda: check_previous(bundle, earlier[0] if earlier else None))
    for name, check in (
        ("entries", check_entries),
        ("openings", check_openings),
        ("closed entries", check_closed),
        ("records", check_records),
        ("tables", check_tables),
        ("references", check_references),
        ("clips", check_clips),
    ):
        report.check(name, lambda check=check: check(bundle))  # type: ignore[misc]  # bound at once


def _read_previous(data: bytes, bundle: Bundle, earlier: list[Head]) -> str:
    earlier.append(read_checkpoint(data, bundle.keys.get("log", {})))
    return f"{earlier[0][0]} at {earlier[0][1]} entries, signed by a known key"


def read_pinned(data: bytes) -> dict[str, dict[str, bytes]]:
    """Read --key: a keys.json, or lines of verifier keys `name+hash+base64` as `/log/{org}/key` gives them."""
    try:
        text = data.decode("utf-8").strip()
        if not text.startswith("{"):
            return {"log": dict(map(_verifier_key, text.split("\n")))}
        return {
            purpose: {row["key_id"]: unbase64(row["public_key"]) for row in rows}
            for purpose, rows in read_json(data).items()
        }
    except (Refusal, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Unreadable(f"the file of --key holds no keys: {error}") from error


def _verifier_key(line: str) -> tuple[str, bytes]:
    name, mark, encoded = line.strip().split("+", 2)
    blob = unbase64(encoded)
    if hashlib.sha256(name.encode("utf-8") + b"\n" + blob).hexdigest()[:8] != mark or blob[:1] != b"\x01":
        raise Refusal("the id of a verifier key does not fit it")
    return line.strip(), blob[1:]


def main(arguments: list[str] | None = None) -> int:
    """Read the command line, examine, print, and give the exit code."""
    parser = argparse.ArgumentParser(prog="verify.py", description="Verify a Sayso bundle offline.")
    parser.add_argument("bundle", metavar="BUNDLE", help="the zip, or the folder it was unpacked to")
    parser.add_argument("--previous", metavar="FILE", help="an earlier checkpoint that the log must continue")
    parser.add_argument("--key", metavar="FILE", help="keys from outside: a keys.json, or verifier keys of the log")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of lines")
    options = parser.parse_args(arguments)
    report = Report(_silent if options.json else _say)
    unreadable = ""
    try:
        pinned = read_pinned(Path(options.key).read_bytes()) if options.key else {}
        previous = Path(options.previous).read_bytes() if options.previous else None
        examine(report, Path(options.bundle), pinned, previous)
    except Unreadable as error:
        unreadable = str(error)
    except Exception as error:  # noqa: BLE001 - as in Report.check
        unreadable = f"{type(error).__name__}: {error}"
    code = 2 if unreadable else int(report.refused())
    result = ("verified", "refused", "unreadable")[code]
    if options.json:
        checks = [{"check": name, "result": outcome, "detail": detail} for outcome, name, detail in report.lines]
        whole = {"result": result, "detail": unreadable or None, "checks": checks}
        sys.stdout.write(json.dumps(whole, indent=1) + "\n")
    else:
        _say(f"{result}: {unreadable}" if unreadable else result)
    return code


def _silent(_text: str) -> None:
    """Say nothing now: everything comes at the end, as one JSON object."""


def _say(text: str) -> None:
    """Print a line at once. What a hostile bundle says is escaped, so that it cannot paint an `ok` on the terminal."""
    sys.stdout.write(_printable(text) + "\n")
    sys.stdout.flush()


def _printable(text: str) -> str:
    plain = text.encode("ascii", "backslashreplace").decode("ascii")
    return "".join(character if " " <= character <= "~" else "?" for character in plain)


if __name__ == "__main__":
    sys.exit(main())
