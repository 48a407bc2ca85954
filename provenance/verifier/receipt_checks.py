"""All checks on a receipt, in their order; what each proves when it passes, and what it does
not.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from provenance.verifier.check_report import CheckReport
from provenance.verifier.pinned_keys import read_periods, read_pinned
from provenance.verifier.receipt_evidence import (
    LARGEST_PAPER,
    check_audio,
    check_entry,
    check_inclusion,
    check_opening,
    check_script,
    say_marks,
    say_today,
)
from provenance.verifier.signed_receipt import (
    check_receipt_form,
    check_second_signature,
    check_signature,
    read_signed_receipt,
    read_small_file,
)

LARGEST_RECEIPT = 256 << 10
# What a check that passed proves, and what it does not.
MEANING = {
    "signature": (
        "the holder of this key states all of the receipt",
        "that what it states is true",
    ),
    "second signature": (
        "the same, against forgers with a quantum computer",
        "that what it states is true",
    ),
    "form": ("the receipt says what a receipt of this version says", "anything by itself"),
    "entry": (
        "receipt and log entry name the same clip, consent, decision and time",
        "that the entry is in the log: --proof does",
    ),
    "log": (
        "the entry stood in the log when that checkpoint was signed, and cannot leave it unseen",
        "that everybody is shown the same log: compare the checkpoint with one that others hold",
    ),
    "audio": ("this is the file that the receipt is about", "whose voice is heard in it"),
    "opening": (
        "terms, hashes and marks were committed to in the log when the clip was issued",
        "that the person signed: the consent record in an audit bundle does",
    ),
    "script": ("this text was sent to be spoken", "that the audio speaks it: listen"),
}


class Asked(NamedTuple):
    """The files that the caller gave; None where there is none."""

    receipt: Path | None
    key: Path | None
    proof: Path | None
    audio: Path | None
    opening: Path | None
    script: Path | None


def examine_receipt(report: CheckReport, asked: Asked) -> None:
    """Make every check that the given files allow. Raises Unreadable."""
    signed = read_signed_receipt(read_small_file(asked.receipt, LARGEST_RECEIPT, "the receipt"))
    keys = read_small_file(asked.key, LARGEST_PAPER, "the file of --key")
    pinned, periods = read_pinned(keys), read_periods(keys)
    facts: dict[str, Any] = {}

    def check(name: str, work: Callable[[], str]) -> bool:
        proves, does_not = MEANING[name]
        return report.check(name, lambda: f"{work()}. Proves: {proves}. Does not prove: {does_not}")

    if not check("signature", lambda: check_signature(signed, pinned)):
        return  # nothing that a stranger wrote is worth a further look
    check("second signature", lambda: check_second_signature(signed, pinned))
    if not check("form", lambda: check_receipt_form(signed, periods, facts)):
        return
    check("entry", lambda: check_entry(facts))
    check("log", lambda: check_inclusion(facts, asked.proof, pinned.get("log", {})))
    check("audio", lambda: check_audio(facts, asked.audio))
    opened: dict[str, bytes] = {}
    check("opening", lambda: check_opening(facts, asked.opening, opened))
    check("script", lambda: check_script(facts, asked.script, opened))
    report.check("marks", lambda: say_marks(facts))
    report.check("consent today", say_today)
