"""Keys of subjects: made, derived from, destroyed, moved from epoch to epoch."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import IntegrityError, connection, transaction

from core.errors import NotFound
from tests.conftest import NOON
from tests.support.concurrency import at_once
from tests.vault.conftest import MakeSubject
from vault import key_rotation, kms, sealed_values, subject_keys
from vault.errors import KeyDestroyed, KmsUnavailable, Tampered
from vault.models import Kek, KekState, Subject

Erase = Callable[[str], subject_keys.Destruction]


def row(subject: str) -> Subject:
    return Subject.objects.select_related("kek").get(id=subject)


class TestCreate:
    def test_makes_a_living_subject_with_an_id_fit_to_publish(
        self, make_subject: MakeSubject
    ) -> None:
        subject = make_subject()
        assert (subject_keys.is_alive(subject), subject[:4], len(subject)) == (True, "sub_", 30)

    def test_stores_the_key_only_wrapped(self, make_subject: MakeSubject) -> None:
        stored = row(make_subject())
        assert len(bytes(stored.wrapped_key or b"")) == 72

    def test_gives_every_subject_a_key_of_its_own(self, make_subject: MakeSubject) -> None:
        assert subject_keys.derive_key(make_subject(), "x") != subject_keys.derive_key(
            make_subject(), "x"
        )


class TestBinding:
    """Anyone who writes rows cannot lend a person's key to another row, to open with it after the
    erasure.
    """

    def test_a_wrapped_key_in_another_subjects_row_opens_nothing(
        self, make_subject: MakeSubject, erase: Erase
    ) -> None:
        ana, accomplice = make_subject(), make_subject()
        sealed = sealed_values.seal(ana, "name", "Ana")
        Subject.objects.filter(id=accomplice).update(
            wrapped_key=row(ana).wrapped_key, kek=row(ana).kek
        )
        erase(ana)

        with pytest.raises(Tampered, match="another subject's"):
            sealed_values.unseal(accomplice, "name", sealed)

    def test_the_key_of_the_organisation_opens_no_person(self, make_subject: MakeSubject) -> None:
        ana, own = make_subject(), subject_keys.get_organisation_subject("org_acme", at=NOON)
        Subject.objects.filter(id=ana).update(wrapped_key=row(own).wrapped_key, kek=row(own).kek)

        with pytest.raises(Tampered):
            subject_keys.derive_key(ana, "x")

    def test_a_key_from_before_opens_until_a_rotation_has_bound_it(
        self, make_subject: MakeSubject
    ) -> None:
        ana, bert = make_subject(), make_subject()
        sealed = sealed_values.seal(ana, "name", "Ana")
        key = kms.get_kms().unwrap(
            row(ana).kek.kms_name, bytes(row(ana).wrapped_key or b""), owner=ana
        )
        unbound = kms.get_kms().wrap(row(ana).kek.kms_name, key)
        Subject.objects.filter(id=ana).update(wrapped_key=unbound)

        assert sealed_values.unseal(ana, "name", sealed) == "Ana"
        key_rotation.rotate_kek(at=NOON)
        assert sealed_values.unseal(ana, "name", sealed) == "Ana"

        Subject.objects.filter(id=bert).update(wrapped_key=row(ana).wrapped_key)
        with pytest.raises(Tampered):
            subject_keys.derive_key(bert, "x")


class TestOfOrganisation:
    def test_makes_the_subject_once(self, db: None) -> None:
        first = subject_keys.get_organisation_subject("org_acme", at=NOON)
        assert subject_keys.get_organisation_subject("org_acme", at=NOON) == first

    def test_keeps_organisations_apart(self, db: None) -> None:
        assert subject_keys.get_organisation_subject(
            "org_acme", at=NOON
        ) != subject_keys.get_organisation_subject("org_bolt", at=NOON)

    @pytest.mark.django_db(transaction=True)
    def test_gives_one_subject_to_all_who_race_for_the_first(self) -> None:
        found = at_once(8, lambda _: subject_keys.get_organisation_subject("org_acme", at=NOON))
        assert (len(set(found)), Subject.objects.count(), Kek.objects.count()) == (1, 1, 1)

    def test_is_unique_in_the_database_itself(self, db: None) -> None:
        subject_keys.get_organisation_subject("org_acme", at=NOON)
        with pytest.raises(IntegrityError):
            subject_keys.create_subject(kind="organisation", organisation_id="org_acme", at=NOON)


class TestDerive:
    def test_gives_the_same_32_bytes_for_the_same_purpose(self, make_subject: MakeSubject) -> None:
        subject = make_subject()
        assert subject_keys.derive_key(subject, "evt|1") == subject_keys.derive_key(
            subject, "evt|1"
        )
        assert len(subject_keys.derive_key(subject, "evt|1")) == 32

    def test_gives_other_bytes_for_another_purpose(self, make_subject: MakeSubject) -> None:
        subject = make_subject()
        assert subject_keys.derive_key(subject, "evt|1") != subject_keys.derive_key(
            subject, "evt|2"
        )

    def test_knows_no_strangers(self, db: None) -> None:
        with pytest.raises(NotFound):
            subject_keys.derive_key("sub_nobody", "x")

    def test_says_when_the_kms_is_away_and_decides_nothing(self, make_subject: MakeSubject) -> None:
        subject = make_subject()
        folder = kms.get_kms().folder  # type: ignore[attr-defined]  # the local backend's
        folder.rename(folder.with_name("elsewhere"))
        with pytest.raises(KmsUnavailable):
            subject_keys.derive_key(subject, "x")
        assert subject_keys.is_alive(subject)


class TestDestroy:
    def test_leaves_nothing_to_derive_from(self, make_subject: MakeSubject, erase: Erase) -> None:
        subject = make_subject()
        subject_keys.derive_key(subject, "x")
        done = erase(subject)
        with pytest.raises(KeyDestroyed):
            subject_keys.derive_key(subject, "x")
        assert (done.rows, done.destroyed_at, done.epoch) == (1, NOON, row(subject).kek_id)

    def test_leaves_other_subjects_alone(self, make_subject: MakeSubject, erase: Erase) -> None:
        other = make_subject()
        before = subject_keys.derive_key(other, "x")
        erase(make_subject())
        assert subject_keys.derive_key(other, "x") == before

    def test_changes_nothing_the_second_time(self, make_subject: MakeSubject, erase: Erase) -> None:
        subject = make_subject()
        erase(subject)
        with transaction.atomic():
            again = subject_keys.destroy_key(subject, at=NOON + timedelta(days=1))
        assert (again.rows, again.destroyed_at) == (0, NOON)

    def test_comes_undone_with_the_transaction(self, make_subject: MakeSubject) -> None:
        subject = make_subject()
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            subject_keys.destroy_key(subject, at=NOON)
            1 / 0  # noqa: B018 - any failure will do
        assert subject_keys.is_alive(subject)

    @pytest.mark.django_db(transaction=True)
    def test_refuses_to_run_outside_a_transaction(self, make_subject: MakeSubject) -> None:
        subject = make_subject()
        with pytest.raises(RuntimeError, match="inside a transaction"):
            subject_keys.destroy_key(subject, at=NOON)

    @pytest.mark.parametrize("change", ["wrapped_key = NULL", "destroyed_at = created_at"])
    def test_is_all_or_nothing_in_the_database_itself(
        self, make_subject: MakeSubject, change: str
    ) -> None:
        subject = make_subject()
        sql = f"UPDATE vault_subject SET {change} WHERE id = %s"
        with (
            pytest.raises(IntegrityError, match="subject_destroyed_means_no_key"),
            transaction.atomic(),
        ):
            connection.cursor().execute(sql, [subject])


class TestRotateEpoch:
    def test_keeps_every_living_key_as_it_was(self, make_subject: MakeSubject) -> None:
        subjects = [make_subject() for _ in range(3)]
        before = [subject_keys.derive_key(subject, "x") for subject in subjects]
        done = key_rotation.rotate_kek(at=NOON)
        assert (
            [subject_keys.derive_key(subject, "x") for subject in subjects],
            done.rewrapped,
        ) == (before, 3)

    def test_makes_copies_from_old_backups_worthless(
        self, make_subject: MakeSubject, erase: Erase
    ) -> None:
        subject = make_subject()
        backup = row(subject)
        erase(subject)
        key_rotation.rotate_kek(at=NOON)
        Subject.objects.filter(id=subject).update(wrapped_key=backup.wrapped_key, destroyed_at=None)
        with pytest.raises(KeyDestroyed):
            subject_keys.derive_key(subject, "x")

    def test_leaves_no_key_that_opens_an_old_copy(
        self, make_subject: MakeSubject, erase: Erase, data_folder: Path
    ) -> None:
        subject = make_subject()
        copy = bytes(row(subject).wrapped_key or b"")
        erase(subject)
        key_rotation.rotate_kek(at=NOON)
        left = [path.stem for path in (data_folder / "kms").glob("kek-*.key")]
        assert len(left) == 1
        with pytest.raises(Tampered):
            kms.get_kms().unwrap(left[0], copy, owner=subject)

    def test_does_not_bring_back_who_was_erased_meanwhile(
        self, make_subject: MakeSubject, erase: Erase
    ) -> None:
        subject = make_subject()
        seen, new = row(subject), key_rotation._start_version(at=NOON)
        erase(subject)
        assert (
            key_rotation._rewrap_subject(seen, seen.kek, new),
            subject_keys.is_alive(subject),
        ) == (0, False)

    def test_destroys_no_epoch_that_someone_still_needs(self, make_subject: MakeSubject) -> None:
        old = row(make_subject()).kek
        Kek.objects.filter(epoch=old.epoch).update(state=KekState.RETIRING, retired_at=NOON)
        assert not key_rotation._destroy_version(old, at=NOON)

    def test_finishes_what_a_killed_rotation_left(self, make_subject: MakeSubject) -> None:
        subject = make_subject()
        before = subject_keys.derive_key(subject, "x")
        left = key_rotation._start_version(at=NOON)
        done = key_rotation.rotate_kek(at=NOON)
        assert (
            left.epoch in done.destroyed,
            len(done.destroyed),
            subject_keys.derive_key(subject, "x"),
        ) == (
            True,
            2,
            before,
        )

    def test_wraps_new_subjects_under_the_new_epoch(self, make_subject: MakeSubject) -> None:
        make_subject()
        done = key_rotation.rotate_kek(at=NOON)
        assert row(make_subject()).kek_id == done.epoch

    @pytest.mark.django_db(transaction=True)
    def test_loses_no_subject_that_is_born_meanwhile(self) -> None:
        def live(number: int) -> list[str]:
            if number < 2:  # two rotations beside each other, too
                return [str(key_rotation.rotate_kek(at=NOON).epoch) for _ in range(4)][:0]
            return [
                subject_keys.create_subject(kind="person", organisation_id="org_acme", at=NOON)
                for _ in range(15)
            ]

        born = [subject for made in at_once(6, live) for subject in made]
        assert len({subject_keys.derive_key(subject, "x") for subject in born}) == 60

    @pytest.mark.parametrize(
        ("after", "opens"), [(timedelta(days=7, seconds=-1), True), (timedelta(days=7), False)]
    )
    def test_keeps_the_old_epoch_for_backups_until_its_grace_ends(
        self, make_subject: MakeSubject, after: timedelta, opens: bool
    ) -> None:
        backup = row(make_subject())
        key_rotation.rotate_kek(at=NOON, grace=timedelta(days=7))
        key_rotation.finish_rotation(at=NOON + after, grace=timedelta(days=7))
        try:
            kms.get_kms().unwrap(
                backup.kek.kms_name, bytes(backup.wrapped_key or b""), owner=backup.id
            )
        except KeyDestroyed:
            assert not opens
        else:
            assert opens

    def test_says_so_when_a_restored_row_has_no_epoch_any_more(
        self, make_subject: MakeSubject
    ) -> None:
        old = row(make_subject()).kek
        kms.get_kms().destroy(old.kms_name)
        with pytest.raises(KeyDestroyed):
            key_rotation.rotate_kek(at=NOON)

    @pytest.mark.parametrize(
        ("name", "values"),
        [
            ("kek_only_one_is_current", {"state": "current"}),
            ("kek_state_is_known", {"state": "resting", "retired_at": NOON}),
            ("kek_retired_has_a_time", {"state": "retiring"}),
            ("kek_destroyed_has_a_time", {"state": "destroyed", "retired_at": NOON}),
        ],
    )
    def test_is_kept_in_order_by_the_database_itself(
        self, db: None, name: str, values: dict[str, object]
    ) -> None:
        Kek.objects.create(kms_name="kek-1", state=KekState.CURRENT, created_at=NOON)
        with pytest.raises(IntegrityError), transaction.atomic():
            Kek.objects.create(kms_name="kek-2", created_at=NOON, **values)
        assert name in {constraint.name for constraint in Kek._meta.constraints}
