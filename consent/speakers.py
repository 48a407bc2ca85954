"""Speakers: made, changed, read. What is personal lies sealed under the person's own key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from accounts.models import Organisation
from consent import log_events, speaker_history
from consent.errors import CorrectionNeeded, KindRefused, SpeakerErased
from consent.models import Consent, Delivery, Speaker
from consent.policy.state_machine import ConsentState
from core import ids, name_matching, transactions
from core.caller_notes import Notes
from core.canonical_json import Json
from core.errors import Fault, NotFound
from vault import sealed_notes, sealed_values, subject_keys

_PERSONAL: Final = ("name", "email", "country", "locale", "phone")
_IDENTITY: Final = frozenset({"name", "email", "country", "phone"})
_ADDRESSES: Final = frozenset({"email", "phone"})


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Personal:
    """The personal data of a speaker.

    Never logged. `country` is an ISO 3166-1 code, and `locale` the language to write to them in.
    """

    name: str
    email: str
    country: str | None = None
    locale: str | None = None
    phone: str | None = None


@transactions.opens_transaction
def create_speaker(
    *,
    organisation: Organisation,
    livemode: bool,
    name: str,
    email: str,
    actor: str,
    at: datetime,
    country: str | None = None,
    locale: str | None = None,
    phone: str | None = None,
    kind: str = Speaker.Kind.ADULT,
    external_id: str | None = None,
    metadata: Mapping[str, str] | None = None,
) -> Speaker:
    """Enter a person whose consent will be asked, with a key of their own.

    Raises KindRefused for a child, unless the organisation's policy says `"allow_minors": true`.
    """
    if kind == Speaker.Kind.MINOR and organisation.policy.get("allow_minors") is not True:
        detail = (
            'Children cannot be asked for their voice here, unless the policy says "allow_minors".'
        )
        fault = Fault(code=KindRefused.code, detail=detail, attr="kind")
        raise KindRefused(detail, facts={"kind": "minor"}, faults=(fault,))
    subject = subject_keys.create_subject(kind="person", organisation_id=organisation.id, at=at)
    personal = Personal(name=name, email=email, country=country, locale=locale, phone=phone)
    speaker_id = ids.new("spk")
    written = Notes(external_id=external_id or "", metadata=metadata or {})
    speaker = Speaker.objects.create(
        id=speaker_id,
        organisation=organisation,
        livemode=livemode,
        kind=kind,
        subject=subject,
        sealed=_seal_personal(subject, personal),
        email_index=sealed_values.blind_index(organisation.id, email, at=at),
        created_at=at,
        **sealed_notes.seal_notes(
            written, subjects=(subject,), row_id=speaker_id, organisation_id=organisation.id, at=at
        ),
    )
    log_events.log_speaker_event(
        speaker, "speaker.created", at=at, actor=actor, body={"kind": kind}
    )
    return speaker


@transactions.opens_transaction
def update_speaker_row(
    speaker_id: str,
    *,
    organisation: Organisation,
    livemode: bool,
    changes: Mapping[str, object],
    actor: str,
    at: datetime,
    correction: str | None = None,
) -> Speaker:
    """Change name, email, country, locale, phone, external_id or metadata.

    What a person signed under or was written to at changes by a correction alone: its reason, the
    old value and the new one are kept. Raises NotFound, SpeakerErased, CorrectionNeeded.
    """
    found = lock_speaker(speaker_id, organisation_id=organisation.id, livemode=livemode)
    if found.state != Speaker.State.ACTIVE:
        raise SpeakerErased(
            "This speaker is being erased or has been.", facts={"state": found.state}
        )
    before = open_personal(found)
    if before is None:
        raise SpeakerErased("This speaker has been erased.")

    after = _apply_changes(before, changes)
    corrected = _list_corrected_fields(found, before, after, correction)

    _save_changes(found, after, open_speaker_notes(found).with_changes(changes), at=at)
    if corrected:
        speaker_history.keep_correction(
            found,
            before={name: getattr(before, name) for name in corrected},
            after={name: getattr(after, name) for name in corrected},
            reason=str(correction),
            actor=actor,
            at=at,
        )
    else:
        log_events.log_speaker_event(
            found, "speaker.updated", at=at, actor=actor, body={"fields": sorted(changes)}
        )
    return found


def _list_corrected_fields(
    speaker: Speaker, before: Personal, after: Personal, correction: str | None
) -> list[str]:
    """Return the changed fields that a person signed under or was written to at.

    Raises CorrectionNeeded if there are any without a correction.
    """
    corrected = sorted(
        name
        for name in _list_bound_fields(speaker)
        if getattr(before, name) != getattr(after, name)
    )
    if corrected and not correction:
        raise CorrectionNeeded(
            'This changes by a correction alone. Say why: "correction": {"reason": "…"}.',
            facts={"fields": corrected},
        )

    return corrected


def _apply_changes(before: Personal, changes: Mapping[str, object]) -> Personal:
    known = {name: changes.get(name, getattr(before, name)) for name in _PERSONAL}
    return Personal(
        name=str(known["name"]),
        email=str(known["email"]),
        country=_text_or_none(known["country"]),
        locale=_text_or_none(known["locale"]),
        phone=_text_or_none(known["phone"]),
    )


def _save_changes(speaker: Speaker, personal: Personal, notes: Notes, *, at: datetime) -> None:
    """Seal what is personal and the notes, and find the speaker by the new address."""
    organisation_id = speaker.organisation_id
    speaker.sealed = _seal_personal(speaker.subject, personal)
    speaker.email_index = sealed_values.blind_index(organisation_id, personal.email, at=at)
    kept = sealed_notes.seal_notes(
        notes,
        subjects=(speaker.subject,),
        row_id=speaker.id,
        organisation_id=organisation_id,
        at=at,
    )

    for column, value in kept.items():
        setattr(speaker, column, value)
    speaker.save(update_fields=["sealed", "email_index", *kept])


def get_speaker(speaker_id: str, *, organisation_id: str, livemode: bool) -> Speaker:
    """Return an organisation's speaker. Raises NotFound, for strangers' ids too."""
    found = Speaker.objects.filter(
        id=speaker_id, organisation_id=organisation_id, livemode=livemode
    ).first()
    if found is None:
        raise NotFound("There is no such speaker.")
    return found


def are_two_people(owner: Speaker, other: Speaker) -> bool:
    """Return whether two speakers count as two people when a recording of one comes as a sample
    of the other.

    In the sandbox speakers of one name are one person. Tests enter the same invented person again
    and again, with the same recording, and no one's voice depends on it. With live data every
    speaker is a person of their own.
    """
    if owner.pk == other.pk:
        return False
    if owner.livemode or other.livemode:
        return True
    first, second = (open_personal(speaker) for speaker in (owner, other))
    if first is None or second is None:
        return True
    return not name_matching.is_same_name(first.name, second.name)


def open_personal(speaker: Speaker) -> Personal | None:
    """Open what is personal. Once the person has been erased, that is None."""
    if speaker.sealed is None:
        return None
    try:
        value = sealed_values.unseal(
            speaker.subject, _seal_context(speaker.subject), bytes(speaker.sealed)
        )
    except subject_keys.KeyDestroyed:
        return None
    if not isinstance(value, dict):
        return None
    return Personal(
        name=str(value["name"]),
        email=str(value["email"]),
        country=_text_or_none(value["country"]),
        locale=_text_or_none(value["locale"]),
        phone=_text_or_none(value.get("phone")),
    )


@transactions.opens_transaction
def log_opening(speaker: Speaker, *, actor: str, at: datetime) -> None:
    """Log that a member was shown who this speaker is."""
    if open_personal(speaker) is not None:
        log_events.log_speaker_event(speaker, "speaker.opened", at=at, actor=actor, body={})


def open_speaker_notes(speaker: Speaker) -> Notes:
    """Return the caller's notes on the speaker, opened. After an erasure they are empty."""
    return sealed_notes.open_notes(speaker, subjects=(speaker.subject,))


