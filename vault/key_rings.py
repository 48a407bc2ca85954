"""The keys of many subjects, opened at once and held while an answer about them is made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

from django.db.models import Q

from vault import opened_keys, subject_keys
from vault.errors import KeyDestroyed
from vault.models import Subject, SubjectKind


@contextmanager
def hold_subject_keys(
    subjects: Iterable[str], *, organisation_id: str | None = None
) -> Iterator[None]:
    """Open the keys of many subjects with one query, and use them inside the context.

    With `organisation_id` that organisation's own key is one of them. A key that was destroyed is
    not held: to open it raises KeyDestroyed, as it does elsewhere.

    Raises KmsUnavailable, Tampered.
    """
    wanted = Q(id__in=set(subjects))
    if organisation_id is not None:
        wanted |= Q(kind=SubjectKind.ORGANISATION, organisation_id=organisation_id)

    keys: dict[str, bytes] = {}
    for row in Subject.objects.filter(wanted, destroyed_at=None).select_related("kek"):
        with suppress(KeyDestroyed):
            keys[row.id] = subject_keys.open_row_key(row)
            if row.kind == SubjectKind.ORGANISATION:
                keys[_name_own_key(row.organisation_id)] = keys[row.id]

    with opened_keys.hold_keys(keys):
        yield


def open_organisation_deriver(organisation_id: str) -> subject_keys.Derive | None:
    """Return a function that derives from an organisation's own key, or None if it has none.

    A key that the context holds is not opened again.

    Raises KmsUnavailable.
    """
    key = opened_keys.find_key(_name_own_key(organisation_id))
    if key is not None:
        return subject_keys.make_deriver(key)

    return subject_keys.open_organisation_derivers((organisation_id,)).get(organisation_id)


def _name_own_key(organisation_id: str) -> str:
    return f"own:{organisation_id}"
