"""Intake of a statement: its recording is checked, then kept beside its consent."""

from __future__ import annotations

from accounts.principal import Principal
from consent import provider_statements
from consent.models import ProviderStatement
from consent.policy import languages, providers
from consent.provider_statements import NewStatement
from core.clock import Clock
from core.errors import Fault, Invalid
from voices import clone_samples


def take_statement(
    consent_id: str,
    *,
    provider: str,
    language: str,
    recording: bytes,
    name: str = "",
    principal: Principal,
    now: Clock,
) -> ProviderStatement:
    """Check the recording, and keep it. The same one twice is one.

    Raises Invalid for an unknown provider or language, SamplesRefused, NotFound, WrongState.
    """
    try:
        code = providers.parse_provider(provider)
    except providers.UnknownProvider as error:
        raise _refuse("provider", "provider_unknown", str(error)) from None
    try:
        tag = languages.parse_language(language)
    except languages.UnknownLanguage:
        detail = f"There is no such language. {languages.HOW_TO}"
        raise _refuse("language", "language_unknown", detail) from None

    provider_statements.require_standing(
        consent_id,
        organisation_id=principal.organisation_id,
        livemode=principal.livemode,
        at=now(),
    )
    clone_samples.examine_statement(recording, principal)
    return provider_statements.add_statement(
        consent_id,
        NewStatement(provider=code, language=tag, recording=recording, name=name),
        organisation_id=principal.organisation_id,
        livemode=principal.livemode,
        actor=principal.actor,
        at=now(),
    )


def _refuse(attr: str, code: str, detail: str) -> Invalid:
    return Invalid(detail, code=code, faults=(Fault(code=code, detail=detail, attr=attr),))
