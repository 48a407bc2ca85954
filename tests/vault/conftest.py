"""Makers of subjects and blobs, and a run of several threads at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import pytest
from django.db import connection, transaction

from tests.conftest import NOON
from vault import blobs, subject_keys

# It reads SQLite's own file; on PostgreSQL old bytes die with their epoch, which test_keys.py
# proves on both.
collect_ignore = [] if connection.vendor == "sqlite" else ["test_residue_sqlite.py"]


class MakeSubject(Protocol):
    def __call__(self, organisation_id: str = "org_acme") -> str: ...


class MakeBlob(Protocol):
    def __call__(self, data: bytes, *, subject: str = "", kind: str = "sample") -> str: ...


@pytest.fixture
def make_subject(db: None) -> MakeSubject:
    def make(organisation_id: str = "org_acme") -> str:
        return subject_keys.create_subject(kind="person", organisation_id=organisation_id, at=NOON)

    return make


@pytest.fixture
def make_blob(make_subject: MakeSubject) -> MakeBlob:
    def make(data: bytes, *, subject: str = "", kind: str = "sample") -> str:
        owner = subject or make_subject()
        with transaction.atomic():
            return blobs.store_blob(subject=owner, kind=kind, data=data, at=NOON)

    return make


@pytest.fixture
def erase() -> Callable[[str], subject_keys.Destruction]:
    def destroy(subject: str) -> subject_keys.Destruction:
        with transaction.atomic():
            return subject_keys.destroy_key(subject, at=NOON)

    return destroy
