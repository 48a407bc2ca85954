"""Checks of the intended uses: the words that the person read, against the signed hashes."""

from __future__ import annotations

import hashlib
import hmac

from provenance.verifier.bundle import Bundle
from provenance.verifier.check_report import Refusal, Skipped
from provenance.verifier.entry_checks import pair_openings
from provenance.verifier.table_checks import read_table_rows

WORDS_DOMAIN = b"sayso-intended-uses-v1\n"


def withholds_words(bundle: Bundle) -> bool:
    """Return True if an audit bundle was asked for without the words.

    Bundles from before that choice always had them.
    """
    return bundle.manifest["kind"] == "audit" and bundle.manifest.get("words") is False


def _was_asked_with_words(bundle: Bundle) -> bool:
    """Return True if the opened request for this bundle does not leave the words out."""
    for opening, entry in pair_openings(bundle):
        if (
            entry["t"] == "export.requested"
            and entry["refs"].get("export") == bundle.manifest["id"]
        ):
            return opening["body"].get("words") is not False

    return False


def check_purposes(bundle: Bundle) -> str:
    """Check that every text, with its salt, has the hash that its grant names.

    The result says how many texts are not here.
    """
    if withholds_words(bundle):
        if any(read_table_rows(bundle, "intended_uses")):
            raise Refusal("the manifest says that the words of purposes are not here, and some are")

        if _was_asked_with_words(bundle):
            raise Refusal(
                "the log says that this bundle was asked for with the words of purposes, which are "
                "not here"
            )

        raise Skipped(
            "the bundle was asked for without the words of purposes; grants and records hold their "
            "hashes"
        )

    named = {row["id"]: row for row in read_table_rows(bundle, "grants")}

    read: set[str] = set()
    for row in read_table_rows(bundle, "intended_uses"):
        grant = named.get(row["grant"], {})

        made = hashlib.sha256(
            WORDS_DOMAIN + bytes.fromhex(row["salt"]) + row["text"].encode("utf-8")
        ).hexdigest()
        hashes = [
            scope.get("intended_uses_sha256")
            for scope in (grant.get("signed", {}), grant.get("scope", {}))
        ]

        if not hmac.compare_digest(made, row["sha256"]) or made not in hashes:
            raise Refusal("the text of {} is not the one that its grant names".format(row["grant"]))

        read.add(row["grant"])

    left = len(named) - len(read)
    if left:
        raise Skipped(
            f"the words of {left} purposes: their key was erased; the other {len(read)} are what "
            "was signed"
        )

    return f"the words of {len(read)} purposes, each what its grant names"
