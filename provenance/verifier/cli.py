"""The command line of the verifier."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from provenance.verifier.bundle_checks import examine_bundle
from provenance.verifier.check_report import (
    CheckReport,
    UnreadableBundle,
    print_line,
    print_nothing,
    write_output,
)
from provenance.verifier.parsing import strip_byte_order_mark
from provenance.verifier.pinned_keys import read_periods, read_pinned
from provenance.verifier.receipt_checks import Asked, examine_receipt

# By exit code.
RESULTS = ("verified", "refused", "unreadable", "consistent", "failed")


class _ArgumentParser(argparse.ArgumentParser):
    """The command line parser. The exit code does not depend on an output that can be written."""

    def print_help(self, file: Any = None) -> None:  # noqa: ARG002 - argparse's signature
        """Print the help."""
        write_output(sys.stdout, self.format_help())

    def error(self, message: str) -> NoReturn:
        """Print what is wrong with the call, and exit as for an unreadable file."""
        write_output(sys.stderr, f"{self.format_usage()}{self.prog}: {message}\n")
        raise SystemExit(2)


def main(arguments: list[str] | None = None) -> int:
    """Read the command line, examine, print, and return the exit code."""
    words = sys.argv[1:] if arguments is None else arguments
    if words[:1] == ["receipt"] and len(words) > 1:
        return _verify_receipt(words[1:])

    return _verify_bundle(words)


def _verify_bundle(arguments: list[str]) -> int:
    parser = _ArgumentParser(
        prog="verify.py",
        description="Verify a Sayso bundle offline. `verify.py receipt --help` is about receipts.",
    )
    parser.add_argument(
        "bundle", metavar="BUNDLE", help="the zip, or the folder it was unpacked to"
    )
    parser.add_argument(
        "--previous", metavar="FILE", help="an earlier checkpoint that the log must continue"
    )
    parser.add_argument(
        "--key", metavar="FILE", help="the keys.json that you fetched from /log/{org}/keys.json"
    )
    parser.add_argument(
        "--json", action="store_true", help="print one JSON object instead of lines"
    )
    options = parser.parse_args(arguments)

    def work(report: CheckReport) -> bool:
        keys = _read_option_file(options.key)
        pinned = {} if keys is None else read_pinned(keys)
        periods = {} if keys is None else read_periods(keys)
        previous = _read_option_file(options.previous)

        return examine_bundle(report, Path(options.bundle), pinned, periods, previous)

    return _run_and_print(work, as_json=options.json)


def _verify_receipt(arguments: list[str]) -> int:
    parser = _ArgumentParser(
        prog="verify.py receipt", description="Verify a clip's receipt offline."
    )
    parser.add_argument("receipt", metavar="RECEIPT", help="as /v1/clips/{id}/receipt gave it")
    parser.add_argument("--key", metavar="FILE", required=True, help="the keys.json that you trust")
    parser.add_argument("--proof", metavar="FILE", help="as /v1/clips/{id}/proof gave it")
    parser.add_argument("--audio", metavar="FILE", help="the file that the receipt came with")
    parser.add_argument(
        "--opening", metavar="FILE", help="as /v1/clips/{id}/opening gave it, or openings.jsonl"
    )
    parser.add_argument(
        "--script", metavar="FILE", help="the text that was spoken, in UTF-8; needs --opening"
    )
    parser.add_argument(
        "--json", action="store_true", help="print one JSON object instead of lines"
    )
    options = parser.parse_args(arguments)

    def work(report: CheckReport) -> bool:
        given = {
            name: getattr(options, name)
            for name in ("receipt", "key", "proof", "audio", "opening", "script")
        }
        files = {name: Path(path) if path else None for name, path in given.items()}
        examine_receipt(report, Asked(**files))

        return True

    return _run_and_print(work, as_json=options.json)


def _read_option_file(name: str | None) -> bytes | None:
    try:
        return strip_byte_order_mark(Path(name).read_bytes()) if name else None
    except OSError as error:
        raise UnreadableBundle(f"{name} cannot be read: {error.strerror}") from error


def _run_and_print(work: Callable[[CheckReport], bool], *, as_json: bool) -> int:
    """Make the checks, print the result, and return the exit code.

    `work` returns whether the keys are vouched for.
    """
    report = CheckReport(print_nothing if as_json else print_line)
    detail = ""

    try:
        vouched = work(report)
        code = 3
        if report.has_refusals():
            code = 1
        elif vouched:
            code = 0

        if code == 3:
            detail = f"everything here agrees, but {report.get_detail('vouched')}"
    except UnreadableBundle as error:
        code, detail = 2, str(error)
    except KeyboardInterrupt:
        code, detail = 4, "it was interrupted"
    except Exception as error:  # noqa: BLE001 - a program that failed must not look like a verdict
        code, detail = 4, f"{type(error).__name__}: {error}"

    if as_json:
        whole = {"result": RESULTS[code], "detail": detail or None, "checks": report.rows()}
        write_output(sys.stdout, json.dumps(whole, indent=1) + "\n")
    else:
        print_line(f"{RESULTS[code]}: {detail}" if detail else RESULTS[code])

    return code
