"""Still: may that which was allowed go on? The stored ask of a decision is judged again, as of now.

Two things are asked for. A running permit holds only while nothing of its consent moved: state, epoch and term are as
they were, its voice is ready and its API key may still do this. What was delivered already rests on the consent as it
is today, whoever asks for it: after a pause it is there again, after a narrowing that leaves it out it is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from accounts import keys
from consent import voice_lookup
from consent.judging import judge
from consent.models import Consent, Decision, Speaker
from consent.permits import ConsentDenied, Permit
from consent.rules.asks import Ask, Reason
from consent.rules.states import State
from core import canonical
from core.canonical import Json
from core.errors import Refused

SCOPES: Final[Mapping[str, str]] = {"synthesize": "speech:write", "clone": "voices:write"}
"""What an API key must be allowed to do, for as long as the act runs."""
_MOST: Final = 4096
_LOOKED_AT: Final = (
    "state", "revocation_epoch", "valid_until", "speaker__kind", "speaker__state", "organisation__policy",
)  # fmt: skip
"""What `ended` reads of a consent, twenty times a second."""
Ground = tuple[int, str, bytes]
"""What can turn a yes into a no: the consent's epoch, the person's state, and the organisation's whole policy."""
_judged: dict[str, Ground] = {}


def may_still(held: Permit | str, *, at: datetime, lock: bool = False) -> None:
    """Raise unless what allowed this decision holds at `at`: a Permit that runs, or the id of one that was delivered.

    With `lock`, the consent behind a permit stays locked until the caller's transaction ends. Raises ConsentDenied, and
    KeyEnded for a permit whose API key may not do this any more.
    """
    if isinstance(held, str):
        _delivered(held, at=at)
    elif (error := ended(((held, at),), lock=lock).get(held.decision_id)) is not None:
        raise error


def may_repeat(decision_id: str, *, at: datetime) -> None:
    """Raise unless the very permit of this decision holds, so that its answer may be given a second time.

    A pause ended it, even when the consent stands again: a repeated call is then decided again. Raises ConsentDenied.
    """
    rows = Decision.objects.filter(id=decision_id, allowed=True)
    found = rows.values_list("epoch", "consent_id", "consent__revocation_epoch").first()
    if found is not None and found[0] != found[2]:
        moved = reason_of("The consent has changed since.", found[1], "consent_revoked")
        raise ConsentDenied((moved,), decision_id=decision_id)
    _delivered(decision_id, at=at)


def ended(
    running: Iterable[tuple[Permit, datetime]],
    *,
    ask_keys: bool = True,
    ask_voices: bool = True,
    lock: bool = False,
) -> dict[str, Refused]:
    """Give which of the running permits hold no longer, by decision: three questions for all of them.

    Streams ask many times a second, and so leave out keys or voices in some of their rounds, and take no lock. Whether
    a clip may be issued is decided by `gate.confirm`, which locks.
    """
    pairs = tuple(running)
    if not pairs:
        return {}
    rows = Consent.objects.filter(id__in={permit.consent_id for permit, _ in pairs})
    if lock:
        rows = rows.select_for_update(no_key=True, of=("self",))
    consents = rows.select_related("speaker", "organisation").only(*_LOOKED_AT).in_bulk()
    keys_over = key_ends(pairs) if ask_keys else {}
    speaking = {permit.voice_id for permit, _ in pairs if permit.action == "synthesize"}
    ready = voice_lookup.ready_among(speaking) if ask_voices else frozenset(speaking)
    found: dict[str, Refused] = {}
    for permit, at in pairs:
        if (over := keys_over.get(permit.decision_id)) is not None:
            found[permit.decision_id] = over
        elif reasons := _against(permit, consents.get(permit.consent_id), ready, at=at):
            found[permit.decision_id] = ConsentDenied(reasons, decision_id=permit.decision_id)
    return found


def key_ends(pairs: Iterable[tuple[Permit, datetime]]) -> dict[str, keys.KeyEnded]:
    """Give why API keys may not go on, by decision."""
    asked = [keys.Use(ref=permit.decision_id, actor=permit.actor, scope=_scope(permit.action), at=at)
             for permit, at in pairs]  # fmt: skip
    return keys.ended_among(asked)


