"""Requests: asking a person for consent, and asking them anew. What is asked is fixed; only the answer is open."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings

from accounts import contact
from accounts.models import Organisation
from consent import events, intended_uses, speakers
from consent.errors import AssuranceUnavailable, ConsentSuperseded, ContactMissing, SpeakerGone, WrongState
from consent.intended_uses import Words
from consent.models import Consent, Grant, Speaker
from consent.paper import notices
from consent.rules import scopes
from consent.rules.states import STANDING, State
from core import durations, ids, tx
from core.canonical import Json
from core.errors import Fault, Invalid, NotFound
from core.notes import Notes
from vault import keys, notes, sealing

LINK_LASTS: Final = timedelta(days=14)
LONGEST_YEARS: Final = 10
_REACHABLE_LIVE: Final = frozenset({"L1"})
_RENEWABLE: Final = STANDING | {State.EXPIRED, State.WITHDRAWN, State.TERMINATED}


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Requested:
    """A request as made: the consent, the link to sign it (a secret), and what should be worded better."""

    consent: Consent
    signing_url: str
    warnings: tuple[Fault, ...]


@tx.opened
def request_consent(
    *,
    organisation: Organisation,
    livemode: bool,
    speaker_id: str,
    grants: Sequence[Mapping[str, Any]],
    actor: str,
    at: datetime,
    notice: str = notices.VOICE_CLONING,
    locale: str = "en",
    assurance: str = "L1",
    jurisdictions: Sequence[str] = (),
    valid_from: datetime | None = None,
    valid_until: datetime | None = None,
    duration: str | None = None,
    representation: Mapping[str, Json] | None = None,
    external_id: str = "",
    metadata: Mapping[str, str] | None = None,
    supersedes: Consent | None = None,
) -> Requested:
    """Ask a person. `grants` have the shape of the API; the term is `duration` or `valid_until`, never both or neither.

    Raises NotFound, SpeakerGone, ContactMissing, Invalid with one fault a mistake, AssuranceUnavailable.
    """
    speaker = _askable(speaker_id, organisation_id=organisation.id, livemode=livemode)
    if livemode and not contact.of(organisation).contact:
        raise ContactMissing("Set the organisation's contact first, in the admin or by `PATCH /v1/organisation`.")
    if livemode and assurance not in _REACHABLE_LIVE:
        raise AssuranceUnavailable(
            f"Signing at {assurance} is not set up here.",
            faults=(Fault(code="assurance_unavailable", detail="Ask for L1.", attr="assurance"),),
        )
    _check_term(valid_from, valid_until, duration, at=at)
    read, warnings = _read_grants(grants)
    token = secrets.token_urlsafe(32)
    private: dict[str, Json] = {"link": token, "representation": dict(representation or {"kind": "none"})}
    consent_id = ids.new("con")
    consent = Consent.objects.create(
        id=consent_id,
        organisation=organisation,
        livemode=livemode,
        speaker=speaker,
        notice_version=notices.latest(notice, locale, at=at),
        jurisdictions=list(jurisdictions),
        assurance=assurance,
        representation=str((representation or {}).get("kind", "none")),
        sealed=sealing.seal(speaker.subject, _context(consent_id), private),
        created_at=at,
        asked_from=valid_from,
        asked_until=valid_until,
        duration=duration or "",
        link_sha256=hash_of(token),
        link_expires_at=at + LINK_LASTS,
        state=State.REQUESTED,
        supersedes=supersedes,
        **notes.columns(
            Notes(external_id=external_id, metadata=metadata or {}),
            subjects=(speaker.subject,),
            row_id=consent_id,
            organisation_id=organisation.id,
            at=at,
        ),
    )
    known = _words_of(supersedes)
    made = Grant.objects.bulk_create(_grant(consent, place, scope, known) for place, scope in enumerate(read))
    body: dict[str, Json] = {
        "use_cases": [scope["use_case"] for scope in read],
        "intended_uses": [grant.signed[intended_uses.HASH] for grant in made],
        "assurance": assurance,
    }
    if supersedes is not None:
        body["supersedes"] = supersedes.id
    events.of_consent(consent, "consent.requested", at=at, actor=actor, body=body)
    return Requested(consent=consent, signing_url=_url(token), warnings=warnings)


@tx.opened
def renew(
    consent_id: str,
    *,
    organisation_id: str,
    livemode: bool,
    actor: str,
    at: datetime,
    valid_until: datetime | None = None,
    duration: str | None = None,
) -> Requested:
    """Ask for the same again, for as long as before or as given. Signing it takes the old one's place.

    Idempotent: while a request to renew is open, that one is given. Raises NotFound, WrongState, SpeakerGone, Invalid.
    """
    speakers.lock_of(consent_id)
    rows = Consent.objects.of(organisation_id, livemode=livemode).select_for_update(no_key=True, of=("self",))
    old = rows.select_related("organisation", "speaker", "notice_version__notice").filter(id=consent_id).first()
    if old is None:
        raise NotFound("There is no such consent.")
    if old.state == State.SUPERSEDED:
        raise _superseded(old)
    if State(old.state) not in _RENEWABLE:
        raise WrongState("Only what was signed can be renewed.", facts={"state": old.state})
    open_one = old.successors.filter(state=State.REQUESTED, link_expires_at__gt=at).first()
    if open_one is not None:
        return Requested(consent=open_one, signing_url=signing_url(open_one, at=at) or "", warnings=())
    for stale in old.successors.filter(state=State.REQUESTED):
        Consent.objects.filter(pk=stale.pk, state=State.REQUESTED).update(state=State.LAPSED, ended_at=at)
    if valid_until is None and duration is None:
        duration = old.duration or _length(old)
    written = notes_of(old)
    return request_consent(
        organisation=old.organisation,
        livemode=livemode,
        speaker_id=old.speaker_id,
        grants=_scopes_of(old),
        notice=old.notice_version.notice.key,
        locale=old.notice_version.locale,
        assurance=old.assurance,
        jurisdictions=old.jurisdictions,
        valid_until=valid_until,
        duration=duration,
        representation=representation_of(old),
        external_id=written.external_id,
        metadata=written.metadata,
        supersedes=old,
        actor=actor,
        at=at,
    )


def signing_url(consent: Consent, *, at: datetime) -> str | None:
    """Give the link to sign, as long as it can be used; None afterwards."""
    if consent.state != State.REQUESTED or at >= consent.link_expires_at:
        return None
    token = private_of(consent).get("link")
    return _url(str(token)) if token else None


def representation_of(consent: Consent) -> Mapping[str, Json]:
    """Say by whom the person is represented: `{"kind": "none"}`, or kind and name while the key lives."""
    found = private_of(consent).get("representation")
    return found if isinstance(found, dict) else {"kind": consent.representation}


def private_of(consent: Consent) -> dict[str, Json]:
    """Open what lies sealed with a consent; empty after erasure."""
    if consent.sealed is None:
        return {}
    try:
        value = sealing.unseal(consent.speaker.subject, _context(consent.id), bytes(consent.sealed))
    except keys.KeyDestroyed:
        return {}
    return dict(value) if isinstance(value, dict) else {}


def notes_of(consent: Consent) -> Notes:
    """Open what the caller wrote beside the consent; nothing once the person has been erased."""
    return notes.opened(consent, subjects=(consent.speaker.subject,))


def hash_of(token: str) -> str:
    """What is kept of a link's token to find it by: its SHA-256. The token has 256 random bits, so that is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


