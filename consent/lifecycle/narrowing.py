"""Narrowing: without a new signature a consent can only be made smaller.

The signed bytes stay. Only what they allow is reduced.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.db.models import F

from consent import intended_uses, log_events, row_macs, speakers, wakeups
from consent.errors import NotNarrower, WrongState
from consent.lifecycle import holds, request_checks
from consent.models import Consent, Grant
from consent.policy import code_spelling, grant_scope, scope_comparison, scope_parsing
from consent.policy.state_machine import BINDING
from core import connection_places, transactions
from core.canonical_json import Json
from core.errors import Fault, Invalid, NotFound

_ONLY_NARROWER: Final = "A consent can only be narrowed without a new signature."
_WordsOf = Mapping[str, tuple[intended_uses.IntendedUseWords, ...]]


@connection_places.bound_acts
@transactions.opens_transaction
def narrow_consent(
    consent_id: str,
    *,
    organisation_id: str,
    livemode: bool,
    grants: Sequence[Mapping[str, Any]] | None = None,
    providers: Sequence[str] | None = None,
    actor: str,
    at: datetime,
) -> Consent:
    """Put these in the place of the present ones, and end every permit of the consent.

    What is None stays as it is. A grant may name its `id`. Otherwise the one with its use case is
    meant. Fields that are left out stay as they are. A present grant or provider that is not named
    is removed. New exclusions bind the person's other consents too, so the permits of those end as
    well. Idempotent: the same call again changes nothing.

    1. Lock the speaker, then the consent.
    2. Compare every scope with the present one: it must not reach further.
    3. Raise the epoch and write grants and providers in one transaction.
    4. Announce the end of the permits and append `consent.narrowed`.

    Raises NotFound, WrongState, NotNarrower, Invalid.
    """
    # 1.
    consent = _lock_standing_consent(consent_id, organisation_id, livemode=livemode, at=at)

    # 2.
    left = _read_left_providers(consent, providers)
    changed, new_scopes = _find_changes(consent, grants, at=at)
    if not changed and left == consent.providers:
        return consent

    # 3.
    with row_macs.keep_row_mac(consent.pk):
        _write_narrowed(consent, left, changed, new_scopes, at=at)

    if _excludes_more(changed, new_scopes):
        holds.invalidate_permits(consent.speaker, but=consent.id)

    # 4.
    consent.refresh_from_db()
    wakeups.announce_consent_end(consent.id)
    _log_narrowing(consent, changed, new_scopes, actor=actor, at=at)

    return consent


def _lock_standing_consent(
    consent_id: str, organisation_id: str, *, livemode: bool, at: datetime
) -> Consent:
    """Lock the person, then the consent, as in signing: their other consents may change.

    Raises NotFound, WrongState.
    """
    speakers.lock_speaker_of_consent(consent_id)
    rows = Consent.objects.of(organisation_id, livemode=livemode).select_for_update(
        no_key=True, of=("self",)
    )
    consent = rows.select_related("speaker").filter(id=consent_id).first()
    if consent is None:
        raise NotFound("There is no such consent.")

    state = consent.state_at(at)
    if state not in BINDING:
        raise WrongState(f"A consent that is {state} cannot be narrowed.", facts={"state": state})

    return consent


def _read_left_providers(consent: Consent, given: Sequence[str] | None) -> list[str]:
    """Return the providers that shall be left.

    Raises NotNarrower, Invalid.
    """
    if given is None:
        return list(consent.providers)

    left = request_checks.read_providers(given)
    if more := set(left) - set(consent.providers):
        detail = f"A new provider needs a new signature: {', '.join(sorted(more))}."
        fault = Fault(code="not_narrower", detail=detail, attr="providers")
        raise NotNarrower(_ONLY_NARROWER, faults=(fault,))

    return left


def _find_changes(
    consent: Consent, grants: Sequence[Mapping[str, Any]] | None, *, at: datetime
) -> tuple[list[Grant], dict[str, grant_scope.Scope]]:
    """Return the grants that change, and the scope that each grant shall have, by its id.

    Raises NotNarrower, Invalid.
    """
    if grants is None:
        return [], {}

    present = list(consent.grants.filter(declined_at=None, removed_at=None).order_by("position"))
    words = intended_uses.open_words_of_grants(present, consent.speaker.subject)
    new_scopes = _seal_new_words(
        _read_new_scopes(grants, present, words, at=at),
        present,
        words,
        subject=consent.speaker.subject,
    )

    return [grant for grant in present if new_scopes.get(grant.id) != grant.scope], new_scopes


def _excludes_more(changed: list[Grant], new_scopes: Mapping[str, grant_scope.Scope]) -> bool:
    return any(
        _read_exclusions(new_scopes.get(grant.id, {})) - _read_exclusions(grant.scope)
        for grant in changed
    )


def _log_narrowing(
    consent: Consent,
    changed: list[Grant],
    new_scopes: Mapping[str, grant_scope.Scope],
    *,
    actor: str,
    at: datetime,
) -> None:
    left = Grant.objects.filter(pk__in=[grant.pk for grant in changed if grant.id in new_scopes])
    body: dict[str, Json] = {
        "changed": [grant.id for grant in changed if grant.id in new_scopes],
        "removed": [grant.id for grant in changed if grant.id not in new_scopes],
        "scopes": {grant.id: row_macs.scope_sha256(grant) for grant in left.order_by("position")},
        "providers": list(consent.providers),
        "epoch": consent.revocation_epoch,
    }
    log_events.log_consent_event(consent, "consent.narrowed", at=at, actor=actor, body=body)


def _write_narrowed(
    consent: Consent,
    left: list[str],
    changed: list[Grant],
    new_scopes: Mapping[str, grant_scope.Scope],
    *,
    at: datetime,
) -> None:
    # The epoch first: the trigger lets a scope change only together with a new epoch.
    Consent.objects.filter(pk=consent.pk).update(
        revocation_epoch=F("revocation_epoch") + 1, providers=left
    )
    epoch = Consent.objects.values_list("revocation_epoch", flat=True).get(pk=consent.pk)

    for grant in changed:
        scope = new_scopes.get(grant.id)
        change: dict[str, Any] = {"removed_at": at} if scope is None else {"scope": scope}
        Grant.objects.filter(pk=grant.pk).update(epoch=epoch, **change)


def _read_exclusions(scope: Mapping[str, Json]) -> frozenset[str]:
    return frozenset(grant_scope.get_strings(scope, "exclusions"))


def _seal_new_words(
    new_scopes: Mapping[str, grant_scope.Scope],
    present: list[Grant],
    words: _WordsOf,
    *,
    subject: str,
) -> dict[str, grant_scope.Scope]:
    """Return the scopes as they are stored. Seal new words beside those that were signed."""
    kept: dict[str, grant_scope.Scope] = {}

    for grant in present:
        if (scope := new_scopes.get(grant.id)) is None:
            continue

        known = words.get(grant.id, ())
        text = str(scope[intended_uses.WORDS])
        same = intended_uses.find_words(grant.scope, known)
        if same is None or same.text != text:
            same = intended_uses.salt_words(text)
            signed = intended_uses.find_words(grant.signed, known)
            sealed = intended_uses.seal_intended_use_words(
                grant.id, subject, filter(None, (signed, same))
            )
            Grant.objects.filter(pk=grant.pk).update(sealed_words=sealed)

        kept[grant.id] = intended_uses.hash_scope_words(scope, same)

    return kept


def _read_new_scopes(
    grants: Sequence[Mapping[str, Any]], present: list[Grant], words: _WordsOf, *, at: datetime
) -> dict[str, grant_scope.Scope]:
    """Return the scope that each grant shall have, by its id.

    Raises NotNarrower, Invalid.
    """
    new_scopes: dict[str, grant_scope.Scope] = {}
    faults: list[Fault] = []

    for place, raw in enumerate(grants):
        where = f"grants.{place}"
        grant = _match_grant(raw, [one for one in present if one.id not in new_scopes])
        if grant is None:
            faults.append(
                Fault(
                    code="not_narrower", detail="No present grant is meant by this one.", attr=where
                )
            )
            continue

        given = {name: value for name, value in raw.items() if name != "id"}
        try:
            whole = intended_uses.restore_scope_words(grant.scope, words.get(grant.id, ()))
            scope, _ = scope_parsing.parse_scope({**whole, **given}, prefix=f"{where}.")
        except Invalid as error:
            faults.extend(error.faults)
            continue

        detail = "This reaches beyond what was signed. Ask for a new signature."
        faults.extend(
            Fault(code="not_narrower", detail=detail, attr=f"{where}.{field}")
            for field in scope_comparison.find_widened_fields(scope, grant.scope, on=at.date())
        )

        new_scopes[grant.id] = scope

    if any(fault.code != NotNarrower.code for fault in faults):
        raise Invalid("Some fields are wrong.", faults=faults)

    if faults:
        raise NotNarrower(_ONLY_NARROWER, faults=faults)

    return new_scopes


def _match_grant(raw: Mapping[str, Any], present: list[Grant]) -> Grant | None:
    if grant_id := raw.get("id"):
        return next((grant for grant in present if grant.id == grant_id), None)

    use_case = code_spelling.normalise_code(str(raw.get("use_case")))
    by_use_case = {str(grant.scope["use_case"]): grant for grant in reversed(present)}

    return by_use_case.get(use_case) or by_use_case.get(use_case.partition(".")[0])
