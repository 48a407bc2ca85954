"""All checks on a bundle, in their order."""

from __future__ import annotations

from pathlib import Path

from provenance.bundles.verifier.bundle import (
    Bundle,
    check_checkpoint,
    check_container,
    check_files,
    check_log,
    check_manifest,
    check_names,
    load_keys,
)
from provenance.bundles.verifier.contents import (
    check_clips,
    check_closed,
    check_entries,
    check_openings,
    check_previous,
    check_recordings,
    check_records,
    check_references,
    check_tables,
)
from provenance.bundles.verifier.outcomes import Refusal, Report
from provenance.bundles.verifier.purposes import check_purposes
from provenance.bundles.verifier.tree import Head, read_checkpoint
from provenance.bundles.verifier.trust import Pinned


def examine(report: Report, path: Path, pinned: Pinned, previous: bytes | None) -> None:
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
        ("purposes", check_purposes),
        ("clips", check_clips),
    ):
        report.check(name, lambda check=check: check(bundle))  # type: ignore[misc]  # bound at once
    if bundle.manifest["kind"] == "speaker":
        report.check("recordings", lambda: check_recordings(bundle))


def _read_previous(data: bytes, bundle: Bundle, earlier: list[Head]) -> str:
    earlier.append(read_checkpoint(data, bundle.keys.get("log", {})))
    return f"{earlier[0][0]} at {earlier[0][1]} entries, signed by a known key"