def latest_end(start: datetime) -> datetime:
    """The longest that a consent may last from `start`: ten years."""
    return durations.Duration(months=LONGEST_YEARS * 12).after(start)


def _words_of(consent: Consent | None) -> dict[str, Words]:
    """Give the words of a consent that is asked for again: the same words keep their hash."""
    if consent is None:
        return {}
    opened = intended_uses.opened_of(consent.grants.all(), consent.speaker.subject)
    return {one.text: one for words in opened.values() for one in words}


def _grant(consent: Consent, place: int, scope: scopes.Scope, known: Mapping[str, Words]) -> Grant:
    grant_id, text = ids.new("grt"), str(scope[intended_uses.WORDS])
    words = known.get(text) or intended_uses.salted(text)
    kept = intended_uses.closed(scope, words)
    return Grant(
        id=grant_id,
        consent=consent,
        position=place,
        use_case=str(scope["use_case"]),
        signed=kept,
        scope=kept,
        sealed_words=intended_uses.sealed(grant_id, consent.speaker.subject, (words,)),
    )


def _scopes_of(consent: Consent) -> list[scopes.Scope]:
    """Give what is left of a consent's grants, with their words, as a request has them."""
    grants = list(consent.grants.filter(declined_at=None, removed_at=None).order_by("position"))
    words = intended_uses.opened_of(grants, consent.speaker.subject)
    return [intended_uses.shown(grant.scope, words.get(grant.id, ())) for grant in grants]


