"""Release of a statement: its recording leaves for the provider under a permit to clone alone."""

from __future__ import annotations

from dataclasses import dataclass, field

from consent.models import ProviderStatement
from consent.permits import Permit
from core.errors import NotFound
from vault import blobs


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedStatement:
    """A recording on its way to its provider."""

    statement_id: str
    language: str
    recording: bytes = field(repr=False)


def open_statement(
    permit: Permit, provider: str, *, statement_id: str = ""
) -> OpenedStatement | None:
    """Return the recording for the provider of a permit to clone, None without one.

    It is the named one, or else the newest of the permit's consent. Raises ValueError for a permit
    of another action, which is a mistake in our code.
    """
    if permit.action != "clone":
        raise ValueError("a statement leaves for a clone alone")

    rows = ProviderStatement.objects.filter(
        consent_id=permit.consent_id, provider=provider, withdrawn_at=None
    ).exclude(blob="")
    if statement_id:
        rows = rows.filter(id=statement_id)
    found = rows.order_by("-created_at", "-id").first()
    if found is None:
        return None

    try:
        recording = blobs.get_blob(found.blob)
    except NotFound:
        # Withdrawn or erased in this moment.
        return None

    return OpenedStatement(statement_id=found.id, language=found.language, recording=recording)
