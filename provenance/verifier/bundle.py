"""The bundle: its files, its manifest, and its entries in order."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import IO, Any

from provenance.verifier.check_report import Refusal, Skipped, UnreadableBundle
from provenance.verifier.merkle_proofs import Head
from provenance.verifier.parsing import check_whole_number, read_json
from provenance.verifier.pinned_keys import Periods
from provenance.verifier.zip_reader import BLOCK, FORMAT, Folder, Zip

# Everything else is named in the manifest, with its hash.
UNSEALED = ("manifest.json", "manifest.jws")
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}(/[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}){0,3}\Z")
LARGEST_MANIFEST = 32 << 20
LONGEST_LINE = 16 << 20
LARGEST_ENTRY = 65_535
# The kinds of bundle that prove from the log what they say.
EVIDENCE = ("audit", "speaker")
KINDS = (*EVIDENCE, "ropa", "usage")


class Bundle:
    """An opened bundle. Its manifest is read but not yet believed."""

    def __init__(self, path: Path) -> None:
        # Reading a pipe or a device might wait for ever.
        if not path.is_file() and not path.is_dir():
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
        # Ids of the keys that signed something in here, and of those that signed the checkpoint.
        self.used: set[str] = set()
        self.signers: set[str] = set()
        self.head: Head | None = None
        self.places: dict[str, dict[str, int]] | None = None
        self.roots: dict[int, bytes] = {}

    def read(self, name: str, limit: int = LARGEST_MANIFEST) -> bytes:
        """Return the content of a small file."""
        with self.files.open(name) as file:
            data = file.read(limit + 1)

        if len(data) > limit:
            raise Refusal(f"{name} is larger than {limit} bytes")

        return data

    def lines(self, name: str, limit: int = LONGEST_LINE) -> Iterator[bytes]:
        """Yield the lines of a file without their newlines. The last line must end with one too."""
        if name not in self.files.sizes:
            raise Refusal(f"there is no {name}")

        with self.open_buffered(name) as file:
            for line in iter(partial(file.readline, limit + 2), b""):
                if line[-1:] != b"\n":
                    raise Refusal(f"a line of {name} is too long, or cut")
                yield line[:-1]

    def open_buffered(self, name: str) -> IO[bytes]:
        """Open a file of which little is read at a time."""
        # The stream has the methods of a raw file.
        return io.BufferedReader(self.files.open(name), BLOCK)  # type: ignore[type-var]

    def has(self, name: str) -> bool:
        """Return True if the bundle has this file."""
        return name in self.files.sizes

    def need(self, name: str) -> None:
        """Refuse if this file is missing and belongs here. Skip if this kind of bundle has none."""
        if not self.has(name):
            if self.manifest["kind"] in EVIDENCE:
                raise Refusal(f"there is no {name}")
            raise Skipped(f"a bundle of this kind has no {name}")

    def entries(self) -> Iterator[tuple[int, bytes]]:
        """Yield every entry that the bundle holds in full, with its place in the log."""
        if self.has("proofs.jsonl"):
            for entry, proof in zip_longest(
                self.lines("entries.jsonl", LARGEST_ENTRY), self.lines("proofs.jsonl")
            ):
                if entry is None or proof is None:
                    raise Refusal("entries.jsonl and proofs.jsonl are not equally long")
                yield check_whole_number(read_json(proof)["index"]), entry
        elif self.has("entries.jsonl"):
            first = check_whole_number(self.manifest["first_index"])
            yield from enumerate(self.lines("entries.jsonl", LARGEST_ENTRY), first)
