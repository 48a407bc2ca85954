"""All checks of a receipt, in their order, with what each proves and what it does not."""

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
    read_paper,
    read_signed_receipt,
)

LARGEST_RECEIPT = 256 << 10
# What a passed check proves, and what it does not.
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
        "that every reader is shown the same log: compare the checkpoint with one that others hold",
    ),
    "audio": ("this is the file that the receipt is about", "whose voice is heard in it"),
    "opening": (
        "terms, hashes and marks were committed to in the log when the clip was issued",
        "that the person signed: the consent record in an audit bundle does",
    ),
    "script": ("this text was sent to be spoken", "that the audio speaks it: listen"),
}


class Asked(NamedTuple):
    """The files that the caller gave, None where there is none."""

    receipt: Path | None
    key: Path | None
    proof: Path | None
    audio: Path | None
    opening: Path | None
    script: Path | None


def examine_receipt(report: CheckReport, asked: Asked) -> None:
    """Make every check that the given files allow.

    1. `signature`: a trusted key signed exactly these bytes. If not, nothing else is read.
    2. `second signature`: the same with ML-DSA-44, where the receipt has one.
    3. `form`: the payload is a canonical receipt, signed while the keys were valid. If not, stop.
    4. `entry`: the log entry in the receipt names what the receipt names.
    5. `log`: the entry is in the log, by --proof.
    6. `audio`: the file is the delivered one, by --audio.
    7. `opening`: the log committed to what the receipt repeats, by --opening.
    8. `script`: the text is the one that was sent to be spoken, by --script.

    Raises UnreadableBundle.
    """
    signed = read_signed_receipt(read_paper(asked.receipt, LARGEST_RECEIPT, "the receipt"))
    keys = read_paper(asked.key, LARGEST_PAPER, "the file of --key")
    pinned = read_pinned(keys)
    periods = read_periods(keys)
    facts: dict[str, Any] = {}
    opened: dict[str, bytes] = {}

    def check(name: str, work: Callable[[], str]) -> bool:
        proves, does_not = MEANING[name]
        return report.check(name, lambda: f"{work()}. Proves: {proves}. Does not prove: {does_not}")

    # Nothing that a stranger wrote is worth a further look.
    if not check("signature", lambda: check_signature(signed, pinned)):
        return

    check("second signature", lambda: check_second_signature(signed, pinned))
    if not check("form", lambda: check_receipt_form(signed, periods, facts)):
        return

    check("entry", lambda: check_entry(facts))
    check("log", lambda: check_inclusion(facts, asked.proof, pinned.get("log", {})))
    check("audio", lambda: check_audio(facts, asked.audio))
    check("opening", lambda: check_opening(facts, asked.opening, opened))
    check("script", lambda: check_script(facts, asked.script, opened))
    report.check("marks", lambda: say_marks(facts))
    report.check("consent today", say_today)
