"""Statements: recordings of the sentence that a provider wants spoken before it clones.

They lie in the vault under the person's key, with their hash in the log. `statement_release` opens
one for a permit to clone.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from django.db.models import QuerySet

from consent import log_events
from consent.errors import WrongState
from consent.models import Consent, ProviderStatement
from consent.policy.state_machine import BINDING
from core import ids, transactions
from core.canonical_json import Json
from core.errors import Conflict, NotFound
from vault import blobs, sealed_values, subject_keys

MOST_OF_A_CONSENT: Final = 50


class StatementsFull(Conflict):
    """The consent has as many statements as one may have."""

    code = "statements_full"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewStatement:
    """A recording to keep: for which provider, in which language, and what the caller calls it."""

    provider: str
    language: str
    recording: bytes = field(repr=False)
    name: str = field(default="", repr=False)


@transactions.opens_transaction
def add_statement(
    consent_id: str,
    new: NewStatement,
    *,
    organisation_id: str,
    livemode: bool,
    actor: str,
    at: datetime,
) -> ProviderStatement:
    """Keep a recording beside a consent that stands. The same one twice is one.

    Raises NotFound, WrongState, StatementsFull.
    """
    rows = Consent.objects.of(organisation_id, livemode=livemode).select_related("speaker")
    consent = _require_standing(
        rows.select_for_update(no_key=True, of=("self",)).filter(id=consent_id).first(), at=at
    )
    sha256 = hashlib.sha256(new.recording).hexdigest()
    standing = ProviderStatement.objects.filter(consent=consent, withdrawn_at=None)
    if (same := standing.filter(provider=new.provider, sha256=sha256).first()) is not None:
        return same
    if standing.count() >= MOST_OF_A_CONSENT:
        raise StatementsFull(f"A consent has at most {MOST_OF_A_CONSENT} statements.")

    subject = consent.speaker.subject
    statement_id = ids.new("stm")
    statement = ProviderStatement.objects.create(
        id=statement_id,
        consent=consent,
        provider=new.provider,
        language=new.language,
        sha256=sha256,
        blob=blobs.store_blob(subject=subject, kind="statement", data=new.recording, at=at),
        sealed=_seal_name(subject, statement_id, new.name),
        created_at=at,
    )
    log_events.log_consent_event(
        consent, "consent.statement_added", at=at, actor=actor, body=_describe(statement)
    )
    return statement


def require_standing(
    consent_id: str, *, organisation_id: str, livemode: bool, at: datetime
) -> None:
    """Check early that a consent takes statements. Raises NotFound, WrongState."""
    rows = Consent.objects.of(organisation_id, livemode=livemode)
    _require_standing(rows.filter(id=consent_id).first(), at=at)


def list_statements(
    organisation_id: str, *, livemode: bool, provider: str | None = None
) -> QuerySet[ProviderStatement]:
    """Return an organisation's statements that stand, newest first."""
    rows = ProviderStatement.objects.filter(
        consent__organisation_id=organisation_id, consent__livemode=livemode, withdrawn_at=None
    )
    if provider is not None:
        rows = rows.filter(provider=provider)
    return rows.select_related("consent__speaker").order_by("-created_at", "-id")


def get_statement(
    statement_id: str, *, organisation_id: str, livemode: bool, provider: str | None = None
) -> ProviderStatement:
    """Return one statement that stands. Raises NotFound, for strangers' ids too."""
    rows = list_statements(organisation_id, livemode=livemode, provider=provider)
    found = rows.filter(id=statement_id).first()
    if found is None:
        raise NotFound("There is no such statement.")

    return found


@transactions.opens_transaction
def rename_statement(statement: ProviderStatement, name: str) -> ProviderStatement:
    """Change what a statement is called. Raises NotFound once it is withdrawn or erased."""
    rows = ProviderStatement.objects.filter(id=statement.id, withdrawn_at=None).exclude(blob="")
    sealed = _seal_name(statement.consent.speaker.subject, statement.id, name)
    if not rows.update(sealed=sealed):
        raise NotFound("There is no such statement.")

    statement.sealed = sealed
    return statement


@transactions.opens_transaction
def remove_statement(statement: ProviderStatement, *, actor: str, at: datetime) -> None:
    """Delete the recording. Its hash stays, and voices that were made with it stay as they are.

    Raises NotFound when another call was faster.
    """
    rows = ProviderStatement.objects.filter(id=statement.id, withdrawn_at=None)
    if not rows.update(withdrawn_at=at, blob="", sealed=None):
        raise NotFound("There is no such statement.")

    if statement.blob:
        # An erasure may have been faster.
        with suppress(NotFound):
            blobs.delete_blob(statement.blob)
    log_events.log_consent_event(
        statement.consent,
        "consent.statement_removed",
        at=at,
        actor=actor,
        body=_describe(statement),
    )


def open_statement_name(statement: ProviderStatement) -> str | None:
    """Return what the caller calls a statement, None once it is withdrawn or erased."""
    if statement.sealed is None:
        return None
    try:
        opened = sealed_values.unseal(
            statement.consent.speaker.subject, _context(statement.id), bytes(statement.sealed)
        )
    except subject_keys.KeyDestroyed:
        return None

    return str(opened)


def _require_standing(consent: Consent | None, *, at: datetime) -> Consent:
    if consent is None:
        raise NotFound("There is no such consent.")
    if (state := consent.state_at(at)) not in BINDING:
        detail = f"A consent that is {state} takes no statement."
        raise WrongState(detail, facts={"state": state})

    return consent


def _seal_name(subject: str, statement_id: str, name: str) -> bytes:
    return sealed_values.seal(subject, _context(statement_id), name)


def _context(statement_id: str) -> str:
    return f"statement|{statement_id}|name"


def _describe(statement: ProviderStatement) -> dict[str, Json]:
    return {
        "statement": statement.id,
        "provider": statement.provider,
        "language": statement.language,
        "sha256": statement.sha256,
    }
