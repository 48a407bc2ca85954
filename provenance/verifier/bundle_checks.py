"""All checks of a bundle, in their order."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from provenance.verifier.bundle import EVIDENCE, Bundle
from provenance.verifier.check_report import CheckReport, Refusal, UnreadableBundle
from provenance.verifier.checkpoint_checks import check_checkpoint, check_log, check_previous
from provenance.verifier.closed_entry_checks import check_closed_entries
from provenance.verifier.completeness import check_completeness, say_papers
from provenance.verifier.entry_checks import check_entries, check_openings
from provenance.verifier.intended_use_checks import check_purposes
from provenance.verifier.key_vouching import Earlier, check_vouched
from provenance.verifier.log_history import Past
from provenance.verifier.manifest_checks import (
    check_container,
    check_files,
    check_manifest,
    check_names,
    load_keys,
)
from provenance.verifier.merkle_proofs import read_signed_checkpoint
from provenance.verifier.permit_replay import check_permits
from provenance.verifier.pinned_keys import Periods, Pinned
from provenance.verifier.record_checks import check_records
from provenance.verifier.row_checks import check_rows, say_stated
from provenance.verifier.table_checks import check_files_of_rows, check_references, check_tables


def examine_bundle(
    report: CheckReport, path: Path, pinned: Pinned, periods: Periods, previous: bytes | None
) -> bool:
    """Make every check of the bundle. Return whether its keys are vouched for from outside.

    1. `names`, `container`, `files`: the files are those of the manifest, and there is no byte
       outside of them.
    2. `keys`, `manifest`, `checkpoint`: a key signed the manifest, a log key the checkpoint.
    3. `log`, `prefix`: the entries lead to the checkpoint's root, and continue --previous.
    4. `entries`, `openings`, `records`, `tables`, `references`, `purposes`: what they say is
       well-formed, is what was committed to or signed, and agrees.
    5. `history`, `whole`, `closed entries`, `rows`, `standing`, `stated`: rows against the log.
    6. `recordings`, `papers`: the other files.
    7. `vouched`: the keys of all these signatures are known from outside. Only then is the bundle
       verified.

    Raises UnreadableBundle.
    """
    # 1.
    bundle = _open_bundle(report, path)
    if bundle is None or not report.check("names", lambda: check_names(bundle)):
        return False

    report.check("container", lambda: check_container(bundle))
    report.check("files", lambda: check_files(bundle))

    # 2.
    report.check("keys", lambda: load_keys(bundle, pinned, periods))
    report.check("manifest", lambda: check_manifest(bundle))
    report.check("checkpoint", lambda: check_checkpoint(bundle))

    # 3.
    earlier: list[Earlier] = []
    if previous is not None and not report.check(
        "previous checkpoint", lambda: _read_previous(previous, bundle, earlier)
    ):
        return False

    report.check("log", lambda: check_log(bundle, {one.head[1] for one in earlier}))
    report.check("prefix", lambda: check_previous(bundle, earlier[0].head if earlier else None))

    # 4.
    for name, check in (
        ("entries", check_entries),
        ("openings", check_openings),
        ("records", check_records),
        ("tables", check_tables),
        ("references", check_references),
        ("purposes", check_purposes),
    ):
        report.check(name, partial(check, bundle))

    # 5.
    _examine_rows(report, bundle)

    # 6.
    if bundle.manifest["kind"] == "speaker":
        report.check("recordings", lambda: check_files_of_rows(bundle))
    report.check("papers", lambda: say_papers(bundle))

    # 7.
    continued = earlier[0] if earlier and report.has_passed("prefix") else None
    report.check("vouched", lambda: check_vouched(bundle, pinned, continued))

    return report.has_passed("vouched")


def _open_bundle(report: CheckReport, path: Path) -> Bundle | None:
    try:
        return Bundle(path)
    except Refusal as refusal:
        report.add("REFUSED", "container", str(refusal))
        return None
    except (UnreadableBundle, MemoryError):
        raise
    except Exception as error:
        raise UnreadableBundle(f"{type(error).__name__}: {error}") from error


def _examine_rows(report: CheckReport, bundle: Bundle) -> None:
    """Compare the rows with the log, if the bundle has one that was not refused."""
    found: list[Past] = []
    past = None
    if bundle.manifest["kind"] in EVIDENCE:
        report.check("history", lambda: _read_past(bundle, found))
        past = found[0] if found else None

    report.check("whole", lambda: check_completeness(bundle, past))
    if past is not None:
        for name, check in (
            ("closed entries", check_closed_entries),
            ("rows", check_rows),
            ("standing", check_permits),
        ):
            report.check(name, partial(check, past))

    report.check("stated", lambda: say_stated(bundle, past))


def _read_past(bundle: Bundle, found: list[Past]) -> str:
    found.append(Past(bundle))
    return f"{sum(map(len, found[0].events.values()))} events about the rows of this bundle"


def _read_previous(data: bytes, bundle: Bundle, earlier: list[Earlier]) -> str:
    head, signers = read_signed_checkpoint(data, bundle.keys.get("log", {}))
    earlier.append(Earlier(head, signers))

    return f"{head[0]} at {head[1]} entries, signed by {', '.join(sorted(signers))}"
