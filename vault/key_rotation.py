"""KEK versions: which key-encryption key wraps new subjects, and its rotation.

Deleting a wrapped key from its row does not reach the write-ahead log, replicas and backups. Those
copies die with the key that wraps them. Rotation moves the living subjects to a new key and later
destroys the old one. After that no copy of an erased person's key can be unwrapped, wherever it is.

An operator must know two bounds:

- Outer bound of an erasure: the term of a KEK version plus the grace before its key is destroyed
  (28 + 7 = 35 days with `vault.tasks`).
- Oldest backup of use: a backup from before the rotation holds keys wrapped by the old version. It
  can be restored until the grace ends, and not at all after it.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import connection, transaction

from core.compiled_queries import CompiledQuery
from vault import kms
from vault.errors import KeyDestroyed
from vault.models import Kek, KekState, Subject

# Any number that no other lock uses. The lock keeps makers of subjects and rotation apart.
_LOCK = 0x5A_79_50_01
_BATCH = 500

_CURRENT: Final = CompiledQuery(lambda: Kek.objects.filter(state=KekState.CURRENT), texts=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """What one rotation did.

    `epoch` is the current KEK version, `destroyed` the versions whose keys it destroyed, and
    `rewrapped` how many subjects it moved.
    """

    epoch: int
    destroyed: tuple[int, ...]
    rewrapped: int


def get_current_kek(*, at: datetime) -> Kek:
    """Return the KEK version for new subjects, made at first use.

    It is locked until the caller's transaction ends.
    """
    # A subject wrapped under a version that is destroyed before the commit would be lost at once.
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("the current KEK version is only valid inside a transaction")
    _lock_keks(shared=True)

    kek = _CURRENT.find_first()
    return kek or _create_first_kek(at=at)


def rotate_kek(*, at: datetime, grace: timedelta = timedelta(0)) -> Rotation:
    """Start a new version, move the living subjects to it, destroy keys that retired `grace` ago.

    It runs in several short transactions, may be killed anywhere and may run beside itself.
    `finish_rotation` completes what it finds. Nothing is destroyed before all that needs it was
    moved.

    Raises KmsUnavailable.
    """
    _start_version(at=at)
    return finish_rotation(at=at, grace=grace)


def finish_rotation(*, at: datetime, grace: timedelta = timedelta(0)) -> Rotation:
    """Move subjects to the current version, and destroy keys that retired `grace` ago."""
    # 1. Move all subjects.
    retiring = tuple(Kek.objects.filter(state=KekState.RETIRING).order_by("epoch"))
    rewrapped = sum(_move_subjects(old, at=at) for old in retiring)

    # 2. Destroy the keys that are due.
    due = (old for old in retiring if old.retired_at is not None and old.retired_at <= at - grace)
    destroyed = tuple(old.epoch for old in due if _destroy_version(old, at=at))

    epoch = Kek.objects.get(state=KekState.CURRENT).epoch
    return Rotation(epoch=epoch, destroyed=destroyed, rewrapped=rewrapped)


def _create_first_kek(*, at: datetime) -> Kek:
    name = _new_key()

    # Two processes may both find no version. The constraint lets one row in and both use that one.
    row = Kek(kms_name=name, state=KekState.CURRENT, created_at=at)
    Kek.objects.bulk_create([row], ignore_conflicts=True)

    winner = Kek.objects.get(state=KekState.CURRENT)
    if winner.kms_name != name:
        kms.get_kms().destroy(name)

    return winner


def _start_version(*, at: datetime) -> Kek:
    name = _new_key()
    with transaction.atomic():
        _lock_keks(shared=False)
        Kek.objects.filter(state=KekState.CURRENT).update(state=KekState.RETIRING, retired_at=at)
        return Kek.objects.create(kms_name=name, state=KekState.CURRENT, created_at=at)


def _move_subjects(old: Kek, *, at: datetime) -> int:
    moved = 0
    while rows := list(Subject.objects.filter(kek=old, destroyed_at=None).order_by("id")[:_BATCH]):
        with transaction.atomic():
            # Read for every batch, and locked: a rotation beside us may retire, and then destroy,
            # the version that was new.
            new = get_current_kek(at=at)
            moved += sum(_rewrap_subject(row, old, new) for row in rows)

    return moved


def _rewrap_subject(row: Subject, old: Kek, new: Kek) -> int:
    # Only while the subject is alive: a key that was just destroyed must not come back by being
    # rewrapped.
    alive = Subject.objects.filter(id=row.id, kek=old, destroyed_at=None)
    try:
        held = bytes(row.wrapped_key or b"")
        wrapped = kms.get_kms().rewrap(held, old=old.kms_name, new=new.kms_name, owner=row.id)
    except KeyDestroyed:
        # Fine when a rotation beside us moved the subject and ended the version. Otherwise (an old
        # backup was restored) the key is lost.
        if alive.exists():
            raise
        return 0

    return alive.update(kek=new, wrapped_key=wrapped)


def _destroy_version(old: Kek, *, at: datetime) -> bool:
    if Subject.objects.filter(kek=old, destroyed_at=None).exists():
        return False

    # The key first, the row second: a crash between them leaves a row in state "retiring", and the
    # next run continues with it.
    kms.get_kms().destroy(old.kms_name)
    retiring = Kek.objects.filter(epoch=old.epoch, state=KekState.RETIRING)
    return retiring.update(state=KekState.DESTROYED, destroyed_at=at) == 1


def _new_key() -> str:
    name = f"kek-{secrets.token_hex(8)}"
    kms.get_kms().create(name)
    return name


def _lock_keks(*, shared: bool) -> None:
    """Lock the KEK versions. Makers of subjects share the lock, rotation has it alone."""
    # SQLite needs none, because its writers queue.
    if connection.vendor == "postgresql":
        call = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {call}(%s)", [_LOCK])