def must_act(actor: str, action: str, *, at: datetime) -> None:
    """Raise KeyEnded when the actor is an API key that may not do this any more, such as the one that queued a job."""
    for error in keys.ended_among([keys.Use(ref=actor, actor=actor, scope=_scope(action), at=at)]).values():
        raise error


def remember(decision_id: str, consent: Consent, policy: Mapping[str, Json]) -> None:
    """Remember on what ground a decision was judged: while that is the same, so is the verdict."""
    if len(_judged) >= _MOST:
        _judged.clear()
    if consent.speaker.kind == Speaker.Kind.ADULT:  # who acts for others may stop with no trace in these rows
        _judged[decision_id] = _ground(consent, policy)


def _ground(consent: Consent, policy: Mapping[str, Json]) -> Ground:
    return consent.revocation_epoch, consent.speaker.state, canonical.dump(dict(policy))


def _scope(action: str) -> str | None:
    return SCOPES.get(action)


def _against(permit: Permit, consent: Consent | None, ready: frozenset[str], *, at: datetime) -> tuple[Reason, ...]:
    """What speaks against a running permit; nothing while it holds."""
    if consent is None:
        return (Reason(code="no_consent", detail="The consent is gone."),)
    state, until = State(consent.state), consent.valid_until
    if state is not State.ACTIVE or consent.revocation_epoch != permit.epoch:
        return (reason_of("The consent ended while the call was running.", consent.id, _why_ended(state)),)
    if until is None or at >= until:
        return (reason_of("The term ended while the call was running.", consent.id, "consent_expired"),)
    if permit.action == "synthesize" and permit.voice_id and permit.voice_id not in ready:
        return (reason_of("The voice ended while the call was running.", consent.id, "voice_not_ready"),)
    return _judged_again(permit, consent, at=at)


def _judged_again(permit: Permit, consent: Consent, *, at: datetime) -> tuple[Reason, ...]:
    """Judge the stored ask, unless it was judged on the very same ground. A clone's recordings may be bound since."""
    policy = consent.organisation.policy
    if permit.action == "synthesize" and _judged.get(permit.decision_id) == _ground(consent, policy):
        return ()
    decision = Decision.objects.filter(id=permit.decision_id, allowed=True).first()
    if decision is None:
        return (Reason(code="no_consent", detail="The decision is gone."),)
    _, verdict = judge(_stored(decision), at=at, quota=False)
    if verdict.allowed:
        remember(decision.id, consent, policy)
    return verdict.reasons


def _delivered(decision_id: str, *, at: datetime) -> None:
    decision = Decision.objects.filter(id=decision_id, allowed=True).first()
    if decision is None:
        raise ConsentDenied((Reason(code="no_consent", detail="There is no such permission."),))
    ask = _stored(decision)
    if ask.voice_id and voice_lookup.gone_among({ask.voice_id}):
        gone = reason_of("The voice has been deleted.", decision.consent_id, "voice_not_ready")
        raise ConsentDenied((gone,), decision_id=decision_id)
    # A preview used nothing of the quota, so what is left of it counts.
    _, verdict = judge(ask, at=at, quota=decision.preview)
    if not verdict.allowed:
        raise ConsentDenied(verdict.reasons, decision_id=decision_id)


def _stored(decision: Decision) -> Ask:
    """Give the ask of a decision again, in the words that were judged."""
    said: dict[str, Any] = decision.ask
    return Ask(
        organisation_id=decision.organisation_id,
        livemode=decision.livemode,
        consent_id=decision.consent_id,
        voice_id=decision.voice_id or None,
        action=str(said["action"]),
        language=said["language"],
        use_case=said["use_case"],
        channel=said["channel"],
        territory=said["territory"],
        characters=int(said.get("characters") or 0),
        labels=tuple(said.get("labels") or ()),
        sample_sha256s=tuple(said.get("samples") or ()),
        assurance_floor=int(said.get("assurance_floor") or 0),
    )


def reason_of(detail: str, consent_id: str | None, code: str) -> Reason:
    """Give a reason about one consent."""
    return Reason(code=code, detail=detail, consent=consent_id)


def _why_ended(state: State) -> str:
    return {State.SUSPENDED: "consent_suspended", State.EXPIRED: "consent_expired"}.get(state, "consent_revoked")
