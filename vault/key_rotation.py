"""Epochs: which key-encryption key wraps new subjects, and the rotation that makes old wrapped
copies worthless.

Why epochs. Deleting a wrapped key from its row does not reach the write-ahead log, replicas and
backups. Those copies die with the key that wraps them: rotation moves the living to a new key and
later destroys the old one, after which every copy of an erased person's key, wherever it lies,
cannot be unwrapped.

The two bounds that follow, and that an operator must know. Outer bound of an erasure: the length of
an epoch plus the grace before its key is destroyed (28 + 7 = 35 days with `vault.tasks`). Oldest
backup of use: a backup from before the rotation holds keys wrapped by the old epoch, so it can be
restored until the grace ends, and not at all after it.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction

from vault import kms
from vault.errors import KeyDestroyed
from vault.models import Kek, KekState, Subject

# Any number will do, as long as nobody else uses it: the lock that keeps makers of subjects and
# rotation apart.
_LOCK = 0x5A_79_50_01
_BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """What one rotation did: the current epoch, the epochs whose keys it destroyed, how many
    subjects it moved.
    """

    epoch: int
    destroyed: tuple[int, ...]
    rewrapped: int


def get_current_epoch(*, at: datetime) -> Kek:
    """Give the epoch for new subjects, made at first use; held until the caller's transaction ends.

    Holding it matters: a subject wrapped under an epoch that is destroyed before the commit would
    be lost at birth.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("the current epoch is only good inside a transaction")
    _lock_epochs(shared=True)
    kek = Kek.objects.filter(state=KekState.CURRENT).first()
    return kek or _create_first_epoch(at=at)


def rotate_epochs(*, at: datetime, grace: timedelta = timedelta(0)) -> Rotation:
    """Begin a new epoch, move every living subject to it, destroy the keys of epochs that retired
    `grace` ago.

    Runs in several short transactions, may be killed anywhere and may run beside itself:
    `finish_rotation` completes what it finds. Raises KmsUnavailable; nothing is destroyed before
    everything that needs it was moved.
    """
    _begin_epoch(at=at)
    return finish_rotation(at=at, grace=grace)


def finish_rotation(*, at: datetime, grace: timedelta = timedelta(0)) -> Rotation:
    """Move whoever is still wrapped by an older epoch, destroy the keys of epochs that retired
    `grace` ago.
    """
    retiring = tuple(Kek.objects.filter(state=KekState.RETIRING).order_by("epoch"))
    rewrapped = sum(_move_subjects(old, at=at) for old in retiring)
    due = (old for old in retiring if old.retired_at is not None and old.retired_at <= at - grace)
    destroyed = tuple(old.epoch for old in due if _end_epoch(old, at=at))
    epoch = Kek.objects.get(state=KekState.CURRENT).epoch
    return Rotation(epoch=epoch, destroyed=destroyed, rewrapped=rewrapped)


def _create_first_epoch(*, at: datetime) -> Kek:
    name = _new_key()
    row = Kek(kms_name=name, state=KekState.CURRENT, created_at=at)
    # Two processes may both find no epoch; the constraint lets one row in and both go on with that
    # one.
    Kek.objects.bulk_create([row], ignore_conflicts=True)
    winner = Kek.objects.get(state=KekState.CURRENT)
    if winner.kms_name != name:
        kms.get_kms().destroy(name)
    return winner


def _begin_epoch(*, at: datetime) -> Kek:
    name = _new_key()
    with transaction.atomic():
        _lock_epochs(shared=False)
        Kek.objects.filter(state=KekState.CURRENT).update(state=KekState.RETIRING, retired_at=at)
        return Kek.objects.create(kms_name=name, state=KekState.CURRENT, created_at=at)


def _move_subjects(old: Kek, *, at: datetime) -> int:
    moved = 0
    while rows := list(Subject.objects.filter(kek=old, destroyed_at=None).order_by("id")[:_BATCH]):
        with transaction.atomic():
            # Asked anew for every batch, and held: a rotation beside us may retire, and then
            # destroy, what was new.
            new = get_current_epoch(at=at)
            moved += sum(_rewrap_subject(row, old, new) for row in rows)
    return moved


def _rewrap_subject(row: Subject, old: Kek, new: Kek) -> int:
    # Conditional on its being alive still: a key destroyed a moment ago must not come back by being
    # rewrapped.
    alive = Subject.objects.filter(id=row.id, kek=old, destroyed_at=None)
    try:
        held = bytes(row.wrapped_key or b"")
        wrapped = kms.get_kms().rewrap(held, old=old.kms_name, new=new.kms_name, owner=row.id)
    except KeyDestroyed:
        # Fine when a rotation beside us moved it and ended the epoch; else (an old backup restored)
        # nothing can help.
        if alive.exists():
            raise
        return 0
    return alive.update(kek=new, wrapped_key=wrapped)


def _end_epoch(old: Kek, *, at: datetime) -> bool:
    if Subject.objects.filter(kek=old, destroyed_at=None).exists():
        return False
    # The key first, the row second: a crash between them leaves a row that says "retiring", and we
    # come back to it.
    kms.get_kms().destroy(old.kms_name)
    retiring = Kek.objects.filter(epoch=old.epoch, state=KekState.RETIRING)
    return retiring.update(state=KekState.DESTROYED, destroyed_at=at) == 1


def _new_key() -> str:
    name = f"kek-{secrets.token_hex(8)}"
    kms.get_kms().create(name)
    return name


def _lock_epochs(*, shared: bool) -> None:
    """Makers of subjects share the lock, rotation has it alone.

    SQLite needs none: its writers queue anyway.
    """
    if connection.vendor == "postgresql":
        call = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {call}(%s)", [_LOCK])
