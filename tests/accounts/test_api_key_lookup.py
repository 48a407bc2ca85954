"""From the text of a key to its row, or a refusal."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from accounts import api_key_changes, api_key_lookup
from accounts.models import ApiKey, Organisation
from core.errors import Unauthenticated
from tests.conftest import NOON
from tests.fixtures.organisations import MakeKey

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)


class TestAuthenticate:
    def test_knows_a_good_key_and_its_organisation(
        self, make_key: MakeKey, acme: Organisation
    ) -> None:
        issued = make_key()
        assert api_key_lookup.authenticate_key(issued.secret, at=NOON).organisation == acme

    def test_refuses_a_typo_without_a_look_up(
        self, make_key: MakeKey, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        secret = make_key().secret
        with django_assert_num_queries(0), pytest.raises(Unauthenticated):
            api_key_lookup.authenticate_key(
                secret[:-1] + ("a" if secret[-1] != "a" else "b"), at=NOON
            )

    def test_refuses_a_well_formed_key_that_no_one_has(self, make_key: MakeKey) -> None:
        issued = make_key()
        ApiKey.objects.all().delete()
        with pytest.raises(Unauthenticated):
            api_key_lookup.authenticate_key(issued.secret, at=NOON)

    def test_refuses_a_disabled_key_as_if_it_were_unknown(
        self, make_key: MakeKey, acme: Organisation
    ) -> None:
        issued = make_key()
        api_key_changes.disable_key(issued.key.id, organisation=acme, actor="system:test", at=NOON)
        with pytest.raises(Unauthenticated) as refusal:
            api_key_lookup.authenticate_key(issued.secret, at=NOON)
        assert refusal.value.stable_code == "unauthenticated"

    def test_takes_a_key_until_the_last_moment_before_its_end(self, make_key: MakeKey) -> None:
        issued = make_key(expires_at=NOON + DAY)
        assert (
            api_key_lookup.authenticate_key(issued.secret, at=NOON + DAY - SECOND).id
            == issued.key.id
        )
        with pytest.raises(api_key_lookup.KeyExpired) as refusal:
            api_key_lookup.authenticate_key(issued.secret, at=NOON + DAY)
        assert refusal.value.stable_code == "key_expired"

    def test_takes_both_secrets_during_a_rotation(
        self, make_key: MakeKey, acme: Organisation
    ) -> None:
        old = make_key()
        new = api_key_changes.rotate_key(
            old.key.id, organisation=acme, overlap=DAY, actor="system:test", at=NOON
        )
        found = {
            api_key_lookup.authenticate_key(secret, at=NOON + DAY - SECOND).id
            for secret in (old.secret, new.secret)
        }
        assert found == {old.key.id}

    def test_takes_only_the_new_one_after_the_overlap(
        self, make_key: MakeKey, acme: Organisation
    ) -> None:
        old = make_key()
        new = api_key_changes.rotate_key(
            old.key.id, organisation=acme, overlap=DAY, actor="system:test", at=NOON
        )
        assert api_key_lookup.authenticate_key(new.secret, at=NOON + DAY).id == old.key.id
        with pytest.raises(api_key_lookup.KeyExpired):
            api_key_lookup.authenticate_key(old.secret, at=NOON + DAY)


class TestNoteUse:
    def test_remembers_the_first_use(self, make_key: MakeKey) -> None:
        key = make_key().key
        api_key_lookup.note_use(key, at=NOON)
        key.refresh_from_db()
        assert key.last_used_at == NOON

    @pytest.mark.parametrize(("seconds", "updates"), [(59, 0), (60, 1)])
    def test_writes_once_a_minute_at_most(
        self,
        make_key: MakeKey,
        django_assert_num_queries: DjangoAssertNumQueries,
        seconds: int,
        updates: int,
    ) -> None:
        key = make_key().key
        api_key_lookup.note_use(key, at=NOON)
        key.refresh_from_db()
        with django_assert_num_queries(updates):
            api_key_lookup.note_use(key, at=NOON + timedelta(seconds=seconds))

    def test_never_goes_back(self, make_key: MakeKey) -> None:
        key = make_key().key
        stale = ApiKey.objects.get(id=key.id)
        api_key_lookup.note_use(key, at=NOON + timedelta(seconds=30))
        api_key_lookup.note_use(stale, at=NOON)
        key.refresh_from_db()
        assert key.last_used_at == NOON + timedelta(seconds=30)