def _askable(speaker_id: str, *, organisation_id: str, livemode: bool) -> Speaker:
    """Give the speaker, locked: a freeze waits for this request or refuses it."""
    speakers.find(speaker_id, organisation_id=organisation_id, livemode=livemode)
    speaker = Speaker.objects.select_for_update(no_key=True).get(id=speaker_id)
    if speaker.state != Speaker.State.ACTIVE:
        raise SpeakerGone("This speaker is being erased or has been.", facts={"state": speaker.state})
    return speaker


def _check_term(
    valid_from: datetime | None, valid_until: datetime | None, duration: str | None, *, at: datetime
) -> None:
    if (valid_until is None) == (duration is None):
        raise _wrong(
            "duration", "term_ambiguous", "Give either `valid_until` or `duration`, never both, never neither."
        )
    start = max(valid_from or at, at)
    attr = "valid_until" if duration is None else "duration"
    try:
        end = valid_until if duration is None else durations.parse(duration).after(start)
    except durations.BadDuration as error:
        raise _wrong(attr, error.stable_code, error.detail) from error
    if end is None or end <= start:
        raise _wrong(attr, "term_empty", "The term must end after it begins, and in the future.")
    if end > latest_end(start):
        raise _wrong(attr, "term_too_long", f"A consent may last {LONGEST_YEARS} years at most.")
    if valid_from is not None and valid_from > latest_end(at):
        raise _wrong("valid_from", "out_of_range", "The term begins too far in the future.")


def _read_grants(grants: Sequence[Mapping[str, Any]]) -> tuple[list[scopes.Scope], tuple[Fault, ...]]:
    if not 1 <= len(grants) <= scopes.MOST_GRANTS:
        raise _wrong("grants", "out_of_range", f"Ask for 1 to {scopes.MOST_GRANTS} grants.")
    read: list[scopes.Scope] = []
    warnings: list[Fault] = []
    faults: list[Fault] = []
    for place, raw in enumerate(grants):
        try:
            scope, doubts = scopes.read(raw, where=f"grants.{place}.")
        except Invalid as error:
            faults.extend(error.faults)
            continue
        read.append(scope)
        warnings.extend(doubts)
    if faults:
        raise Invalid("Some fields are wrong.", faults=faults)
    return read, tuple(warnings)


def _length(old: Consent) -> str:
    if old.valid_from is None or old.valid_until is None:
        raise WrongState("Only what was signed can be renewed.", facts={"state": old.state})
    return f"P{max((old.valid_until - old.valid_from).days, 1)}D"


def _superseded(old: Consent) -> ConsentSuperseded:
    newer = old.successors.filter(signed_at__isnull=False).first()
    return ConsentSuperseded(
        "A newer consent has taken this one's place.", facts={"superseded_by": newer.id if newer else None}
    )


def _wrong(attr: str, code: str, detail: str) -> Invalid:
    return Invalid("Some fields are wrong.", faults=(Fault(code=code, detail=detail, attr=attr),))


def _url(token: str) -> str:
    return f"{settings.SAYSO_PUBLIC_URL}/sign/{token}"


def _context(consent_id: str) -> str:
    return f"consent|{consent_id}"
