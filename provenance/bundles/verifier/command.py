"""The command line: which question is asked, of which file, with which keys."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

from provenance.bundles.verifier.assessment import Asked, examine_receipt
from provenance.bundles.verifier.examination import examine
from provenance.bundles.verifier.outcomes import Report, Unreadable, say, silent
from provenance.bundles.verifier.trust import read_pinned


def main(arguments: list[str] | None = None) -> int:
    """Read the command line, examine, print, and give the exit code."""
    words = sys.argv[1:] if arguments is None else arguments
    return _receipt(words[1:]) if words[:1] == ["receipt"] and len(words) > 1 else _bundle(words)


def _bundle(words: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="verify.py", description="Verify a Sayso bundle offline. `verify.py receipt --help` is about receipts."
    )
    parser.add_argument("bundle", metavar="BUNDLE", help="the zip, or the folder it was unpacked to")
    parser.add_argument("--previous", metavar="FILE", help="an earlier checkpoint that the log must continue")
    parser.add_argument("--key", metavar="FILE", help="keys from outside: a keys.json, or verifier keys of the log")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of lines")
    options = parser.parse_args(words)

    def work(report: Report) -> None:
        pinned = read_pinned(Path(options.key).read_bytes()) if options.key else {}
        previous = Path(options.previous).read_bytes() if options.previous else None
        examine(report, Path(options.bundle), pinned, previous)

    return _told(work, as_json=options.json)


def _receipt(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="verify.py receipt", description="Verify a clip's receipt offline.")
    parser.add_argument("receipt", metavar="RECEIPT", help="as /v1/clips/{id}/receipt gave it")
    parser.add_argument("--key", metavar="FILE", required=True, help="the keys.json that you trust")
    parser.add_argument("--proof", metavar="FILE", help="as /v1/clips/{id}/proof gave it")
    parser.add_argument("--audio", metavar="FILE", help="the file that the receipt came with")
    parser.add_argument("--opening", metavar="FILE", help="as /v1/clips/{id}/opening gave it, or openings.jsonl")
    parser.add_argument("--script", metavar="FILE", help="the text that was spoken, in UTF-8; needs --opening")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of lines")
    options = parser.parse_args(words)

    def work(report: Report) -> None:
        given = {name: getattr(options, name) for name in ("receipt", "key", "proof", "audio", "opening", "script")}
        examine_receipt(report, Asked(**{name: Path(path) if path else None for name, path in given.items()}))

    return _told(work, as_json=options.json)


def _told(work: Callable[[Report], None], *, as_json: bool) -> int:
    """Make the checks, say what came out, and give the exit code."""
    report = Report(silent if as_json else say)
    unreadable = ""
    try:
        work(report)
    except Unreadable as error:
        unreadable = str(error)
    except Exception as error:  # noqa: BLE001 - as in Report.check
        unreadable = f"{type(error).__name__}: {error}"
    code = 2 if unreadable else int(report.refused())
    result = ("verified", "refused", "unreadable")[code]
    if as_json:
        whole = {"result": result, "detail": unreadable or None, "checks": report.rows()}
        sys.stdout.write(json.dumps(whole, indent=1) + "\n")
    else:
        say(f"{result}: {unreadable}" if unreadable else result)
    return code