@transactions.requires_transaction
def lock_speaker_of_consent(consent_id: str) -> None:
    """Lock the person behind a consent.

    Code that locks a person and consents must lock the person first.
    """
    rows = Speaker.objects.select_for_update(no_key=True, of=("self",))
    rows.filter(consents__id=consent_id).order_by("id").first()


@transactions.requires_transaction
def lock_speaker(speaker_id: str, *, organisation_id: str, livemode: bool) -> Speaker:
    """Lock an organisation's speaker. Raises NotFound, for strangers' ids too."""
    rows = Speaker.objects.select_for_update(no_key=True)
    found = rows.filter(id=speaker_id, organisation_id=organisation_id, livemode=livemode).first()
    if found is None:
        raise NotFound("There is no such speaker.")
    return found


def _seal_personal(subject: str, personal: Personal) -> bytes:
    value: dict[str, Json] = {name: getattr(personal, name) for name in _PERSONAL}
    return sealed_values.seal(subject, _seal_context(subject), value)


def _list_bound_fields(speaker: Speaker) -> frozenset[str]:
    """Return the fields that only a correction may change: all that was signed under, and the
    address of a link that is out.
    """
    if Consent.objects.filter(speaker=speaker, signed_at__isnull=False).exists():
        return _IDENTITY
    written_to = Delivery.objects.filter(
        consent__speaker=speaker,
        consent__state=ConsentState.REQUESTED,
        channel__in=("mail", "message"),
    )
    return _ADDRESSES if written_to.exists() else frozenset()


def _seal_context(subject: str) -> str:
    return f"speaker|{subject}"


def _text_or_none(value: object) -> str | None:
    return str(value) if value else None
