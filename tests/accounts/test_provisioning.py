"""Changes to organisations, members and keys, and the events that they raise."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from accounts import api_key_changes, api_scopes, domain_events, provisioning, sandbox_clock
from accounts.domain_events import DomainEvent
from accounts.models import ApiKey, Member, Organisation, Role
from core import durations
from core.errors import Invalid, NotFound
from tests.conftest import NOON
from tests.fixtures.organisations import PASSWORD, MakeKey, MakeMember, MakeOrganisation

DAY = timedelta(days=1)


@pytest.fixture
def heard() -> Iterator[list[DomainEvent]]:
    """The events of this test."""
    events_heard: list[DomainEvent] = []
    domain_events.account_changed.connect(events_heard.append)
    yield events_heard
    domain_events.account_changed.disconnect(events_heard.append)


class TestCreateOrganisation:
    def test_takes_a_name_once(self, make_organisation: MakeOrganisation) -> None:
        make_organisation("Acme")
        with pytest.raises(provisioning.NameTaken):
            provisioning.create_organisation(name="Acme", at=NOON)


class TestCreateMember:
    def test_makes_a_login_whose_password_is_not_stored(self, make_member: MakeMember) -> None:
        member = make_member()
        assert (member.check_password(PASSWORD), PASSWORD in member.password) == (True, False)

    def test_takes_an_address_once_whatever_its_case(
        self, make_member: MakeMember, bolt: Organisation
    ) -> None:
        make_member(email="ada@acme.example")
        with pytest.raises(provisioning.NameTaken):
            make_member(organisation=bolt, email="ADA@acme.example")

    def test_knows_four_roles(self, make_member: MakeMember) -> None:
        with pytest.raises(ValueError, match="wizard"):
            make_member(role="wizard")

    def test_knows_them_in_the_database_itself(self, make_member: MakeMember) -> None:
        member = make_member(role=Role.AUDITOR)
        with pytest.raises(IntegrityError, match="member_role_is_known"), transaction.atomic():
            Member.objects.filter(id=member.id).update(role="wizard")


class TestIssueKey:
    def test_stores_no_secret(self, make_key: MakeKey) -> None:
        issued = make_key()
        row = ApiKey.objects.filter(id=issued.key.id).values().get()
        assert issued.secret[17:] not in str(row)

    def test_tells_the_log_without_the_secret(
        self, make_key: MakeKey, heard: list[DomainEvent]
    ) -> None:
        issued = make_key(scopes=("speech:write",))
        assert (heard[0].kind, heard[0].refs) == ("key.issued", {"key": issued.key.id})
        assert heard[0].facts == {"scopes": ["speech:write"], "livemode": False}

    def test_makes_no_key_that_cannot_be_logged(
        self, make_key: MakeKey, acme: Organisation
    ) -> None:
        def broken(event: DomainEvent) -> None:
            raise RuntimeError("the log is away")

        domain_events.account_changed.connect(broken)
        try:
            with pytest.raises(RuntimeError, match="the log is away"):
                make_key()
        finally:
            domain_events.account_changed.disconnect(broken)
        assert not ApiKey.objects.exists()

    def test_refuses_a_scope_that_does_not_exist(self, make_key: MakeKey) -> None:
        with pytest.raises(ValueError, match="no such scope"):
            make_key(scopes=("everything",))

    @pytest.mark.parametrize("ahead", [timedelta(0), -DAY])
    def test_refuses_a_key_that_is_over_before_it_begins(
        self, make_key: MakeKey, ahead: timedelta
    ) -> None:
        with pytest.raises(Invalid):
            make_key(expires_at=NOON + ahead)

    def test_has_no_such_key_in_the_database_itself(self, make_key: MakeKey) -> None:
        key = make_key().key
        with (
            pytest.raises(IntegrityError, match="api_key_expires_after_creation"),
            transaction.atomic(),
        ):
            ApiKey.objects.filter(id=key.id).update(expires_at=NOON)

    def test_knows_no_half_rotation_in_the_database_itself(self, make_key: MakeKey) -> None:
        key = make_key().key
        with (
            pytest.raises(IntegrityError, match="api_key_previous_secret_has_an_end"),
            transaction.atomic(),
        ):
            ApiKey.objects.filter(id=key.id).update(previous_sha256="0" * 64)


class TestRotateKey:
    def test_keeps_the_key_and_changes_its_secret(
        self, make_key: MakeKey, acme: Organisation, heard: list[DomainEvent]
    ) -> None:
        old = make_key()
        new = api_key_changes.rotate_key(
            old.key.id, organisation=acme, overlap=DAY, actor="system:test", at=NOON
        )
        assert (new.key.id, new.secret != old.secret, new.key.previous_until) == (
            old.key.id,
            True,
            NOON + DAY,
        )
        assert [event.kind for event in heard] == ["key.issued", "key.rotated"]

    def test_forgets_the_oldest_of_three_secrets(
        self, make_key: MakeKey, acme: Organisation
    ) -> None:
        first = make_key()
        for _ in range(2):
            api_key_changes.rotate_key(
                first.key.id, organisation=acme, actor="system:test", at=NOON
            )
        row = ApiKey.objects.get(id=first.key.id)
        assert first.key.secret_sha256 not in {row.secret_sha256, row.previous_sha256}

    def test_can_end_the_old_secret_at_once(self, make_key: MakeKey, acme: Organisation) -> None:
        old = make_key().key
        api_key_changes.rotate_key(
            old.id, organisation=acme, overlap=timedelta(0), actor="system:test", at=NOON
        )
        assert ApiKey.objects.get(id=old.id).previous_sha256 is None

    @pytest.mark.parametrize("overlap", [timedelta(seconds=-1), timedelta(days=30, seconds=1)])
    def test_refuses_an_overlap_out_of_range(
        self, make_key: MakeKey, acme: Organisation, overlap: timedelta
    ) -> None:
        key = make_key().key
        with pytest.raises(Invalid):
            api_key_changes.rotate_key(
                key.id, organisation=acme, overlap=overlap, actor="system:test", at=NOON
            )

    def test_refuses_a_disabled_key(self, make_key: MakeKey, acme: Organisation) -> None:
        key = make_key().key
        api_key_changes.disable_key(key.id, organisation=acme, actor="system:test", at=NOON)
        with pytest.raises(api_key_changes.KeyIsDisabled):
            api_key_changes.rotate_key(key.id, organisation=acme, actor="system:test", at=NOON)

    def test_does_not_touch_a_neighbours_key(self, make_key: MakeKey, bolt: Organisation) -> None:
        key = make_key().key
        with pytest.raises(NotFound):
            api_key_changes.rotate_key(key.id, organisation=bolt, actor="system:test", at=NOON)


class TestUpdateKey:
    def test_changes_what_may_change_and_says_so(
        self, make_key: MakeKey, acme: Organisation, heard: list[DomainEvent]
    ) -> None:
        key = make_key().key
        changes: dict[str, object] = {"scopes": ["speech:write", "clips:read"], "product": "Studio"}
        api_key_changes.update_key(
            key.id, organisation=acme, changes=changes, actor="system:test", at=NOON
        )
        row = ApiKey.objects.get(id=key.id)
        assert (row.product, row.scopes) == ("Studio", ["speech:write", "clips:read"])
        assert heard[-1].facts["fields"] == ["product", "scopes"]

    def test_never_changes_who_the_key_belongs_to(
        self, make_key: MakeKey, acme: Organisation
    ) -> None:
        key = make_key().key
        with pytest.raises(ValueError, match="livemode"):
            api_key_changes.update_key(
                key.id, organisation=acme, changes={"livemode": True}, actor="system:test", at=NOON
            )


class TestDisableKey:
    def test_happens_once(
        self, make_key: MakeKey, acme: Organisation, heard: list[DomainEvent]
    ) -> None:
        key = make_key().key
        for at in (NOON, NOON + DAY):
            api_key_changes.disable_key(key.id, organisation=acme, actor="system:test", at=at)
        assert ApiKey.objects.get(id=key.id).disabled_at == NOON
        assert [event.kind for event in heard] == ["key.issued", "key.disabled"]


class TestAdvanceTestClock:
    def advance(self, organisation: Organisation, text: str) -> None:
        sandbox_clock.advance_test_clock(
            organisation=organisation,
            duration=durations.parse_duration(text),
            actor="system:test",
            wall_time=NOON,
        )

    def test_moves_test_data_and_leaves_live_data(self, acme: Organisation) -> None:
        self.advance(acme, "P1Y")
        ahead = NOON.replace(year=2027)
        assert sandbox_clock.now_for(acme, livemode=False, wall_time=NOON) == ahead
        assert sandbox_clock.now_for(acme, livemode=True, wall_time=NOON) == NOON

    def test_adds_up(self, acme: Organisation) -> None:
        self.advance(acme, "P1M")
        self.advance(acme, "P1M")
        assert sandbox_clock.now_for(acme, livemode=False, wall_time=NOON) == NOON.replace(
            year=2027, month=1
        )

    def test_leaves_the_neighbour_alone(self, acme: Organisation, bolt: Organisation) -> None:
        self.advance(acme, "P1Y")
        bolt.refresh_from_db()
        assert sandbox_clock.now_for(bolt, livemode=False, wall_time=NOON) == NOON

    def test_is_an_event_of_the_test_side(
        self, acme: Organisation, heard: list[DomainEvent]
    ) -> None:
        self.advance(acme, "P1D")
        assert [(event.kind, event.livemode) for event in heard] == [("clock.advanced", False)]

    def test_ends_before_the_calendar_does(self, acme: Organisation) -> None:
        with pytest.raises(Invalid):
            self.advance(acme, "P201Y")

    def test_never_goes_backwards_in_the_database_itself(self, acme: Organisation) -> None:
        with (
            pytest.raises(IntegrityError, match="organisation_test_clock_only_forward"),
            transaction.atomic(),
        ):
            Organisation.objects.filter(id=acme.id).update(test_clock_ms=-1)


class TestScopes:
    def test_come_in_pairs_for_every_subject(self) -> None:
        assert (len(api_scopes.ALL), len(set(api_scopes.ALL))) == (20, 20)

    def test_are_put_in_order_and_once(self) -> None:
        assert api_scopes.order_scopes(["speech:write", "speakers:read", "speech:write"]) == [
            "speakers:read",
            "speech:write",
        ]
