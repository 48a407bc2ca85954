"""Checks of every column of every row against the log, the records and the openings.

A column is either compared here, or listed in STATED and named in the output.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from provenance.verifier.bundle import Bundle
from provenance.verifier.check_report import Refusal, Skipped
from provenance.verifier.consent_row_checks import (
    Facts,
    derive_consent_facts,
    derive_speaker_facts,
)
from provenance.verifier.grant_row_checks import (
    derive_evidence_facts,
    derive_grant_facts,
    derive_notice_facts,
)
from provenance.verifier.log_history import Past, parse_milliseconds
from provenance.verifier.table_checks import read_table_rows
from provenance.verifier.use_row_checks import (
    derive_clip_facts,
    derive_decision_facts,
    derive_erasure_facts,
    derive_sample_facts,
    derive_voice_facts,
)

# Columns that nothing in a bundle proves. The maker of the bundle states them.
STATED: dict[str, tuple[str, ...]] = {
    "speakers": (
        "name",
        "email",
        "country",
        "locale",
        "external_id",
        "metadata",
        "representatives",
    ),
    "consents": ("external_id", "metadata"),
    "grants": (),
    # A check of its own compares them with the hashes in the grants.
    "intended_uses": (),
    "evidence": (),
    "remarks": ("consent", "move", "code", "text", "created_at"),
    "statements": (
        "consent",
        "provider",
        "language",
        "name",
        "sha256",
        "created_at",
        "withdrawn_at",
    ),
    "decisions": (),
    "clips": ("client_reference", "external_id", "metadata"),
    "voices": ("name", "description", "external_id", "metadata"),
    "samples": ("id", "created_at"),
    "erasures": ("targets",),
    "notices": ("change_class", "created_at"),
    "usage": (
        "month",
        "consent",
        "grant",
        "use_case",
        "language",
        "clips",
        "characters",
        "milliseconds",
    ),
    "recipients": (
        "provider",
        "name",
        "runs",
        "country",
        "keeps",
        "terms",
        "terms_read",
        "voices",
        "voices_live",
    ),
}
# The tables that a bundle of each kind must have. A log can prove nothing of the others.
EVIDENCE_TABLES = (
    "speakers", "consents", "grants", "intended_uses", "evidence", "decisions", "clips", "voices",
    "samples", "erasures", "notices",
)  # fmt: skip
TABLES = {
    "audit": set(EVIDENCE_TABLES),
    "speaker": {*EVIDENCE_TABLES, "remarks", "statements", "usage"},
}


EXPECTED: dict[str, Callable[[Facts, Past], Facts]] = {
    "speakers": derive_speaker_facts, "consents": derive_consent_facts,
    "grants": derive_grant_facts, "evidence": derive_evidence_facts,
    "decisions": derive_decision_facts, "clips": derive_clip_facts, "voices": derive_voice_facts,
    "samples": derive_sample_facts, "erasures": derive_erasure_facts,
    "notices": derive_notice_facts,
}  # fmt: skip


def check_rows(past: Past) -> str:
    """Check that every column has the value that the log, a record or an opening gives it."""
    compared = 0
    past.unproven.clear()

    for table, rule in EXPECTED.items():
        for row in read_table_rows(past.bundle, table):
            facts = rule(row, past)

            for column in row:
                if column in facts:
                    compared += 1
                    if _normalise_column(row, column) != facts[column]:
                        raise Refusal(
                            "{} of {} in the table {} is not what the log says".format(
                                column, row.get("id"), table
                            )
                        )
                elif column not in STATED[table] and column != "log_index":
                    past.unproven[f"{table}.{column}"] += 1

    return f"{compared} values, each as the log, a signed record or an opening has it"


def _normalise_column(row: Facts, column: str) -> Any:
    """Return a column as it is compared: times in milliseconds, other values unchanged."""
    timed = column.endswith(("_at", "_from", "_until")) or column == "answer_by"

    return parse_milliseconds(row[column]) if timed else row[column]


def say_stated(bundle: Bundle, past: Past | None) -> str:
    """Skip with everything in the tables that only the maker of the bundle states."""
    stated = []
    for name in sorted(bundle.tables):
        known = STATED.get(name)
        columns = [
            column for column in bundle.tables[name]["columns"] if known is None or column in known
        ]
        if columns and bundle.counts.get(name):
            stated.append(f"{name} ({', '.join(columns)})")

    ordered = sorted(name for name in bundle.tables if (bundle.counts.get(name) or 0) > 1)
    if ordered:
        stated.append("the order of the rows of " + ", ".join(ordered))

    if past is not None:
        stated += [f"{name} in {number} rows" for name, number in sorted(past.unproven.items())]

    if stated:
        raise Skipped("stated by the maker of the bundle, not proven: " + "; ".join(stated))

    return "nothing in the tables rests on the word of its maker alone"
