"""A voice of Resemble's SDK before it is made: its statement.

The SDK creates a voice with the spoken consent, then sends a recording, then has it built. Here the
id of the statement is the voice's id until then, and goes on naming the voice afterwards.
"""

from __future__ import annotations

from accounts.authentication import Caller
from consent import provider_statements
from consent.models import ProviderStatement
from core import canonical_json, ids
from core.errors import Fault, Invalid
from proxies import proxy_voices
from voices import voice_selectors
from voices.models import LIVE, Sample, Voice

NAME = "resemble"


def compute_draft_key(statement_id: str) -> str:
    """Return the key by which a statement makes one voice."""
    return canonical_json.sha256_hex(f"resemble draft {statement_id}".encode())


def get_draft(statement_id: str, caller: Caller) -> ProviderStatement:
    """Return the statement for a voice of this proxy. Raises NotFound."""
    return provider_statements.get_statement(
        statement_id,
        organisation_id=caller.organisation_id,
        livemode=caller.livemode,
        provider=NAME,
    )


def find_built_voice(statement_id: str, caller: Caller) -> Voice | None:
    """Return the voice that was made of a statement, None before."""
    rows = voice_selectors.list_voices(caller.principal).filter(
        repeat_key=compute_draft_key(statement_id), state__in=LIVE
    )
    return rows.order_by("-created_at").first()


def find_named_voice(named: str, caller: Caller) -> Voice:
    """Return the voice of an id, ours or that of its statement. Raises NotFound."""
    if ids.is_id(named, "stm"):
        voice = find_built_voice(named, caller)
        named = voice.id if voice is not None else named

    return proxy_voices.get_proxied_voice(NAME, named, caller)


def refuse_another_recording(voice: Voice, recording: bytes) -> None:
    """Check that a voice that is made has this recording. Raises Invalid for another one."""
    sha256 = canonical_json.sha256_hex(recording)
    if Sample.objects.filter(voice=voice, sha256=sha256).exists():
        return

    detail = (
        "A voice is made of its first recording here. Send one of 10 to 12 seconds, or several "
        "with `POST /v1/voices`."
    )
    raise Invalid(detail, faults=(Fault(code="unsupported_field", detail=detail, attr="file"),))
