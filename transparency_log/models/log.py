"""Rows of the transparency log, one log for each organisation.

There are no foreign keys: the log outlives what it names, so nothing may cascade into it. Triggers
make it append-only.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Length, Mod
from django.db.models.lookups import Exact, GreaterThan, LessThanOrEqual

ID_LENGTH = 30


class Outbox(models.Model):
    """An event that waits for its place.

    The business transaction inserts it, the sequencer deletes it.
    """

    organisation_id = models.CharField(max_length=ID_LENGTH, editable=False)
    event_id = models.CharField(max_length=ID_LENGTH, unique=True, editable=False)
    payload = models.BinaryField(editable=False)
    # The speaker that the event is about, for our own index. The payload does not name it. It is
    # null, because SQLite adds no other column in place.
    speaker_id = models.CharField(max_length=ID_LENGTH, null=True, editable=False)  # noqa: DJ001

    class Meta:
        indexes = [models.Index(name="outbox_in_order", fields=["organisation_id", "id"])]

    def __str__(self) -> str:
        return self.event_id


class Body(models.Model):
    """The full body of an event, sealed under its subject's key.

    It is unreadable once that key is destroyed.
    """

    event_id = models.CharField(primary_key=True, max_length=ID_LENGTH, editable=False)
    organisation_id = models.CharField(max_length=ID_LENGTH, editable=False)
    subject = models.CharField(max_length=ID_LENGTH, db_index=True, editable=False)
    sealed = models.BinaryField(editable=False)

    def __str__(self) -> str:
        return self.event_id


class Entry(models.Model):
    """One leaf of an organisation's log.

    The columns repeat what `payload` says. `verify_log` compares them.
    """

    event_id = models.CharField(primary_key=True, max_length=ID_LENGTH, editable=False)
    organisation_id = models.CharField(max_length=ID_LENGTH, editable=False)
    idx = models.BigIntegerField(editable=False)
    kind = models.CharField(max_length=40, editable=False)
    livemode = models.BooleanField(editable=False)
    at_ms = models.BigIntegerField(editable=False)
    payload = models.BinaryField(editable=False)

    class Meta:
        verbose_name_plural = "entries"
        constraints = [
            models.UniqueConstraint(
                name="entry_has_its_own_place", fields=["organisation_id", "idx"]
            ),
            models.CheckConstraint(name="entry_place_not_negative", condition=Q(idx__gte=0)),
        ]

    def __str__(self) -> str:
        return f"{self.idx} {self.kind}"


class EventRef(models.Model):
    """An index: the entries that name this public id, or that are about this speaker.

    The name of an id stands in the entry. Which speaker an entry is about is known only here.
    `about` marks ids of the sort that the kind is about: of `consent.revoked` those of consents.
    Without it the history of a consent would be searched in all the clips that name it.
    """

    organisation_id = models.CharField(max_length=ID_LENGTH, editable=False)
    ref = models.CharField(max_length=ID_LENGTH, editable=False)
    idx = models.BigIntegerField(editable=False)
    about = models.BooleanField(default=False, editable=False)

    class Meta:
        indexes = [
            models.Index(
                name="event_ref_about",
                fields=["organisation_id", "ref", "idx"],
                condition=Q(about=True),
            )
        ]
        constraints = [
            models.UniqueConstraint(name="event_ref_once", fields=["organisation_id", "ref", "idx"])
        ]

    def __str__(self) -> str:
        return f"{self.ref} in {self.idx}"


class Tile(models.Model):
    """Up to 256 hashes of the tree, 32 bytes each (C2SP tlog-tiles).

    A full tile never changes. Others only grow.
    """

    organisation_id = models.CharField(max_length=ID_LENGTH, editable=False)
    level = models.SmallIntegerField(editable=False)
    n = models.BigIntegerField(editable=False)
    data = models.BinaryField(editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="tile_once", fields=["organisation_id", "level", "n"]),
            models.CheckConstraint(
                name="tile_level_and_number_not_negative", condition=Q(level__gte=0, n__gte=0)
            ),
            models.CheckConstraint(
                name="tile_of_whole_hashes", condition=Exact(Mod(Length(F("data")), 32), 0)
            ),
            models.CheckConstraint(
                name="tile_of_1_to_256_hashes",
                condition=GreaterThan(Length(F("data")), 0)
                & LessThanOrEqual(Length(F("data")), 8192),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.level}/{self.n}"


class Head(models.Model):
    """The end of an organisation's log. Locking this row is the sequencer's lock.

    `origin` is the log's name for life, also if the service moves. `generation` counts the
    recoveries after a restored backup, from 1. Each begins a new name, so that no client sees a
    fork.
    """

    organisation_id = models.CharField(primary_key=True, max_length=ID_LENGTH, editable=False)
    size = models.BigIntegerField(editable=False)
    root = models.BinaryField(max_length=32, editable=False)
    origin = models.CharField(max_length=300, editable=False)
    generation = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(name="head_size_not_negative", condition=Q(size__gte=0)),
            models.CheckConstraint(
                name="head_root_is_one_hash", condition=Exact(Length(F("root")), 32)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organisation_id} at {self.size}"

    @property
    def name(self) -> str:
        """Return the origin line of this generation's checkpoints, also the name of its keys."""
        return self.names[-1]

    @property
    def names(self) -> tuple[str, ...]:
        """Return the origin lines of all generations, oldest first."""
        return (self.origin, *(f"{self.origin}/{n}" for n in range(2, self.generation + 1)))


class Checkpoint(models.Model):
    """A signed tree head: `note` is the exact C2SP text that was published."""

    organisation_id = models.CharField(max_length=ID_LENGTH, editable=False)
    size = models.BigIntegerField(editable=False)
    root = models.BinaryField(max_length=32, editable=False)
    note = models.TextField(editable=False)
    signed_at = models.DateTimeField(editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="checkpoint_once_a_size", fields=["organisation_id", "size"]
            ),
            models.CheckConstraint(name="checkpoint_covers_something", condition=Q(size__gt=0)),
            models.CheckConstraint(
                name="checkpoint_root_is_one_hash", condition=Exact(Length(F("root")), 32)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organisation_id} at {self.size}"
