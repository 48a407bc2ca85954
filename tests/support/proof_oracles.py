"""Two code bases that are not ours judge our proofs: scitt-cose in Python, golang.org/x/mod/sumdb
from Debian in Go.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from scitt_cose import merkle

from tests.support import debian

SOURCE: Final = Path(__file__).parents[1] / "transparency_log" / "oracle" / "main.go"
PACKAGES: Final = ("golang-go", "golang-golang-x-mod-dev")
MODULE: Final = "usr/share/gocode/src/golang.org/x/mod/sumdb/tlog"


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What is to be judged.

    Hashes are hex; `entry` is the leaf's own bytes in hex, which scitt-cose hashes itself.
    """

    kind: str
    size: int = 0
    root: str = ""
    path: tuple[str, ...] = ()
    index: int = 0
    entry: str = ""
    leaf: str = ""
    old: int = 0
    oldroot: str = ""
    note: str = ""
    key: str = ""
    text: str = ""


def by_python(claims: Sequence[Claim]) -> list[bool]:
    """The verdicts of scitt-cose; it knows no notes."""
    return [_python(claim) for claim in claims]


def _python(claim: Claim) -> bool:
    steps = list(claim.path)
    if claim.kind == "inclusion":
        return bool(
            merkle.verify_inclusion(claim.entry, claim.index, claim.size, steps, claim.root)
        )
    return bool(merkle.verify_consistency(claim.oldroot, claim.root, claim.old, claim.size, steps))


def by_go(claims: Sequence[Claim]) -> list[bool]:
    """The verdicts of x/mod."""
    program = go_program()
    assert program is not None
    words = json.dumps([asdict(claim) for claim in claims])
    done = subprocess.run(
        [program], input=words, capture_output=True, text=True, check=True, timeout=120
    )
    verdicts: list[bool] = json.loads(done.stdout)
    return verdicts


@cache
def go_program() -> str | None:
    """Build the Go verifier, once a run; None where there is neither Go with its module nor a way
    to unpack them.
    """
    root = (
        Path("/")
        if shutil.which("go") and (Path("/") / MODULE).is_dir()
        else debian.unpacked(PACKAGES)
    )
    go = debian.newest(root, "usr/lib/go-*/bin/go") if root else None
    if root is None or go is None:
        return None
    folder = Path(mkdtemp(prefix="sayso-oracle-"))
    command = [str(go), "build", "-o", str(folder / "oracle"), str(SOURCE)]
    subprocess.run(
        command, env=_environment(root, go, folder), check=True, capture_output=True, timeout=300
    )
    return str(folder / "oracle")


def _environment(root: Path, go: Path, folder: Path) -> Mapping[str, str]:
    """Modules off: the source lies where Debian put it, and nothing is fetched."""
    return {
        **os.environ,
        "GO111MODULE": "off",
        "GOPATH": str(root / "usr/share/gocode"),
        "GOROOT": str(go.parent.parent),
        "GOCACHE": str(folder / "cache"),
        "GOFLAGS": "",
        "CGO_ENABLED": "0",
    }
