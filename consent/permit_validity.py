"""Validity of permits: whether what was allowed may go on. The stored request is judged again.

A running permit is valid only while nothing of its consent has changed: state, epoch and term are
as they were, its voice is ready, and its API key may still do this. A delivered clip rests on the
consent as it is now. After a suspension and a resumption it is there again. After a narrowing that
leaves it out it is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from accounts import api_key_lookup
from consent import voice_lookup
from consent.evaluation import load_and_evaluate
from consent.models import Consent, Decision, GrantUsage, Speaker
from consent.permits import ConsentDenied, Permit
from consent.policy.state_machine import ConsentState
from consent.policy.types import Reason
from consent.stored_requests import restore_access_request
from core import canonical_json
from core.canonical_json import Json
from core.errors import Refused

SCOPES: Final[Mapping[str, str]] = {"synthesize": "speech:write", "clone": "voices:write"}
"""The scope that an API key must have as long as the act runs."""
_MOST: Final = 4096
_LOOKED_AT: Final = (
    "state", "revocation_epoch", "valid_until", "speaker__kind", "speaker__state",
    "organisation__policy",
)  # fmt: skip
"""The columns that `find_ended_permits` reads of a consent, twenty times a second."""
Ground = tuple[int, str, bytes]
"""What can turn a yes into a no: the consent's epoch, the person's state, and the whole policy."""
_judged: dict[str, Ground] = {}


def may_still(permit: Permit | str, *, at: datetime, lock: bool = False) -> None:
    """Check that what allowed this decision is valid at `at`.

    `permit` is a running Permit, or the decision id of a delivered one. With `lock`, the consent
    behind a permit stays locked until the caller's transaction ends.

    Raises ConsentDenied, and KeyEnded for a permit whose API key may not do this any more.
    """
    if isinstance(permit, str):
        _check_delivered(permit, at=at)
        return

    ended = find_ended_permits(((permit, at),), lock=lock)
    if permit.decision_id in ended:
        raise ended[permit.decision_id]


def may_repeat(decision_id: str, *, at: datetime) -> None:
    """Check that the very permit of this decision is valid, so that its answer may be repeated.

    A suspension ended it, even if the consent is active again: a repeated call is decided again.

    Raises ConsentDenied.
    """
    rows = Decision.objects.filter(id=decision_id, allowed=True)
    found = rows.values_list("epoch", "consent_id", "consent__revocation_epoch").first()
    if found is not None and found[0] != found[2]:
        moved = make_consent_reason("The consent has changed since.", found[1], "consent_revoked")
        raise ConsentDenied((moved,), decision_id=decision_id)

    _check_delivered(decision_id, at=at)


def find_ended_permits(
    running: Iterable[tuple[Permit, datetime]],
    *,
    ask_keys: bool = True,
    ask_voices: bool = True,
    lock: bool = False,
) -> dict[str, Refused]:
    """Return the running permits that are not valid any more, by decision.

    This takes three queries for all of them. Streams check many times a second. So they leave out
    keys or voices in some of their rounds, and take no lock. Whether a clip may be issued is
    decided by `gate.confirm`, which locks.
    """
    pairs = tuple(running)
    if not pairs:
        return {}

    rows = Consent.objects.filter(id__in={permit.consent_id for permit, _ in pairs})
    if lock:
        rows = rows.select_for_update(no_key=True, of=("self",))

    consents = rows.select_related("speaker", "organisation").only(*_LOOKED_AT).in_bulk()
    keys_over = find_key_endings(pairs) if ask_keys else {}
    speaking = {permit.voice_id for permit, _ in pairs if permit.action == "synthesize"}
    ready = voice_lookup.find_ready_voices(speaking) if ask_voices else frozenset(speaking)

    found: dict[str, Refused] = {}
    for permit, at in pairs:
        if (over := keys_over.get(permit.decision_id)) is not None:
            found[permit.decision_id] = over
        elif reasons := _find_reasons(permit, consents.get(permit.consent_id), ready, at=at):
            found[permit.decision_id] = ConsentDenied(reasons, decision_id=permit.decision_id)

    return found


def find_spent_quotas(running: Iterable[tuple[Permit, int]]) -> dict[str, Refused]:
    """Return the running permits whose seconds are used up, by decision, in at most one query.

    Each comes with the milliseconds that have been spoken under it so far. Other calls may have
    spent the rest of the same quota meanwhile.
    """
    limited = [
        (permit, permit.reservation.usage_id, most - spoken)
        for permit, spoken in running
        if permit.reservation is not None and (most := permit.limit["milliseconds"]) is not None
    ]
    if not limited:
        return {}

    rows = GrantUsage.objects.filter(id__in={usage_id for _, usage_id, _ in limited})
    used = dict(rows.values_list("id", "used_milliseconds"))
    return {
        permit.decision_id: ConsentDenied((_say_used_up(permit),), decision_id=permit.decision_id)
        for permit, usage_id, left in limited
        if used.get(usage_id, 0) > left
    }


def find_key_endings(
    pairs: Iterable[tuple[Permit, datetime]],
) -> dict[str, api_key_lookup.KeyEnded]:
    """Return why API keys may not go on, by decision."""
    asked = [
        api_key_lookup.Use(
            ref=permit.decision_id,
            actor=permit.actor,
            scope=_scope_for(permit.action),
            at=at,
        )
        for permit, at in pairs
    ]

    return api_key_lookup.find_ended_keys(asked)


def check_actor(actor: str, action: str, *, at: datetime) -> None:
    """Check that the actor, if it is an API key, may still do this, such as after queueing a job.

    Raises KeyEnded.
    """
    for error in api_key_lookup.find_ended_keys(
        [api_key_lookup.Use(ref=actor, actor=actor, scope=_scope_for(action), at=at)]
    ).values():
        raise error


def remember_ground(decision_id: str, consent: Consent, policy: Mapping[str, Json]) -> None:
    """Store the ground on which a decision was judged. The same ground gives the same result."""
    if len(_judged) >= _MOST:
        _judged.clear()

    # Who acts for another person may stop acting without a trace in these rows.
    if consent.speaker.kind == Speaker.Kind.ADULT:
        _judged[decision_id] = _get_ground(consent, policy)


def _get_ground(consent: Consent, policy: Mapping[str, Json]) -> Ground:
    return consent.revocation_epoch, consent.speaker.state, canonical_json.dump(dict(policy))


def _scope_for(action: str) -> str | None:
    return SCOPES.get(action)


def _find_reasons(
    permit: Permit, consent: Consent | None, ready: frozenset[str], *, at: datetime
) -> tuple[Reason, ...]:
    """Return what speaks against a running permit, nothing if it is valid."""
    if consent is None:
        return (Reason(code="no_consent", detail="The consent is gone."),)

    state = ConsentState(consent.state)
    until = consent.valid_until
    if state is not ConsentState.ACTIVE or consent.revocation_epoch != permit.epoch:
        return (
            make_consent_reason(
                "The consent ended while the call was running.", consent.id, _ending_code(state)
            ),
        )

    if until is None or at >= until:
        return (
            make_consent_reason(
                "The term ended while the call was running.", consent.id, "consent_expired"
            ),
        )

    if permit.action == "synthesize" and permit.voice_id and permit.voice_id not in ready:
        return (
            make_consent_reason(
                "The voice ended while the call was running.", consent.id, "voice_not_ready"
            ),
        )

    return _evaluate_again(permit, consent, at=at)


def _evaluate_again(permit: Permit, consent: Consent, *, at: datetime) -> tuple[Reason, ...]:
    """Evaluate the stored request again, unless nothing that it rests on has changed.

    A clone is always evaluated again, because its recordings may have been bound since.
    """
    policy = consent.organisation.policy
    ground = _judged.get(permit.decision_id)
    if permit.action == "synthesize" and ground == _get_ground(consent, policy):
        return ()

    decision = Decision.objects.filter(id=permit.decision_id, allowed=True).first()
    if decision is None:
        return (Reason(code="no_consent", detail="The decision is gone."),)

    _, verdict = load_and_evaluate(restore_access_request(decision), at=at, quota=False)
    if verdict.is_allowed:
        remember_ground(decision.id, consent, policy)

    return verdict.reasons


def _check_delivered(decision_id: str, *, at: datetime) -> None:
    decision = Decision.objects.filter(id=decision_id, allowed=True).first()
    if decision is None:
        missing = Reason(code="no_consent", detail="There is no such permission.")
        raise ConsentDenied((missing,), decision_id=decision_id)

    request = restore_access_request(decision)
    if request.voice_id and voice_lookup.find_deleted_voices({request.voice_id}):
        gone = make_consent_reason(
            "The voice has been deleted.", decision.consent_id, "voice_not_ready"
        )
        raise ConsentDenied((gone,), decision_id=decision_id)

    # A preview used nothing of the quota, so what is left of it counts.
    _, verdict = load_and_evaluate(request, at=at, quota=decision.preview)
    if not verdict.is_allowed:
        raise ConsentDenied(verdict.reasons, decision_id=decision_id)


def _say_used_up(permit: Permit) -> Reason:
    return Reason(
        code="quota_exceeded",
        detail="The seconds of the quota were used up while the call was running.",
        consent=permit.consent_id,
        grant=permit.grant_id,
    )


def make_consent_reason(detail: str, consent_id: str | None, code: str) -> Reason:
    """Return a reason about one consent."""
    return Reason(code=code, detail=detail, consent=consent_id)


def _ending_code(state: ConsentState) -> str:
    return {
        ConsentState.SUSPENDED: "consent_suspended",
        ConsentState.EXPIRED: "consent_expired",
    }.get(state, "consent_revoked")
