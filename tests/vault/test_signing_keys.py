"""Signing keys: one a purpose, rotated with an overlap, checkable by anyone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.db import IntegrityError, connection, transaction

from tests.conftest import NOON
from tests.support.concurrency import at_once
from vault import signing_keys
from vault.models import SigningKey

MONTH = timedelta(days=30)


@pytest.mark.django_db
class TestSigner:
    def test_signs_what_its_public_key_confirms(self) -> None:
        signer = signing_keys.get_signer("log", organisation_id="org_acme", at=NOON)
        Ed25519PublicKey.from_public_bytes(signer.public_key).verify(
            signer.sign(b"checkpoint"), b"checkpoint"
        )

    def test_stays_the_same(self) -> None:
        first = signing_keys.get_signer("log", organisation_id="org_acme", at=NOON)
        assert signing_keys.get_signer("log", organisation_id="org_acme", at=NOON + MONTH) == first

    @pytest.mark.parametrize(
        ("purpose", "organisation"), [("records", "org_acme"), ("log", "org_bolt")]
    )
    def test_is_another_for_another_purpose_or_organisation(
        self, purpose: signing_keys.Purpose, organisation: str
    ) -> None:
        first = signing_keys.get_signer("log", organisation_id="org_acme", at=NOON)
        other = signing_keys.get_signer(purpose, organisation_id=organisation, at=NOON)
        assert other.public_key != first.public_key

    def test_does_not_show_its_handle(self) -> None:
        signer = signing_keys.get_signer("log", organisation_id="org_acme", at=NOON)
        assert signer.handle.hex() not in repr(signer)

    @pytest.mark.django_db(transaction=True)
    def test_is_one_for_all_who_race_for_the_first(self) -> None:
        made = at_once(
            8, lambda _: signing_keys.get_signer("log", organisation_id="org_acme", at=NOON).key_id
        )
        assert (len(set(made)), SigningKey.objects.count()) == (1, 1)

    def test_keeps_no_private_key_in_the_database(self) -> None:
        signer = signing_keys.get_signer("log", organisation_id="org_acme", at=NOON)
        stored = bytes(SigningKey.objects.get(key_id=signer.key_id).handle)
        assert len(stored) == 40  # a wrapped seed; 32 bytes would be a bare one


@pytest.mark.django_db
class TestRotate:
    def test_signs_with_both_keys_during_the_overlap(self) -> None:
        old = signing_keys.get_signer("log", organisation_id="org_acme", at=NOON)
        new = signing_keys.rotate_signing_key("log", organisation_id="org_acme", at=NOON + MONTH)
        during = signing_keys.list_signers("log", organisation_id="org_acme", at=NOON + MONTH)
        assert [signer.key_id for signer in during] == [new.key_id, old.key_id]

    @pytest.mark.parametrize(("after", "lines"), [(timedelta(seconds=-1), 2), (timedelta(0), 1)])
    def test_drops_the_old_key_when_the_overlap_ends(self, after: timedelta, lines: int) -> None:
        signing_keys.get_signer("log", organisation_id="org_acme", at=NOON)
        signing_keys.rotate_signing_key(
            "log", organisation_id="org_acme", at=NOON + MONTH, overlap=MONTH
        )
        signers = signing_keys.list_signers(
            "log", organisation_id="org_acme", at=NOON + 2 * MONTH + after
        )
        assert len(signers) == lines

    def test_keeps_every_public_key_with_its_period(self) -> None:
        old = signing_keys.get_signer("log", organisation_id="org_acme", at=NOON)
        new = signing_keys.rotate_signing_key(
            "log", organisation_id="org_acme", at=NOON + MONTH, overlap=MONTH
        )
        known = signing_keys.list_public_keys("org_acme", "log")
        periods = [(key.key_id, key.valid_from, key.valid_until) for key in known]
        assert periods == [(old.key_id, NOON, NOON + 2 * MONTH), (new.key_id, NOON + MONTH, None)]

    def test_needs_an_overlap(self) -> None:
        with pytest.raises(ValueError, match="overlap"):
            signing_keys.rotate_signing_key(
                "log", organisation_id="org_acme", at=NOON, overlap=timedelta(0)
            )


@pytest.mark.django_db
class TestSigningKey:
    @pytest.mark.parametrize(
        "change",
        ["purpose = 'anything'", "valid_until = valid_from"],
    )
    def test_is_kept_sane_by_the_database_itself(self, change: str) -> None:
        signing_keys.get_signer("log", organisation_id="org_acme", at=NOON)
        with pytest.raises(IntegrityError, match="signing_key_"), transaction.atomic():
            connection.cursor().execute(f"UPDATE vault_signingkey SET {change}")

    def test_has_one_without_end_in_the_database_itself(self) -> None:
        signing_keys.rotate_signing_key("log", organisation_id="org_acme", at=NOON)
        with pytest.raises(IntegrityError), transaction.atomic():
            SigningKey.objects.create(
                key_id="log-2",
                organisation_id="org_acme",
                purpose="log",
                public_key=b"",
                handle=b"",
                valid_from=NOON,
            )
