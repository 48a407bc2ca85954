"""Tables of accounts: organisations, their members, and the API keys of their products."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils.crypto import salted_hmac

from core.caller_notes import Noted
from core.leases import Leased


class Organisation(Noted):
    """A company that uses the service. Every row of data belongs to exactly one organisation.

    `test_clock_ms` is how many milliseconds the test clock runs ahead of the real one. Live data
    always has the real time.
    """

    id = models.CharField(primary_key=True, max_length=30, editable=False)
    name = models.CharField(max_length=200, unique=True)
    contact = models.JSONField(default=dict)
    policy = models.JSONField(default=dict)
    test_clock_ms = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="organisation_test_clock_only_forward", condition=Q(test_clock_ms__gte=0)
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def test_clock_ahead(self) -> timedelta:
        """The time by which the test clock runs ahead of the real one."""
        return timedelta(milliseconds=self.test_clock_ms)


class Role(models.TextChoices):
    """What a member may do in the admin web UI."""

    OWNER = "owner"
    OFFICER = "officer"
    ENGINEER = "engineer"
    AUDITOR = "auditor"


class MemberManager(BaseUserManager["Member"]):
    """Finds members by their login name, the e-mail address."""

    def get_by_natural_key(self, username: str | None) -> Member:
        """Return the member with this login address, in upper or lower case."""
        return self.get(email__iexact=username)


class Member(AbstractBaseUser, PermissionsMixin):
    """A person with a login at an organisation, by an e-mail address.

    A speaker is never a member.
    """

    id = models.CharField(primary_key=True, max_length=30, editable=False)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    email = models.EmailField(unique=True)
    role = models.CharField(max_length=16, choices=Role)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=True)
    date_joined = models.DateTimeField(editable=False)
    access_until = models.DateTimeField(null=True, blank=True)
    # A part of the session hash: to raise it ends every login of this member.
    session_epoch = models.PositiveIntegerField(default=0, editable=False)

    objects = MemberManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = [
            models.CheckConstraint(name="member_role_is_known", condition=Q(role__in=Role.values)),
            models.CheckConstraint(
                name="member_email_is_lower_case", condition=Q(email=Lower("email"))
            ),
        ]

    def __str__(self) -> str:
        return self.email

    def get_session_auth_hash(self) -> str:
        """Return the hash that sessions are compared with, of the password and `session_epoch`."""
        told = f"{super().get_session_auth_hash()}|{self.session_epoch}"
        return salted_hmac("sayso.member.session", told, algorithm="sha256").hexdigest()


class ApiKey(Noted):
    """An API key of one product of an organisation.

    Only the SHA-256 of the secret is stored. The secret is shown once, when it is made.

    Rotation makes a second secret of the same key. Both are valid until `previous_until`. With
    `keeps_jobs`, work that the key began goes on after the key has ended or lost a scope.
    """

    id = models.CharField(primary_key=True, max_length=30, editable=False)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    product = models.CharField(max_length=100)
    livemode = models.BooleanField(editable=False)
    prefix = models.CharField(max_length=24, editable=False)
    secret_sha256 = models.CharField(max_length=64, unique=True, editable=False)
    # Unique, so null where there is none.
    previous_sha256 = models.CharField(  # noqa: DJ001
        max_length=64, unique=True, null=True, editable=False
    )
    previous_until = models.DateTimeField(null=True, editable=False)
    scopes = models.JSONField(default=list)
    default_use_case = models.CharField(max_length=64, blank=True)
    default_channel = models.CharField(max_length=32, blank=True)
    default_territory = models.CharField(max_length=16, blank=True)
    default_language = models.CharField(max_length=64, blank=True)
    calls_per_minute = models.PositiveIntegerField(default=600)
    created_at = models.DateTimeField(editable=False)
    expires_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True, editable=False)
    disabled_at = models.DateTimeField(null=True, editable=False)
    keeps_jobs = models.BooleanField(default=False, editable=False)

    class Meta:
        verbose_name = "API key"
        indexes = [
            models.Index(name="api_key_by_time", fields=["organisation", "created_at", "id"])
        ]
        constraints = [
            models.CheckConstraint(
                name="api_key_expires_after_creation",
                condition=Q(expires_at=None) | Q(expires_at__gt=F("created_at")),
            ),
            models.CheckConstraint(
                name="api_key_previous_secret_has_an_end",
                condition=Q(previous_sha256=None, previous_until=None)
                | Q(previous_sha256__isnull=False, previous_until__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.prefix}… ({self.product})"

    @property
    def previous_ends_at(self) -> datetime | None:
        """When the older secret ends: with the key, if that ends first."""
        ends = (self.previous_until, self.expires_at, self.disabled_at)
        return min(end for end in ends if end is not None) if self.previous_until else None


class IdempotencyRecord(Leased):
    """The answer to one POST with an `Idempotency-Key`, kept for a day so that a retry gets it too.

    The body is sealed under the organisation's key. The erasure of any of its speakers sets the
    state to `forgotten`.
    """

    class State(models.TextChoices):
        """Where the request stands.

        A running one holds the key. A done one can be replayed. A forgotten or secret one can
        neither be replayed nor repeated.
        """

        RUNNING = "running"
        DONE = "done"
        FORGOTTEN = "forgotten"
        SECRET = "secret"  # noqa: S105 - the name of a state

    api_key = models.ForeignKey(ApiKey, models.CASCADE, related_name="+")
    key_sha256 = models.CharField(max_length=64)
    request_sha256 = models.CharField(max_length=64)
    state = models.CharField(max_length=16, choices=State, default=State.RUNNING)
    status = models.PositiveSmallIntegerField(default=0)
    headers = models.JSONField(default=dict)
    sealed_body = models.BinaryField(null=True)
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="stored_answer_once_per_key", fields=["api_key", "key_sha256"]
            ),
            models.CheckConstraint(
                name="stored_answer_state_is_known",
                condition=Q(state__in=["running", "done", "forgotten", "secret"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.state} answer of {self.api_key_id}"


class RateWindow(models.Model):
    """How many calls a key made in one minute: the counter of `accounts.rate_limits` without Redis.

    `minute` counts from the Unix epoch. What is not counted by a key has a prefix in its place.
    """

    key_id = models.CharField(primary_key=True, max_length=60, editable=False)
    minute = models.BigIntegerField(editable=False)
    used = models.PositiveIntegerField(editable=False)

    def __str__(self) -> str:
        return self.key_id


class LoginSession(models.Model):
    """A login in a browser.

    The row holds a hash of the cookie, and contents that only the cookie opens.
    """

    cookie_sha256 = models.CharField(primary_key=True, max_length=64, editable=False)
    sealed = models.BinaryField(editable=False)
    begun_at = models.DateTimeField(editable=False)
    expires_at = models.DateTimeField(db_index=True, editable=False)

    def __str__(self) -> str:
        return f"session begun {self.begun_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


class SharedValue(models.Model):
    """A value that all processes of an installation without Redis share.

    Examples are counters of failed logins and used codes.
    """

    name = models.CharField(primary_key=True, max_length=64, editable=False)
    value = models.TextField()
    expires_at = models.DateTimeField(null=True, db_index=True)

    def __str__(self) -> str:
        return self.name
