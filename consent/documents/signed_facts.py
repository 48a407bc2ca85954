"""Facts that were signed, read from evidence and record. Receipts show these, not today's rows."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Final, cast

from consent.models import Consent, Evidence
from core import ids
from core.errors import NotFound
from vault import blobs
from vault.errors import Tampered

_ANSWERS: Final = ("page", "test")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SignedFacts:
    """Who signed what with whom at that time. `name` is None once the person has been erased.

    `typed` is the typed signature. `advice` is the answer to whether another person advises them.
    Both are None where the question was not asked, as in test data.
    """

    name: str | None
    typed: str | None
    advice: str | None
    organisation: str
    contact: str
    data_protection_officer: str
    assurance: str
    method: str
    written_to: str | None


def read_signed_facts(consent: Consent) -> SignedFacts:
    """Return what was signed.

    Raises Tampered if the evidence is not the one that the record names.
    """
    record = cast("dict[str, Any]", json.loads(bytes(consent.record or b"")))
    controller = next(one for one in record["parties"] if one["party_type"] == "controller")
    answer = _open_evidence(record, _ANSWERS)
    person = answer.get("person") or {}
    proof = _open_evidence(record, ("mail_proof",))

    return SignedFacts(
        # Older evidence has only the typed name, which is the same name.
        name=person.get("name") or answer.get("name_typed"),
        typed=answer.get("name_typed"),
        advice=answer.get("advice"),
        organisation=str(controller["name"]),
        contact=str(controller["contact"]),
        data_protection_officer=str(controller["data_protection_officer"]),
        assurance=str(record["assurance"]),
        method=str(record["events"][0]["expression_method"]),
        written_to=proof.get("address"),
    )


def _open_evidence(record: dict[str, Any], kinds: tuple[str, ...]) -> dict[str, Any]:
    """Return the newest evidence of these kinds that the record names, {} after erasure."""
    named = {one["id"]: one["sha256"] for one in record["evidence"] if one["kind"] in kinds}
    rows = Evidence.objects.filter(id__in=named).exclude(blob="")
    # As text, ids do not sort by time. Their bytes do.
    row = max(rows, key=lambda one: (one.created_at, ids.to_bytes(one.id)), default=None)
    if row is None:
        return {}

    try:
        data = blobs.get_blob(row.blob)
    except NotFound:
        # The blob or the key was destroyed with the person's data.
        return {}

    if hashlib.sha256(data).hexdigest() != named[row.id]:
        raise Tampered("The evidence is not the one that was signed.")

    found: dict[str, Any] = json.loads(data)

    return found
