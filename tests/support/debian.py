"""Debian packages unpacked into `.cache/` without root, for machines that lack a server."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

CACHE: Final = Path(__file__).resolve().parent.parent / ".cache" / "debian"
SECONDS: Final = 180.0


def unpacked(packages: tuple[str, ...]) -> Path | None:
    """Download these packages with the dependencies that this machine lacks, and return the folder.

    Returns None without apt, a package source, or a network. A complete folder is used again.
    """
    if not (shutil.which("apt-get") and shutil.which("dpkg")):
        return None

    root = CACHE / hashlib.sha256(" ".join(packages).encode()).hexdigest()[:12]
    if (root / ".complete").exists():
        return root

    # Takes some seconds.
    print(f"Unpacking Debian's {', '.join(packages)} into {root} ...", flush=True)  # noqa: T201
    shutil.rmtree(root, ignore_errors=True)
    archives = root / ".apt" / "archives"
    (archives / "partial").mkdir(parents=True)
    (root / ".apt" / "lists" / "partial").mkdir(parents=True)

    try:
        _apt(root, "update")
        _apt(root, "install", "--yes", "--download-only", "--no-install-recommends", *packages)

        for package in sorted(archives.glob("*.deb")):
            subprocess.run(
                ["dpkg", "-x", str(package), str(root)],
                check=True,
                capture_output=True,
                timeout=SECONDS,
            )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        return None

    (root / ".complete").touch()
    return root


def newest(root: Path, pattern: str) -> Path | None:
    """Return the newest version of a program below `root`, where `15` is newer than `9.6`."""
    found = [path for path in root.glob(pattern) if os.access(path, os.X_OK)]
    return max(
        found,
        key=lambda path: [int(number) for number in re.findall(r"\d+", str(path))],
        default=None,
    )


def libraries(root: Path) -> Mapping[str, str]:
    """Return the environment in which unpacked programs find the libraries beside them."""
    folders = sorted({str(path.parent) for path in root.glob("**/*.so.*")})
    return {
        "LD_LIBRARY_PATH": ":".join([*folders, os.environ.get("LD_LIBRARY_PATH", "")]).rstrip(":")
    }


def _apt(root: Path, *words: str) -> None:
    own = {
        "Dir::State::Lists": root / ".apt" / "lists",
        "Dir::Cache": root / ".apt",
        "Dir::Cache::Archives": root / ".apt" / "archives",
        "Debug::NoLocking": "1",
        "APT::Sandbox::User": "",
        "Acquire::Retries": "0",
        "Acquire::http::Timeout": "10",
    }
    options = [part for name, value in own.items() for part in ("-o", f"{name}={value}")]
    subprocess.run(
        ["apt-get", "-qq", *options, *words], check=True, capture_output=True, timeout=SECONDS
    )
