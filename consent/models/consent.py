"""Rows of consents: what a person was asked, what was signed, and what is left of it."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.db.models.expressions import Combinable

from accounts.models import Organisation
from consent.models.notice import NoticeVersion
from consent.models.speaker import Speaker
from consent.policy import providers
from consent.policy.state_machine import BINDING, ENDED, REVOKED, ConsentState, get_effective_state
from core.caller_notes import Noted, make_note_indexes


class ConsentQuerySet(models.QuerySet["Consent"]):
    """Consents, with the questions that are asked of them."""

    def of(self, organisation_id: str, *, livemode: bool) -> ConsentQuerySet:
        """Return those of one organisation, either its live or its test data."""
        return self.filter(organisation_id=organisation_id, livemode=livemode)

    def binding(self) -> ConsentQuerySet:
        """Return those that are signed and not ended."""
        return self.filter(state__in=sorted(BINDING))

    def reading(self, *states: str, at: datetime | Combinable) -> ConsentQuerySet:
        """Return those that have one of these states at that time: `state_at` in the database."""
        over = Q(state__in=sorted(BINDING), valid_until__lte=at)
        unanswered = Q(state=ConsentState.REQUESTED) & (
            Q(link_expires_at__lte=at) | Q(asked_until__lte=at)
        )
        in_force = Q(valid_until=None) | Q(valid_until__gt=at)
        open_still = Q(link_expires_at__gt=at) & (Q(asked_until=None) | Q(asked_until__gt=at))

        # Comparisons of columns, which an index can answer. It cannot answer one with a CASE.
        asked = {ConsentState(state) for state in states}
        lasting = asked - BINDING - {ConsentState.REQUESTED}
        found = Q(state__in=sorted(lasting))
        found |= Q(state__in=sorted(asked & BINDING)) & in_force
        if ConsentState.REQUESTED in asked:
            found |= Q(state=ConsentState.REQUESTED) & open_still
        if ConsentState.EXPIRED in asked:
            found |= over
        if ConsentState.LAPSED in asked:
            found |= unanswered

        return self.filter(found)

    def over(self, at: datetime) -> ConsentQuerySet:
        """Return those whose term has ended, and which the sweep has not ended yet."""
        return self.binding().filter(valid_until__lte=at)


class Consent(Noted):
    """One request to one person, and after signing the proof of their answer.

    The bytes of `record` are what was signed. They and everything that belongs to them never change
    (a trigger ensures it). `revocation_epoch` grows with everything that could end a permit.
    `standing_mac` is the row MAC (`consent.row_macs`). The asked term is `asked_until` or
    `duration`. The term in force is [valid_from, valid_until). `providers` are the codes of those
    that may make and use the voice: as asked, and after signing what narrowing left. `state` is
    what was written down last. Read `state_at`, because time alone ends a term and a request.
    """

    id = models.CharField(primary_key=True, max_length=30, editable=False)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    livemode = models.BooleanField(editable=False)
    speaker = models.ForeignKey(Speaker, models.PROTECT, related_name="consents")
    notice_version = models.ForeignKey(NoticeVersion, models.PROTECT, related_name="+")
    jurisdictions = models.JSONField(default=list)
    providers = models.JSONField(default=providers.list_only_local)
    assurance = models.CharField(max_length=2)
    representation = models.CharField(max_length=16, default="none")
    sealed = models.BinaryField(null=True, editable=False)
    created_at = models.DateTimeField(editable=False)

    asked_from = models.DateTimeField(null=True, editable=False)
    asked_until = models.DateTimeField(null=True, editable=False)
    duration = models.CharField(max_length=32, blank=True, editable=False)
    link_sha256 = models.CharField(max_length=64, blank=True, editable=False, db_index=True)
    link_expires_at = models.DateTimeField(editable=False)

    state = models.CharField(max_length=16, default=ConsentState.REQUESTED)
    revocation_epoch = models.PositiveIntegerField(default=0, editable=False)
    valid_from = models.DateTimeField(null=True, editable=False)
    valid_until = models.DateTimeField(null=True, editable=False)
    signed_at = models.DateTimeField(null=True, editable=False)
    suspended_by = models.CharField(max_length=16, blank=True, editable=False)
    standing_mac = models.CharField(max_length=64, blank=True, editable=False)
    revoked_at = models.DateTimeField(null=True, editable=False)
    ended_at = models.DateTimeField(null=True, editable=False)
    supersedes = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="successors", editable=False
    )

    record = models.BinaryField(null=True, editable=False)
    record_sha256 = models.CharField(max_length=64, blank=True, editable=False)
    record_jws = models.TextField(blank=True, editable=False)
    record_key = models.CharField(max_length=64, blank=True, editable=False)

    objects = ConsentQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["organisation", "livemode", "id"], name="consent_by_organisation"),
            models.Index(
                fields=["organisation", "livemode", "created_at", "id"], name="consent_by_time"
            ),
            models.Index(
                fields=["organisation", "livemode", "state", "created_at", "id"],
                name="consent_by_state",
            ),
            models.Index(fields=["state", "valid_until"], name="consent_by_end"),
            *make_note_indexes("consent"),
        ]
        constraints = [
            models.CheckConstraint(
                name="consent_state_is_known",
                condition=Q(state__in=[str(state) for state in ConsentState]),
            ),
            models.CheckConstraint(
                name="consent_assurance_is_known",
                condition=Q(assurance__in=["L0", "L1", "L2", "L3"]),
            ),
            models.CheckConstraint(name="consent_names_a_provider", condition=~Q(providers=[])),
            models.CheckConstraint(
                name="consent_asks_for_a_term_or_an_end",
                condition=Q(asked_until=None) & ~Q(duration="")
                | Q(asked_until__isnull=False, duration=""),
            ),
            models.CheckConstraint(
                name="consent_term_not_empty",
                condition=Q(valid_from=None, valid_until=None) | Q(valid_until__gt=F("valid_from")),
            ),
            models.CheckConstraint(
                name="consent_stands_only_when_signed",
                condition=~Q(state__in=sorted(BINDING | ENDED))
                | Q(signed_at__isnull=False, valid_from__isnull=False, record__isnull=False)
                & ~Q(record_sha256="")
                & ~Q(record_jws="")
                | Q(state__in=["erasing", "erased"]),
            ),
            models.CheckConstraint(
                name="consent_revoked_at_a_time",
                condition=~Q(state__in=sorted(REVOKED)) | Q(revoked_at__isnull=False),
            ),
            models.UniqueConstraint(
                name="consent_link_opens_one_request",
                fields=["link_sha256"],
                condition=~Q(link_sha256=""),
            ),
            models.UniqueConstraint(
                name="consent_superseded_by_one",
                fields=["supersedes"],
                condition=Q(supersedes__isnull=False)
                & ~Q(state__in=["declined", "lapsed", "rejected"]),
            ),
        ]

    def __str__(self) -> str:
        return self.id

    def signed_method(self) -> str | None:
        """Return the `expression_method` of the record, such as `one_time_link`.

        None before signing.
        """
        if self.record is None:
            return None

        found: dict[str, Any] = json.loads(bytes(self.record))

        return str(found["events"][0]["expression_method"])

    def state_at(self, at: datetime) -> ConsentState:
        """Return the state at that time, also before a sweep has written it down."""
        return get_effective_state(
            ConsentState(self.state),
            at=at,
            valid_until=self.valid_until,
            link_expires_at=self.link_expires_at,
            asked_until=self.asked_until,
        )


class Grant(models.Model):
    """One purpose that a person signed: a use case with its limits.

    `signed` is the scope as signed and never changes. `scope` is what narrowing left of it, and
    `epoch` the consent's epoch when that last changed. `sealed_words` holds the words of both. A
    permit rests on one grant. Grants are never mixed.
    """

    id = models.CharField(primary_key=True, max_length=30, editable=False)
    consent = models.ForeignKey(Consent, models.PROTECT, related_name="grants")
    position = models.PositiveSmallIntegerField(editable=False)
    use_case = models.CharField(max_length=64, editable=False)
    signed = models.JSONField(editable=False)
    sealed_words = models.BinaryField(null=True, editable=False)
    scope = models.JSONField()
    epoch = models.PositiveIntegerField(default=0, editable=False)
    declined_at = models.DateTimeField(null=True, editable=False)
    removed_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="grant_has_its_place", fields=["consent", "position"]),
        ]

    def __str__(self) -> str:
        return f"{self.use_case} of {self.consent_id}"


class Evidence(models.Model):
    """A piece of proof. Its hash is in the signed record. Its bytes in the vault can be erased."""

    id = models.CharField(primary_key=True, max_length=30, editable=False)
    consent = models.ForeignKey(Consent, models.PROTECT, related_name="evidence")
    kind = models.CharField(max_length=32, editable=False)
    sha256 = models.CharField(max_length=64, editable=False)
    blob = models.CharField(max_length=30, blank=True)
    created_at = models.DateTimeField(editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="evidence_kind_is_known",
                condition=Q(
                    kind__in=[
                        "passkey",
                        "spoken_audio",
                        "page",
                        "mail_proof",
                        "id_check",
                        "countersign",
                        "paper_scan",
                        "test",
                    ]
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.consent_id}"


class SealedReason(models.Model):
    """A reason: its code, and the words beside it.

    Words may name people, so they are sealed. The log has the code.
    """

    consent = models.ForeignKey(Consent, models.PROTECT, related_name="remarks")
    move = models.CharField(max_length=16, editable=False)
    code = models.CharField(max_length=32, default="other", editable=False)
    sealed = models.BinaryField(null=True, editable=False)
    actor = models.CharField(max_length=64, editable=False)
    created_at = models.DateTimeField(editable=False)

    def __str__(self) -> str:
        return f"{self.move} of {self.consent_id}"


class SampleHash(models.Model):
    """A recording that a consent is bound to, by the SHA-256 of its bytes.

    Cloning from any other recording is denied.
    """

    consent = models.ForeignKey(Consent, models.PROTECT, related_name="samples")
    sha256 = models.CharField(max_length=64, editable=False)
    registered_at = models.DateTimeField(editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="sample_registered_once", fields=["consent", "sha256"])
        ]

    def __str__(self) -> str:
        return f"{self.sha256[:12]} of {self.consent_id}"
