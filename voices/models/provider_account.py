"""Accounts at voice providers: where an organisation's voices are made and spoken."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from core.caller_notes import Noted, make_note_indexes


class AccountState(models.TextChoices):
    """An active account is used. One in `checking` waits for its canary, and a closed one failed
    it: both refuse every call.
    """

    CHECKING = "checking"
    ACTIVE = "active"
    CLOSED = "closed"
    REMOVED = "removed"


class ProviderAccountQuerySet(models.QuerySet["ProviderAccount"]):
    """Queries for accounts that are connected."""

    def in_use(self) -> ProviderAccountQuerySet:
        """Return the accounts that were not removed."""
        return self.exclude(state=AccountState.REMOVED)


class ProviderAccount(Noted):
    """An organisation's account at one provider.

    `sealed_credentials` is encrypted under the organisation's key and never read back. It is given
    anew with every change of `base_url`, so a stored key never goes to another host. Of answers
    that carry addresses of audio, only those below `audio_origins` are fetched. `adapter_settings`
    are the paths and fields of an engine that is described by its operator. The canary is due at
    `canary_due_at`, in real time, and at once while `canary_cause` says why.
    """

    id = models.CharField(primary_key=True, max_length=30, editable=False)
    organisation = models.ForeignKey("accounts.Organisation", models.PROTECT, related_name="+")
    livemode = models.BooleanField(editable=False)
    provider = models.CharField(max_length=32, editable=False)
    base_url = models.CharField(max_length=500)
    sealed_credentials = models.BinaryField(null=True, editable=False)
    credential_names = models.JSONField(default=list, editable=False)
    audio_origins = models.JSONField(default=list)
    adapter_settings = models.JSONField(default=dict)
    state = models.CharField(max_length=16, choices=AccountState, default=AccountState.CHECKING)
    code = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(editable=False)
    changed_at = models.DateTimeField(editable=False)
    canary_cause = models.CharField(max_length=16, blank=True, default="", editable=False)
    canary_due_at = models.DateTimeField(null=True, db_index=True, editable=False)
    removed_at = models.DateTimeField(null=True, editable=False)

    objects = ProviderAccountQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                name="provider_account_by_time",
                fields=["organisation", "livemode", "created_at", "id"],
            ),
            *make_note_indexes("provider_acct"),
        ]
        constraints = [
            models.UniqueConstraint(
                name="provider_account_once",
                fields=["organisation", "livemode", "provider"],
                condition=~Q(state=AccountState.REMOVED),
            ),
            models.CheckConstraint(
                name="provider_account_state_is_known", condition=Q(state__in=AccountState.values)
            ),
            models.CheckConstraint(
                name="provider_account_closed_says_why",
                condition=~Q(state=AccountState.CLOSED) | ~Q(code=""),
            ),
            models.CheckConstraint(
                name="provider_account_removed_keeps_no_secret",
                condition=~Q(state=AccountState.REMOVED)
                | Q(sealed_credentials=None, removed_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.id} ({self.provider})"
